"""Who may open and send what: every route, every role, every tenant."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest
from litestar import get

from portal.routes import PAGES, UndeclaredAccessError, check_access_declared
from tests.directory.world import World, create_world
from tests.portal.browsing import SAME_ORIGIN, Browser
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.anyio

ROLES = ("administrator", "user_manager", "editor", "viewer")
MAY: dict[str, set[str]] = {
    "administrator": {"portal:view", "users:manage", "mappings:manage", "sources:manage", "signed in"},
    "user_manager": {"portal:view", "users:manage", "signed in"},
    "editor": {"portal:view", "signed in"},
    "viewer": {"portal:view", "signed in"},
}
PUBLIC = {"/sign-in", "/sign-in/{token:str}"}


@dataclass(frozen=True)
class Door:
    """One route with its method and what it asks for."""

    method: str
    path: str
    access: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def each_door() -> Iterator[Door]:
    for module in PAGES:
        for handler in module.HANDLERS:
            for path in sorted(handler.paths):
                for method in sorted(handler.http_methods):
                    yield Door(str(method), path, handler.opt["access"])


DOORS = list(each_door())


def filled(path: str, world: World, ids: dict[str, str]) -> str:
    """Return a path whose ids exist where the test made some, and are unknown elsewhere."""
    known = {"slug": world.tenant.slug, **ids}
    return re.sub(r"\{(\w+):str\}", lambda match: known.get(match[1], str(uuid4())), path)


async def ids_in(world: World) -> dict[str, str]:
    user, group = await world.push_user("ann"), await world.push_group("Employees", ["ext-ann"])
    return {
        "source_id": str(world.source.source_id),
        "user_id": str(user.user_id),
        "group_id": str(group.group_id),
    }


async def sent(browser: Browser, door: Door, path: str, token: str) -> httpx.Response:
    if door.method == "GET":
        return await browser.client.get(path)
    return await browser.client.post(path, data={"csrf_token": token}, headers=SAME_ORIGIN)


def test_only_the_sign_in_pages_are_public() -> None:
    assert {door.path for door in DOORS if door.access == "public"} == PUBLIC


def test_a_route_that_does_not_say_who_may_use_it_keeps_the_portal_from_starting() -> None:
    @get("/forgotten")
    async def forgotten() -> None:
        """Declare nothing."""

    with pytest.raises(UndeclaredAccessError, match="/forgotten"):
        check_access_declared([forgotten])


def test_what_changes_something_asks_for_more_than_looking() -> None:
    posts = {door.access for door in DOORS if door.method == "POST"} - {"public", "signed in"}

    assert posts == {"users:manage", "mappings:manage", "sources:manage"}


async def test_nobody_gets_in_without_signing_in(portal: httpx.AsyncClient, world: World) -> None:
    for door in (door for door in DOORS if door.path not in PUBLIC):
        path = filled(door.path, world, {})
        answer = await (portal.get(path) if door.method == "GET" else portal.post(path, headers=SAME_ORIGIN))

        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in"), door


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_reaches_exactly_what_it_may(sign_in: SignIn, world: World, role: str) -> None:
    ids = await ids_in(world)
    browser = await sign_in(role)
    token = await browser.token()
    doors = [door for door in DOORS if door.path not in {*PUBLIC, "/sign-out"}]

    statuses = {door: (await sent(browser, door, filled(door.path, world, ids), token)).status_code for door in doors}

    assert {door for door, status in statuses.items() if status == 403} == {
        door for door in doors if door.access not in MAY[role]
    }


async def test_another_tenants_address_looks_like_one_that_does_not_exist(sign_in: SignIn, world: World) -> None:
    await create_world("bristol")
    browser = await sign_in("administrator")
    doors = [door for door in DOORS if "{slug:str}" in door.path]
    token = await browser.token()

    for door in doors:
        theirs = await sent(browser, door, filled(door.path, world, {"slug": "bristol"}), token)
        nobodys = await sent(browser, door, filled(door.path, world, {"slug": "no-such"}), token)

        assert (theirs.status_code, nobodys.status_code) == (404, 404), door
        assert without_tokens(theirs.text) == without_tokens(nobodys.text), door


async def test_another_tenants_ids_look_like_ones_that_do_not_exist(sign_in: SignIn, world: World) -> None:
    theirs = await ids_in(await create_world("bristol"))
    browser = await sign_in("administrator")
    token = await browser.token()

    for door in (door for door in DOORS if any(f"{{{name}:str}}" in door.path for name in theirs)):
        foreign = await sent(browser, door, filled(door.path, world, theirs), token)
        unknown = await sent(browser, door, filled(door.path, world, {}), token)

        assert foreign.status_code == unknown.status_code, door
        assert foreign.status_code in {404, 422}, door
        assert without_tokens(foreign.text) == without_tokens(unknown.text), door


async def test_nothing_of_another_tenant_is_on_any_page(sign_in: SignIn, world: World) -> None:
    other = await create_world("bristol")
    await other.push_user("zoe", displayName="Zoe Foreign")
    await other.push_group("Foreign group", ["ext-zoe"])
    ids = await ids_in(world)
    browser = await sign_in("administrator")

    for door in (door for door in DOORS if door.method == "GET" and door.path not in PUBLIC):
        text = (await browser.client.get(filled(door.path, world, ids), follow_redirects=True)).text

        assert "Foreign" not in text, door
        assert "zoe@" not in text, door


async def test_a_user_manager_cannot_give_more_than_they_have(sign_in: SignIn, world: World) -> None:
    user = await world.push_user("ann")
    browser = await sign_in("user_manager")
    page = await browser.open(f"sub-accounts/{user.user_id}")
    administrator = str(world.roles["administrator"].role_id)

    answer = await browser.send(page.form("/lock"), role_id=administrator, reason="Because")

    assert answer.status == 403
    assert f'value="{administrator}"' not in page.response.text
    assert await world.role_of(user) == "loanee"


@pytest.mark.parametrize("method", ["OPTIONS", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "GET\u00e9", "x"])
async def test_a_method_that_no_page_takes_is_never_a_fault(
    portal: httpx.AsyncClient, admin: Browser, world: World, method: str
) -> None:
    ids = await ids_in(world)
    for client in (portal, admin.client):
        for path in sorted({filled(door.path, world, ids) for door in DOORS}):
            answer = await client.request(method, path, headers=SAME_ORIGIN)

            assert answer.status_code == (204 if method == "OPTIONS" else 405), path
            assert "set-cookie" not in answer.headers, path


@pytest.mark.parametrize("ident", ["x", "0", "null", "%7B%7D", "{0}", "A" * 300, "01890a5d-ac96-774b-bcce-b302099a805"])
async def test_an_id_that_is_none_is_a_missing_page(admin: Browser, ident: str) -> None:
    for place in ("sub-accounts", "groups", "configure-scim", "activity/requests"):
        answer = await admin.client.get(f"/t/northwind/{place}/{ident}")

        assert answer.status_code == 404


def without_tokens(text: str) -> str:
    """Return a page without what differs each time it is made."""
    return re.sub(r"[0-9a-f]{128}|[0-9a-f]{8}-[0-9a-f-]{27}|bristol|no-such", "", text)
