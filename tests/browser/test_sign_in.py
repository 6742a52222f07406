"""Choosing a password, a second factor, losing the phone, and being asked who is there: with and without scripts."""

import re
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Complaints, Tenant, signed_in

PASSWORD = "plum canoe orbit"


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_person_protects_their_account_and_comes_back_to_it(
    browser: Browser, create_tenant: Callable[[str], Tenant], complaints: Complaints, *, scripts: bool
) -> None:
    tenant = create_tenant(f"Sign In {'with' if scripts else 'without'}")
    context = browser.new_context(java_script_enabled=scripts)
    page = complaints.listen(signed_in(context, tenant.sign_in_url()))

    choose_password(page, tenant)
    sign_out(page)
    type_password(page, tenant)
    expect(page).to_have_url(tenant.at("overview"))
    app, codes = set_up_factor(page, tenant)
    sign_out(page)
    type_password(page, tenant)
    enter_code(page, app.at(time.time()))
    expect(page).to_have_url(tenant.at("overview"))
    sign_out(page)
    type_password(page, tenant)
    enter_code(page, codes[0])
    expect(page).to_have_url(tenant.at("overview"))
    rotate_when_stale(page, tenant, codes[1])

    context.close()


def test_a_wrong_password_keeps_the_name_and_says_so(
    browser: Browser, create_tenant: Callable[[str], Tenant], complaints: Complaints
) -> None:
    tenant = create_tenant("Sign In wrong")
    context = browser.new_context()
    page = complaints.listen(context.new_page())
    page.goto(f"{tenant.server.url}/sign-in")
    page.get_by_label("Tenant").fill("Sign In wrong")
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url(tenant.at("sign-in"))

    page.get_by_label("User name").fill("rosa")
    page.get_by_label("Password", exact=True).fill("not it")
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("alert")).to_have_text("The user name or the password is not right.")
    expect(page.get_by_label("User name")).to_have_value("rosa")
    expect(page.get_by_label("Password", exact=True)).to_have_value("")
    context.close()


def choose_password(page: Page, tenant: Tenant) -> None:
    """Set a password from the own account page."""
    page.goto(tenant.at("own-account"))
    page.get_by_role("main").get_by_role("link", name="Set a password").first.click()
    page.get_by_label("New password", exact=True).fill(PASSWORD)
    page.get_by_label("New password, once more").fill(PASSWORD)
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_role("status").first).to_contain_text("Password set")


def sign_out(page: Page) -> None:
    """Leave by the button of the page."""
    page.locator("form[action='/sign-out'] button").dispatch_event("click")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def type_password(page: Page, tenant: Tenant) -> None:
    """Fill in the sign-in page."""
    page.goto(tenant.at("sign-in"))
    page.get_by_label("User name").fill("rosa")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def enter_code(page: Page, code: str) -> None:
    """Fill in the second half of the sign-in."""
    expect(page.get_by_role("heading", level=1)).to_have_text("Enter a code")
    page.get_by_label("Code", exact=True).fill(code)
    page.get_by_role("button", name="Continue").click()


def set_up_factor(page: Page, tenant: Tenant) -> tuple[pyotp.TOTP, list[str]]:
    """Set an authenticator app up; its first code is of the step before, so that the present one can be used next."""
    page.goto(tenant.at("own-account"))
    page.get_by_role("button", name="Set up a second factor").click()
    expect(page.get_by_role("img", name="QR code for the authenticator app")).to_be_visible()
    app = pyotp.TOTP(page.get_by_label("Key", exact=True).input_value())
    page.get_by_label("Code that the app shows now").fill(app.at(time.time() - 30))
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Store your recovery codes now")
    codes = page.locator("#codes code").all_text_contents()
    assert len(codes) == 10
    page.get_by_label("I have stored them").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("main")).to_contain_text("10 of 10 recovery codes left")
    return app, codes


def rotate_when_stale(page: Page, tenant: Tenant, code: str) -> None:
    """Create a secret with a sign-in of eleven minutes ago: who is there is asked first, and nothing is lost."""
    words = ("--tenant", tenant.slug, "--kind", "scim", "--preset", "entra", "--name", "Entra")
    source = tenant.command("source", "create", *words)["source"]
    page.goto(tenant.at(f"configure-scim/{source}"))
    page.get_by_role("link", name="Rotate").first.click()
    page.get_by_label("Keep it for 24 hours").check()
    make_stale(tenant)
    page.get_by_role("button", name="Rotate and show once").click()

    expect(page.get_by_role("heading", name="Confirm it is you")).to_be_visible()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Code of your authenticator app").fill(code)
    page.get_by_role("button", name="Confirm and go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Store this secret now")
    page.get_by_label("I have stored it").check()
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url(re.compile(f"{source}\\?done=secret-stored"))


def make_stale(tenant: Tenant) -> None:
    """Let every sign-in have been confirmed eleven minutes ago."""
    past = (datetime.now(UTC) - timedelta(minutes=11)).isoformat(sep=" ", timespec="microseconds")
    database = sqlite3.connect(urlsplit(tenant.server.database_url).path.removeprefix("/"), timeout=20)
    with database:
        database.execute("UPDATE web_session_row SET confirmed_at = ?", (past,))
    database.close()
