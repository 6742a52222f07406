"""Sub Accounts in a real browser, with scripts and without: searching, saved views, and an action on many."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import Client, Complaints, Tenant, signed_in
from tests.browser.patience import look_until

COUNT = 70


@pytest.fixture(scope="module")
def crowded(create_tenant: Callable[[str], Tenant], browser: Browser) -> tuple[Tenant, Any]:
    """A tenant with more people than are changed at once, and the storage of a browser that is signed in."""
    tenant = create_tenant("Southwind")
    source = tenant.command(
        "source", "create", "--tenant", tenant.slug, "--kind", "scim", "--preset", "entra", "--name", "Entra"
    )
    client = Client(source["base_url"], source["secret"])
    for number in range(COUNT):
        client.push_user(f"person{number:02}")
    client.close()
    context = browser.new_context()
    signed_in(context, tenant.sign_in_url())
    state = context.storage_state()
    context.close()
    return tenant, state


@pytest.fixture(params=["with scripts", "without scripts"])
def context(request: pytest.FixtureRequest, browser: Browser, crowded: tuple[Tenant, Any]) -> Iterator[BrowserContext]:
    made = browser.new_context(storage_state=crowded[1], java_script_enabled=request.param == "with scripts")
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, complaints: Complaints) -> Page:
    return complaints.listen(context.new_page())


def test_people_are_found_sorted_and_kept_as_a_view(page: Page, crowded: tuple[Tenant, Any]) -> None:
    name = "Twenties"
    page.goto(crowded[0].at("sub-accounts"))
    page.get_by_role("link", name="User name").click()
    expect(page.get_by_role("columnheader", name="User name")).to_have_attribute("aria-sort", "ascending")
    page.get_by_label("Search people").fill("person2")
    page.get_by_label("Search people").press("Enter")
    expect(page.locator("#sub-accounts-count")).to_have_text("10 people")

    page.get_by_role("link", name="Save this view").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Save view").click()

    expect(page.get_by_text("View saved").first).to_be_visible()
    page.goto(crowded[0].at("sub-accounts"))
    page.get_by_role("link", name=name).click()
    expect(page.locator("#sub-accounts-count")).to_have_text("10 people")
    page.get_by_role("link", name="Manage views").click()
    page.get_by_role("button", name=f"Delete {name}").click()
    expect(page.get_by_text("No views yet")).to_be_visible()


def test_many_people_are_disabled_and_enabled_again(page: Page, crowded: tuple[Tenant, Any]) -> None:
    act_on_all(page, crowded[0], "Disable…", reason="Strike")
    expect(page.get_by_text(f"{COUNT} changed").first).to_be_visible(timeout=20_000)
    page.goto(crowded[0].at("sub-accounts?status=disabled"))
    expect(page.locator("#sub-accounts-count")).to_have_text(f"{COUNT} people")

    act_on_all(page, crowded[0], "Enable…")

    expect(page.get_by_text(f"{COUNT} changed").first).to_be_visible(timeout=20_000)
    page.goto(crowded[0].at("sub-accounts?status=disabled"))
    expect(page.locator("#sub-accounts-count")).to_have_text("0 people")


def test_picked_people_are_counted_and_only_they_are_meant(page: Page, crowded: tuple[Tenant, Any]) -> None:
    page.goto(crowded[0].at("sub-accounts?q=person03"))
    page.get_by_label("Pick Person03").check()

    page.get_by_role("button", name="Unlock…").click()
    page.get_by_role("button", name="Show what changes").click()

    expect(page.get_by_text("1 person who was picked")).to_be_visible()
    expect(page.get_by_text("Nobody changes.")).to_be_visible()
    page.get_by_role("button", name="Drop this preview").click()
    expect(page.get_by_role("heading", name="Sub Accounts")).to_be_visible()


def act_on_all(page: Page, tenant: Tenant, deed: str, *, reason: str = "") -> None:
    """Choose everybody of the source, look at the preview and apply it; without scripts, follow Refresh to its end."""
    page.goto(tenant.at("sub-accounts?q=person"))
    page.get_by_label(f"All {COUNT} matching").check()
    page.get_by_role("button", name=deed).click()
    if reason:
        page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name="Show what changes").click()
    expect(page.get_by_role("heading", name=f"{COUNT} people change")).to_be_visible()
    page.get_by_role("button", name=f"Apply to {COUNT} people").click()
    page.wait_for_url(re.compile(r"/sub-accounts/bulk/[0-9a-f-]{36}$"))
    refresh = page.get_by_role("link", name="Refresh")
    look_until(lambda: not refresh.count(), refresh.click)
