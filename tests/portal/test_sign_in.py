"""Signing in by a one-time link, staying signed in, and leaving."""

from datetime import UTC, datetime

import httpx
import pytest
from litestar import Request

from directory import locks, signins, users
from directory.model import UserAttributes
from portal.visit import network_of
from tests.directory.world import World
from tests.portal.browsing import ORIGIN, SAME_ORIGIN, Page
from tests.portal.conftest import SignIn, client_of, create_portal, link_for

pytestmark = pytest.mark.anyio


async def test_opening_the_link_does_not_use_it_up(portal: httpx.AsyncClient, world: World) -> None:
    path = await link_for(world, "administrator")

    pages = [Page(await portal.get(path)) for _ in range(3)]

    assert [page.status for page in pages] == [200, 200, 200]
    assert pages[-1].form(path).method == "post"


async def test_the_button_signs_in_and_leads_to_the_overview(portal: httpx.AsyncClient, world: World) -> None:
    path = await link_for(world, "administrator")

    answer = await portal.post(path, headers=SAME_ORIGIN, follow_redirects=True)

    assert answer.url.path == "/t/northwind/overview"
    assert answer.status_code == 200


async def test_a_used_link_opens_nothing_and_says_what_to_do(portal: httpx.AsyncClient, world: World) -> None:
    path = await link_for(world, "administrator")
    await portal.post(path, headers=SAME_ORIGIN)
    portal.cookies.clear()

    shown, sent = await portal.get(path), await portal.post(path, headers=SAME_ORIGIN)

    assert (shown.status_code, sent.status_code) == (410, 410)
    assert "Ask whoever sent it for a new one" in sent.text
    assert "set-cookie" not in sent.headers


@pytest.mark.parametrize("token", ["x", "%00", "a" * 400, "é", "..%2f..", "' OR 1=1 --"])
async def test_a_link_nobody_made_opens_nothing(portal: httpx.AsyncClient, token: str) -> None:
    answer = await portal.post(f"/sign-in/{token}", headers=SAME_ORIGIN)

    assert answer.status_code in {404, 410}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN},
        {"Sec-Fetch-Site": "same-site", "Origin": ORIGIN},
        {"Sec-Fetch-Site": "none"},
    ],
)
async def test_the_link_cannot_be_used_from_another_site(
    portal: httpx.AsyncClient, world: World, headers: dict[str, str]
) -> None:
    path = await link_for(world, "administrator")

    refused = await portal.post(path, headers=headers)

    assert refused.status_code == 403
    assert (await portal.get(path)).status_code == 200


async def test_an_old_browser_is_known_by_its_origin(portal: httpx.AsyncClient, world: World) -> None:
    answer = await portal.post(await link_for(world, "administrator"), headers={"Origin": ORIGIN})

    assert answer.status_code == 303


async def test_the_cookie_cannot_be_read_by_scripts_nor_sent_across_sites(
    portal: httpx.AsyncClient, world: World
) -> None:
    answer = await portal.post(await link_for(world, "administrator"), headers=SAME_ORIGIN)

    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("rolebook=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Domain" not in cookie


@pytest.mark.trap("L1")
async def test_over_https_the_cookie_is_bound_to_the_host(world: World) -> None:
    async with client_of(create_portal("https://portal.example"), "https://portal.example") as client:
        answer = await client.post(
            await link_for(world, "viewer"), headers={"Sec-Fetch-Site": "same-origin"}, follow_redirects=False
        )

        assert answer.headers["set-cookie"].startswith("__Host-rolebook=")
        assert "Secure" in answer.headers["set-cookie"]
        assert "max-age=31536000" in answer.headers["strict-transport-security"]
        assert (await client.get("/t/northwind/overview")).status_code == 200


@pytest.mark.trap("L1")
async def test_a_chosen_session_id_is_not_adopted(portal: httpx.AsyncClient, world: World) -> None:
    portal.cookies.set("rolebook", "A" * 43)

    answer = await portal.post(await link_for(world, "administrator"), headers=SAME_ORIGIN)

    assert "A" * 43 not in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/", "/sign-in"),
        ("/t/northwind", "/t/northwind/sign-in?next=%2Ft%2Fnorthwind"),
        ("/t/northwind/groups?q=x", "/t/northwind/sign-in?next=%2Ft%2Fnorthwind%2Fgroups%3Fq%3Dx"),
        ("/t/nobody/overview", "/t/nobody/sign-in?next=%2Ft%2Fnobody%2Foverview"),
        ("/t/%0D%0AX-Evil:%201/overview", "/sign-in"),
        ("/t/%E2%82%AC/overview", "/sign-in"),
        ("/t/%2F%2Fevil.example/overview", "/sign-in"),
    ],
)
@pytest.mark.usefixtures("world")
async def test_whoever_is_not_signed_in_is_sent_to_sign_in(portal: httpx.AsyncClient, path: str, leads_to: str) -> None:
    answer = await portal.get(path)

    assert (answer.status_code, answer.headers["location"]) == (303, leads_to)


async def test_a_lost_sign_in_makes_htmx_leave_the_page(portal: httpx.AsyncClient) -> None:
    answer = await portal.get("/t/northwind/sub-accounts", headers={"HX-Request": "true"})

    assert answer.headers["hx-redirect"] == "/t/northwind/sign-in"
    assert answer.content == b""


@pytest.mark.parametrize("cookie", ["", "x", "%00", "é".encode().decode("latin-1"), "B" * 5000])
@pytest.mark.trap("L3")
async def test_a_spoilt_cookie_is_nobody(portal: httpx.AsyncClient, cookie: str) -> None:
    answer = await portal.get("/t/northwind/overview", headers={b"Cookie": f"rolebook={cookie}".encode("latin-1")})

    assert answer.status_code == 303


async def test_signing_out_ends_the_session_for_good(sign_in: SignIn) -> None:
    browser = await sign_in("viewer")
    kept = dict(browser.client.cookies)

    left = await browser.send((await browser.open("overview")).form("/sign-out"))
    browser.client.cookies.update(kept)

    assert left.path == "/t/northwind/sign-in"
    assert "You are signed out" in left.text
    assert (await browser.open("overview")).path == "/t/northwind/sign-in"


async def test_signing_out_removes_cookie_and_stored_data(sign_in: SignIn) -> None:
    browser = await sign_in("viewer")

    answer = await browser.post("/sign-out", {"csrf_token": await browser.token()})

    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert "storage" in answer.headers["clear-site-data"]


async def test_a_disabled_operator_is_out_at_once(world: World) -> None:
    person = await world.push_user("ann", displayName="Ann")
    await locks.lock_role(
        person.user_id,
        world.roles["viewer"].role_id,
        reason="Looks after the portal",
        until=None,
        by=world.system,
        now=world.tick(),
    )
    link = await signins.create_link(person.user_id, by=world.system, now=datetime.now(UTC))
    async with client_of(create_portal()) as client:
        await client.post(f"/sign-in/{link}", headers=SAME_ORIGIN)
        before = await client.get("/t/northwind/overview")
        gone = UserAttributes({**person.attributes.document, "active": False})
        await users.edit_user(person.user_id, lambda _: gone, by=world.client, now=world.tick())

        after = await client.get("/t/northwind/overview")

    assert (before.status_code, after.status_code) == (200, 303)


async def test_whoever_is_signed_in_needs_no_link(sign_in: SignIn) -> None:
    browser = await sign_in("viewer")

    assert (await browser.open("/sign-in")).path == "/t/northwind/overview"


async def test_a_new_link_ends_the_session_that_the_browser_had(sign_in: SignIn, world: World) -> None:
    browser = await sign_in("viewer")
    former = dict(browser.client.cookies)

    await browser.client.post(await link_for(world, "editor"), headers=SAME_ORIGIN)

    assert (await browser.open("overview")).path == "/t/northwind/overview"
    browser.client.cookies.clear()
    browser.client.cookies.update(former)
    assert (await browser.open("overview")).path == "/t/northwind/sign-in"


async def test_a_used_link_leaves_the_session_alone(sign_in: SignIn, world: World) -> None:
    browser = await sign_in("viewer")

    assert (await browser.client.post("/sign-in/x", headers=SAME_ORIGIN)).status_code == 410
    assert (await browser.open("overview")).path == "/t/northwind/overview"
    assert world.tenant.slug == "northwind"


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3::9", "2001:db8:1:2::/64"),
        ("unix", ""),
    ],
)
def test_an_address_is_kept_as_its_network(host: str, network: str) -> None:
    assert network_of(Request({"type": "http", "client": (host, 1), "headers": []})) == network  # type: ignore[arg-type]  # the part of a scope that is read
