"""Reports: what is on them, and one of them mailed every week at a time of somebody's choice."""

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Complaints, Peopled
from tests.browser.looking import problems_in_each_mode
from tests.browser.patience import look_until


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_report_is_narrowed_and_mailed_every_week(
    browser: Browser, peopled: Peopled, complaints: Complaints, *, scripts: bool
) -> None:
    context = browser.new_context(storage_state=peopled.state, java_script_enabled=scripts)
    page = complaints.listen(context.new_page())
    page.goto(peopled.tenant.at("overview"))
    page.get_by_role("link", name="Reports", exact=True).click()
    page.get_by_role("link", name="Role changes").click()
    page.get_by_label("Which").select_option(label="First roles of new users")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("table", name="Role changes by pair")).to_contain_text("New user")
    expect(page.locator("tbody tr").filter(has_text="Person59").first).to_contain_text("Default Access Role")

    page.get_by_role("link", name="Send by mail…").click()
    name = f"Weekly roles {scripts}"
    fill(page, name)
    page.get_by_role("button", name="Create schedule").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.get_by_text("Every Friday at 07:30 (Europe/Berlin)").first).to_be_visible()
    page.get_by_role("button", name="Send now").click()
    expect(page.get_by_role("status").first).to_contain_text("On its way")
    sent = page.locator("#runs-title ~ .scroll tbody tr").first
    expect_soon(page, sent.get_by_text("Queued", exact=True))
    expect(sent).to_contain_text("ops@example.org")
    page.get_by_role("link", name="Delete…").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status").first).to_contain_text("Schedule deleted")
    context.close()


def test_pages_of_reports_are_accessible_in_every_mode(
    browser: Browser, peopled: Peopled, complaints: Complaints
) -> None:
    context = browser.new_context(storage_state=peopled.state)
    page = complaints.listen(context.new_page())

    for path in (
        "reports",
        "reports/never-seen",
        "reports/role-changes?kind=first",
        "reports/disabled-with-equipment",
        "reports/schedules",
        "reports/schedules/new",
        "reports/schedules/new?report=never-seen",
    ):
        page.goto(peopled.tenant.at(path))
        assert problems_in_each_mode(page) == []
    context.close()


def expect_soon(page: Page, wanted: Locator) -> None:
    """Load the page again until the duty has done what was asked for."""
    look_until(wanted.count, page.reload)


def fill(page: Page, name: str) -> None:
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("How often").select_option(label="Every week")
    page.get_by_label("On, if every week").select_option(label="Friday")
    page.get_by_label("At", exact=True).fill("07:30")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.get_by_label("Other addresses").fill("ops@example.org")
