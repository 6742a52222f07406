"""Text that an identity provider sends stays text: on every page that shows it, and in every file that leaves."""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Dialog, Page, Request

from tests.browser.conftest import ENTERPRISE, GROUP, USER, Complaints, Tenant, signed_in
from tests.browser.crawling import each_address, is_file, kind_of
from tests.browser.payloads import PAYLOADS, PRODUCT

VISITS_OF_A_KIND = (12, 4, 1)
"""How many pages of one kind are visited, by how many values its query has: more of the same say nothing new."""
VISITS_OF_A_PAYLOAD = ("sub-accounts/{}", "groups/{}")
"""Kinds of which each one is visited: the pages of the attackers themselves."""
_UNFOLD = "for (const one of document.querySelectorAll('details')) one.open = true"
_OVER = "document.documentElement.scrollWidth - window.innerWidth"


class Watched:
    """A page whose every sign of foreign code is written down."""

    def __init__(self, page: Page, tenant: Tenant) -> None:
        self.page, self.tenant = page, tenant
        self.signs: list[str] = []
        self.kinds = Counter[str]()
        """How many pages of each kind were visited."""
        page.on("dialog", self._dialog)
        page.on("request", self._request)

    def visit(self, address: str) -> None:
        """Open an address, unfold what is folded, and look for signs."""
        self.kinds[kind_of(address, self.tenant.at(""))] += 1
        answer = self.page.goto(address, wait_until="load")
        assert answer is not None
        self.page.evaluate(_UNFOLD)
        self.page.mouse.move(150, 300)
        self._look(address, answer.status)

    def _look(self, address: str, status: int) -> None:
        if status >= 500:
            self.signs.append(f"{address}: {status}")
        if self.page.evaluate("window.attacked"):
            self.signs.append(f"{address}: code ran")
        if PRODUCT in self.page.content():
            self.signs.append(f"{address}: an expression was evaluated")
        if self.page.locator("main [onerror], main [onload], main iframe, main base, main script").count():
            self.signs.append(f"{address}: an element came to life")
        if (over := self.page.evaluate(_OVER)) > 0:
            self.signs.append(f"{address}: scrolls sideways by {over}")

    def _dialog(self, dialog: Dialog) -> None:
        self.signs.append(f"{self.page.url}: dialog {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if not request.url.startswith(self.tenant.server.url) or parts.path.startswith("/attacked"):
            self.signs.append(f"{self.page.url}: asked for {request.url}")


@pytest.fixture(scope="module")
def attacked(create_tenant: Callable[[str], Tenant]) -> Tenant:
    """A tenant whose identity provider put a payload into every attribute it may fill."""
    tenant = create_tenant("Attacked")
    source = tenant.command(
        "source", "create", "--tenant", tenant.slug, "--kind", "scim", "--preset", "entra", "--name", PAYLOADS[0]
    )
    headers = {"Authorization": f"Bearer {source['secret']}"}
    with httpx.Client(base_url=f"{source['base_url']}/", headers=headers, timeout=20, trust_env=False) as http:
        made = [http.post("Users", json=user_with(text, number)) for number, text in enumerate(PAYLOADS)]
        ids = [answer.json()["id"] for answer in made if answer.status_code == 201]
        assert len(ids) >= len(PAYLOADS) - 5, Counter(answer.status_code for answer in made)
        for number, text in enumerate(PAYLOADS):
            members = [{"value": ids[number % len(ids)], "display": text}, {"value": text}]
            http.post("Groups", json={"schemas": [GROUP], "displayName": text, "externalId": text, "members": members})
            http.patch(f"Users/{ids[number % len(ids)]}", json=patch_with(text))
        for text in PAYLOADS:
            http.get("Users", params={"filter": text}, headers={"User-Agent": text.encode("ascii", "replace").decode()})
            http.post("Users", json={"schemas": [text], "userName": {"x": text}})
            http.put(f"Users/{ids[0]}x", json={text: text})
    return tenant


def visits_of(kind: str) -> int:
    """Return how many pages of a kind are visited."""
    return 1000 if kind in VISITS_OF_A_PAYLOAD else VISITS_OF_A_KIND[min(kind.count("="), 2)]


def user_with(text: str, number: int) -> dict[str, object]:
    """Return a user with ``text`` in every attribute that is text."""
    value = {"value": text, "display": text, "type": text}
    return {
        "schemas": [USER, ENTERPRISE],
        "userName": f"{text} {number}",
        "externalId": text,
        "active": bool(number % 3),
        "name": dict.fromkeys(("formatted", "givenName", "familyName", "honorificPrefix"), text),
        **dict.fromkeys(("displayName", "nickName", "title", "userType", "preferredLanguage", "locale"), text),
        "timezone": text,
        "profileUrl": text,
        "emails": [{**value, "value": f"{text}@example.org", "primary": True}, value],
        **{key: [value] for key in ("phoneNumbers", "ims", "photos", "entitlements", "roles", "x509Certificates")},
        "addresses": [{"streetAddress": text, "formatted": text, "country": text, "type": text}],
        ENTERPRISE: dict.fromkeys(("department", "employeeNumber", "costCenter", "division", "organization"), text)
        | {"manager": {"value": text, "displayName": text}},
    }


def patch_with(text: str) -> dict[str, object]:
    """Return a patch that gives a title, and a path and a value that no user has."""
    operations = [
        {"op": "replace", "path": "title", "value": f"{text} again"},
        {"op": "add", "path": text, "value": text},
    ]
    return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations[: 1 + len(text) % 2]}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_nothing_that_was_sent_runs_on_any_page_or_in_any_spreadsheet(
    browser: Browser, attacked: Tenant, complaints: Complaints
) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 640})
    watched = Watched(complaints.listen(signed_in(context, attacked.sign_in_url())), attacked)

    addresses = each_address(
        watched.page,
        attacked.at(""),
        visit=watched.visit,
        of_a_kind=visits_of,
    )
    files = [address for address in addresses if is_file(address)]
    visit_previews(watched)
    formulas = [
        f"{address}: {cell}" for address in files for cell in formulas_in(context.request.get(address).text(), address)
    ]
    context.close()

    assert watched.signs == []
    assert formulas == []
    assert any(".csv" in address for address in files)
    assert watched.kinds["sub-accounts/{}"] >= len(PAYLOADS) - 5
    assert watched.kinds["groups/{}"] >= len(PAYLOADS) - 5


def visit_previews(watched: Watched) -> None:
    """Look at what only a form leads to: the previews of a mapping and of an action on many."""
    page, tenant = watched.page, watched.tenant
    page.goto(tenant.at("group-mappings"))
    page.get_by_label("Group", exact=True).select_option(index=1)
    page.get_by_label("Access role", exact=True).select_option(label="Viewer")
    page.get_by_role("button", name="Preview at the end of the list").click()
    page.wait_for_url("**/group-mappings/preview?*")
    watched.visit(page.url)
    page.goto(tenant.at("sub-accounts"))
    page.locator("thead .pick input").check()
    page.get_by_role("button", name="Lock role…").click()
    page.get_by_label("Access role").select_option(label="Viewer")
    page.get_by_label("Reason").fill(PAYLOADS[0])
    page.get_by_role("button", name="Show what changes").click()
    page.wait_for_url("**/sub-accounts/bulk/*")
    watched.visit(page.url)


def formulas_in(text: str, address: str) -> list[str]:
    """Return the cells of a CSV file that a spreadsheet would work out."""
    if ".csv" not in address:
        return []
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    return [cell for row in rows for cell in row if re.match(r"\s*[=+\-@\t\r]", cell)]
