"""Role locks looked through, reviewed, and taken away as a file."""

from datetime import UTC, datetime, timedelta

import pytest

from directory import locks
from directory.model import User
from tests.directory.world import World
from tests.portal.browsing import Browser
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.anyio


async def lock(world: World, name: str, *, reason: str = "Project", days_ago: int = 0) -> User:
    user = await world.push_user(name, displayName=name.title())
    now = datetime.now(UTC) - timedelta(days=days_ago)
    return await locks.lock_role(
        user.user_id, world.roles["editor"].role_id, reason=reason, until=None, by=world.system, now=now
    )


async def test_locks_are_listed_with_what_they_hide(admin: Browser, world: World) -> None:
    await lock(world, "ann")

    text = (await admin.open("role-locks?people=provisioned")).text

    assert "1 lock" in text
    assert "Ann Entra Editor Loanee Project command line" in text


async def test_a_due_lock_is_reviewed_with_a_note(admin: Browser, world: World) -> None:
    user = await lock(world, "ann", days_ago=100)
    assert "Due for review (1)" in (await admin.open("role-locks")).text

    form = (await admin.open(f"role-locks/{user.user_id}/review")).form("/review")
    refused = await admin.send(form)
    done = await admin.send(form, note="Still needed")

    assert (refused.status, "Enter a value" in refused.text) == (422, True)
    assert "Reviewed. The lock stands" in done.text
    assert "Due for review (0)" in done.text
    assert "Administrator: “Still needed”" in done.text


@pytest.mark.parametrize(
    ("query", "shown"),
    [("q=ann", True), ("q=zoe", False), ("due=yes", False), ("expiry=none", True), ("expiry=set", False)],
)
async def test_filters_narrow_the_list(admin: Browser, world: World, query: str, *, shown: bool) -> None:
    await lock(world, "ann")

    text = (await admin.open(f"role-locks?people=provisioned&{query}")).text

    assert ("Ann Entra" in text) == shown
    assert ("No lock matches" in text) != shown


async def test_a_filter_that_cannot_be_read_is_named(admin: Browser, world: World) -> None:
    await lock(world, "ann")

    assert "Not understood, and left out: role, due" in (await admin.open("role-locks?role=x&due=perhaps")).text


async def test_the_file_has_no_formula_in_it(admin: Browser, world: World) -> None:
    await lock(world, "ann", reason="=HYPERLINK(1)")

    text = (await admin.client.get(admin.at("role-locks/export.csv?people=provisioned"))).text

    assert '"\'=HYPERLINK(1)"' in text
    assert '"ann@example.org","Ann","active","Entra","Editor","Loanee"' in text


async def test_a_viewer_sees_locks_and_reviews_none(sign_in: SignIn, world: World) -> None:
    viewer, user = await sign_in("viewer"), await lock(world, "ann")

    assert "/review" not in str((await viewer.open("role-locks")).links)
    assert (await viewer.open(f"role-locks/{user.user_id}/review")).status == 403


async def test_whose_role_is_not_locked_has_nothing_to_review(admin: Browser, world: World) -> None:
    user = await world.push_user("ann")

    assert (await admin.open(f"role-locks/{user.user_id}/review")).status == 404
