"""From the sign-in link to a role that explains itself, with and without scripts."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Client, Complaints, Tenant, signed_in


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_an_administrator_connects_a_provider_and_sees_why_somebody_has_a_role(
    browser: Browser, create_tenant: Callable[[str], Tenant], complaints: Complaints, *, scripts: bool
) -> None:
    tenant = create_tenant(f"First Hour {'with' if scripts else 'without'}")
    context = browser.new_context(java_script_enabled=scripts)
    page = complaints.listen(signed_in(context, tenant.sign_in_url()))

    secret, base_url = connected(page)
    client = Client(base_url, secret)
    ann = client.push_user("ann", displayName="Ann Archer")
    client.push_group("Employees", ann)
    mapped(page)
    expect_reason(page)

    client.close()
    context.close()


def connected(page: Page) -> tuple[str, str]:
    """Create an Okta connection and its secret; return the secret and the base URL."""
    page.get_by_role("link", name="Configure SCIM").first.click()
    page.get_by_label("Okta").check()
    page.get_by_role("button", name="Create connection").click()
    expect(page.locator("#notice")).to_contain_text("Connection created")
    base_url = page.get_by_label("Base URL", exact=True).input_value()
    page.get_by_role("link", name="Create secret").first.click()
    page.get_by_role("button", name="Create and show once").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Store this secret now")
    secret = page.get_by_label("API Token", exact=True).input_value()
    page.get_by_label("I have stored it").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#notice")).to_contain_text("not shown again")
    assert secret not in page.content()
    return secret, base_url


def mapped(page: Page) -> None:
    """Map the group that was pushed."""
    page.get_by_role("link", name="Group Mappings").first.click()
    page.get_by_label("Group", exact=True).select_option(label="Employees (1)")
    page.get_by_label("Access role", exact=True).select_option(label="Editor")
    page.get_by_role("button", name="Preview at the end of the list").click()
    page.get_by_role("button", name="Apply to 1 person").click()
    expect(page.locator("#notice")).to_contain_text("Mapping added")


def expect_reason(page: Page) -> None:
    """Find the person and read the reason."""
    page.get_by_role("link", name="Sub Accounts").first.click()
    page.get_by_label("Search people").fill("archer")
    page.get_by_label("Search people").press("Enter")
    row = page.get_by_role("row", name="Ann Archer")
    expect(page.locator("#sub-accounts-count")).to_have_text("1 person")
    expect(row).to_contain_text("Editor")
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ann Archer")
    expect(page.locator("#user-role")).to_contain_text("members of Employees are Editor")
