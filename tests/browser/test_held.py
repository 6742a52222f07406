"""Held changes: a provider disables nearly everybody, and an operator decides who really left."""

from collections.abc import Callable
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Client, Complaints, Tenant, signed_in
from tests.browser.looking import problems_in_each_mode

PEOPLE = 25


@dataclass(frozen=True)
class Held:
    """A tenant of whose people all are reported disabled: ten are, and fifteen are held."""

    tenant: Tenant
    state: object


@pytest.fixture(scope="module")
def held(create_tenant: Callable[[str], Tenant], browser: Browser) -> Held:
    tenant = create_tenant("Gone Mad")
    words = ("--kind", "scim", "--preset", "entra", "--name", "Entra")
    source = tenant.command("source", "create", "--tenant", tenant.slug, *words)
    client = Client(source["base_url"], source["secret"])
    people = [client.push_user(f"leaver{number:02}") for number in range(PEOPLE)]
    client.close()
    disable_all(source["base_url"], source["secret"], people)
    context = browser.new_context()
    signed_in(context, tenant.sign_in_url())
    return Held(tenant, context.storage_state())


def disable_all(base_url: str, secret: str, people: list[str]) -> None:
    body = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "active", "value": False}],
    }
    headers = {"Authorization": f"Bearer {secret}"}
    with httpx.Client(base_url=f"{base_url}/", headers=headers, timeout=20, trust_env=False) as http:
        for one in people:
            assert http.patch(f"Users/{one}", json=body).status_code < 300
            assert http.get(f"Users/{one}").json()["active"] is False


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_two_are_approved_one_is_rejected_and_the_rest_waits(
    browser: Browser, held: Held, complaints: Complaints, *, scripts: bool
) -> None:
    context = browser.new_context(storage_state=held.state, java_script_enabled=scripts)  # type: ignore[arg-type]  # as Playwright gave it
    page = complaints.listen(context.new_page())
    page.goto(held.tenant.at("overview"))
    page.get_by_role("link", name="Held changes").first.click()
    expect(page.get_by_role("heading", level=2, name="What the guard did")).to_be_visible()
    before = int(page.locator("#held-count").inner_text().split()[0])

    for box in page.get_by_role("checkbox", name="Pick Leaver").all()[:2]:
        box.check()
    page.locator("#held-bulk").get_by_role("button", name="Approve…").click()
    expect(page.get_by_text("2 held changes will take effect")).to_be_visible()
    page.get_by_role("button", name="Approve 2 held changes").click()
    expect(page.get_by_role("status").first).to_contain_text("Approved. They have taken effect.")
    expect(page.locator("#held-count")).to_contain_text(str(before - 2))

    page.locator("tbody").get_by_role("link", name="Reject…").first.click()
    page.get_by_role("button", name="Reject 1 held change").click()
    expect(page.get_by_role("status").first).to_contain_text("Rejected. Access stays as it is.")
    expect(page.locator("#held-count")).to_contain_text(str(before - 3))
    page.get_by_role("link", name="Rejected", exact=True).click()
    expect(page.locator("tbody tr").first).to_contain_text("Rejected")
    context.close()


def test_pages_of_the_guard_are_accessible_in_every_mode(browser: Browser, held: Held, complaints: Complaints) -> None:
    context = browser.new_context(storage_state=held.state)  # type: ignore[arg-type]  # as Playwright gave it
    page = complaints.listen(context.new_page())

    for path in (
        "held",
        "held?state=approved",
        "held?state=overtaken",
        "held/decide?decision=approved&all=yes",
        "held/limits",
    ):
        page.goto(held.tenant.at(path))
        assert problems_in_each_mode(page) == []
    context.close()
