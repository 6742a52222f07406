"""A directory of ours is connected to in the browser: made, tested step by step, and its mapping tried on people."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Complaints, Tenant, signed_in
from tests.browser.looking import problems_in_each_mode
from tests.browser.patience import look_until
from tests.connectors.serving import served
from tests.fakes.graph_tokens import APPLICATION, DIRECTORY, SECRET
from tests.journeys.serving import rolebook, serving

SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    """A tenant on a server that takes our own Graph for Microsoft's."""
    folder: Path = tmp_path_factory.mktemp("pulled")
    with served("graph", folder, users=40, groups=5, memberships=90) as graph:
        settings = {
            "ROLEBOOK_PULL_GRAPH": graph.base,
            "ROLEBOOK_PULL_CA": str(folder / "certificate.pem"),
            "ROLEBOOK_PULL_PRIVATE": "yes",
        }
        with serving(f"sqlite:///{folder}/rolebook.sqlite", folder, settings=settings) as server:
            made = rolebook(server.database_url, "tenant", "create", "Pulled", ROLEBOOK_PUBLIC_URL=server.url)
            yield Tenant(server, made["tenant"])


def opened(browser: Browser, tenant: Tenant, complaints: Complaints, name: str, *, scripts: bool) -> Page:
    """Sign a new administrator in."""
    context = browser.new_context(java_script_enabled=scripts)
    return complaints.listen(signed_in(context, tenant.sign_in_url(name)))


def connected(page: Page, tenant: Tenant, label: str, secret: str) -> None:
    """Make a connector to our Graph."""
    page.goto(tenant.at("connectors"))
    page.get_by_role("link", name="New connector").first.click()
    page.get_by_role("link", name="Entra ID (Microsoft Graph)").click()
    page.get_by_label("Name of the connection").fill(label)
    page.get_by_label("Directory (tenant) ID").fill(DIRECTORY)
    page.get_by_label("Client ID").fill(APPLICATION)
    page.get_by_label("Client secret").fill(secret)
    page.get_by_role("button", name="Create connector").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(label)


@SCRIPTS
def test_a_connector_is_made_tested_mended_and_tested_again(
    browser: Browser, tenant: Tenant, complaints: Complaints, *, scripts: bool
) -> None:
    page = opened(browser, tenant, complaints, f"tests.{scripts}", scripts=scripts)
    connected(page, tenant, f"Contoso {scripts}", "a wrong one")
    page.get_by_role("link", name="Test connection").click()
    page.get_by_role("button", name="Test now").click()
    expect(page.get_by_text("A pull would fail")).to_be_visible()
    expect(page.locator(".stages > .wrong")).to_have_count(1)
    expect(page.locator(".stages > .skipped")).to_have_count(5)
    problems = problems_in_each_mode(page) if scripts else []

    page.get_by_role("link", name="Credentials").click()
    page.get_by_label("Client secret", exact=True).fill(SECRET)
    page.get_by_role("button", name="Save, then test").click()
    page.get_by_role("button", name="Test now").click()

    expect(page.get_by_text("A pull can begin")).to_be_visible()
    expect(page.locator(".stages > .done")).to_have_count(6)
    expect(page.get_by_text("Grant Member.Read.Hidden")).to_be_visible()
    assert SECRET not in page.content()
    assert problems == []


@SCRIPTS
def test_a_mapping_is_changed_previewed_on_real_people_and_saved(
    browser: Browser, tenant: Tenant, complaints: Complaints, *, scripts: bool
) -> None:
    page = opened(browser, tenant, complaints, f"maps.{scripts}", scripts=scripts)
    label = f"Mapped {scripts}"
    connected(page, tenant, label, SECRET)
    base = page.url.partition("?")[0]
    page.get_by_role("button", name="Dry run").click()
    look_until(lambda: fetched(page, base), page.reload)
    page.goto(f"{base}/mapping")
    page.get_by_role("button", name="Add a rule").click()
    page.get_by_label("Rule 12: becomes").fill("nickName")
    page.get_by_label("Rule 12: attribute, text or expression").fill("givenName")
    page.get_by_role("button", name="Move rule 12 up").click()
    expect(page.get_by_label("Rule 11: becomes")).to_have_value("nickName")
    page.get_by_role("button", name="Preview").click()

    expect(page.get_by_role("heading", name="as the directory gave them")).to_be_visible()
    expect(page.locator("#connectors-mapping-tried ins").first).to_be_visible()
    problems = problems_in_each_mode(page) if scripts else []
    page.get_by_role("button", name="Save mapping").click()
    expect(page.get_by_role("status").first).to_contain_text("Everybody is pulled anew")
    expect(page.get_by_text("Own rules")).to_be_visible()
    assert problems == []


def fetched(page: Page, base: str) -> bool:
    """Whether people are there to try rules on."""
    page.goto(f"{base}/mapping")
    return page.locator("#inputs option[value=givenName]").count() > 0
