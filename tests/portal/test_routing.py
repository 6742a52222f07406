"""A super tenant's operator makes routing rules, sees who would go where, and applies that, without scripts."""

from datetime import UTC, datetime

import pytest

from directory import events, tenants
from directory.model import JsonObject, Tenant
from directory.person import ENTERPRISE
from directory.routes import due, rules
from directory.routes.drafts import RuleDraft
from directory.routing import Condition
from directory.sub_tenants.states import delete_tenant
from tests.directory.world import World
from tests.portal.browsing import Browser, Page
from tests.portal.conftest import SignIn, make_stale

pytestmark = pytest.mark.anyio


@pytest.fixture
async def below(world: World) -> dict[str, Tenant]:
    """Bristol and Cardiff, below Northwind."""
    slug = world.tenant.slug
    return {
        name: await tenants.create_tenant(name.title(), parent_slug=slug, now=world.tick())
        for name in ("bristol", "cardiff")
    }


async def work_off() -> None:
    while await due.work_due(datetime.now(UTC)):
        pass


async def lead(world: World, title: str, tenant: Tenant) -> None:
    """Add a rule, and bring everybody there."""
    condition = Condition(kind="attribute", path="title", values=(title,))
    draft = RuleDraft(label=f"{title} people", condition=condition, goes_to=(tenant.tenant_id,))
    await rules.create_rule(draft, by=world.system, now=world.tick())
    await work_off()


async def new_rule(admin: Browser, when: str, **fields: str) -> Page:
    """Fill the form of a new rule in."""
    asked = await admin.open(f"/t/northwind/routing/new?when={when}")
    return await admin.send(asked.form("/routing/new"), **fields)


@pytest.mark.parametrize("path", ["routing", "routing/new", "unrouted", "routing/preview?change=x"])
async def test_a_tenant_without_others_below_it_has_no_such_page(admin: Browser, path: str) -> None:
    assert (await admin.open(f"/t/northwind/{path}")).status == 404


async def test_without_rules_it_says_how_to_begin(admin: Browser, below: dict[str, Tenant]) -> None:
    assert below is not None
    shown = await admin.open("/t/northwind/routing")
    assert "No rules yet" in shown.text
    assert shown.link("/routing/new")


async def test_a_rule_is_made_previewed_and_applied(admin: Browser, world: World, below: dict[str, Tenant]) -> None:
    await world.push_user("ann", title="Bristol", displayName="Ann Alder")
    await world.push_user("ben", title="Bath", displayName="Ben Beech")
    preview = await new_rule(admin, "attribute", path="title", values="Bristol\nAvonmouth", tenant="bristol")
    assert "1 person goes elsewhere" in preview.text
    assert "no tenant" in preview.text
    assert "Ann Alder" in preview.text
    assert "Ben Beech" not in preview.text
    applied = await admin.send(preview.form("/routing/preview"))
    assert applied.path == "/t/northwind/routing"
    assert "Rule added" in applied.text
    assert "title is Bristol or Avonmouth" in applied.text
    assert "Bringing everybody to where the rules lead" in applied.text
    await work_off()
    assert below is not None
    shown = await admin.open("/t/northwind/routing")
    assert "1 person moved by it" in shown.text


async def test_a_rule_that_moves_nobody_is_saved_at_once(admin: Browser, below: dict[str, Tenant]) -> None:
    assert below is not None
    saved = await new_rule(admin, "domain", values="bristol.example", tenant="bristol", label="By address")
    assert (saved.path, "Rule added" in saved.text) == ("/t/northwind/routing", True)
    assert "E-mail address at bristol.example" in saved.text


@pytest.mark.parametrize(
    ("when", "fields", "words"),
    [
        ("attribute", {"path": "title", "values": "", "tenant": "bristol"}, "Enter a value"),
        ("attribute", {"path": "a b", "values": "x", "tenant": "bristol"}, "must be the name of an attribute"),
        ("attribute", {"path": "title", "values": "x"}, "needs at least one tenant"),
        ("attribute", {"path": "title", "values": "x", "tenant": "leeds"}, "There is no tenant leeds below this one"),
        ("attribute", {"path": "title", "values": "x", "test": "y", "tenant": "bristol"}, "Choose one of the options"),
        ("domain", {"values": "x" * 300, "tenant": "bristol"}, "may have 200 characters at most"),
        ("group", {"group_id": "nobody", "tenant": "bristol"}, "Choose one of the options"),
        ("source", {"source_id": "01a19656-8900-7ebb-8a1b-000000000000", "tenant": "bristol"}, "is no connection"),
    ],
)
async def test_what_cannot_be_a_rule_is_said_beside_the_field(
    admin: Browser, below: dict[str, Tenant], when: str, fields: dict[str, str], words: str
) -> None:
    assert below is not None
    answer = await new_rule(admin, when, **fields)
    assert answer.status == 422
    assert words in answer.text


@pytest.mark.parametrize("when", ["attribute", "domain", "group", "group_name", "source", "named_tenant"])
async def test_each_condition_has_its_form(admin: Browser, world: World, below: dict[str, Tenant], when: str) -> None:
    group = await world.push_group("Employees")
    fields = {
        "attribute": {"path": "title", "values": "x"},
        "domain": {"values": "@Example.org"},
        "group": {"group_id": str(group.group_id)},
        "group_name": {"values": "Bristol *"},
        "source": {"source_id": str(world.source.source_id)},
        "named_tenant": {"path": "userType"},
    }
    saved = await new_rule(admin, when, tenant="bristol", label="Mine", **fields[when])
    assert "Rule added" in saved.text
    (line,) = (await rules.list_rules(world.tenant.tenant_id)).lines
    shown = await admin.open(f"/t/northwind/routing/{line.rule.rule_id}")
    assert shown.status == 200
    again = await admin.send(shown.form(f"/routing/{line.rule.rule_id}"), label="Yours", **fields[when])
    assert ("Rule changed" in again.text, below["bristol"].name in again.text) == (True, True)


async def test_attributes_may_be_named_without_their_schema(
    admin: Browser, world: World, below: dict[str, Tenant]
) -> None:
    assert below is not None
    said: JsonObject = {"displayName": "Ann Alder", ENTERPRISE: {"department": "Sales"}}
    await world.push_user("ann", **said)
    preview = await new_rule(admin, "attribute", path="Department", values="sales", tenant="bristol")
    assert "Add the rule department is" in preview.text
    assert "Ann Alder" in preview.text


async def test_groups_have_rules_of_their_own(admin: Browser, world: World, below: dict[str, Tenant]) -> None:
    assert below is not None
    await world.push_group("Bristol Staff")
    asked = await admin.open("/t/northwind/routing/new?kind=group&when=group_name")
    preview = await admin.send(asked.form("/routing/new"), values="bristol *", tenant="bristol")
    assert "Groups by rules of their own" in preview.text
    await admin.send(preview.form("/routing/preview"))
    (line,) = (await rules.list_rules(world.tenant.tenant_id)).lines
    assert line.rule.kind == "group"


async def test_the_names_behind_a_cell_are_listed_and_given_as_a_file(
    admin: Browser, world: World, below: dict[str, Tenant]
) -> None:
    await world.push_user("ann", title="Bristol", displayName="Ann Alder")
    await world.push_user("ben", title="Bath", displayName="Ben Beech")
    await lead(world, "Bath", below["cardiff"])
    preview = await new_rule(admin, "domain", values="example.org", tenant="bristol")
    cell = next(link for link in preview.links if "&from=&to=bristol" in link)
    listed = await admin.open(cell)
    assert ("Ann Alder" in listed.text, "Ben Beech" in listed.text) == (True, False)
    file = await admin.open(next(link for link in preview.links if "/people.csv" in link))
    assert '"ann@example.org","Ann Alder","active","no tenant","Bristol"' in file.response.text


async def test_order_and_reading_change_who_goes_where(admin: Browser, world: World, below: dict[str, Tenant]) -> None:
    await lead(world, "Bristol", below["bristol"])
    await lead(world, "Bristol", below["cardiff"])
    await world.push_user("ann", title="Bristol", displayName="Ann Alder")
    await work_off()
    first, _ = (await rules.list_rules(world.tenant.tenant_id)).lines
    shown = await admin.open("/t/northwind/routing")
    preview = await admin.send(shown.form(f"{first.rule.rule_id}/down"))
    assert "Move the rule Bristol people down 1 place" in preview.text
    assert "1 person goes elsewhere" in preview.text
    applied = await admin.send(preview.form("/routing/preview"))
    assert "Order changed" in applied.text
    reading = await admin.send(
        applied.form("/routing/reading"), matches="all", fallback=str(below["cardiff"].tenant_id)
    )
    assert "Change how rules are read" in reading.text


async def test_a_removed_rule_is_gone_once_it_is_applied(
    admin: Browser, world: World, below: dict[str, Tenant]
) -> None:
    await lead(world, "Bristol", below["bristol"])
    await world.push_user("ann", title="Bristol")
    (line,) = (await rules.list_rules(world.tenant.tenant_id)).lines
    shown = await admin.open("/t/northwind/routing")
    preview = await admin.send(shown.form(f"{line.rule.rule_id}/remove"))
    assert "would be in no tenant any more" in preview.text
    gone = await admin.send(preview.form("/routing/preview"))
    assert "No rules yet" in gone.text


async def test_whoever_is_no_longer_shown_is_not_moved(admin: Browser, world: World, below: dict[str, Tenant]) -> None:
    assert below is not None
    await world.push_user("ann", title="Bristol")
    preview = await new_rule(admin, "attribute", path="title", values="Bristol", tenant="bristol")
    await world.push_user("ben", title="Bristol")
    again = await admin.send(preview.form("/routing/preview"))
    assert again.status == 409
    assert "The directory has changed since you looked" in again.text
    assert "2 people go elsewhere" in again.text
    assert "Rule added" in (await admin.send(again.form("/routing/preview"))).text


async def test_a_role_that_carries_administration_needs_consent_of_who_just_confirmed(
    admin: Browser, world: World, below: dict[str, Tenant]
) -> None:
    assert below is not None
    await world.push_user("ann", title="Head")
    preview = await new_rule(
        admin, "attribute", path="title", values="Head", tenant="bristol", role_key="Administrator"
    )
    assert "gives administration in Bristol" in preview.text
    refused = await admin.send(preview.form("/routing/preview/confirmed"))
    assert refused.status == 422
    await make_stale()
    asked = await admin.send(preview.form("/routing/preview/confirmed"), consent="yes")
    assert "/confirm" in asked.path
    (line,) = (await rules.list_rules(world.tenant.tenant_id)).lines or (None,)
    assert line is None


async def test_more_than_a_guard_lets_go_is_let_go_by_a_second_button(
    admin: Browser, world: World, below: dict[str, Tenant]
) -> None:
    for number in range(12):
        await world.push_user(f"u{number}", title="Bristol")
    await lead(world, "Bristol", below["bristol"])
    (line,) = (await rules.list_rules(world.tenant.tenant_id)).lines
    shown = await admin.open("/t/northwind/routing")
    preview = await admin.send(shown.form(f"{line.rule.rule_id}/remove"))
    assert "12 people leave Bristol, whose guard lets 10 more go now" in preview.text
    form = preview.form("/routing/preview")
    form.action += "/confirmed"
    await admin.send(form, lets_pass="yes")
    await work_off()
    assert "12 people moved by it" in (await admin.open("/t/northwind/routing")).text


async def test_a_rule_that_names_a_deleted_tenant_is_marked(
    admin: Browser, world: World, below: dict[str, Tenant]
) -> None:
    await lead(world, "Bristol", below["bristol"])
    await delete_tenant(below["bristol"].tenant_id, "Bristol", by=world.system, now=world.tick())
    shown = await admin.open("/t/northwind/routing")
    assert "Deleted" in shown.text
    assert "Nobody is led there: whoever fits waits in the unrouted queue." in shown.text


async def test_whoever_may_only_look_sees_the_rules_and_changes_none(
    sign_in: SignIn, world: World, below: dict[str, Tenant]
) -> None:
    await lead(world, "Bristol", below["bristol"])
    viewer = await sign_in("viewer")
    shown = await viewer.open("/t/northwind/routing")
    assert "Bristol people" in shown.text
    assert not [form for form in shown.forms if "/routing" in form.action]
    assert (await viewer.open("/t/northwind/routing/new")).status == 403


@pytest.mark.parametrize("change", ["", "x", '{"change":"move"}', "%00", '{"change":"remove","rule_id":"1"}'])
async def test_an_address_that_proposes_nothing_leads_to_the_rules(
    admin: Browser, below: dict[str, Tenant], change: str
) -> None:
    assert below is not None
    assert (await admin.open(f"/t/northwind/routing/preview?change={change}")).path == "/t/northwind/routing"


async def test_a_rule_of_nobody_is_not_found(admin: Browser, below: dict[str, Tenant]) -> None:
    assert below is not None
    missing = "01a19656-8900-7ebb-8a1b-000000000000"
    assert (await admin.open(f"/t/northwind/routing/{missing}")).status == 404
    change = f'{{"change":"remove","rule_id":"{missing}"}}'
    assert (await admin.open(f"/t/northwind/routing/preview?change={change}")).status == 404


async def test_progress_is_sent_as_it_comes(admin: Browser, world: World, below: dict[str, Tenant]) -> None:
    await world.push_user("ann", title="Bristol")
    condition = Condition(kind="attribute", path="title", values=("Bristol",))
    draft = RuleDraft(condition=condition, goes_to=(below["bristol"].tenant_id,))
    await rules.create_rule(draft, by=world.system, now=world.tick())
    under_way = await admin.open("/t/northwind/routing/progress")
    assert "Bringing everybody to where the rules lead" in under_way.response.text
    await work_off()
    over = await admin.open("/t/northwind/routing/progress")
    assert "event: done" in over.response.text


async def test_the_preview_of_a_change_is_sent_while_it_is_weighed(
    admin: Browser, world: World, below: dict[str, Tenant]
) -> None:
    await world.push_user("ann", title="Bristol", displayName="Ann Alder")
    preview = await new_rule(admin, "attribute", path="title", values="Bristol", tenant="bristol")
    assert below is not None
    query = str(preview.response.url.query, "ascii")
    sent = await admin.open(f"/t/northwind/routing/preview/weighing?{query}")
    assert "Ann Alder" in sent.response.text
    assert "event: done" in sent.response.text


async def test_what_was_before_is_restored_from_the_entry_of_a_change(
    admin: Browser, world: World, below: dict[str, Tenant]
) -> None:
    await lead(world, "Bristol", below["bristol"])
    await world.push_user("ann", title="Bristol")
    (line,) = (await rules.list_rules(world.tenant.tenant_id)).lines
    await rules.delete_rule(line.rule.rule_id, by=world.system, now=world.tick())
    found = await events.list_events(world.tenant.tenant_id, subject_id=line.rule.rule_id, limit=1)
    entry = await admin.open(f"/t/northwind/activity/changes/{found[0].event_id}")
    preview = await admin.open(entry.link(f"/routing/restore/{found[0].event_id}"))
    assert "Add the rule Bristol people" in preview.text
    assert "Rule added" in (await admin.send(preview.form("/routing/preview"))).text
