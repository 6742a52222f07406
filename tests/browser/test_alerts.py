"""Who is told of alerts, mails that wait for a mail server, and a webhook that nobody answers."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from directory.alerts import ALERT_KINDS
from tests.browser.conftest import Complaints, Tenant, signed_in
from tests.browser.patience import look_until

SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
"""Reloads until the server has tried to deliver; each takes some 50 ms."""


def opened(page: Page, name: str) -> None:
    """Follow the link in the settings' index."""
    page.get_by_role("link", name="Settings").first.click()
    page.get_by_role("main").get_by_role("link", name=name, exact=True).click()


@SCRIPTS
def test_a_recipient_is_added_changed_and_sent_a_test(
    browser: Browser, create_tenant: Callable[[str], Tenant], complaints: Complaints, *, scripts: bool
) -> None:
    tenant = create_tenant(f"Told {'with' if scripts else 'without'}")
    context = browser.new_context(java_script_enabled=scripts)
    page = complaints.listen(signed_in(context, tenant.sign_in_url()))
    opened(page, "Alerts")
    expect(page.get_by_text("Nothing is the matter")).to_be_visible()
    page.get_by_role("link", name="Recipients", exact=True).click()
    page.get_by_label("Or an address").fill("ops@example.org")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("row").filter(has_text="ops@example.org")).to_contain_text("Everything")

    page.get_by_role("link", name="Change…").click()
    page.get_by_label("Mails could not be delivered").uncheck()
    page.get_by_label("At most once a day").check()
    page.get_by_role("button", name="Save").click()
    row = page.get_by_role("row").filter(has_text="ops@example.org")
    expect(row).to_contain_text(f"{len(ALERT_KINDS) - 1} of {len(ALERT_KINDS)} kinds")
    expect(row).to_contain_text("at most daily")

    row.get_by_role("button", name="Send test").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mails")
    expect(page.get_by_role("row").filter(has_text="test of alert mails")).to_contain_text("Waiting")
    expect(page.get_by_text("This server knows no mail server")).to_be_visible()
    context.close()


@SCRIPTS
def test_a_webhook_is_made_tested_and_says_why_nothing_arrives(
    browser: Browser, create_tenant: Callable[[str], Tenant], complaints: Complaints, *, scripts: bool
) -> None:
    tenant = create_tenant(f"Hooks {'with' if scripts else 'without'}")
    context = browser.new_context(java_script_enabled=scripts)
    page = complaints.listen(signed_in(context, tenant.sign_in_url()))
    opened(page, "Webhooks")
    page.get_by_role("link", name="New webhook").first.click()
    page.get_by_label("Name").fill("Tickets")
    page.get_by_label("Address").fill("https://127.0.0.1/in")
    page.get_by_role("button", name="Create and show the secret once").click()
    expect(page.get_by_role("alert").first).to_contain_text("private network")
    page.get_by_label("Address").fill("https://hooks.invalid/in")
    page.get_by_role("button", name="Create and show the secret once").click()
    expect(page.get_by_label("Signing secret", exact=True)).to_have_value(re.compile("whsec_.{40,}"))
    page.get_by_label("I have stored it").check()
    page.get_by_role("button", name="Continue").click()

    page.get_by_role("button", name="Send test").click()
    look_until(page.get_by_text("The name hooks.invalid leads nowhere.").count, page.reload)
    page.get_by_role("link", name="Tickets").click()
    expect(page.get_by_role("row").filter(has_text="Test")).to_contain_text("Waiting")
    page.get_by_role("link", name="Delete…").click()
    page.get_by_role("button", name="Delete webhook").click()
    expect(page.get_by_text("No webhooks yet")).to_be_visible()
    context.close()
