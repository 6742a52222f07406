"""Equipment in a browser: brought in from a file, lent, asked back when somebody leaves, given back by picking."""

import csv
import io

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Complaints, Peopled

ITEMS = "Tag,Name,Category,Serial,Value,Currency,State,Note,Holder,Due"


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_list_is_brought_in_lent_and_given_back(
    browser: Browser, peopled: Peopled, complaints: Complaints, *, scripts: bool
) -> None:
    kind = "S" if scripts else "N"
    context = browser.new_context(storage_state=peopled.state, java_script_enabled=scripts)
    page = complaints.listen(context.new_page())

    brought_in(page, peopled, kind)
    page.goto(peopled.tenant.at(f"equipment?q={kind}-1"))
    page.get_by_role("link", name=f"{kind}-1", exact=True).click()
    page.get_by_role("link", name="Check out…").click()
    page.get_by_label("Goes to").fill("person01@example.org")
    page.get_by_role("button", name="Check out").click()
    expect(page.get_by_role("status").first).to_contain_text("Checked out.")
    expect(page.locator("main")).to_contain_text("With Person01 since")

    page.goto(peopled.tenant.at(f"equipment?q={kind}&state=out"))
    for place in range(2):
        page.get_by_role("checkbox", name=f"Pick {kind}-").nth(place).check()
    page.get_by_role("button", name="Check in…").click()
    expect(page.locator("main")).to_contain_text("2 of 2 are out")
    page.get_by_role("button", name="Check in").click()
    expect(page.get_by_role("status").first).to_contain_text("Checked in what was out")
    context.close()


def brought_in(page: Page, peopled: Peopled, kind: str) -> None:
    """Upload a file of three lines, one of them wrong, and apply the others."""
    page.goto(peopled.tenant.at("equipment/import"))
    lines = [
        [f"{kind}-1", "MacBook", "Laptop", "C02", "1299.00", "EUR", "", "", "", ""],
        [f"{kind}-2", "Phone", "Phone", "", "", "", "", "", "person00@example.org", "2099-01-31"],
        [f"{kind}-3", "Dock", "", "", "12,50", "EUR", "", "", "", ""],
    ]
    text = io.StringIO()
    csv.writer(text).writerows([ITEMS.split(","), *lines])
    page.get_by_label("File").set_input_files(
        {"name": "items.csv", "mimeType": "text/csv", "buffer": text.getvalue().encode()}
    )
    page.get_by_role("button", name="Show what it comes to").click()
    expect(page.locator("main")).to_contain_text("value is not a sum such as 1299.00")
    page.get_by_role("button", name="Apply 2 lines").click()
    expect(page.locator("main")).to_contain_text("2 applied")


def test_one_item_is_taken_back_in_a_dialog(browser: Browser, peopled: Peopled, complaints: Complaints) -> None:
    context = browser.new_context(storage_state=peopled.state)
    page = complaints.listen(context.new_page())
    page.goto(peopled.tenant.at("equipment/new"))
    page.get_by_label("Tag").fill("D-1")
    page.get_by_label("Name").fill("Dock")
    page.get_by_role("button", name="Save item").click()
    page.goto(peopled.tenant.at("equipment/check-out?tag=D-1"))
    page.get_by_label("Goes to").fill("person02@example.org")
    page.get_by_role("button", name="Check out").click()

    page.get_by_role("link", name="Check in…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("with Person02")
    dialog.get_by_label("Lost").check()
    dialog.get_by_role("button", name="Check in").click()

    expect(page.get_by_role("status").first).to_contain_text("Checked in.")
    expect(page.locator("main")).to_contain_text("Lost")
    context.close()


def test_a_key_is_shown_once(browser: Browser, peopled: Peopled, complaints: Complaints) -> None:
    context = browser.new_context(storage_state=peopled.state)
    page = complaints.listen(context.new_page())
    page.goto(peopled.tenant.at("equipment-api/new"))
    page.get_by_label("Label").fill("Snipe-IT")
    page.get_by_role("button", name="Create and show once").click()

    token = page.get_by_label("Key, sent as Authorization: Bearer").input_value()
    page.get_by_label("I have stored it").check()
    page.get_by_role("button", name="Continue").click()

    expect(page.locator("#notice")).to_contain_text("not shown again")
    answer = context.request.get(
        f"{peopled.tenant.server.url}/api/v1/equipment", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status == 200
    assert token not in page.content()
    context.close()
