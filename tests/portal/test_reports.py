"""Reports on screen, narrowed, paged, and taken away as files."""

import csv
import io

import pytest

from directory import activity, managers, reports
from directory.activity import ChangeFilter
from tests.directory.lending import disable, lend, make_item
from tests.directory.scheduling import make_schedule, terms
from tests.directory.world import World, create_world
from tests.portal.browsing import Browser
from tests.portal.conftest import SignIn, make_stale

pytestmark = pytest.mark.anyio


async def left_with_laptop(world: World, name: str = "ann") -> None:
    ann = await world.push_user(name, displayName=name.title())
    await lend(world, await make_item(world, f"A-{name}"), ann)
    await disable(world, ann)


async def test_the_list_of_reports_says_which_are_mailed(world: World, admin: Browser) -> None:
    await make_schedule(world, terms("disabled-with-equipment"))

    found = await admin.open("reports")

    assert [report.title in found.text for report in reports.REPORTS] == [
        not report.of_super_tenants for report in reports.REPORTS
    ]
    assert "Mailed every day at 06:00 (UTC)" in found.text
    assert "/t/northwind/reports" in (await admin.open("search?q=disabled+users+with+equipment")).links


@pytest.mark.parametrize("key", [report.key for report in reports.reports_for(is_super=False)])
async def test_every_report_opens_empty_and_says_that_all_is_well(world: World, admin: Browser, key: str) -> None:
    report = reports.get_report(key)

    found = await admin.open(f"reports/{key}")

    assert found.status == 200
    assert world.tenant.slug in found.path
    if key not in {"never-seen", "administrators"}:  # whoever looks is local, and an administrator
        assert report.nothing in found.text
    assert "Checked" in found.text
    assert "Nobody gets this report by mail." in found.text


async def test_who_left_with_equipment_is_on_the_page_and_leads_to_the_person(world: World, admin: Browser) -> None:
    await left_with_laptop(world)

    found = await admin.open("reports/disabled-with-equipment")

    assert "Ann" in found.text
    assert "1 person" in found.text
    assert "1299.00 EUR" in found.text
    assert any("/sub-accounts/" in link for link in found.links)


async def test_a_filter_narrows_and_one_that_is_none_is_named(world: World, admin: Browser) -> None:
    await world.push_group("Staff", ["ext-nobody"])

    members = await admin.open("reports/waiting-references")
    others = await admin.open("reports/waiting-references?kind=managers")
    wrong = await admin.open("reports/waiting-references?kind=everything")

    assert "ext-nobody" in members.text
    assert "Nobody is waited for" in others.text
    assert "Not understood, and left out: kind." in wrong.text
    assert (await managers.count_waiting(world.tenant.tenant_id)).members == 1


async def test_a_long_report_is_read_page_by_page(world: World, admin: Browser) -> None:
    await world.push_group("Staff", [f"ext-{number:03}" for number in range(60)])

    first = await admin.open("reports/waiting-references")
    more = next(link for link in first.links if "after=" in link)
    rest = await admin.open(more)
    fragment = await admin.open(more, hx_request="true", hx_target="tr#reports-more")

    assert "ext-049" in first.text
    assert "ext-050" not in first.text
    assert "ext-059" in rest.text
    assert "Back to the start" in rest.text
    assert fragment.response.text.strip().startswith("<tr>")
    assert (await admin.open("reports/waiting-references?after=elsewhere")).status == 422


async def test_a_report_is_taken_away_as_a_file_and_that_is_recorded(world: World, admin: Browser) -> None:
    await left_with_laptop(world, "=cmd")

    answer = (await admin.open("reports/disabled-with-equipment/export.csv")).response

    head, line = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert head[:3] == ["Person", "User name", "Status"]
    assert line[:3] == ["'=Cmd", "'=cmd@example.org", "Disabled"]
    assert "northwind-disabled-with-equipment-" in answer.headers["content-disposition"]
    told = await activity.list_changes(
        world.tenant.tenant_id, ChangeFilter(action="data:exported"), before=None, limit=5
    )
    assert [event.subject_label for event in told.entries] == ["Report: Disabled users with equipment"]


async def test_taking_a_report_away_asks_who_is_there(world: World, admin: Browser) -> None:
    assert world.tenant.slug == admin.slug
    await make_stale()

    assert "Confirm it is you" in (await admin.open("reports/secrets/export.csv")).text


async def test_nobody_sees_what_another_tenant_reports(world: World, sign_in: SignIn) -> None:
    other = await create_world("bristol")
    other.now = world.now
    await left_with_laptop(other, "zoe")
    viewer = await sign_in("viewer")

    assert "Zoe" not in (await viewer.open("reports/disabled-with-equipment")).text
    assert "Send by mail…" not in (await viewer.open("reports/disabled-with-equipment")).text
    assert (await viewer.open("reports/everything")).status == 404
