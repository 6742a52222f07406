"""Managers and members who have not arrived: listed, counted, narrowed to, and gone when they arrive."""

import pytest

from directory.model import JsonValue
from directory.person import ENTERPRISE
from tests.directory.world import World
from tests.portal.browsing import Browser

pytestmark = pytest.mark.anyio


async def waiting_world(world: World) -> None:
    under: dict[str, JsonValue] = {ENTERPRISE: {"manager": {"value": "ext-boss"}}}
    for name in ("ann", "bob"):
        await world.push_user(name, displayName=name.title(), **under)
    await world.push_group("Staff", ["ext-late"])
    await world.settle_references()


async def test_managers_who_are_waited_for_are_listed_and_counted(admin: Browser, world: World) -> None:
    assert "Nobody waits for a manager" in (await admin.open("waiting-references")).text
    await waiting_world(world)
    text = (await admin.open("waiting-references")).text
    assert "1 manager waited for" in text
    assert "ext-boss Entra 2" in text
    assert "Members of groups (1)" in text
    assert "2 waiting references" in (await admin.open("overview")).text
    boss = await world.push_user("boss", displayName="The Boss")
    await world.settle_references()
    assert "Nobody waits for a manager" in (await admin.open("waiting-references")).text
    page = await admin.open(f"sub-accounts/{boss.user_id}")
    assert "Direct reports (2)" in page.text
    listed = await admin.open(page.link(f"?manager={boss.user_id}"))
    assert "Manager: The Boss" in listed.text
    assert "2 people" in listed.text


async def test_members_who_are_waited_for_are_listed(admin: Browser, world: World) -> None:
    assert "No group waits for anybody" in (await admin.open("waiting-references/members")).text
    await waiting_world(world)
    text = (await admin.open("waiting-references/members")).text
    assert "1 member waited for" in text
    assert "ext-late Staff Entra" in text


@pytest.mark.parametrize(("path", "line"), [("", '"ext-boss","Entra","2"'), ("/members", '"ext-late","Staff","Entra"')])
async def test_both_lists_leave_as_files(admin: Browser, world: World, path: str, line: str) -> None:
    await waiting_world(world)
    answer = await admin.client.get(admin.at(f"waiting-references{path}/export.csv?bom=no"))
    assert (answer.status_code, line in answer.text) == (200, True)


async def test_a_place_that_is_none_is_said_so(admin: Browser) -> None:
    for path in ("waiting-references", "waiting-references/members"):
        assert (await admin.open(f"{path}?after=nowhere")).status == 422


async def test_who_waits_is_found_in_sub_accounts(admin: Browser, world: World) -> None:
    await waiting_world(world)
    assert "2 people" in (await admin.open("sub-accounts?waiting=manager")).text
