"""Who may open and send what: every route as every role, as another tenant's operator and as nobody."""

import re
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest
from litestar import get

from directory import locks, signins
from portal.routes import UndeclaredAccessError, check_access_declared
from tests.directory.world import World, create_world
from tests.portal.browsing import SAME_ORIGIN, Browser
from tests.portal.conftest import SignIn, make_stale
from tests.portal.doors import DOORS, INSIDE, Door, filled, sent, things_in

pytestmark = pytest.mark.anyio

ROLES = ("administrator", "user_manager", "editor", "viewer")
ENDING = {"/sign-out"}
"""Whoever sends this is signed out: its own tests look at it."""


def test_a_route_that_does_not_say_who_may_use_it_keeps_the_portal_from_starting() -> None:
    @get("/forgotten")
    async def forgotten() -> None:
        """Declare nothing."""

    with pytest.raises(UndeclaredAccessError, match="/forgotten"):
        check_access_declared([forgotten])


async def test_the_things_of_the_test_name_every_address(admin: Browser, world: World) -> None:
    named = {name for door in INSIDE for name in door.parameters} - {"slug"}

    assert set(await things_in(world, admin)) >= named


async def test_nobody_gets_in_without_signing_in(portal: httpx.AsyncClient, admin: Browser, world: World) -> None:
    ids = await things_in(world, admin)

    for door in INSIDE:
        path = filled(door.path, "northwind", ids)
        answer = await sent(portal, door, path)

        assert answer.status_code == 303, door
        assert re.fullmatch(r"(/t/northwind)?/sign-in(\?next=.*)?", answer.headers["location"]), door
        assert answer.content == b"", door


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_reaches_exactly_what_it_may(sign_in: SignIn, world: World, role: str) -> None:
    ids = await things_in(world, await sign_in("administrator", name="owner"))
    browser = await sign_in(role)
    token = await browser.token()
    may = {*world.roles[role].permissions, "signed in"}
    doors = [door for door in INSIDE if door.path not in ENDING]

    answers = {door: await sent(browser.client, door, filled(door.path, "northwind", ids), token) for door in doors}

    refused = {door for door, answer in answers.items() if answer.status_code == 403}
    assert refused == {door for door in doors if door.access not in may}
    assert {door: answer.status_code for door, answer in answers.items() if answer.status_code >= 500} == {}


async def test_whoever_has_become_a_loanee_reaches_nothing(sign_in: SignIn, world: World) -> None:
    ids = await things_in(world, await sign_in("administrator"))
    browser = await sign_in("viewer")
    token = await browser.token()
    operator = await signins.find_session(browser.client.cookies["rolebook"], now=datetime.now(UTC))
    assert operator is not None
    loanee = world.roles["loanee"].role_id
    await locks.lock_role(
        operator.user.user_id, loanee, reason="left", until=None, by=world.system, now=datetime.now(UTC)
    )

    for door in INSIDE:
        answer = await sent(browser.client, door, filled(door.path, "northwind", ids), token)

        assert (answer.status_code, answer.content) == (303, b""), door


async def test_what_asks_for_a_fresh_sign_in_does_nothing_without(sign_in: SignIn, world: World) -> None:
    browser = await sign_in("administrator")
    ids = await things_in(world, browser)
    token = await browser.token()
    await make_stale()

    for door in (door for door in INSIDE if door.path not in ENDING):
        answer = await sent(browser.client, door, filled(door.path, "northwind", ids), token)

        asked = answer.status_code == 403 and "<h1>Confirm it is you</h1>" in answer.text
        assert asked is door.fresh, door


async def test_another_tenants_address_looks_like_one_that_does_not_exist(sign_in: SignIn, world: World) -> None:
    other = await create_world("bristol")
    ids = await things_in(other, await sign_in("administrator", other, "theirs"))
    browser = await sign_in("administrator")
    token = await browser.token()

    for door in (door for door in INSIDE if "slug" in door.parameters):
        theirs = await sent(browser.client, door, filled(door.path, "bristol", ids), token)
        nobodys = await sent(browser.client, door, filled(door.path, "no-such", ids), token)

        assert (theirs.status_code, nobodys.status_code) == (404, 404), door
        assert masked(theirs.text) == masked(nobodys.text), door
    assert world.tenant.slug == browser.slug


async def test_another_tenants_things_look_like_ones_that_do_not_exist(sign_in: SignIn) -> None:
    other = await create_world("bristol")
    theirs = await things_in(other, await sign_in("administrator", other, "theirs"))
    del theirs["name"], theirs["report"]
    browser = await sign_in("administrator")
    token = await browser.token()

    for door in (door for door in INSIDE if door.parameters & set(theirs)):
        foreign = await sent(browser.client, door, filled(door.path, "northwind", theirs), token)
        unknown = await sent(browser.client, door, filled(door.path, "northwind", unknown_like(theirs)), token)

        assert foreign.status_code == unknown.status_code, door
        assert foreign.status_code in {404, 422}, door
        assert masked(foreign.text, theirs) == masked(unknown.text), door


async def test_nothing_of_another_tenant_is_on_any_page(sign_in: SignIn, world: World) -> None:
    other = await create_world("bristol")
    await other.push_user("zoe", displayName="Zoe Foreign")
    await other.push_group("Foreign group", ["ext-zoe"])
    await things_in(other, await sign_in("administrator", other, "theirs"))
    browser = await sign_in("administrator")
    ids = await things_in(world, browser)

    for door in (door for door in INSIDE if door.method == "GET"):
        text = (await browser.client.get(filled(door.path, "northwind", ids), follow_redirects=True)).text

        assert "Foreign" not in text, door
        assert "zoe@" not in text, door
        assert "bristol" not in text.lower(), door


async def test_a_user_manager_cannot_give_more_than_they_have(sign_in: SignIn, world: World) -> None:
    user = await world.push_user("ann")
    browser = await sign_in("user_manager")
    page = await browser.open(f"sub-accounts/{user.user_id}/lock")
    administrator = str(world.roles["administrator"].role_id)

    fields = {"csrf_token": await browser.token(), "role_id": administrator, "reason": "Because"}
    answer = await browser.post(f"sub-accounts/{user.user_id}/lock", fields)

    assert answer.status_code in {403, 409}
    assert f'value="{administrator}"' not in page.response.text
    assert await world.role_of(user) == "loanee"


@pytest.mark.parametrize("method", ["OPTIONS", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "GET\u00e9", "x"])
async def test_a_method_that_no_page_takes_is_never_a_fault(
    portal: httpx.AsyncClient, admin: Browser, world: World, method: str
) -> None:
    ids = await things_in(world, admin)
    for client in (portal, admin.client):
        for path in sorted({filled(door.path, "northwind", ids) for door in DOORS}):
            answer = await client.request(method, path, headers=SAME_ORIGIN)

            assert answer.status_code == (204 if method == "OPTIONS" else 405), path
            assert "set-cookie" not in answer.headers, path


@pytest.mark.parametrize("ident", ["x", "0", "null", "%7B%7D", "{0}", "A" * 300, "01890a5d-ac96-774b-bcce-b302099a805"])
async def test_an_id_that_is_none_is_a_missing_page(admin: Browser, ident: str) -> None:
    named = [door for door in INSIDE if door.method == "GET" and door.parameters - {"slug"}]
    for door in named:
        path = filled(door.path, "northwind", dict.fromkeys(door.parameters - {"slug"}, ident))

        assert (await admin.client.get(path)).status_code == 404, door


def unknown_like(ids: dict[str, str]) -> dict[str, str]:
    """Return ids of nothing, in the form of these."""
    return {name: "9ZZZZZZZ" if name == "reference" else str(uuid4()) for name in ids}


def masked(text: str, ids: dict[str, str] | None = None) -> str:
    """Return a page without what differs each time it is made, or names what was asked for."""
    plain = re.sub(r"[0-9a-f]{128}|[0-9a-f]{8}-[0-9a-f-]{27}|bristol|no-such|9ZZZZZZZ", "", text)
    for ident in (ids or {}).values():
        plain = plain.replace(ident, "")
    return plain


def test_every_route_is_named_once() -> None:
    assert len({(door.method, door.path) for door in DOORS}) == len(DOORS)
    assert all(isinstance(door, Door) for door in DOORS)
