"""Parts that pages share, used by hand: dialogs, menus, boxes that pick, the header; each also without scripts."""

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import Complaints, Peopled

LOCK = "Lock role…"


@pytest.fixture
def page(browser: Browser, peopled: Peopled, complaints: Complaints) -> Page:
    return complaints.listen(browser.new_context(storage_state=peopled.state).new_page())


@pytest.fixture
def plain(browser: Browser, peopled: Peopled) -> BrowserContext:
    """A browser without scripts."""
    return browser.new_context(storage_state=peopled.state, java_script_enabled=False)


def open_user(page: Page, peopled: Peopled) -> None:
    page.goto(peopled.tenant.at(f"sub-accounts/{peopled.user_id}"))


def test_a_dialog_opens_over_the_page_and_gives_the_focus_back(page: Page, peopled: Peopled) -> None:
    open_user(page, peopled)
    opener = page.get_by_role("link", name=LOCK).first
    address = page.url

    opener.press("Enter")
    dialog = page.get_by_role("dialog", name="Lock role")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")

    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()
    expect(page).to_have_url(address)
    expect(page.locator("#dialog-body")).to_be_empty()


def test_cancel_closes_a_dialog_whose_fields_are_not_filled_in(page: Page, peopled: Peopled) -> None:
    open_user(page, peopled)
    page.get_by_role("link", name=LOCK).first.click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()

    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page).to_have_url(peopled.tenant.at(f"sub-accounts/{peopled.user_id}"))


def test_without_scripts_the_same_link_leads_to_the_same_form(plain: BrowserContext, peopled: Peopled) -> None:
    page = plain.new_page()
    open_user(page, peopled)
    page.get_by_role("link", name=LOCK).first.click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Lock role")
    expect(page.get_by_label("Reason")).to_be_visible()
    page.get_by_role("link", name="Cancel").click()
    expect(page).to_have_url(peopled.tenant.at(f"sub-accounts/{peopled.user_id}"))


def test_boxes_are_picked_together_and_counted(page: Page, peopled: Peopled) -> None:
    page.goto(peopled.tenant.at("sub-accounts?q=person0"))
    boxes, everybody = page.locator("tbody .pick input"), page.locator("thead .pick input")
    counted = page.locator("output[data-count]")
    expect(counted).to_have_text("None picked")

    boxes.first.check()
    expect(counted).to_have_text("1 picked")
    assert everybody.evaluate("box => box.indeterminate")
    everybody.check()
    expect(counted).to_have_text("10 picked")
    boxes.last.uncheck()
    expect(counted).to_have_text("9 picked")
    expect(everybody).not_to_be_checked()


def test_menus_open_without_scripts(plain: BrowserContext, peopled: Peopled) -> None:
    page = plain.new_page()
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(peopled.tenant.at("sub-accounts"))

    for opener, inside in (("Menu", "Group Mappings"), ("(your account)", "Own account")):
        expect(page.get_by_role("link", name=inside)).to_be_hidden()
        page.get_by_role("button", name=opener).click()
        expect(page.get_by_role("link", name=inside)).to_be_visible()
        page.keyboard.press("Escape")
    page.get_by_role("button", name="Export CSV").click()
    expect(page.get_by_role("link", name="For spreadsheets")).to_be_visible()


def test_the_header_finds_a_place_by_its_name_elsewhere(page: Page, peopled: Peopled) -> None:
    page.goto(peopled.tenant.at("overview"))
    page.get_by_label("Search everything").fill("manage scim")
    page.get_by_label("Search everything").press("Enter")

    page.get_by_role("main").get_by_role("link", name="Configure SCIM").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Configure SCIM")


@pytest.mark.parametrize("scripts", ["**/app.*.js", "**/h*.min.*.js"], ids=["ours", "htmx"])
def test_a_page_whose_scripts_do_not_arrive_still_works(page: Page, peopled: Peopled, scripts: str) -> None:
    page.route(scripts, lambda route: route.fulfill(body=""))
    open_user(page, peopled)
    page.get_by_role("link", name="Sub Accounts").first.click()
    page.get_by_label("Search people").fill("person03")
    page.get_by_label("Search people").press("Enter")

    expect(page.locator("#sub-accounts-count")).to_have_text("1 person")
