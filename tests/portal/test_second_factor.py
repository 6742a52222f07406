"""The second factor, and confirming who one is, as a browser sees them."""

import re
import shlex
from datetime import UTC, datetime, timedelta

import httpx
import pyotp
import pytest

from directory import signins
from tests.directory.world import World
from tests.portal.browsing import SAME_ORIGIN, Browser, Page
from tests.portal.conftest import SignIn, client_of, create_portal, link_for, make_stale
from tests.portal.test_passwords import PASSWORD, chosen, typed

pytestmark = pytest.mark.anyio
STEP = timedelta(seconds=30)


def app_on(page: Page) -> pyotp.TOTP:
    """Return the authenticator app that took the key on the page."""
    found = re.search(r'id="factor-key"[^>]*value="([A-Z2-7]{32})"', page.response.text)
    assert found is not None
    assert '<svg class="qr"' in page.response.text
    return pyotp.TOTP(found[1])


def codes_on(page: Page) -> list[str]:
    """Return the recovery codes on the page."""
    return re.findall(r"<code>([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})</code>", page.response.text)


async def set_up(browser: Browser) -> tuple[pyotp.TOTP, list[str]]:
    """Set a second factor up from the own account page."""
    page = await browser.send((await browser.open("own-account")).form("/begin"))
    app = app_on(page)
    done = await browser.send(page.form("/second-factor"), code=app.at(datetime.now(UTC) - STEP))
    assert len(codes_on(done)) == 10
    return app, codes_on(done)


async def test_setting_it_up_asks_for_a_code_at_the_next_sign_in(sign_in: SignIn, portal: httpx.AsyncClient) -> None:
    browser = await sign_in("editor")
    await chosen(browser)
    app, _ = await set_up(browser)

    asked = await typed(portal, "editor")
    wrong = await Browser(portal, "northwind").send(asked.form("/second-factor"), code="000000")
    right = await Browser(portal, "northwind").send(wrong.form("/second-factor"), code=app.now())

    assert asked.path == "/t/northwind/sign-in/second-factor"
    assert (wrong.status, right.path) == (422, "/t/northwind/overview")
    assert "The code is not right" in wrong.text


async def test_a_recovery_code_lets_in_once(sign_in: SignIn, portal: httpx.AsyncClient) -> None:
    browser = await sign_in("editor")
    await chosen(browser)
    _, codes = await set_up(browser)

    first = await Browser(portal, "northwind").send(
        (await typed(portal, "editor")).form("/second-factor"), code=codes[0]
    )
    async with client_of(create_portal()) as other:
        asked = await typed(other, "editor")
        second = await Browser(other, "northwind").send(asked.form("/second-factor"), code=codes[0])

    assert (first.path, second.status) == ("/t/northwind/overview", 422)
    assert "9 of 10 recovery codes left" in (await Browser(portal, "northwind").open("own-account")).text


async def test_the_key_and_the_codes_are_shown_once(sign_in: SignIn) -> None:
    browser = await sign_in("editor")
    app, codes = await set_up(browser)

    for path in ("own-account", "own-account/second-factor", "own-account/password", "activity"):
        text = (await browser.open(path)).response.text
        assert app.secret not in text
        assert not any(code in text for code in codes)


async def test_the_second_half_needs_the_first(portal: httpx.AsyncClient) -> None:
    address = "/t/northwind/sign-in/second-factor"

    shown = Page(await portal.get(address))
    sent = await portal.post(address, data={"code": "123456"}, headers=SAME_ORIGIN)

    assert (shown.status, sent.status_code) == (410, 410)
    assert "Begin again" in shown.text


async def test_beyond_this_machine_an_administrator_sets_one_up_on_the_way_in(world: World) -> None:
    site = "https://portal.example"
    same = {"Sec-Fetch-Site": "same-origin"}
    async with client_of(create_portal(site), site) as client:
        asked = Page(await client.post(await link_for(world, "administrator"), headers=same, follow_redirects=True))
        before = await client.get("/t/northwind/overview")
        code = app_on(asked).now()
        shown = Page(await client.post(asked.path, data={"code": code}, headers=same))
        inside = await client.get("/t/northwind/overview")

    assert "Set up a second factor" in asked.text
    assert before.status_code == 303
    assert len(codes_on(shown)) == 10
    assert any("__Host-rolebook=" in cookie for cookie in shown.response.headers.get_list("set-cookie"))
    assert inside.status_code == 200


async def test_beyond_this_machine_it_cannot_be_given_up(world: World) -> None:
    site, same = "https://portal.example", {"Sec-Fetch-Site": "same-origin"}
    async with client_of(create_portal(site), site) as client:
        asked = Page(await client.post(await link_for(world, "administrator"), headers=same, follow_redirects=True))
        await client.post(asked.path, data={"code": app_on(asked).now()}, headers=same)
        account = Page(await client.get("/t/northwind/own-account"))
        token = account.form("/begin").fields["csrf_token"]
        path = "/t/northwind/own-account/second-factor/remove"
        refused = await client.post(path, data={"csrf_token": token}, headers=same)

    assert not any(link.endswith("/remove") for link in account.links)
    assert refused.status_code == 422


async def test_new_recovery_codes_and_giving_it_up(sign_in: SignIn) -> None:
    browser = await sign_in("editor")
    _, former = await set_up(browser)

    page = await browser.open("own-account/second-factor/recovery-codes")
    renewed = codes_on(await browser.send(page.form("/recovery-codes")))
    page = await browser.open("own-account/second-factor/remove")
    removed = await browser.send(page.form("/remove"))

    assert len(set(renewed) - set(former)) == 10
    assert "Second factor removed" in removed.text
    assert "Set up a second factor" in removed.response.text


# ----- confirm it is you


async def with_source(browser: Browser) -> Page:
    """Create a connection and return the page on which its first secret is made."""
    page = await browser.open("configure-scim/new")
    page = await browser.send(page.form("/new"), preset="okta", label="Okta")
    link = next(link for link in page.links if link.endswith("/secrets/new"))
    return await browser.open(link)


async def stale_with_password(sign_in: SignIn) -> tuple[Browser, Page]:
    browser = await sign_in("administrator")
    await chosen(browser)
    page = await with_source(browser)
    await make_stale()
    return browser, page


async def test_a_deed_that_asks_for_it_goes_on_after_confirming_with_all_that_was_sent(sign_in: SignIn) -> None:
    browser, page = await stale_with_password(sign_in)

    asked = await browser.send(page.form("/secrets/new"), label='Zoë\'s <own> & "label"', days="33")
    form = asked.form("/secrets/new")
    done = await browser.send(form, confirm_password=PASSWORD)

    assert asked.status == 403
    assert "Confirm it is you" in asked.text
    assert (form.fields["label"], form.fields["days"]) == ('Zoë\'s <own> & "label"', "33")
    assert "Store this secret now" in done.text
    assert (await browser.open("overview")).status == 200
    assert any("Zoë" in text for text in [(await browser.open(page.path.removesuffix("/secrets/new"))).text])


async def test_a_wrong_answer_does_nothing_and_keeps_what_was_sent(sign_in: SignIn) -> None:
    browser, page = await stale_with_password(sign_in)

    asked = await browser.send(page.form("/secrets/new"), label="Mine")
    wrong = await browser.send(asked.form("/secrets/new"), confirm_password="not it")
    done = await browser.send(wrong.form("/secrets/new"), confirm_password=PASSWORD)

    assert wrong.status == 422
    assert "That is not right" in wrong.text
    assert "not it" not in wrong.response.text
    assert wrong.form("/secrets/new").fields["label"] == "Mine"
    assert "Store this secret now" in done.text


async def test_confirming_gives_the_browser_a_new_session_token_even_when_the_deed_fails(sign_in: SignIn) -> None:
    browser, page = await stale_with_password(sign_in)
    former = browser.client.cookies["rolebook"]

    asked = await browser.send(page.form("/secrets/new"), days="not a number")
    failed = await browser.send(asked.form("/secrets/new"), confirm_password=PASSWORD)

    assert failed.status == 422
    assert browser.client.cookies["rolebook"] != former
    assert (await browser.open("overview")).status == 200


async def test_a_page_that_asks_for_it_is_come_back_to(sign_in: SignIn) -> None:
    browser = await sign_in("editor")
    await chosen(browser)
    await make_stale()

    asked = await browser.open("own-account/second-factor")
    done = await browser.send(asked.form("/confirm"), confirm_password=PASSWORD)

    assert asked.status == 403
    assert (done.status, done.path) == (200, "/t/northwind/own-account/second-factor")


async def test_htmx_gets_the_question_in_place_of_the_page(sign_in: SignIn) -> None:
    browser, page = await stale_with_password(sign_in)
    fields = page.form("/secrets/new").fields

    answer = await browser.post(
        page.path, fields, **{**SAME_ORIGIN, "HX_Request": "true", "HX_Target": "form#somewhere"}
    )

    assert answer.status_code == 403
    assert (answer.headers["hx-retarget"], answer.headers["hx-reswap"]) == ("#main", "innerHTML")
    assert answer.text.strip().startswith('<section id="confirm-form"')
    assert "<html" not in answer.text


async def test_whoever_signed_in_by_link_only_is_told_how_to_go_on(sign_in: SignIn) -> None:
    browser = await sign_in("administrator")
    page = await with_source(browser)
    await make_stale()

    asked = await browser.send(page.form("/secrets/new"))
    password = await browser.open("own-account/password")

    assert asked.status == 403
    assert "rolebook user link --tenant northwind --user-name administrator" in asked.text
    assert "A first password can be set only right after signing in" in password.text


async def test_a_command_to_be_pasted_holds_the_user_name_as_one_word(sign_in: SignIn) -> None:
    browser = await sign_in("administrator", name="ann; rm -rf ~ $(id) 'x'")
    page = await with_source(browser)
    await make_stale()

    asked = await browser.send(page.form("/secrets/new"))
    password = await browser.open("own-account/password")

    for text in (asked.text, password.text):
        command = re.search(r"rolebook user link .*'x'\S*", text)
        assert command is not None
        assert shlex.split(command[0])[-2:] == ["--user-name", "ann; rm -rf ~ $(id) 'x'"]


async def test_a_new_app_signs_out_everywhere_else_and_new_codes_do_not(sign_in: SignIn) -> None:
    browser = await sign_in("editor")
    page = await browser.send((await browser.open("own-account")).form("/begin"))
    done = await browser.send(page.form("/second-factor"), code=app_on(page).at(datetime.now(UTC) - STEP))
    codes = await browser.send((await browser.open("own-account/second-factor/recovery-codes")).form("/recovery-codes"))

    assert "You are signed out everywhere else." in done.text
    assert len(codes_on(codes)) == 10
    assert "You are signed out everywhere else." not in codes.text


async def test_both_proofs_are_asked_for_where_there_are_both(sign_in: SignIn) -> None:
    browser = await sign_in("editor")
    await chosen(browser)
    app, _ = await set_up(browser)
    await make_stale()

    asked = await browser.open("own-account/second-factor")
    wrong = await browser.send(asked.form("/confirm"), confirm_password=PASSWORD, confirm_code="000000")
    right = await browser.send(wrong.form("/confirm"), confirm_password=PASSWORD, confirm_code=app.now())

    assert (wrong.status, right.status) == (422, 200)


@pytest.mark.parametrize("asked", ["//evil.example", "https://evil.example", "/t/other/overview", "/t/northwind\\x"])
async def test_confirming_never_leads_elsewhere(sign_in: SignIn, asked: str) -> None:
    browser = await sign_in("editor")
    await chosen(browser)
    page = await browser.open(f"confirm?next={asked}")

    done = await browser.send(page.form("/confirm"), confirm_password=PASSWORD)

    assert done.path == "/t/northwind/overview"


async def test_confirming_needs_the_form_token_and_the_own_site(sign_in: SignIn) -> None:
    browser = await sign_in("editor")
    await chosen(browser)
    data = {"confirm": "yes", "confirm_password": PASSWORD}

    assert (await browser.post("confirm", data)).status_code == 403
    token = {"csrf_token": await browser.token()}
    assert (await browser.post("confirm", data | token, Origin="https://evil.example")).status_code == 403


async def test_an_administrator_resets_what_somebody_lost(sign_in: SignIn, admin: Browser) -> None:
    browser = await sign_in("editor")
    await set_up(browser)
    address = f"sub-accounts/{await user_id_of(browser)}/second-factor"

    page = await admin.open(address)
    done = await admin.send(page.form("/second-factor"))

    assert "open nothing any more" in page.text
    assert "Second factor reset" in done.text
    assert (await browser.open("overview")).path == "/t/northwind/sign-in"
    assert "has no second factor" in (await admin.open(address)).text


async def test_nobody_resets_their_own_or_that_of_somebody_above(sign_in: SignIn) -> None:
    manager, boss = await sign_in("user_manager"), await sign_in("administrator")
    await set_up(boss)
    await set_up(manager)
    token = {"csrf_token": await manager.token()}

    own = await manager.open(f"sub-accounts/{await user_id_of(manager)}/second-factor")
    above = await manager.open(f"sub-accounts/{await user_id_of(boss)}/second-factor")
    refused = await manager.post(f"sub-accounts/{await user_id_of(boss)}/second-factor", token)

    assert "This is your own" in own.text
    assert "carries more than yours" in above.text
    assert refused.status_code == 403
    assert (await boss.open("overview")).status == 200


async def user_id_of(browser: Browser) -> str:
    operator = await signins.find_session(browser.client.cookies["rolebook"], now=datetime.now(UTC))
    assert operator is not None
    return str(operator.user.user_id)
