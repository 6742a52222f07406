"""Signing in with a password, as a browser sees it."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from directory import locks, signins, users
from directory.model import User, UserAttributes
from directory.throttling import FREE_TRIES
from portal.confirming import next_path
from tests.directory.world import World
from tests.portal.browsing import SAME_ORIGIN, Browser, Page
from tests.portal.conftest import SignIn, client_of, create_portal

pytestmark = pytest.mark.anyio
PASSWORD = "plum canoe orbit"
NAMES = ("editor", "viewer", "nobod")
SIGN_IN = "/t/northwind/sign-in"


async def chosen(browser: Browser, password: str = PASSWORD) -> Page:
    """Choose a password on the own account page."""
    page = await browser.open("own-account/password")
    return await browser.send(page.form("/password"), password=password, again=password)


async def typed(client: httpx.AsyncClient, user_name: str, password: str = PASSWORD, **more: str) -> Page:
    """Fill in the sign-in form as it stands on its page."""
    browser = Browser(client, "northwind")
    page = await browser.open(SIGN_IN)
    return await browser.send(page.form("/sign-in"), user_name=user_name, password=password, **more)


async def test_a_person_sets_a_password_and_signs_in_with_it(sign_in: SignIn, portal: httpx.AsyncClient) -> None:
    set_page = await chosen(await sign_in("editor"))
    page = await typed(portal, "editor")

    assert set_page.path == "/t/northwind/own-account"
    assert "Password set" in set_page.text
    assert (page.status, page.path) == (200, "/t/northwind/overview")


async def test_the_page_without_a_tenant_leads_to_the_tenants_own(portal: httpx.AsyncClient) -> None:
    browser = Browser(portal, "northwind")
    page = await browser.open("/sign-in")
    (form,) = [form for form in page.forms if form.method == "get"]

    found = Page(await portal.get(form.action, params={"tenant": "North Wind"}))
    refused = Page(await portal.get(form.action, params={"tenant": "!!"}))

    assert found.response.headers["location"] == "/t/north-wind/sign-in"
    assert (refused.status, "name of your tenant" in refused.text) == (422, True)


async def test_a_tenant_that_does_not_exist_has_the_same_page_and_answers(
    portal: httpx.AsyncClient, sign_in: SignIn
) -> None:
    await chosen(await sign_in("editor"))

    def told(page: httpx.Response) -> tuple[int, str]:
        return page.status_code, page.text.replace("northwind", "TENANT").replace("nobody", "TENANT")

    shown = [told(await portal.get(f"/t/{slug}/sign-in")) for slug in ("northwind", "nobody")]
    wrong = {"user_name": "editor", "password": "x"}
    sent = [
        told(await portal.post(f"/t/{slug}/sign-in", data=wrong, headers=SAME_ORIGIN))
        for slug in ("northwind", "nobody")
    ]

    assert shown[0] == shown[1]
    assert sent[0] == sent[1]
    assert sent[0][0] == 422


async def test_wrong_password_unknown_user_and_user_without_password_look_alike(
    portal: httpx.AsyncClient, sign_in: SignIn
) -> None:
    await chosen(await sign_in("editor"))
    await sign_in("viewer")

    pages = [await typed(portal, name, "wrong") for name in NAMES]
    texts = {page.response.text.replace(name, "NAME") for page, name in zip(pages, NAMES, strict=True)}

    assert {page.status for page in pages} == {422}
    assert len(texts) == 1
    assert "The user name or the password is not right." in pages[0].text


async def test_what_was_typed_as_password_is_never_sent_back(portal: httpx.AsyncClient) -> None:
    page = await typed(portal, "editor", "my very own secret")

    assert "my very own secret" not in page.response.text


async def test_too_many_tries_say_when_to_try_again(portal: httpx.AsyncClient, sign_in: SignIn) -> None:
    await chosen(await sign_in("editor"))
    for _ in range(FREE_TRIES["account"]):
        await typed(portal, "editor", "wrong")

    page = await typed(portal, "editor")

    assert page.status == 429
    assert 0 < int(page.response.headers["retry-after"]) <= 30
    assert "Try again in less than a minute" in page.text


async def test_the_browser_of_the_real_person_is_let_through(portal: httpx.AsyncClient, sign_in: SignIn) -> None:
    await chosen(await sign_in("editor"))
    page = await typed(portal, "editor")
    await Browser(portal, "northwind").send(page.form("/sign-out"))
    async with client_of(create_portal()) as stranger:
        for _ in range(FREE_TRIES["account"]):
            await typed(stranger, "editor", "wrong")
        assert (await typed(stranger, "editor")).status == 429

    assert (await typed(portal, "editor")).path == "/t/northwind/overview"


async def test_a_disabled_user_reads_why_after_the_right_password_only(portal: httpx.AsyncClient, world: World) -> None:
    person = await provisioned(world, "viewer")
    link = await signins.create_link(person.user_id, purpose="invite", by=world.system, now=datetime.now(UTC))
    browser = Browser(portal, "northwind")
    page = await browser.send((await browser.open(f"/sign-in/{link}")).form(link))
    assert page.path == "/t/northwind/own-account/password"
    await browser.send(page.form("/password"), password=PASSWORD, again=PASSWORD)
    portal.cookies.clear()
    gone = UserAttributes({**person.attributes.document, "active": False})
    await users.edit_user(person.user_id, lambda _: gone, by=world.client, now=world.tick())

    wrong, right = await typed(portal, "ann@example.org", "wrong"), await typed(portal, "ann@example.org")

    assert (wrong.status, right.status) == (422, 403)
    assert "disabled" not in wrong.text.split("No password, or forgotten?")[0]
    assert "You cannot sign in: this user is disabled. Ask an administrator of your tenant." in right.text
    assert "set-cookie" not in right.response.headers


async def provisioned(world: World, role: str) -> User:
    """Push a user and lock their role."""
    person = await world.push_user("ann", displayName="Ann")
    return await locks.lock_role(
        person.user_id,
        world.roles[role].role_id,
        reason="Looks after the portal",
        until=None,
        by=world.system,
        now=world.tick(),
    )


async def test_after_signing_in_the_page_that_was_asked_for_is_shown(
    portal: httpx.AsyncClient, sign_in: SignIn
) -> None:
    await chosen(await sign_in("editor"))
    browser = Browser(portal, "northwind")

    asked = await browser.open("groups?q=x")
    page = await browser.send(asked.form("/sign-in"), user_name="editor", password=PASSWORD)

    assert asked.path == SIGN_IN
    assert str(page.response.url).endswith("/t/northwind/groups?q=x")


@pytest.mark.parametrize(
    "asked",
    [
        "https://evil.example/",
        "//evil.example/",
        "/t/northwind//evil.example",
        "/\\evil.example",
        "/t/northwind/\\evil",
        "/t/other/overview",
        "/sign-in",
        "javascript:alert(1)",
        "/t/northwind/x\r\nSet-Cookie: a=b",
        "/t/northwind/" + "x" * 3000,
    ],
)
async def test_signing_in_never_leads_elsewhere(portal: httpx.AsyncClient, sign_in: SignIn, asked: str) -> None:
    await chosen(await sign_in("editor"))

    page = await typed(portal, "editor", next=asked)

    assert page.path == "/t/northwind/overview"
    assert next_path("/t/northwind", asked, "default") == "default"


async def test_the_password_form_cannot_be_sent_from_another_site(portal: httpx.AsyncClient, sign_in: SignIn) -> None:
    await chosen(await sign_in("editor"))
    data = {"user_name": "editor", "password": PASSWORD}

    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {}):
        assert (await portal.post(SIGN_IN, data=data, headers=headers)).status_code == 403


@pytest.mark.parametrize(
    ("password", "again", "words"),
    [
        ("short", "short", "at least 12 characters"),
        ("password1234", "password1234", "tried first"),
        ("plum canoe orbit", "plum canoe orbis", "two different passwords"),
        ("", "", "at least 12 characters"),
    ],
)
async def test_a_password_that_will_not_do_says_what_to_do(
    sign_in: SignIn, password: str, again: str, words: str
) -> None:
    browser = await sign_in("editor")
    page = await browser.open("own-account/password")

    answer = await browser.send(page.form("/password"), password=password, again=again)

    assert answer.status == 422
    assert words in answer.text


async def test_changing_the_password_takes_the_current_one(portal: httpx.AsyncClient, sign_in: SignIn) -> None:
    await chosen(await sign_in("editor"))
    browser = Browser(portal, "northwind")
    await typed(portal, "editor")
    page = await browser.open("own-account/password")
    new = {"password": "seven tall ladders", "again": "seven tall ladders"}

    wrong = await browser.send(page.form("/password"), current="wrong", **new)
    right = await browser.send(page.form("/password"), current=PASSWORD, **new)

    assert (wrong.status, right.status) == (422, 200)
    assert "That is not your current password." in wrong.text
    assert (await browser.open("overview")).path == "/t/northwind/overview"


async def test_everything_before_a_session_is_kept_from_caches_and_frames(portal: httpx.AsyncClient) -> None:
    for path in ("/sign-in", SIGN_IN, f"{SIGN_IN}/second-factor"):
        headers: Any = (await portal.get(path)).headers

        assert headers["cache-control"] == "no-store"
        assert headers["x-frame-options"] == "DENY"


async def test_an_address_that_is_no_tenants_is_a_missing_page(portal: httpx.AsyncClient) -> None:
    for slug in ("%22", "UPPER", "a_b", "-"):
        assert (await portal.get(f"/t/{slug}/sign-in")).status_code == 404
