"""A pull followed in a real browser, from a Graph of ours: asked for, watched, stopped, and one person step by step."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Complaints, Tenant, graph_for_microsofts, signed_in
from tests.browser.furnishing import pulled_source
from tests.browser.looking import problems_in_each_mode
from tests.browser.patience import look_until
from tests.connectors.serving import Served
from tests.journeys.serving import Server, rolebook, serving

SOON_MS = 30_000
SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])


@dataclass(frozen=True)
class Place:
    """A server, and the directory that it pulls from."""

    server: Server
    graph: Served
    browser: Browser

    def opened(self, complaints: Complaints, name: str, *, scripts: bool = True) -> tuple[Page, Tenant]:
        """Make a tenant, and sign its administrator in."""
        url = self.server.url
        made = rolebook(self.server.database_url, "tenant", "create", name, ROLEBOOK_PUBLIC_URL=url)
        tenant = Tenant(self.server, made["tenant"])
        context = self.browser.new_context(java_script_enabled=scripts)
        return complaints.listen(signed_in(context, tenant.sign_in_url())), tenant


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Place]:
    """A server that takes a Graph of our own for Microsoft's."""
    folder: Path = tmp_path_factory.mktemp("pulled")
    with (
        graph_for_microsofts(folder) as (graph, settings),
        serving(f"sqlite:///{folder}/rolebook.sqlite", folder, settings=settings) as server,
    ):
        yield Place(server, graph, browser)


def expect_outcome(page: Page, words: str, *, scripts: bool = True) -> None:
    """Wait until the pull says how it ended: by itself, or asked again and again."""
    outcome = page.locator("#runs-run > .lead .badge")
    expect(outcome).to_be_visible()
    if not scripts:
        look_until(lambda: not page.get_by_role("link", name="Refresh").count(), page.reload)
    expect(outcome).to_have_text(words, timeout=SOON_MS)


@SCRIPTS
def test_a_dry_run_shows_its_plan_and_a_pull_does_it(place: Place, complaints: Complaints, *, scripts: bool) -> None:
    page, tenant = place.opened(complaints, f"Plans {scripts}", scripts=scripts)
    connector = pulled_source(page, tenant, "Contoso")
    page.get_by_role("button", name="Dry run").click()
    expect_outcome(page, "Compared", scripts=scripts)
    planned = page.locator("#runs-plan").inner_text()
    problems = problems_in_each_mode(page) if scripts else []
    page.goto(tenant.at("sub-accounts"))
    expect(page.locator("#sub-accounts-count")).to_contain_text("1 person")

    page.goto(connector)
    page.get_by_role("button", name="Run now").click()
    expect_outcome(page, "Done", scripts=scripts)
    done = page.locator("#runs-plan").inner_text()
    page.locator("#runs-plan").get_by_role("link").nth(2).click()
    expect(page.locator("main")).to_contain_text("This pull counted")
    page.goto(connector)
    page.get_by_role("button", name="Run now").click()
    expect_outcome(page, "Nothing to change", scripts=scripts)

    assert "Users created" in planned
    assert done.partition("\n")[2] == planned.partition("\n")[2]
    assert problems == []


def test_progress_says_why_it_waits_and_a_pull_can_be_cancelled(place: Place, complaints: Complaints) -> None:
    page, tenant = place.opened(complaints, "Throttled")
    pulled_source(page, tenant, "Contoso")
    place.graph.control("faults", kind="429 with Retry-After", path="users/delta", count=1000)

    page.get_by_role("button", name="Run now").click()
    expect(page.locator("#runs-progress")).to_contain_text("asked us to wait", timeout=SOON_MS)
    problems = problems_in_each_mode(page)
    page.get_by_role("button", name="Cancel this pull").click()
    expect_outcome(page, "Cancelled")
    place.graph.control("reset")

    expect(page.locator("#runs-run")).to_contain_text("before anything was changed")
    expect(page.locator("#runs-progress")).to_have_count(0)
    assert problems == []


def test_one_person_is_pulled_in_five_steps(place: Place, complaints: Complaints) -> None:
    page, tenant = place.opened(complaints, "Singles", scripts=False)
    connector = pulled_source(page, tenant, "Contoso")
    somebody = next(user["login"] for user in place.graph.export()["users"].values() if not user["guest"])
    page.get_by_label("Pull this user now").fill("nobody@contoso.example")
    page.get_by_role("button", name="Pull this user").click()
    expect_outcome(page, "Failed", scripts=False)
    expect(page.locator("#runs-steps .wrong")).to_have_count(1)
    expect(page.locator("#runs-steps .stages > li")).to_have_count(5)

    page.goto(connector)
    expect(page.locator("#connectors-runs")).to_contain_text("1 failed")
    page.get_by_label("Pull this user now").fill(somebody)
    page.get_by_role("button", name="Pull this user").click()
    expect_outcome(page, "Done", scripts=False)

    expect(page.locator("#runs-steps .stages > .done")).to_have_count(5)
    expect(page.locator("#runs-plan")).to_contain_text("Users created")
