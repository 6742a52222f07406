"""From a failed request to its advice, and entries that appear while somebody watches; with and without scripts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.conftest import Client, Complaints, Tenant, signed_in
from tests.browser.patience import look_until

CALM: Literal["reduce"] = "reduce"


@dataclass(frozen=True)
class Watched:
    """A tenant whose provider can be made to push."""

    tenant: Tenant
    client: Client
    state: Any
    """The storage of a browser that is signed in."""


@pytest.fixture(scope="module")
def watched(create_tenant: Callable[[str], Tenant], browser: Browser) -> Iterator[Watched]:
    tenant = create_tenant("Watched")
    source = tenant.command(
        "source", "create", "--tenant", tenant.slug, "--kind", "scim", "--preset", "entra", "--name", "Entra"
    )
    client = Client(source["base_url"], source["secret"])
    context = browser.new_context()
    signed_in(context, tenant.sign_in_url())
    yield Watched(tenant, client, context.storage_state())
    client.close()
    context.close()


def opened(context: BrowserContext, complaints: Complaints, watched: Watched, path: str) -> Page:
    page = complaints.listen(context.new_page())
    page.goto(watched.tenant.at(path))
    return page


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_failed_request_is_found_from_the_overview_and_says_what_to_do(
    browser: Browser, watched: Watched, complaints: Complaints, *, scripts: bool
) -> None:
    watched.client.fail()
    context = browser.new_context(storage_state=watched.state, java_script_enabled=scripts)
    page = opened(context, complaints, watched, "overview")

    look_until(page.get_by_role("heading", name="Failed requests").count, page.reload)
    page.get_by_role("link", name="All failed requests").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Activity")
    page.locator("#activity-requests tbody tr").first.get_by_role("link").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("Request ")
    expect(page.get_by_text("Correct the value at the provider")).to_be_visible()
    expect(page.locator(".stages")).to_contain_text("Parse failed")
    expect(page.locator(".stages")).to_contain_text("userName is missing")
    page.get_by_role("link", name="Requests", exact=True).click()
    page.get_by_label("Result").select_option("ok")
    page.get_by_role("main").get_by_role("button", name="Search").click()
    expect(page.locator("#activity-requests")).not_to_contain_text("userName is missing")
    context.close()


def test_a_new_request_appears_while_somebody_watches(
    browser: Browser, watched: Watched, complaints: Complaints
) -> None:
    context = browser.new_context(storage_state=watched.state)
    page = opened(context, complaints, watched, "activity/requests")
    page.evaluate("document.body.dataset.untouched = 'yes'")
    page.mouse.move(2, 2)

    watched.client.push_group("Pushed While Watching")

    row = page.locator("#activity-requests tbody tr").first
    expect(row).to_contain_text("/scim/v2/Groups")
    assert page.evaluate("document.body.dataset.untouched") == "yes"
    context.close()


def test_the_live_view_holds_still_while_somebody_reads_and_goes_on_afterwards(
    browser: Browser, watched: Watched, complaints: Complaints
) -> None:
    context = browser.new_context(storage_state=watched.state)
    page = opened(context, complaints, watched, "activity")
    page.locator("#activity-changes tbody tr").first.hover()
    expect(page.locator("#activity-changes:hover")).to_have_count(1)
    watched.client.push_user("reader", displayName="Read Later")

    expect(page.locator("[data-tail-state]")).to_have_text("Paused while you read")
    expect(page.locator("#activity-changes")).not_to_contain_text("Read Later")
    page.mouse.move(2, 2)
    expect(page.locator("#activity-changes")).to_contain_text("Read Later")
    expect(page.locator("[data-tail-state]")).to_have_text("Live")
    context.close()


def test_the_live_view_is_off_where_less_motion_is_wanted(
    browser: Browser, watched: Watched, complaints: Complaints
) -> None:
    context = browser.new_context(storage_state=watched.state, reduced_motion=CALM)
    page = opened(context, complaints, watched, "activity")

    expect(page.locator("[data-tail-state]")).to_have_text("Live view is off (reduced motion)")
    context.close()


@pytest.mark.parametrize("late", ["hx-sse", "app"])
def test_a_script_that_arrives_late_is_waited_for_by_the_live_view(
    browser: Browser, watched: Watched, complaints: Complaints, late: str
) -> None:
    context = browser.new_context(storage_state=watched.state, reduced_motion=CALM)
    page = complaints.listen(context.new_page())

    def deliver(route: Route) -> None:
        page.evaluate("new Promise((done) => setTimeout(() => setTimeout(done)))")  # whatever would not wait has begun
        route.continue_()

    page.route(f"**/{late}.*", deliver)
    page.goto(watched.tenant.at("activity"))

    expect(page.locator("[data-tail-state]")).to_have_text("Live view is off (reduced motion)")
    context.close()


def test_without_scripts_the_list_is_refreshed_by_a_link(
    browser: Browser, watched: Watched, complaints: Complaints
) -> None:
    context = browser.new_context(storage_state=watched.state, java_script_enabled=False)
    page = opened(context, complaints, watched, "activity")
    watched.client.push_user("latecomer", displayName="Late Comer")

    page.get_by_role("link", name="Refresh").click()

    expect(page.locator("#activity-changes")).to_contain_text("Late Comer")
    context.close()


def test_a_change_leads_to_its_request_and_back(browser: Browser, watched: Watched, complaints: Complaints) -> None:
    watched.client.push_user("walker", displayName="Walker")
    context = browser.new_context(storage_state=watched.state)
    page = opened(context, complaints, watched, "activity?live=off&action=user:created")
    page.get_by_role("row", name="Walker").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("User created: Walker")
    page.get_by_role("link", name="POST /scim/v2/Users").click()
    expect(page.get_by_role("heading", name="What it changed")).to_be_visible()
    page.get_by_role("link", name="Access role granted").click()

    expect(page.get_by_role("heading", name="Why")).to_be_visible()
    context.close()
