"""From the super tenant into a tenant below and back: found, opened with a reason, said on every page, left."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Complaints, Tenant, signed_in
from tests.browser.looking import NARROW, problems_in_each_mode

REASON = "Ticket 4711: nobody there can sign in, and their only administrator is on leave until Monday"


@dataclass(frozen=True)
class Family:
    """Acme, with Bristol below it, and a browser that is signed in to Acme."""

    above: Tenant
    state: object


@pytest.fixture(scope="module")
def family(create_tenant: Callable[[str], Tenant], browser: Browser) -> Family:
    above = create_tenant("Acme")
    for name in ("Bristol and the whole of the West Country", "Leeds"):
        above.command("tenant", "create", name, "--parent", above.slug)
    context = browser.new_context()
    signed_in(context, above.sign_in_url())
    return Family(above, context.storage_state())


def opened(page: Page, family: Family) -> None:
    """Open Bristol by way of the header."""
    page.goto(family.above.at("overview"))
    page.get_by_role("banner").get_by_role("link", name="go to another").click()
    page.get_by_role("link", name="Bristol").click()
    page.get_by_label("Reason").fill(REASON)
    page.get_by_label("Look and change").check()
    page.get_by_role("button", name="Open", exact=True).click()
    page.wait_for_url("**/t/bristol*/overview?*")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_tenant_below_is_opened_with_a_reason_and_left(
    browser: Browser, family: Family, complaints: Complaints, *, scripts: bool
) -> None:
    context = browser.new_context(storage_state=family.state, java_script_enabled=scripts)  # type: ignore[arg-type]  # as Playwright gave it
    page = complaints.listen(context.new_page())
    opened(page, family)
    banner = page.get_by_role("note", name="Scoped view")

    for name in ("Sub Accounts", "Group Mappings", "Activity"):
        page.get_by_role("navigation", name="Main").get_by_role("link", name=name).click()
        expect(banner).to_contain_text("Viewing Bristol and the whole of the West Country as super administrator")
        expect(banner).to_contain_text(REASON)
    banner.get_by_role("button", name="Leave").click()

    expect(page.get_by_text("You have left it.")).to_be_visible()
    expect(banner).to_have_count(0)
    expect(page.get_by_role("cell", name=REASON).first).to_be_visible()
    context.close()


def test_the_banner_is_whole_on_a_narrow_screen(browser: Browser, family: Family, complaints: Complaints) -> None:
    context = browser.new_context(storage_state=family.state)  # type: ignore[arg-type]  # as Playwright gave it
    page = complaints.listen(context.new_page())
    opened(page, family)

    page.set_viewport_size(NARROW)  # type: ignore[arg-type]  # a size is a plain dict
    page.goto(page.url.partition("?")[0])

    leave = page.get_by_role("button", name="Leave")
    expect(leave).to_be_visible()
    box = leave.bounding_box()
    assert box is not None
    assert 0 <= box["x"] <= box["x"] + box["width"] <= NARROW["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    leave.click()
    expect(page.get_by_text("You have left it.")).to_be_visible()
    context.close()


def test_pages_of_views_are_accessible_in_each_mode(browser: Browser, family: Family, complaints: Complaints) -> None:
    context = browser.new_context(storage_state=family.state)  # type: ignore[arg-type]  # as Playwright gave it
    page = complaints.listen(context.new_page())
    opened(page, family)
    problems = problems_in_each_mode(page)
    below = page.url.partition("/overview")[0]

    for address in (f"{below}/scoped-views", family.above.at("scoped-views"), family.above.at("switch")):
        page.goto(address)
        problems += problems_in_each_mode(page)
    page.get_by_role("link", name="Leeds").click()
    problems += problems_in_each_mode(page)

    assert problems == []
    context.close()
