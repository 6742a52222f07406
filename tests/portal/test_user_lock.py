"""Locking the role of one user: asked for, its effect shown, then done, or refused because the world moved."""

from datetime import UTC, datetime, timedelta

import pytest

from directory import locks, signins
from directory.model import User
from tests.directory.world import World
from tests.portal.browsing import Browser, Page
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.anyio


async def mapped_user(world: World) -> User:
    user = await world.push_user("ann", displayName="Ann Archer")
    for group, role in (("Writers", "editor"), ("Staff", "viewer")):
        await world.map_group(await world.push_group(group, ["ext-ann"]), role)
    return user


async def effect_of(browser: Browser, user: User, **fields: str) -> Page:
    """Fill in the form and return the page that shows what it would do."""
    form = (await browser.open(f"sub-accounts/{user.user_id}/lock")).form("/lock/preview")
    return await browser.send(form, **{"reason": "On leave", **fields})


async def test_the_effect_is_shown_and_then_happens(admin: Browser, world: World) -> None:
    user = await mapped_user(world)

    shown = await effect_of(admin, user, role_id=str(world.roles["viewer"].role_id), until="2099-12-31")
    assert "Ann Archer : Editor → Viewer" in shown.text
    assert await world.role_of(user) == "editor"
    done = await admin.send(shown.form("/lock"))

    assert "Role locked" in done.text
    assert "Locked as Viewer by Administrator" in done.text
    assert "31 Dec 2099, 23:59 UTC" in done.text
    assert "“On leave”. Would otherwise be Editor" in done.text


async def test_nobody_locks_themselves(admin: Browser, world: World) -> None:
    found = await signins.find_session(admin.client.cookies["rolebook"], now=datetime.now(UTC))
    assert found is not None

    page = await admin.open(f"sub-accounts/{found.user.user_id}")
    shown = await effect_of(admin, found.user, role_id=str(world.roles["viewer"].role_id))

    assert "nobody locks or unlocks their own access role" in page.text
    assert "It is your own account" in shown.text
    assert "Back to the user" in shown.text


async def test_a_lock_at_the_same_role_says_that_it_stays(admin: Browser, world: World) -> None:
    user = await mapped_user(world)

    shown = await effect_of(admin, user)

    assert "Ann Archer stays Editor; from now on groups and mappings do not change it" in shown.text


async def test_unlocking_shows_what_follows_and_gives_the_role_back(admin: Browser, world: World) -> None:
    user = await mapped_user(world)
    await admin.send((await effect_of(admin, user, role_id=str(world.roles["viewer"].role_id))).form("/lock"))

    shown = await admin.open(f"sub-accounts/{user.user_id}/unlock")
    assert "Ann Archer : Viewer → Editor" in shown.text
    done = await admin.send(shown.form("/unlock"))

    assert "Lock removed" in done.text
    assert await world.role_of(user) == "editor"


async def test_a_world_that_moved_shows_the_effect_anew(admin: Browser, world: World) -> None:
    user = await mapped_user(world)
    shown = await effect_of(admin, user, role_id=str(world.roles["viewer"].role_id))
    await locks.lock_role(
        user.user_id, world.roles["loanee"].role_id, reason="x", until=None, by=world.system, now=datetime.now(UTC)
    )

    again = await admin.send(shown.form("/lock"))
    assert again.status == 409
    assert "has changed since this was shown" in again.text
    assert "Ann Archer : Loanee → Viewer" in again.text
    done = await admin.send(again.form("/lock"))

    assert "Role locked" in done.text


async def test_a_lock_that_gives_administration_says_so(admin: Browser, world: World) -> None:
    user = await mapped_user(world)

    shown = await effect_of(admin, user, role_id=str(world.roles["administrator"].role_id))

    assert "Gives administration" in shown.text


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("reason", "", "Enter a value"),
        ("reason", "x" * 301, "Use at most 300 characters"),
        ("reason", "a\u202eb", "characters that cannot be printed"),
        ("until", "tomorrow", "Enter a date as year-month-day"),
        ("until", "2020-01-01", "Choose a day that is not over"),
        ("until", "9999-99-99", "Enter a date as year-month-day"),
        ("role_id", "x", "Choose one of the options"),
    ],
)
async def test_what_is_wrong_stands_beside_its_field(
    admin: Browser, world: World, field: str, value: str, words: str
) -> None:
    refused = await effect_of(admin, await mapped_user(world), **{field: value})

    assert refused.status == 422
    assert words in refused.text
    assert f'id="{field}-error"' in refused.response.text


async def test_a_lock_of_today_ends_tonight(admin: Browser, world: World) -> None:
    shown = await effect_of(admin, await mapped_user(world), until=f"{datetime.now(UTC) + timedelta():%Y-%m-%d}")

    assert "23:59 UTC" in shown.text


async def test_a_lock_over_a_higher_role_is_not_removed_from_below(sign_in: SignIn, world: World) -> None:
    manager = await sign_in("user_manager")
    ann = await world.push_user("ann")
    await world.push_user("zoe")
    await world.map_group(await world.push_group("Admins", ["ext-ann", "ext-zoe"]), "administrator")
    await locks.lock_role(
        ann.user_id, world.roles["viewer"].role_id, reason="On leave", until=None, by=world.system, now=world.tick()
    )

    shown = await manager.open(f"sub-accounts/{ann.user_id}/unlock")
    answer = await manager.post(f"sub-accounts/{ann.user_id}/unlock", {"csrf_token": await manager.token()})

    assert not any(form.action.endswith("/unlock") for form in shown.forms)
    assert answer.status_code in {403, 409}
    assert await world.role_of(ann) == "viewer"
