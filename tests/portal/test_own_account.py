"""The own account page: who I am, how I sign in, and where."""

from datetime import UTC, datetime

import httpx
import pytest

from directory import locks, signins
from tests.directory.world import World, create_world
from tests.portal.browsing import SAME_ORIGIN, Browser
from tests.portal.conftest import SignIn, client_of, create_portal, link_for
from tests.portal.test_passwords import chosen, typed

pytestmark = pytest.mark.anyio


async def test_it_says_who_is_signed_in_and_with_which_role(sign_in: SignIn) -> None:
    browser = await sign_in("viewer")

    page = await browser.open("own-account")

    assert page.status == 200
    assert "Viewer" in page.text
    assert "You have no password yet." in page.text
    assert "This browser" in page.text
    assert "No earlier sign-in is kept" in page.text


@pytest.mark.parametrize("role", ["administrator", "user_manager", "editor", "viewer"])
async def test_every_operator_has_one(sign_in: SignIn, role: str) -> None:
    assert (await (await sign_in(role)).open("own-account")).status == 200


async def test_one_session_elsewhere_is_ended(sign_in: SignIn, portal: httpx.AsyncClient) -> None:
    here = await sign_in("editor")
    await chosen(here)
    await typed(portal, "editor")

    page = await here.open("own-account")
    ended = await here.send(page.form("/end"))

    assert "Signed out there" in ended.text
    assert (await Browser(portal, "northwind").open("overview")).path == "/t/northwind/sign-in"
    assert (await here.open("overview")).status == 200


async def test_all_others_are_ended_and_this_one_stays(sign_in: SignIn) -> None:
    here = await sign_in("editor")
    await chosen(here)
    others = [client_of(create_portal()) for _ in range(3)]
    for client in others:
        await typed(client, "editor")

    page = await here.send((await here.open("own-account")).form("/end-others"))

    assert "Signed out everywhere else" in page.text
    for client in others:
        assert (await Browser(client, "northwind").open("overview")).path == "/t/northwind/sign-in"
        await client.aclose()
    assert (await here.open("overview")).status == 200
    assert (await here.open("own-account")).text.count("This browser") == 1


async def test_another_persons_session_looks_like_none(sign_in: SignIn, world: World) -> None:
    mine = await sign_in("administrator")
    theirs = await sign_in("viewer")
    found = await signins.find_session(theirs.client.cookies["rolebook"], now=datetime.now(UTC))
    assert found is not None
    token = await mine.token()

    answer = await mine.post(f"own-account/sessions/{found.session_id}/end", {"csrf_token": token})
    missing = await mine.post(f"own-account/sessions/{world.tenant.tenant_id}/end", {"csrf_token": token})

    assert (answer.status_code, missing.status_code) == (404, 404)
    assert (await theirs.open("overview")).status == 200


async def test_refused_tries_are_shown_to_their_owner(sign_in: SignIn, portal: httpx.AsyncClient) -> None:
    here = await sign_in("editor")
    await chosen(here)
    await typed(portal, "editor", "wrong")

    page = await here.open("own-account")

    assert "Refused : wrong password" in page.text


async def test_what_a_browser_calls_itself_is_shown_as_text(world: World) -> None:
    async with client_of(create_portal()) as client:
        client.headers["User-Agent"] = "<script>alert(1)</script>\0"
        headers = {"Sec-Fetch-Site": "same-origin"}
        await client.post(await link_for(world, "viewer"), headers=headers)

        text = (await client.get("/t/northwind/own-account")).text

    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


async def test_a_new_role_gives_the_session_a_new_token(sign_in: SignIn, world: World) -> None:
    browser = await sign_in("viewer")
    former = browser.client.cookies["rolebook"]
    found = await signins.find_session(former, now=datetime.now(UTC))
    assert found is not None
    await locks.lock_role(
        found.user.user_id,
        world.roles["editor"].role_id,
        reason="new duties",
        until=None,
        by=world.system,
        now=world.tick(),
    )

    page = await browser.open("own-account")

    assert "Editor" in page.text
    assert browser.client.cookies["rolebook"] != former
    assert await signins.find_session(former, now=datetime.now(UTC)) is None
    assert (await browser.open("overview")).status == 200


async def test_whoever_gains_permissions_signs_in_anew(sign_in: SignIn, world: World) -> None:
    browser = await sign_in("viewer")
    found = await signins.find_session(browser.client.cookies["rolebook"], now=datetime.now(UTC))
    assert found is not None
    role_id = world.roles["administrator"].role_id
    link = await signins.create_link(found.user.user_id, by=world.system, now=datetime.now(UTC))
    await locks.lock_role(found.user.user_id, role_id, reason="promoted", until=None, by=world.system, now=world.tick())

    page = await browser.open("own-account")
    used = await browser.client.post(f"/sign-in/{link}", headers=SAME_ORIGIN)

    assert page.path == "/t/northwind/sign-in"
    assert used.status_code == 410
    assert "your access role carries more than it did when the link was made" in used.text


async def test_signing_out_clears_what_the_browser_kept_of_it(sign_in: SignIn) -> None:
    browser = await sign_in("viewer")
    page = await browser.open("own-account")

    answer = await browser.client.post(
        "/sign-out", data=page.form("/sign-out").fields, headers={"Sec-Fetch-Site": "same-origin"}
    )

    assert answer.headers["clear-site-data"] == '"cache", "storage"'


async def test_sessions_of_other_tenants_are_not_listed(sign_in: SignIn) -> None:
    other = await create_world("bristol")
    await sign_in("viewer", other, "zoe")
    browser = await sign_in("viewer")

    assert (await browser.open("own-account")).response.text.count("This browser") == 1
