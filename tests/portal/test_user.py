"""One user's page: the reason for the role, and the lock."""

from datetime import UTC, datetime, timedelta

import pytest

from directory import locks
from tests.directory.world import World
from tests.portal.browsing import SAME_ORIGIN, Browser
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.anyio


async def page_of(browser: Browser, world: World, name: str = "ann") -> str:
    """Push somebody in two mapped groups and return the path of their page."""
    user = await world.push_user(name, displayName="Ann Archer", title="Engineer", emails=[{"value": "a@b.example"}])
    for group, role in (("Writers", "editor"), ("Staff", "viewer")):
        await world.map_group(await world.push_group(group, [f"ext-{name}"]), role)
    return browser.at(f"sub-accounts/{user.user_id}")


async def test_the_deciding_mapping_is_named(admin: Browser, world: World) -> None:
    page = await admin.open(await page_of(admin, world))

    assert "is #1: members of Writers are Editor. No lock." in page.text
    assert "#2 Staff → Viewer" in page.text
    assert "Default In no mapped group → Loanee" in page.text


async def test_the_default_is_named_when_no_group_is_mapped(admin: Browser, world: World) -> None:
    user = await world.push_user("ben")

    page = await admin.open(f"sub-accounts/{user.user_id}")

    assert "In no mapped group, so the Default Access Role decides" in page.text


async def test_identity_attributes_groups_and_events_are_shown(admin: Browser, world: World) -> None:
    page = await admin.open(await page_of(admin, world))

    for words in ("ann@example.org", "ext-ann", "a@b.example", "Engineer", "User created", "Access role granted"):
        assert words in page.text
    assert any("/groups/" in link for link in page.links)


async def test_locking_sets_the_role_and_says_what_it_would_be(admin: Browser, world: World) -> None:
    page = await admin.open(await page_of(admin, world))

    done = await admin.send(
        page.form("/lock"), role_id=str(world.roles["viewer"].role_id), reason="On leave", until="2099-12-31"
    )

    assert "Role locked" in done.text
    assert "Locked as Viewer by Administrator" in done.text
    assert "31 Dec 2099, 23:59 UTC" in done.text
    assert "“On leave”. Without the lock it would be Editor" in done.text


async def test_unlocking_gives_the_role_back_to_the_groups(admin: Browser, world: World) -> None:
    path = await page_of(admin, world)
    locked = await admin.send((await admin.open(path)).form("/lock"), reason="On leave")

    done = await admin.send(locked.form("/unlock"))

    assert "Lock removed" in done.text
    assert "members of Writers are Editor" in done.text


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
    page = await admin.open(await page_of(admin, world))

    refused = await admin.send(page.form("/lock"), **{"reason": "Because", field: value})

    assert refused.status == 422
    assert words in refused.text
    assert f'id="{field}-error"' in refused.response.text
    assert "No lock." in refused.text


async def test_a_lock_of_today_ends_tonight(admin: Browser, world: World) -> None:
    page = await admin.open(await page_of(admin, world))
    today = datetime.now(UTC) + timedelta(seconds=0)

    done = await admin.send(page.form("/lock"), reason="Today", until=f"{today:%Y-%m-%d}")

    assert "23:59 UTC" in done.text


async def test_a_viewer_sees_the_reason_but_no_lock_form(sign_in: SignIn, world: World) -> None:
    viewer = await sign_in("viewer")

    page = await viewer.open(await page_of(viewer, world))

    assert "Why this role" in page.text
    assert [form.action for form in page.forms] == ["/sign-out"]


async def test_htmx_gets_the_role_card_alone(admin: Browser, world: World) -> None:
    path = await page_of(admin, world)
    data = {
        "csrf_token": await admin.token(),
        "role_id": str(world.roles["viewer"].role_id),
        "reason": "Because",
    }

    answer = await admin.client.post(
        f"{path}/lock", data=data, headers={"HX-Request": "true", "HX-Target": "section#user-role", **SAME_ORIGIN}
    )

    assert answer.text.lstrip().startswith('<section id="user-role"')
    assert "Role locked" in answer.text


async def test_a_disabled_user_is_said_to_have_no_access(admin: Browser, world: World) -> None:
    user = await world.push_user("ben", active=False)

    page = await admin.open(f"sub-accounts/{user.user_id}")

    assert "Disabled: no access until the status returns" in page.text


async def test_a_local_user_is_said_to_be_in_no_feed(admin: Browser, world: World) -> None:
    user = await locks.create_local_user(
        "local", role_id=world.roles["viewer"].role_id, by=world.system, now=world.tick()
    )

    page = await admin.open(f"sub-accounts/{user.user_id}")

    assert "Local user, in no feed" in page.text
    assert "Locked as Viewer by command line" in page.text


@pytest.mark.parametrize("value", ["2026-02-31T10:00:00+00:00", "2026-02-28T10:00:00+00:00", "x" * 9000, "", 0, [1]])
async def test_any_attribute_can_be_shown(admin: Browser, world: World, value: object) -> None:
    user = await world.push_user("odd", nickName=value)  # type: ignore[arg-type]  # an object of JSON

    assert (await admin.open(f"sub-accounts/{user.user_id}")).status == 200


async def test_a_higher_role_can_be_neither_locked_nor_unlocked_from_below(sign_in: SignIn, world: World) -> None:
    manager = await sign_in("user_manager")
    boss = await world.push_user("boss")
    await locks.lock_role(
        boss.user_id,
        world.roles["administrator"].role_id,
        reason="Owner",
        until=None,
        by=world.system,
        now=world.tick(),
    )

    page = await manager.open(f"sub-accounts/{boss.user_id}")
    answer = await manager.post(f"sub-accounts/{boss.user_id}/unlock", {"csrf_token": await manager.token()})

    assert "Administrator may do more than you: only somebody who may do as much can lock or unlock it" in page.text
    assert [form.action for form in page.forms] == ["/sign-out"]
    assert answer.status_code == 403


async def test_a_lock_over_a_higher_role_is_not_offered_for_removal(sign_in: SignIn, world: World) -> None:
    manager = await sign_in("user_manager")
    ann = await world.push_user("ann")
    await world.push_user("zoe")
    await world.map_group(await world.push_group("Admins", ["ext-ann", "ext-zoe"]), "administrator")
    await locks.lock_role(
        ann.user_id, world.roles["viewer"].role_id, reason="On leave", until=None, by=world.system, now=world.tick()
    )

    page = await manager.open(f"sub-accounts/{ann.user_id}")
    answer = await manager.post(f"sub-accounts/{ann.user_id}/unlock", {"csrf_token": await manager.token()})

    assert "Without the lock the role would be Administrator, which may do more than you" in page.text
    assert [form.action.rpartition("/")[2] for form in page.forms] == ["lock", "sign-out"]
    assert answer.status_code == 403
