"""What scripts add: swaps in place, with focus, titles and addresses where they belong."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, expect

from tests.browser.conftest import Complaints, Peopled


@pytest.fixture
def context(browser: Browser, peopled: Peopled) -> Iterator[BrowserContext]:
    made = browser.new_context(storage_state=peopled.state, permissions=["clipboard-read", "clipboard-write"])
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, complaints: Complaints) -> Page:
    return complaints.listen(context.new_page())


def test_the_list_follows_what_is_typed(page: Page, peopled: Peopled) -> None:
    page.goto(peopled.tenant.at("sub-accounts"))

    page.get_by_label("Search people").press_sequentially("person07", delay=20)

    expect(page.locator("#sub-accounts-count")).to_have_text("1 person")
    expect(page).to_have_url(re.compile(r"q=person07"))
    expect(page.get_by_label("Search people")).to_be_focused()
    page.get_by_label("Status").select_option("disabled")
    expect(page.locator("#sub-accounts-count")).to_have_text("0 people")


def test_back_shows_the_search_before(page: Page, peopled: Peopled) -> None:
    page.goto(peopled.tenant.at("sub-accounts?q=person01"))
    page.get_by_label("Search people").fill("person02")
    expect(page).to_have_url(re.compile(r"q=person02"))

    page.go_back()

    expect(page.locator("tbody")).to_contain_text("person01@")
    expect(page.get_by_label("Search people")).to_have_value("person01")


def test_more_people_come_when_the_end_is_reached(page: Page, peopled: Peopled) -> None:
    page.goto(peopled.tenant.at("sub-accounts"))
    rows = page.locator("#sub-accounts-list tbody tr")
    expect(rows).to_have_count(51)

    page.get_by_role("link", name="Load more").scroll_into_view_if_needed()

    expect(rows).to_have_count(61)
    expect(page.get_by_role("link", name="Load more")).to_have_count(0)


def test_leaving_an_unstored_secret_warns(page: Page, peopled: Peopled) -> None:
    page.goto(peopled.tenant.at(f"configure-scim/{peopled.source_id}"))
    page.get_by_role("link", name="Rotate").click()
    page.get_by_label("It is in use. I void it now all the same").check()
    page.get_by_role("button", name="Rotate and show once").click()
    secret = page.get_by_label("Secret Token", exact=True).input_value()
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.once("dialog", stay)
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("button", name="Copy Secret Token").click()

    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert asked == ["beforeunload"]
    assert page.evaluate("navigator.clipboard.readText()") == secret
    page.get_by_label("I have stored it").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("status").first).to_contain_text("not shown again")


def test_an_error_of_a_swap_is_a_notice(page: Page, context: BrowserContext, peopled: Peopled) -> None:
    path = f"sub-accounts/{peopled.user_id}"
    page.goto(peopled.tenant.at(path))
    gone = peopled.tenant.at(f"sub-accounts/{peopled.source_id}?kind=roles")
    page.route("**/*kind=roles", lambda route: route.continue_(url=gone))
    page.locator("#user-timeline-roles").click()

    expect(page.locator("#notice")).to_contain_text("There is nothing at this address")
    expect(page.locator("#user-role")).to_contain_text("Why this role")
    assert context.pages == [page]


def test_a_lost_sign_in_leads_to_the_sign_in_page(page: Page, context: BrowserContext, peopled: Peopled) -> None:
    page.goto(peopled.tenant.at("sub-accounts"))
    context.clear_cookies()

    page.get_by_label("Search people").fill("x")

    page.wait_for_url("**/sign-in")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_the_first_tab_stop_skips_to_the_content(page: Page, peopled: Peopled) -> None:
    page.goto(peopled.tenant.at("overview"))

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    page.keyboard.press("Enter")

    expect(page.locator("main")).to_be_focused()
