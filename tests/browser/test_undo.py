"""Take a mapping, a lock and an action on many back, in a real browser: with scripts and without."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Client, Complaints, Tenant, signed_in

made = iter(range(1_000))


@pytest.fixture
def fabrikam(create_tenant: Callable[[str], Tenant]) -> Iterator[tuple[Tenant, list[str]]]:
    """A tenant with six people in a group that is mapped to nothing."""
    tenant = create_tenant(f"Fabrikam {next(made)}")
    source = tenant.command(
        "source", "create", "--tenant", tenant.slug, "--kind", "scim", "--preset", "entra", "--name", "Entra"
    )
    client = Client(source["base_url"], source["secret"])
    people = [client.push_user(f"person{number}", displayName=f"Person {number}") for number in range(6)]
    client.push_group("Employees", *people)
    yield tenant, people
    client.close()


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def page(
    request: pytest.FixtureRequest, browser: Browser, fabrikam: tuple[Tenant, list[str]], complaints: Complaints
) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=request.param)
    yield complaints.listen(signed_in(context, fabrikam[0].sign_in_url()))
    context.close()


def open_entry(page: Page, tenant: Tenant, words: str) -> None:
    """Open the newest entry of the activity with these words."""
    page.goto(tenant.at("activity"))
    page.get_by_role("link", name=words).first.click()


def test_a_mapping_is_taken_back_and_made_again(page: Page, fabrikam: tuple[Tenant, list[str]]) -> None:
    tenant, _ = fabrikam
    page.goto(tenant.at("group-mappings"))
    page.get_by_label("Group", exact=True).select_option(label="Employees (6)")
    page.get_by_label("Access role", exact=True).select_option(label="Viewer")
    page.get_by_role("button", name="Preview at the end of the list").press("Enter")
    page.get_by_role("button", name="Apply to 6 people").press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Mapping added")

    open_entry(page, tenant, "Group mapping added")
    page.get_by_role("link", name="Undo…").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Undo: Group mapping added: Employees")
    expect(page.get_by_role("row", name="Viewer Loanee 6")).to_be_visible()
    page.get_by_role("button", name="Undo now").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Change undone: Employees")

    page.get_by_role("link", name="Do it again…").click()
    expect(page.get_by_role("row", name="Loanee Viewer 6")).to_be_visible()
    page.get_by_role("button", name="Do again now").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Change undone: Employees")
    page.goto(tenant.at("group-mappings"))
    expect(page.get_by_role("row").filter(has_text="Employees")).to_contain_text("Viewer")


def test_a_block_is_taken_back_from_the_timeline(page: Page, fabrikam: tuple[Tenant, list[str]]) -> None:
    tenant, people = fabrikam
    page.goto(tenant.at(f"sub-accounts/{people[0]}/disable-sign-in"))
    page.get_by_label("Reason").fill("Lost laptop")
    page.get_by_role("button", name="Disable sign-in now").press("Enter")
    page.get_by_role("link", name="Undo…").first.click()
    expect(page.get_by_text("Lost laptop")).to_be_visible()
    page.get_by_role("button", name="Undo now").press("Enter")
    page.goto(tenant.at(f"sub-accounts/{people[0]}"))
    expect(page.get_by_role("link", name="Disable sign-in now…")).to_be_visible()


def test_an_action_on_many_is_taken_back_as_a_whole(page: Page, fabrikam: tuple[Tenant, list[str]]) -> None:
    tenant, people = fabrikam
    picked = "&".join(f"user_id={ident}" for ident in people)
    page.goto(tenant.at(f"sub-accounts/bulk/new?deed=disable&{picked}"))
    page.get_by_label("Reason").fill("Sold the office")
    page.get_by_role("button", name="Show what changes").press("Enter")
    page.get_by_role("button", name="Apply to 6 people").press("Enter")
    page.get_by_role("link", name="Undo…").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Undo the whole action")
    page.get_by_role("button", name="Undo 6 changes").press("Enter")
    expect(page.get_by_text("6 went back")).to_be_visible()
