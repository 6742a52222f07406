"""Sub Accounts: finding people, and the pages of the list."""

import csv
import io
import re

import pytest

from directory import users
from directory.model import JsonValue, UserAttributes
from tests.directory.world import World
from tests.portal.browsing import Browser
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.anyio

ONE_USER = re.compile(r"/sub-accounts/[0-9a-f-]{36}$")
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def of_department(name: str) -> dict[str, JsonValue]:
    """Return the extension that names a department."""
    return {ENTERPRISE: {"department": name}}


def managed_by(value: str) -> dict[str, JsonValue]:
    """Return the extension that refers to a manager."""
    return {ENTERPRISE: {"manager": {"value": value}}}


async def disable(world: World, name: str) -> None:
    user = await world.push_user(name, displayName=name.title())
    gone = UserAttributes({**user.attributes.document, "active": False})
    await users.edit_user(user.user_id, lambda _: gone, by=world.client, now=world.tick())


async def test_everyone_is_listed_with_role_origin_and_source(admin: Browser, world: World) -> None:
    await world.push_user("ann", displayName="Ann Archer")
    await world.map_group(await world.push_group("Employees", ["ext-ann"]), "editor")

    text = (await admin.open("sub-accounts")).text

    assert "2 people" in text
    assert "Ann Archer ann@example.org Editor Group \u2013 \u2013 Entra" in text
    assert "Administrator administrator Administrator Lock \u2013 \u2013 Local" in text


async def test_disabled_stands_where_the_role_stands(admin: Browser, world: World) -> None:
    await disable(world, "ben")

    assert "Disabled keeps Loanee" in (await admin.open("sub-accounts")).text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=ann", ["Ann"]),
        ("q=ANN", ["Ann"]),
        ("q=example.org", ["Ann", "Ben"]),
        ("status=disabled", ["Ben"]),
        ("status=active&source=local", ["Administrator"]),
        ("origin=lock", ["Administrator"]),
        ("origin=default", ["Ann", "Ben"]),
        ("q=%25", []),
        ("q=_", []),
        ("q='", []),
    ],
)
async def test_the_filters_of_the_address_narrow_the_list(
    admin: Browser, world: World, query: str, found: list[str]
) -> None:
    await world.push_user("ann", displayName="Ann")
    await disable(world, "ben")

    page = await admin.open(f"sub-accounts?{query}")

    names = [name for name in ("Administrator", "Ann", "Ben") if f"{name} {name.lower()}" in page.text]
    assert names == found
    assert f"{len(found)} {'person' if len(found) == 1 else 'people'}" in page.text


async def test_role_and_source_are_filters_too(admin: Browser, world: World) -> None:
    await world.push_user("ann", displayName="Ann")

    by_role = await admin.open(f"sub-accounts?role={world.roles['loanee'].role_id}")
    by_source = await admin.open(f"sub-accounts?source={world.source.source_id}")

    assert "1 person" in by_role.text
    assert "1 person" in by_source.text


@pytest.mark.parametrize(
    "query",
    [
        "status=gone",
        "role=x",
        "role=01900000-0000-7000-8000-000000000001",
        "origin=magic",
        "source=x",
        "q=%00",
        "q=" + "a" * 201,
    ],
)
async def test_a_filter_that_cannot_be_read_is_named_and_left_out(admin: Browser, world: World, query: str) -> None:
    await world.push_user("ann", displayName="Ann")

    page = await admin.open(f"sub-accounts?{query}")

    assert f"Not understood and left out: {query.partition('=')[0]}" in page.text
    assert "2 people" in page.text


async def test_no_match_offers_to_clear_the_filters(admin: Browser) -> None:
    page = await admin.open("sub-accounts?q=nobody-at-all")

    assert "No one matches" in page.text


async def test_what_was_searched_stays_in_the_form(admin: Browser) -> None:
    page = await admin.open('sub-accounts?q="><script>alert(1)</script>&status=disabled')

    form = next(form for form in page.forms if form.action.endswith("/sub-accounts"))
    assert form.fields["q"] == '"><script>alert(1)</script>'
    assert form.fields["status"] == "disabled"
    assert "<script>alert" not in page.response.text


async def test_load_more_leads_through_everybody_once(admin: Browser, world: World) -> None:
    for number in range(104):
        await world.push_user(f"p{number:03}", displayName="Same Name")

    seen: list[str] = []
    page = await admin.open("sub-accounts?q=same")
    while True:
        seen += [link for link in page.links if ONE_USER.search(link)]
        onward = [link for link in page.links if "after=" in link and not link.endswith("after=")]
        if not onward:
            break
        page = await admin.open(onward[0])

    assert '<p id="sub-accounts-count" class="tally" role="status">104 people</p>' in page.response.text
    assert "<hx-partial" not in page.response.text
    assert len(seen) == len(set(seen)) == 104
    assert "104 people" in page.text
    assert "Back to the start" in page.text


async def test_htmx_gets_the_list_for_a_search_and_rows_for_more(admin: Browser, world: World) -> None:
    for number in range(51):
        await world.push_user(f"p{number:03}")

    found = await admin.open("sub-accounts?q=p0", HX_Request="true", HX_Target="section#sub-accounts-list")
    onward = next(link for link in found.links if "after=" in link)
    more = await admin.open(onward, HX_Request="true", HX_Target="tr#sub-accounts-more")

    assert found.response.text.lstrip().startswith('<section id="sub-accounts-list"')
    assert (
        '<hx-partial hx-target="#sub-accounts-count" hx-swap="innerHTML">51 people</hx-partial>' in found.response.text
    )
    assert 'role="status"' not in found.response.text
    assert more.response.text.lstrip().startswith("<tr>")
    assert more.response.text.count("<tr>") == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"HX_Request": "true", "HX_Target": "div#elsewhere"},
        {"HX_Request": "true", "HX_Boosted": "true", "HX_Target": "section#sub-accounts-list"},
        {"HX_History_Restore_Request": "true"},
        {"HX_Target": "section#sub-accounts-list"},
    ],
)
async def test_every_other_request_gets_the_whole_page(admin: Browser, headers: dict[str, str]) -> None:
    page = await admin.open("sub-accounts", **headers)

    assert page.response.text.lstrip().startswith("<!doctype html>")


@pytest.mark.parametrize("after", ["x", "%00", "W10", "bnVsbA", "é", "eyJhIjoxfQ", "a" * 3000])
async def test_a_place_nobody_gave_out_is_an_error_in_words(admin: Browser, after: str) -> None:
    page = await admin.open(f"sub-accounts?after={after}")

    assert page.status == 422
    assert "This value cannot be used" in page.text


async def test_text_of_the_identity_provider_is_text(admin: Browser, world: World) -> None:
    evil = '<img src=x onerror=alert(1)> "quoted" {{ 7*7 }}'
    user = await world.push_user("eve", displayName=evil, title=evil)
    await world.push_group(evil, ["ext-eve"])

    for path in ("sub-accounts", f"sub-accounts/{user.user_id}", "groups", "group-mappings", "activity"):
        page = await admin.open(path)
        assert "<img" not in page.response.text, path
        assert "{{ 7*7 }}" in page.text, path


async def test_headers_sort_by_links_and_say_how(admin: Browser, world: World) -> None:
    for name, department in (("ann", "Sales"), ("ben", "Legal"), ("cleo", "Art")):
        await world.push_user(name, displayName=name.title(), **of_department(department))

    page = await admin.open("sub-accounts?source=" + str(world.source.source_id))
    by_department = await admin.open(next(link for link in page.links if "sort=department" in link))
    turned = await admin.open(next(link for link in by_department.links if "sort=department&dir=down" in link))

    assert (
        '<th scope="col" aria-sort="ascending"><a class="sort" href="/t/northwind/sub-accounts?' in page.response.text
    )
    assert by_department.text.index("Art") < by_department.text.index("Legal") < by_department.text.index("Sales")
    assert 'aria-sort="descending"' in turned.response.text
    assert turned.text.index("Sales") < turned.text.index("Art")


async def test_the_page_size_is_chosen(admin: Browser, world: World) -> None:
    for number in range(30):
        await world.push_user(f"p{number:03}")

    page = await admin.open("sub-accounts?size=25&q=p0")

    assert len([link for link in page.links if ONE_USER.search(link)]) == 25
    assert "30 people" in page.text
    assert any("size=25" in link and "after=" in link for link in page.links)


async def test_a_manager_is_named_and_one_who_has_not_arrived_is_waited_for(admin: Browser, world: World) -> None:
    boss = await world.push_user("boss", displayName="Bea Boss")
    await world.push_user("ann", displayName="Ann", **managed_by(str(boss.user_id)))
    await world.push_user("ben", displayName="Ben", **managed_by("ext-nobody"))
    await world.settle_references()

    everybody, waiting = await admin.open("sub-accounts"), await admin.open("sub-accounts?waiting=manager")

    assert "Bea Boss Entra" in everybody.text
    assert "waiting for ext-nobody" in everybody.text
    assert "1 person" in waiting.text
    assert "ben@example.org" in waiting.text


async def test_nearest_people_are_suggested_where_nobody_matches(admin: Browser, world: World) -> None:
    ann = await world.push_user("ann", displayName="Annabel Archer")

    page = await admin.open("sub-accounts?q=annabella&status=active")

    assert "No one matches \u201cannabella\u201d" in page.text
    assert f"/t/northwind/sub-accounts/{ann.user_id}" in page.links
    assert "/t/northwind/sub-accounts?q=annabella" in page.links


async def test_an_empty_tenant_points_to_configure_scim(sign_in: SignIn, world: World) -> None:
    browser = await sign_in("viewer")

    page = await browser.open("sub-accounts?q=x")

    assert "No one matches" in page.text
    assert "Nobody here yet" not in page.text
    assert (await browser.open("sub-accounts")).status == 200
    assert world.tenant.slug in page.path


async def test_whoever_only_looks_is_offered_no_actions(sign_in: SignIn, world: World) -> None:
    await world.push_user("ann")
    browser = await sign_in("viewer")

    page = await browser.open("sub-accounts")

    assert 'type="checkbox"' not in page.response.text
    assert "New local user" not in page.text
    assert "Export CSV" in page.text


async def test_the_export_has_whom_the_filter_finds_and_no_formula(admin: Browser, world: World) -> None:
    await world.push_user("eve", displayName='=HYPERLINK("http://evil")', title="x")
    await disable(world, "ben")

    answer = (await admin.open("sub-accounts/export.csv?status=active&source=" + str(world.source.source_id))).response
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert re.fullmatch(
        r'attachment; filename="northwind-people-\d{4}-\d\d-\d\d\.csv"', answer.headers["content-disposition"]
    )
    assert lines[0][1:4] == ["Name", "User name", "E-mail"]
    assert [line[1] for line in lines[1:]] == ['\'=HYPERLINK("http://evil")']


async def test_the_export_can_be_of_picked_people_and_without_a_mark(admin: Browser, world: World) -> None:
    ann = await world.push_user("ann", displayName="Ann")
    await world.push_user("ben", displayName="Ben")

    answer = (await admin.open(f"sub-accounts/export.csv?user_id={ann.user_id}&bom=no")).response

    assert answer.text.startswith('"Id","Name"')
    assert [line.split(",")[1] for line in answer.text.splitlines()[1:]] == ['"Ann"']
