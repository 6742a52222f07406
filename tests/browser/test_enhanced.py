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


def test_lines_are_moved_by_keyboard_and_focus_stays(page: Page, peopled: Peopled) -> None:
    page.goto(peopled.tenant.at("group-mappings"))
    for group, role in (("Content Editors (5)", "Editor"), ("Employees (50)", "Viewer")):
        page.get_by_label("Group", exact=True).select_option(label=group)
        page.get_by_label("Access role", exact=True).select_option(label=role)
        page.get_by_role("button", name="Add at the end").press("Enter")
        expect(page.locator("#mapped-title ~ .scroll tbody")).to_contain_text(group.partition(" (")[0])
    up = page.get_by_role("button", name="Move up Employees")

    up.focus()
    page.keyboard.press("Enter")

    expect(page.get_by_role("status").first).to_contain_text("Order changed")
    expect(page.locator("tbody tr").first).to_contain_text("Employees")
    expect(page.locator("tbody tr").nth(1)).to_contain_text("Content Editors")
    # It stands first now, where up is disabled: the button beside it has the focus.
    expect(page.get_by_role("button", name="Move down Employees")).to_be_focused()
    setting = page.get_by_role("row", name="Content Editors").get_by_role("button", name="Set role")
    setting.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Access role of the mapping changed")
    expect(setting).to_be_focused()
    for name in ("Remove Employees", "Remove Content Editors"):
        page.get_by_role("button", name=name).press("Enter")
        expect(page.get_by_role("button", name=name)).to_have_count(0)
        expect(page.get_by_role("heading", name="Order of priority")).to_be_focused()


def test_a_refusal_stands_beside_its_field(page: Page, peopled: Peopled) -> None:
    page.goto(peopled.tenant.at("group-mappings"))
    page.get_by_label("Group", exact=True).select_option(label="IT-Admins (2)")
    page.get_by_label("Access role", exact=True).select_option(label="Administrator")

    page.get_by_role("button", name="Add at the end").click()

    expect(page.locator("#consent-error")).to_be_visible()
    expect(page.get_by_label("Group", exact=True)).to_have_value(re.compile("."))


def test_a_role_is_locked_and_unlocked_in_place(page: Page, peopled: Peopled) -> None:
    page.goto(peopled.tenant.at(f"sub-accounts/{peopled.user_id}"))
    page.get_by_text("Lock a role").click()
    page.get_by_label("Access role").select_option(label="Editor")
    page.get_by_label("Reason").fill("Covers the desk")
    page.get_by_role("button", name="Lock role").press("Enter")

    expect(page.locator("#user-role")).to_contain_text("“Covers the desk”")
    expect(page.get_by_role("status").first).to_contain_text("Role locked")
    assert page.evaluate("document.activeElement.id") in {"lock", "unlock"}
    page.get_by_role("button", name="Remove lock").press("Enter")
    expect(page.locator("#user-role")).to_contain_text("No lock.")
    expect(page.get_by_role("heading", name="Why this role")).to_be_focused()


def test_leaving_an_unstored_secret_warns(page: Page, peopled: Peopled) -> None:
    page.goto(peopled.tenant.at(f"configure-scim/{peopled.source_id}"))
    page.get_by_role("link", name="Rotate").click()
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
    page.goto(peopled.tenant.at(f"sub-accounts/{peopled.user_id}"))
    page.evaluate("document.querySelectorAll('[name=csrf_token]').forEach((field) => { field.value = 'spoilt'; })")
    page.get_by_text("Lock a role").click()
    page.get_by_label("Reason").fill("Because")
    page.get_by_role("button", name="Lock role").click()

    expect(page.locator("#notice")).to_contain_text("This form was not accepted")
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
