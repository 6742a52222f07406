"""User IDs become e-mail addresses, and an attribute gets a field, in a real browser."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Client, Complaints, Tenant, signed_in
from tests.browser.patience import look_until

BADGE = "urn:example:site:2.0:User"
COUNT = 24


@dataclass(frozen=True)
class Office:
    """A tenant whose people sign in by plain names."""

    tenant: Tenant
    state: Any


@pytest.fixture(scope="module")
def office(create_tenant: Callable[[str], Tenant], browser: Browser) -> Office:
    """Fabrikam: people with plain user names, two of whom share an address."""
    tenant = create_tenant("Fabrikam")
    push_people(tenant)
    context = browser.new_context()
    signed_in(context, tenant.sign_in_url())
    return Office(tenant, context.storage_state())


def push_people(tenant: Tenant) -> None:
    """Push people as a provider does whose user names are no addresses."""
    source = tenant.command(
        "source", "create", "--tenant", tenant.slug, "--kind", "scim", "--preset", "entra", "--name", "Entra"
    )
    client = Client(source["base_url"], source["secret"])
    for number in range(COUNT):
        address = "desk@example.org" if number < 2 else f"clerk{number:02}@example.org"
        emails = [{"value": address, "primary": True}, {"value": f"second{number:02}@example.org"}]
        badge = {BADGE: {"badge": f"B-{number:02}"}}
        client.push_user(
            f"c{number:02}", userName=f"CLERK{number:02}", displayName=f"Clerk {number:02}", emails=emails, **badge
        )
    client.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_from_scan_to_undo(browser: Browser, office: Office, complaints: Complaints, *, scripts: bool) -> None:
    context = browser.new_context(storage_state=office.state, java_script_enabled=scripts)
    page = complaints.listen(context.new_page())

    scan_and_decide(page, office.tenant)
    confirm(page, scripts=scripts)
    expect(page.locator("#conversion-progress")).to_contain_text("23 converted")
    page.get_by_role("link", name="Everybody who was converted").click()
    expect(page.locator("main")).to_contain_text("second00@example.org")

    page.go_back()
    page.get_by_role("link", name="Undo…").click()
    page.get_by_role("button", name="Undo the conversion").click()
    finished(page, "Undone", scripts=scripts)
    expect(page.locator("#conversion-progress")).to_contain_text("23 restored")
    context.close()


def scan_and_decide(page: Page, tenant: Tenant) -> None:
    """Scan, and give one of the two who share an address their other one."""
    page.goto(tenant.at("conversion"))
    page.get_by_role("button", name="Scan user names").click()
    expect(page.locator("#conversion-job")).to_contain_text("22 will convert")
    expect(page.locator("#conversion-job")).to_contain_text("E-mail of somebody else too")
    preview = page.url
    page.locator("main").get_by_role("link", name="2 people").click()
    page.get_by_role("link", name="Decide… CLERK00").click()
    page.get_by_label("second00@example.org").check()
    page.get_by_role("button", name="Keep this decision").click()
    expect(page.locator("main")).to_contain_text("decided by hand")
    page.goto(preview)


def confirm(page: Page, *, scripts: bool) -> None:
    """Convert, and wait for the report."""
    page.get_by_label("Former names go on matching, in days").fill("30")
    page.get_by_role("button", name="Convert 23 people").click()
    finished(page, "Done", scripts=scripts)


def finished(page: Page, words: str, *, scripts: bool) -> None:
    """Wait until the page says that it is over: by itself, or asked again and again."""
    notice = page.locator("#conversion-progress .notice")
    if scripts:
        expect(notice).to_contain_text(words, timeout=15_000)
        return
    look_until(notice.filter(has_text=words).count, page.get_by_role("link", name="Refresh").click)


def test_a_field_is_added_and_people_are_found_by_it(browser: Browser, office: Office, complaints: Complaints) -> None:
    context = browser.new_context(storage_state=office.state)
    page = complaints.listen(context.new_page())

    add_badge(page, office.tenant)
    page.goto(office.tenant.at("sub-accounts"))
    expect(page.locator("thead")).to_contain_text("Badge")
    page.get_by_text("More filters").click()
    page.get_by_label("Badge", exact=True).fill("b-0*")
    expect(page.locator("#sub-accounts-count")).to_contain_text("10 people")
    expect(page).to_have_url(re.compile("f.badge=b-0"))
    context.close()


def add_badge(page: Page, tenant: Tenant) -> None:
    """Add a field from what is sent, and wait until its values were read."""
    page.goto(tenant.at("attribute-fields/new"))
    page.get_by_role("link", name=f"{BADGE}:badge").click()
    expect(page.locator("main")).to_contain_text("Seen in 24 of the newest 25 people")
    page.get_by_label("Name of the field").fill("Badge")
    page.get_by_label("Show it as a column in Sub Accounts").check()
    page.get_by_role("button", name="Add field").click()
    look_until(page.get_by_role("link", name="24 of 25").count, page.reload)
