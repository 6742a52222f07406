"""What an operator of a super tenant reads over all tenants, and where the source may say who goes where."""

import csv
import io

import pytest

from directory import sources
from directory.report_shapes import Report
from directory.reports import reports_for
from directory.routes.rules import AddRule, Condition, RuleDraft, change_rules
from directory.tenants import create_tenant
from tests.directory.lending import disable, lend, make_item
from tests.directory.world import World, create_world
from tests.portal.browsing import Browser
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.anyio

OVER_ALL = [report for report in reports_for(is_super=True) if report.of_super_tenants]


@pytest.fixture
async def above(world: World) -> World:
    """The tenant of the signed in, with tenants below it in which people are by their title."""
    for slug in ("york", "leeds"):
        await create_tenant(slug.title(), slug=slug, parent_slug=world.tenant.slug, now=world.tick())
    rule = AddRule(draft=RuleDraft(label="By title", condition=Condition(kind="named_tenant", path="title")))
    await change_rules(rule, by=world.system, now=world.tick())
    return world


async def test_who_is_where_shows_each_tenant_and_leads_to_the_person(above: World, admin: Browser) -> None:
    ann = await above.push_user("ann", displayName="Ann", title="york")
    await above.push_user("ben", displayName="Ben", title="leeds")
    await above.push_user("una", displayName="Una", title="nowhere")

    found = await admin.open("reports/who-is-where")

    assert [one in found.text for one in ("Ann", "York", "By title", "In no tenant", "There")] == [True] * 5
    assert f"/t/northwind/sub-accounts/{ann.user_id}" in found.links
    assert '<option value="york">York</option>' in found.response.text
    narrowed = await admin.open("reports/who-is-where?tenant=york")
    assert ("Ann" in narrowed.text, "Ben" in narrowed.text, "Una" in narrowed.text) == (True, False, False)
    lost = await admin.open("reports/who-is-where?state=unrouted")
    assert ("Una" in lost.text, "Ann" in lost.text) == (True, False)


async def test_a_tenant_that_there_is_not_is_said_to_be_none(above: World, admin: Browser) -> None:
    await create_world("elsewhere")

    for slug in ("elsewhere", "nowhere", above.tenant.slug):
        found = await admin.open(f"reports/who-is-where?tenant={slug}")
        assert (found.status, "is none of the tenants below" in found.text) == (422, True)


async def test_a_text_that_narrows_is_kept_in_the_file_and_in_the_schedule(above: World, admin: Browser) -> None:
    await above.push_user("ann", title="york")
    await above.push_user("ben", title="leeds")

    answer = (await admin.open("reports/who-is-where/export.csv?tenant=york")).response
    head, line = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert head[:3] == ["Person", "User name", "Tenant"]
    assert line[1:3] == ["ann@example.org", "York"]

    form = await admin.open("reports/schedules/new?report=who-is-where&tenant=york")
    made = await admin.send(form.form("/schedules/new"), addresses="a@example.org", operator="")
    assert "Tenant, as in its address: york" in made.text


async def test_leavers_with_equipment_of_all_tenants_are_on_one_page(above: World, admin: Browser) -> None:
    ann = await above.push_user("ann", displayName="Ann")
    await lend(above, await make_item(above, "A-1"), ann)
    await disable(above, ann)

    found = await admin.open("reports/disabled-with-equipment-all")

    assert [one in found.text for one in ("Ann", "Northwind", "1299.00 EUR", "1 person")] == [True] * 4


@pytest.mark.parametrize("report", OVER_ALL, ids=lambda report: report.key)
async def test_ordinary_tenants_do_not_have_them(admin: Browser, report: Report) -> None:
    key = report.key
    assert (await admin.open(f"reports/{key}")).status == 404
    assert (await admin.open(f"reports/{key}/export.csv")).status == 404
    assert "Which report?" in (await admin.open(f"reports/schedules/new?report={key}")).text
    assert key not in (await admin.open("reports")).response.text


async def test_the_connection_of_a_super_tenant_may_take_routes(above: World, sign_in: SignIn) -> None:
    admin = await sign_in("administrator", above, "boss")
    path = f"configure-scim/{above.source.source_id}/policies"
    lists = {"accepted_domains": "", "networks": ""}

    await admin.send((await admin.open(path)).form("/policies"), accepts_routing="yes", **lists)
    assert (await sources.get_source(above.tenant.tenant_id, above.source.source_id)).settings.accepts_routing
    page = await admin.open(path)
    assert page.form("/policies").fields["accepts_routing"] == "yes"


async def test_the_page_of_an_ordinary_tenant_neither_shows_nor_changes_it(world: World, admin: Browser) -> None:
    await sources.edit_settings(world.source.source_id, {"accepts_routing": "on"}, by=world.system, now=world.tick())
    page = await admin.open(f"configure-scim/{world.source.source_id}/policies")
    assert "Where users go" not in page.text
    await admin.send(page.form("/policies"), accepted_domains="", networks="", accepts_routing="")
    assert (await sources.get_source(world.tenant.tenant_id, world.source.source_id)).settings.accepts_routing
