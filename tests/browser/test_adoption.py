"""Somebody is sent who is here already, one person is deleted, and a manager has not arrived: seen and dealt with."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import ENTERPRISE, Client, Complaints, Tenant, signed_in
from tests.browser.patience import look_until


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_one_person_is_adopted_another_restored_and_a_manager_waited_for(
    browser: Browser, create_tenant: Callable[[str], Tenant], complaints: Complaints, *, scripts: bool
) -> None:
    tenant = create_tenant(f"Meeting {scripts}")
    source = tenant.command("source", "create", "--tenant", tenant.slug, "--kind", "scim", "--preset", "okta",
                            "--name", "Okta")  # fmt: skip
    client = Client(source["base_url"], source["secret"])
    tenant.sign_in_url("ben@example.org", "viewer")
    client.meet("ben")
    client.delete(client.push_user("gone"))
    client.push_user("ann", **{ENTERPRISE: {"manager": {"value": "boss@example.org"}}})
    context = browser.new_context(java_script_enabled=scripts)
    page = complaints.listen(signed_in(context, tenant.sign_in_url()))

    adopted(page, tenant)
    again = client.push("Users", {"userName": "ben@example.org", "externalId": "ben", "title": "Buyer"})
    page.goto(tenant.at(f"sub-accounts/{again}"))
    expect(page.locator("main")).to_contain_text("Given to another source")

    page.goto(tenant.at("deleted-users"))
    page.get_by_role("link", name="Restore…").click()
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_role("status").first).to_contain_text("Restored.")

    page.goto(tenant.at("waiting-references"))
    expect(page.locator("main")).to_contain_text("boss@example.org")
    client.push_user("boss")
    expect_gone(page)
    client.close()
    context.close()


def adopted(page: Page, tenant: Tenant) -> None:
    """Compare both records, and make them one."""
    page.goto(tenant.at("attention"))
    page.get_by_role("link", name="Compare and decide").click()
    page.get_by_role("link", name="Compare Ben").click()
    expect(page.locator("main")).to_contain_text("Changes with the next push")
    page.get_by_role("button", name="One person: adopt").click()
    expect(page.get_by_role("status").first).to_contain_text("Adopted.")


def expect_gone(page: Page) -> None:
    """Look again until the duty has followed the arrival."""
    look_until(page.get_by_text("Nobody waits for a manager").count, page.reload)
