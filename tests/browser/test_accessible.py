"""Every page in every mode: WCAG 2.2 AA by axe, no sideways scrolling, focus that shows, nothing that is blocked."""

import gzip
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from portal.assets import assets
from portal.pages import old_names
from portal.routes import PAGES
from tests.browser.conftest import Complaints, Peopled, Tenant, signed_in
from tests.browser.crawling import FILES, each_address, is_file, kind_of
from tests.browser.furnishing import Pushed, furnish, preview_mapping, pushed_into, undo_import
from tests.browser.looking import problems_in_each_mode, problems_of, unseen_focus_of
from tests.browser.test_sign_in import choose_password, set_up_factor, sign_out, type_password

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PAGE_BYTES_MAX = 80_000
BY_LINKS = "/t/{slug:str}/"
ALONE = {"sign-in", "sign-in/second-factor", "own-account/second-factor", "own-account/second-factor/remove",
         "own-account/second-factor/recovery-codes", "routing/restore/{event_id:str}"}  # fmt: skip
"""Pages on the way to a sign-in or a second factor, at which tests of their own look; an address that only leads on."""
VARIANTS = (
    "sub-accounts?q=nobody",
    "sub-accounts?status=x",
    "activity/requests?result=failed",
    "settings",
    "nowhere",
)
"""Pages in a state that no link leads to."""


def each_page_path() -> Iterator[str]:
    """Yield the path of every page there is: neither an old name, nor a file, nor a stream."""
    for module in PAGES:
        for handler in module.HANDLERS:
            path = min(handler.paths)
            is_page = "GET" in handler.http_methods and module is not old_names
            if is_page and path.startswith(BY_LINKS) and not path.endswith(FILES) and "/export" not in path:
                yield path.removeprefix(BY_LINKS)


PATHS = sorted(set(each_page_path()) - ALONE)


@dataclass(frozen=True)
class Furnished:
    """A tenant in which every page has something to show, and a browser's storage that is signed in there."""

    tenant: Tenant
    pushed: Pushed
    undecided: str
    state: Any


@pytest.fixture(scope="module")
def furnished(create_tenant: Callable[[str], Tenant], browser: Browser) -> Furnished:
    tenant = create_tenant("Furnished")
    context = browser.new_context()
    page = signed_in(context, tenant.sign_in_url())
    pushed = pushed_into(tenant)
    undecided = furnish(page, tenant, pushed)
    made = Furnished(tenant, pushed, undecided, context.storage_state())
    context.close()
    return made


@pytest.fixture(scope="module")
def addresses(browser: Browser, furnished: Furnished) -> list[str]:
    """One address of every kind of page that links lead to, and of those that only a form leads to."""
    root = furnished.tenant.at("")
    context = browser.new_context(storage_state=furnished.state)
    page = context.new_page()
    preview_mapping(page, furnished.tenant, "IT-Admins (8)", "Administrator")
    previewed = page.url
    page.goto(furnished.tenant.at("own-account"))
    local = page.get_by_role("link", name="Your user page").get_attribute("href") or ""
    people = [f"sub-accounts/{furnished.pushed.user_ids[7]}", f"sub-accounts/{local.rpartition('/')[2]}"]
    deep = [furnished.undecided, undo_import(page, furnished.tenant)]
    also = [*people, *(address.removeprefix(root).partition("?")[0] for address in deep)]
    found = each_address(page, root, visit=page.goto, of_a_kind=visits_of, also=also)
    kinds: dict[str, str] = {}
    for address in found:
        kinds.setdefault(kind_of(address, root), address)
    context.close()
    linked = [address for address in kinds.values() if not is_file(address)]
    return [*linked, previewed, previewed.replace("/preview?", "/preview/people?")]


def visits_of(kind: str) -> int:
    """Return how many pages of a kind are looked through for links."""
    return 8 if kind == "roles/{}" else max(0, 2 - kind.count("="))


def address_for(path: str, addresses: list[str], furnished: Furnished) -> str:
    """Return an address of the page ``path``: one that something leads to, or the only one there can be."""
    root = furnished.tenant.at("")
    pattern = re.compile(re.sub(r"\{\w+:str\}", "[^/?]+", path))
    others = set(PATHS) - {path}  # "equipment/new" fits "equipment/{item_id}", and is another page
    found = {one: one.removeprefix(root).partition("?")[0] for one in addresses}
    fitting = [one for one, place in found.items() if pattern.fullmatch(place) and place not in others]
    if fitting:
        return min(fitting, key=len)
    known = path.replace("{source_id:str}", furnished.pushed.source_id)
    assert "{" not in known, f"nothing leads to {path}"
    return f"{root}{known}"


@pytest.mark.parametrize("path", [*PATHS, *VARIANTS])
def test_a_page_is_accessible_in_every_mode(
    browser: Browser, furnished: Furnished, addresses: list[str], complaints: Complaints, path: str
) -> None:
    context = browser.new_context(storage_state=furnished.state)
    page = complaints.listen(context.new_page())

    page.goto(address_for(path, addresses, furnished))
    problems = [*problems_in_each_mode(page), *unseen_focus_of(page)]
    headings = page.locator("h1").count()
    context.close()

    assert problems == []
    assert headings == 1


def test_every_page_with_all_it_loads_weighs_under_80_kb(furnished: Furnished, addresses: list[str]) -> None:
    loaded = sum(len(gzip.compress(asset.content)) for asset in assets().values())
    cookies = {one["name"]: one["value"] for one in furnished.state["cookies"]}
    weights: dict[str, int] = {}
    with httpx.Client(cookies=cookies, trust_env=False, timeout=20) as client:
        for address in addresses:
            with client.stream("GET", address) as answer:
                answer.read()
                weights[address] = loaded + answer.num_bytes_downloaded

    assert {address: weight for address, weight in weights.items() if weight > PAGE_BYTES_MAX} == {}


def test_pages_of_an_empty_tenant_are_accessible(
    browser: Browser, create_tenant: Callable[[str], Tenant], complaints: Complaints
) -> None:
    tenant = create_tenant("Empty")
    context = browser.new_context()
    page = complaints.listen(context.new_page())
    problems: list[str] = []
    for address in (f"{tenant.server.url}/sign-in", f"{tenant.server.url}/sign-in/used", tenant.sign_in_url()):
        page.goto(address)
        problems += [*problems_in_each_mode(page), *unseen_focus_of(page)]
    page.get_by_role("button", name="Sign in").click()
    for path in (one for one in PATHS if "{" not in one):
        page.goto(tenant.at(path))
        problems += problems_in_each_mode(page)
    context.close()

    assert problems == []


def test_pages_after_a_form_are_accessible(
    browser: Browser, create_tenant: Callable[[str], Tenant], complaints: Complaints
) -> None:
    tenant = create_tenant("Forms")
    context = browser.new_context()
    page = complaints.listen(signed_in(context, tenant.sign_in_url()))
    page.goto(tenant.at("configure-scim"))
    page.get_by_role("button", name="Create connection").click()
    problems = problems_in_each_mode(page)
    page.get_by_role("link", name="Create secret").first.click()
    page.get_by_role("button", name="Create and show once").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Store this secret now")
    problems += problems_in_each_mode(page)
    page.get_by_label("I have stored it").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("status").first).to_contain_text("not shown again")
    problems += problems_in_each_mode(page)
    context.close()

    assert problems == []


def test_the_way_in_is_accessible(
    browser: Browser, create_tenant: Callable[[str], Tenant], complaints: Complaints
) -> None:
    tenant = create_tenant("Way in")
    context = browser.new_context()
    page = complaints.listen(signed_in(context, tenant.sign_in_url()))
    choose_password(page, tenant)
    page.goto(tenant.at("own-account"))
    page.get_by_role("button", name="Set up a second factor").click()
    problems = [*problems_in_each_mode(page), *unseen_focus_of(page)]
    page.get_by_label("Code that the app shows now").fill("000000")
    page.get_by_role("button", name="Finish").click()
    problems += problems_in_each_mode(page)
    set_up_factor(page, tenant)
    for path in ("own-account", "own-account/second-factor/recovery-codes", "own-account/second-factor/remove"):
        page.goto(tenant.at(path))
        problems += [*problems_in_each_mode(page), *unseen_focus_of(page)]
    sign_out(page)
    problems += problems_in_each_mode(page)
    type_password(page, tenant)
    problems += [*problems_in_each_mode(page), *unseen_focus_of(page)]
    context.close()

    assert problems == []


def test_pages_after_a_swap_are_accessible(browser: Browser, peopled: Peopled, complaints: Complaints) -> None:
    context = browser.new_context(storage_state=peopled.state)
    page = complaints.listen(context.new_page())
    page.goto(peopled.tenant.at("sub-accounts"))
    page.get_by_label("Search people").fill("person1")
    expect(page.locator("#sub-accounts-count")).to_contain_text("10 people")
    problems = problems_in_each_mode(page)
    page.get_by_label("Search people").fill("nobody at all")
    expect(page.get_by_text("No one matches")).to_be_visible()
    problems += problems_in_each_mode(page)
    page.goto(peopled.tenant.at("sub-accounts"))
    page.get_by_role("link", name="Load more").scroll_into_view_if_needed()
    expect(page.locator("tbody tr")).to_have_count(61)
    problems += problems_in_each_mode(page)
    context.close()

    assert problems == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_menus_open_by_keyboard_and_give_the_focus_back(
    browser: Browser, peopled: Peopled, complaints: Complaints, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(
        storage_state=peopled.state, viewport={"width": 320, "height": 640}, color_scheme=scheme
    )
    page = complaints.listen(context.new_page())
    page.goto(peopled.tenant.at("overview"))

    for name, inside in (("Menu", "Group Mappings"), ("(your account)", "Own account")):
        opener = page.get_by_role("button", name=name)
        opener.press("Enter")
        expect(page.get_by_role("link", name=inside)).to_be_visible()
        assert problems_of(page) == []
        page.keyboard.press("Escape")
        expect(page.get_by_role("link", name=inside)).to_be_hidden()
        expect(opener).to_be_focused()
    context.close()


def test_a_keyboard_skips_to_the_content(browser: Browser, peopled: Peopled) -> None:
    context = browser.new_context(storage_state=peopled.state)
    page: Page = context.new_page()
    page.goto(peopled.tenant.at("groups"))

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    assert page.evaluate("document.getElementById('main').contains(document.activeElement)")
    context.close()
