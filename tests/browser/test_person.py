"""One person: a role explained, locked with its effect seen first, and sign-in disabled at once."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Complaints, Peopled


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_role_is_explained_locked_and_given_back(
    browser: Browser, peopled: Peopled, complaints: Complaints, *, scripts: bool
) -> None:
    context = browser.new_context(storage_state=peopled.state, java_script_enabled=scripts)
    page = complaints.listen(context.new_page())
    page.goto(peopled.tenant.at(f"sub-accounts/{peopled.user_id}"))
    why = page.locator("#user-role")
    expect(why).to_contain_text("In no mapped group, so the Default Access Role decides")

    locked(page, why_name="Parental leave")
    expect(why).to_contain_text("Would otherwise be Loanee")
    expect(page.locator("#user-timeline")).to_contain_text("Role locked")
    page.get_by_role("link", name="Remove lock…").click()
    page.get_by_role("button", name="Remove lock").click()

    expect(page.get_by_role("status").first).to_contain_text("Lock removed")
    expect(why).to_contain_text("No lock.")
    context.close()


def locked(page: Page, *, why_name: str) -> None:
    """Lock the role as Viewer: form, effect, done."""
    page.get_by_role("link", name="Lock role…").click()
    page.get_by_label("Access role", exact=True).select_option(label="Viewer")
    page.get_by_label("Reason").fill(why_name)
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#user-lock-effect")).to_contain_text("Loanee → Viewer")
    page.get_by_role("button", name="Lock role").click()
    expect(page.get_by_role("status").first).to_contain_text("Role locked")
    expect(page.locator("#user-role")).to_contain_text(why_name)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_sign_in_is_disabled_now_and_allowed_again(
    browser: Browser, peopled: Peopled, complaints: Complaints, *, scripts: bool
) -> None:
    context = browser.new_context(storage_state=peopled.state, java_script_enabled=scripts)
    page = complaints.listen(context.new_page())
    page.goto(peopled.tenant.at(f"sub-accounts/{peopled.user_id}"))

    page.get_by_role("link", name="Disable sign-in now…").click()
    page.get_by_label("Reason").fill("Lost laptop")
    page.get_by_role("button", name="Disable sign-in now").click()
    expect(page.locator("main")).to_contain_text("that does not lift it")
    page.get_by_role("link", name="Allow sign-in…").click()
    page.get_by_role("button", name="Allow sign-in").click()

    expect(page.get_by_role("status").first).to_contain_text("The block is lifted")
    context.close()


def test_the_timeline_changes_its_kind_in_place(browser: Browser, peopled: Peopled, complaints: Complaints) -> None:
    context = browser.new_context(storage_state=peopled.state)
    page = complaints.listen(context.new_page())
    page.goto(peopled.tenant.at(f"sub-accounts/{peopled.user_id}"))

    page.locator("#user-timeline-roles").click()
    expect(page.locator("#user-timeline")).not_to_contain_text("User created")
    expect(page).to_have_url(peopled.tenant.at(f"sub-accounts/{peopled.user_id}?kind=roles"))
    expect(page.locator("#user-timeline-roles")).to_be_focused()
    page.go_back()

    expect(page.locator("#user-timeline")).to_contain_text("User created")
    context.close()
