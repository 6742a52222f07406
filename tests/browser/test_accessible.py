"""Every page in every mode: WCAG 2.2 AA by axe, no sideways scrolling, nothing that the policy blocks."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Complaints, Peopled, Tenant, signed_in

AXE: dict[str, Any] = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "resultTypes": ["violations"],
}
WIDE = {"width": 1280, "height": 800}
MODES: dict[str, dict[str, Any]] = {
    "light": {"viewport": WIDE, "color_scheme": "light"},
    "dark": {"viewport": WIDE, "color_scheme": "dark"},
    "narrow": {"viewport": {"width": 320, "height": 640}, "color_scheme": "light"},
    "narrow dark": {"viewport": {"width": 320, "height": 640}, "color_scheme": "dark"},
    "forced colors": {"viewport": WIDE, "forced_colors": "active"},
    "reduced motion": {"viewport": WIDE, "reduced_motion": "reduce"},
}
SIDEWAYS = "document.documentElement.scrollWidth - window.innerWidth"


def each_address(peopled: Peopled, page: Page) -> Iterator[str]:
    """Yield every page there is, filled."""
    tenant, source = peopled.tenant, f"configure-scim/{peopled.source_id}"
    yield from (
        tenant.at(path)
        for path in (
            "overview", "sub-accounts", "sub-accounts?q=nobody", "sub-accounts?status=x",
            f"sub-accounts/{peopled.user_id}", "groups", f"groups/{peopled.group_id}", "activity", "activity/requests",
            source, "configure-scim/new", f"{source}/secrets/new", "group-mappings", "nowhere",
        )
    )  # fmt: skip
    yield f"{tenant.server.url}/sign-in/used"
    page.goto(tenant.at("activity/requests?result=failed"))
    yield page.url
    yield tenant.server.url + (page.locator("tbody a").first.get_attribute("href") or "")
    page.goto(tenant.at(source))
    for name in ("Rotate", "Revoke"):
        yield tenant.server.url + (page.get_by_role("link", name=name).first.get_attribute("href") or "")


def problems_of(page: Page) -> list[str]:
    """Return what axe finds on a page, and whether it scrolls sideways."""
    found = Axe().run(page, options=AXE).response["violations"]
    problems = [
        f"{page.url} {one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]
    ]
    over = page.evaluate(SIDEWAYS)
    return [*problems, *([f"{page.url} scrolls sideways by {over}"] if over > 0 else [])]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mode", MODES)
def test_every_page_is_accessible_in_every_mode(
    browser: Browser, peopled: Peopled, complaints: Complaints, mode: str
) -> None:
    context = browser.new_context(storage_state=peopled.state, **MODES[mode])
    page = complaints.listen(context.new_page())
    problems: list[str] = []
    for address in list(each_address(peopled, page)):
        page.goto(address)
        expect(page.locator("h1")).to_have_count(1)
        problems += problems_of(page)
    context.close()

    assert problems == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mode", ["light", "dark", "narrow"])
def test_pages_of_an_empty_tenant_are_accessible(
    browser: Browser, create_tenant: Callable[[str], Tenant], complaints: Complaints, mode: str
) -> None:
    tenant = create_tenant(f"Empty {mode}")
    context = browser.new_context(**MODES[mode])
    page = complaints.listen(context.new_page())
    page.goto(f"{tenant.server.url}/sign-in")
    problems = problems_of(page)
    page.goto(tenant.sign_in_url())
    problems += problems_of(page)
    page.get_by_role("button", name="Sign in").click()
    for path in ("overview", "sub-accounts", "groups", "activity", "activity/requests", "configure-scim",
                 "group-mappings"):  # fmt: skip
        page.goto(tenant.at(path))
        problems += problems_of(page)
    context.close()

    assert problems == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mode", ["light", "dark", "narrow"])
def test_pages_after_a_form_are_accessible(
    browser: Browser, create_tenant: Callable[[str], Tenant], peopled: Peopled, complaints: Complaints, mode: str
) -> None:
    tenant = create_tenant(f"Forms {mode}")
    context = browser.new_context(**MODES[mode])
    page = complaints.listen(signed_in(context, tenant.sign_in_url()))
    page.goto(tenant.at("configure-scim"))
    page.get_by_role("button", name="Create connection").click()
    problems = problems_of(page)
    page.get_by_role("link", name="Create secret").click()
    page.get_by_role("button", name="Create and show once").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Store this secret now")
    problems += problems_of(page)
    context.close()

    context = browser.new_context(storage_state=peopled.state, **MODES[mode])
    page = complaints.listen(context.new_page())
    page.goto(peopled.tenant.at("group-mappings"))
    page.get_by_label("Group", exact=True).select_option(label="IT-Admins (2)")
    page.get_by_label("Access role", exact=True).select_option(label="Administrator")
    page.get_by_role("button", name="Add at the end").click()
    expect(page.locator("#consent-error")).to_be_visible()
    problems += problems_of(page)
    page.goto(peopled.tenant.at(f"sub-accounts/{peopled.user_id}"))
    page.get_by_text("Lock a role").click()
    page.get_by_label("Reason").fill("\u202e")
    page.get_by_role("button", name="Lock role").click()
    expect(page.locator("#reason-error")).to_be_visible()
    problems += problems_of(page)
    context.close()

    assert problems == []
