"""Map a group with preview, in a real browser: with scripts and without."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Client, Complaints, Tenant, signed_in

made = iter(range(1_000))


@pytest.fixture
def contoso(create_tenant: Callable[[str], Tenant]) -> Iterator[tuple[Tenant, Client]]:
    """A tenant with twelve people in two groups that overlap; nothing is mapped."""
    tenant = create_tenant(f"Contoso {next(made)}")
    source = tenant.command(
        "source", "create", "--tenant", tenant.slug, "--kind", "scim", "--preset", "entra", "--name", "Entra"
    )
    client = Client(source["base_url"], source["secret"])
    people = [client.push_user(f"person{number:02}") for number in range(12)]
    client.push_group("Employees", *people)
    client.push_group("IT-Admins", *people[:2])
    yield tenant, client
    client.close()


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def page(
    request: pytest.FixtureRequest, browser: Browser, contoso: tuple[Tenant, Client], complaints: Complaints
) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=request.param)
    yield complaints.listen(signed_in(context, contoso[0].sign_in_url()))
    context.close()


def propose(page: Page, tenant: Tenant, group: str, role: str) -> None:
    """Choose a group and a role on the list, and ask what it would do."""
    page.goto(tenant.at("group-mappings"))
    page.get_by_label("Group", exact=True).select_option(label=group)
    page.get_by_label("Access role", exact=True).select_option(label=role)
    page.get_by_role("button", name="Preview at the end of the list").press("Enter")
    page.wait_for_url("**/group-mappings/preview?*")


def test_a_group_is_mapped_with_preview(page: Page, contoso: tuple[Tenant, Client]) -> None:
    tenant, client = contoso
    propose(page, tenant, "Employees (12)", "Viewer")
    expect(page.get_by_role("heading", level=1)).to_have_text("Map Employees to Viewer")
    expect(page.get_by_role("row", name="Loanee Viewer 12")).to_be_visible()

    page.get_by_role("link", name="All 12").click()
    expect(page.get_by_role("row").filter(has_text="Loanee")).to_have_count(12)
    page.get_by_role("link", name="Back to the preview").click()

    client.push_group("Late", client.push_user("late"))
    page.get_by_role("button", name="Apply to 12 people").press("Enter")

    expect(page.get_by_role("status").first).to_contain_text("Mapping added")
    expect(page.get_by_role("row", name="Employees")).to_contain_text(re.compile(r"12\s+12"))


def test_a_world_that_moved_is_shown_afresh_and_then_applied(page: Page, contoso: tuple[Tenant, Client]) -> None:
    tenant, _ = contoso
    propose(page, tenant, "IT-Admins (2)", "Editor")
    other = page.context.new_page()
    propose(other, tenant, "Employees (12)", "Viewer")
    other.get_by_role("button", name="Apply to 12 people").click()
    expect(other.get_by_role("status").first).to_contain_text("Mapping added")

    page.get_by_role("button", name="Apply to 2 people").click()

    expect(page.get_by_text("The directory has changed since you looked.")).to_be_visible()
    expect(page.get_by_text("Nobody changes role.")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row", name="IT-Admins")).to_be_visible()


def test_administration_is_given_with_consent_and_the_order_changed_by_keyboard(
    page: Page, contoso: tuple[Tenant, Client]
) -> None:
    tenant, _ = contoso
    propose(page, tenant, "Employees (12)", "Viewer")
    page.get_by_role("button", name="Apply to 12 people").click()
    propose_last(page, "IT-Admins (2)", "Administrator")
    expect(page.get_by_text("applying it needs your consent")).to_be_visible()
    page.get_by_label("I consent").check()
    page.get_by_role("button", name="Save").click()
    up = page.get_by_role("button", name="Move up IT-Admins")
    up.focus()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Move IT-Admins up 1 place")
    expect(page.get_by_role("row", name="Viewer Administrator Privileged 2")).to_be_visible()
    page.get_by_label("I consent").check()
    page.get_by_role("button", name="Apply to 2 people").press("Enter")

    expect(page.get_by_role("status").first).to_contain_text("Order changed")
    expect(page.locator("#group-mappings-list tbody tr").first).to_contain_text("IT-Admins")


def propose_last(page: Page, group: str, role: str) -> None:
    """The same from the list, where the browser is."""
    page.get_by_label("Group", exact=True).select_option(label=group)
    page.get_by_label("Access role", exact=True).select_option(label=role)
    page.get_by_role("button", name="Preview at the end of the list").click()
    page.wait_for_url("**/group-mappings/preview?*")
