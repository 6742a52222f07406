"""Deleted users are listed with their countdown, restored by hand, and given out as a file."""

from datetime import UTC, datetime, timedelta

import pytest

from directory import users
from directory.model import User
from tests.directory.meeting import local_user
from tests.directory.world import World
from tests.portal.browsing import Browser
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.anyio


async def gone(world: World, name: str = "ann", *, days_ago: int = 2) -> User:
    user = await world.push_user(name, displayName=name.title())
    at = datetime.now(UTC) - timedelta(days=days_ago)
    await users.delete_user(user.user_id, by=world.client, now=at)
    return user


async def test_who_is_deleted_is_listed_with_who_did_it_and_when_it_ends(admin: Browser, world: World) -> None:
    await gone(world)
    text = (await admin.open("deleted-users")).text
    assert "1 person" in text
    assert "Ann ann@example.org · Entra Loanee" in text
    assert "(2 days ago) Entra None out" in text
    assert "in 27 days" in text or "in 28 days" in text


async def test_nobody_deleted_is_said_so_and_filters_narrow(admin: Browser, world: World) -> None:
    assert "Nobody is deleted" in (await admin.open("deleted-users")).text
    await gone(world)
    assert "Nobody deleted matches" in (await admin.open("deleted-users?q=zoe")).text
    assert "Nobody deleted matches" in (await admin.open("deleted-users?source=local")).text
    assert "1 person" in (await admin.open(f"deleted-users?source={world.source.source_id}&q=ann")).text
    assert "left out: source" in (await admin.open("deleted-users?source=x")).text


async def test_somebody_is_restored_and_stands_in_sub_accounts_again(admin: Browser, world: World) -> None:
    user = await gone(world)
    page = await admin.open(f"deleted-users/{user.user_id}/restore")
    assert "decided afresh" in page.text
    done = await admin.send(page.form("/restore"))
    assert done.path.endswith(str(user.user_id))
    assert "Restored. The role was decided afresh." in done.text
    assert "User restored" in done.text
    assert "Nobody is deleted" in (await admin.open("deleted-users")).text


async def test_a_name_that_is_taken_is_refused_in_words(admin: Browser, world: World) -> None:
    user = await gone(world)
    await local_user(world, "ann@example.org")
    refused = await admin.send((await admin.open(f"deleted-users/{user.user_id}/restore")).form("/restore"))
    assert refused.status == 409
    assert "Somebody else has the user name ann@example.org by now" in refused.text


async def test_who_is_past_the_days_of_grace_is_about_to_be_erased(admin: Browser, world: World) -> None:
    await gone(world, days_ago=40)
    assert "Any time now" in (await admin.open("deleted-users")).text


async def test_the_list_leaves_as_a_file_that_is_recorded(admin: Browser, world: World) -> None:
    await gone(world)
    answer = await admin.client.get(admin.at("deleted-users/export.csv?bom=no"))
    assert answer.status_code == 200
    assert '"ann@example.org","Ann","Entra","Loanee"' in answer.text
    assert "List given out as a file" in (await admin.open("activity")).text


async def test_a_viewer_sees_the_list_and_restores_nobody(sign_in: SignIn, world: World) -> None:
    user = await gone(world)
    viewer = await sign_in("viewer")
    assert "Restore…" not in (await viewer.open("deleted-users")).text
    assert (await viewer.open(f"deleted-users/{user.user_id}/restore")).status == 403


async def test_the_overview_counts_them(admin: Browser, world: World) -> None:
    await gone(world)
    assert "1 deleted" in (await admin.open("overview")).text
