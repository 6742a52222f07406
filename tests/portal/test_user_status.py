"""Keeping somebody out at once, letting them in again, and the status of local accounts."""

import pytest

from directory import locks
from directory.model import User
from tests.directory.world import World
from tests.portal.browsing import Browser
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.anyio


async def local_user(world: World, role: str = "viewer", name: str = "lou") -> User:
    return await locks.create_local_user(name, role_id=world.roles[role].role_id, by=world.system, now=world.tick())


async def test_sign_in_is_disabled_with_a_reason_and_allowed_again(admin: Browser, world: World) -> None:
    user = await world.push_user("ann")
    path = f"sub-accounts/{user.user_id}"

    done = await admin.send((await admin.open(f"{path}/disable-sign-in")).form("/disable-sign-in"), reason="Lost")
    assert "Sign-in disabled by Administrator" in done.text
    assert "“Lost”" in done.text
    assert "Entra reports this user as active; that does not lift it" in done.text
    done = await admin.send((await admin.open(f"{path}/allow-sign-in")).form("/allow-sign-in"))

    assert "The block is lifted" in done.text
    assert "Sign-in disabled by" not in done.text


async def test_a_reason_is_asked_for(admin: Browser, world: World) -> None:
    user = await world.push_user("ann")

    refused = await admin.send(
        (await admin.open(f"sub-accounts/{user.user_id}/disable-sign-in")).form("/disable-sign-in")
    )

    assert refused.status == 422
    assert "Enter a value" in refused.text


async def test_there_is_nothing_to_allow_for_whoever_is_not_kept_out(admin: Browser, world: World) -> None:
    user = await world.push_user("ann")

    assert (await admin.open(f"sub-accounts/{user.user_id}/allow-sign-in")).status == 404


async def test_whoever_is_kept_out_is_out_on_the_next_page(admin: Browser, sign_in: SignIn) -> None:
    viewer = await sign_in("viewer")
    people = await admin.open("sub-accounts?q=viewer")
    path = next(link for link in people.links if "/sub-accounts/" in link and link.count("-") >= 5)

    await admin.send((await admin.open(f"{path}/disable-sign-in")).form("/disable-sign-in"), reason="Left")

    assert "sign-in" in (await viewer.open("overview")).path


async def test_the_last_administrator_is_not_kept_out(admin: Browser) -> None:
    people = await admin.open("sub-accounts?q=administrator")
    path = next(link for link in people.links if "/sub-accounts/" in link and link.count("-") >= 5)

    refused = await admin.send((await admin.open(f"{path}/disable-sign-in")).form("/disable-sign-in"), reason="x")

    assert refused.status == 409
    assert "without an active administrator" in refused.text


async def test_a_local_account_is_disabled_and_enabled(admin: Browser, world: World) -> None:
    user = await local_user(world)
    path = f"sub-accounts/{user.user_id}/status"

    assert "Account disabled" in (await admin.send((await admin.open(path)).form("/status"))).text
    assert "Account enabled" in (await admin.send((await admin.open(path)).form("/status"))).text


async def test_the_account_of_a_provisioned_user_is_its_sources(admin: Browser, world: World) -> None:
    user = await world.push_user("ann")

    assert (await admin.open(f"sub-accounts/{user.user_id}/status")).status == 404


async def test_a_higher_role_is_not_kept_out_from_below(sign_in: SignIn, world: World) -> None:
    manager = await sign_in("user_manager")
    boss, _ = await local_user(world, "administrator", "boss"), await local_user(world, "administrator", "ada")

    answer = await manager.post(
        f"sub-accounts/{boss.user_id}/disable-sign-in", {"csrf_token": await manager.token(), "reason": "x"}
    )

    assert answer.status_code == 403
