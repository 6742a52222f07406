"""The ordered routing rules: added, edited, moved and removed, each with a walk that brings everybody there."""

from dataclasses import replace
from uuid import UUID

import pytest

from directory import events
from directory.errors import ForbiddenError, InvalidError, NotFoundError
from directory.model import Actor, TenantId
from directory.routes import rules
from directory.routes.drafts import RuleDraft, SetReading, change_from, checked_draft, text_of
from directory.routes.rules import AddRule, MoveRule
from directory.routing import Condition
from directory.store.unit import Engine
from tests.directory.routes.family import Family, create_family
from tests.directory.world import create_world

pytestmark = pytest.mark.anyio

SOMEWHERE = TenantId(UUID(int=7))


@pytest.fixture
async def family(store: Engine) -> Family:
    del store
    return await create_family("bristol", "cardiff")


def titled(title: str) -> Condition:
    return Condition(kind="attribute", path="title", values=(title,))


def leading(family: Family, title: str, *slugs: str, role_key: str | None = None) -> RuleDraft:
    goes_to = tuple(family.below[slug].tenant_id for slug in slugs)
    return RuleDraft(label=f"{title} people", condition=titled(title), goes_to=goes_to, role_key=role_key)


async def add(family: Family, title: str, *slugs: str, role_key: str | None = None, consent: bool = False) -> UUID:
    draft = leading(family, title, *slugs, role_key=role_key)
    await rules.create_rule(draft, consent=consent, by=family.above.system, now=family.above.tick())
    return (await rules.list_rules(family.tenant_id)).lines[-1].rule.rule_id


async def labels(family: Family) -> list[str]:
    return [line.rule.label for line in (await rules.list_rules(family.tenant_id)).lines]


async def test_a_new_rule_leads_everybody_who_fits(family: Family) -> None:
    await family.above.push_user("ann", title="Bristol")
    await add(family, "Bristol", "bristol")
    await family.work_off()
    assert await family.names_in("bristol") == {"ann"}
    await family.above.push_user("ben", title="Bristol")
    await family.work_off()
    assert await family.names_in("bristol") == {"ann", "ben"}


async def test_rules_are_listed_in_their_order_with_names(family: Family) -> None:
    await add(family, "Bristol", "bristol")
    await add(family, "Wales", "cardiff", "bristol")
    found = await rules.list_rules(family.tenant_id)
    assert [(line.rule.position, line.condition) for line in found.lines] == [
        (1, "title is Bristol"),
        (2, "title is Wales"),
    ]
    assert [one.name for one in found.lines[1].tenants] == ["Cardiff", "Bristol"]
    assert [one.slug for one in found.tenants] == ["bristol", "cardiff"]
    assert found.fallback is None


async def test_a_moved_rule_wins_over_the_one_it_passes(family: Family) -> None:
    await family.above.push_user("ann", title="Bristol")
    await add(family, "Bristol", "bristol")
    second = await add(family, "Bristol", "cardiff")
    await family.work_off()
    assert await family.names_in("bristol") == {"ann"}
    await rules.move_rule(second, places=-1, by=family.above.system, now=family.above.tick())
    await family.work_off()
    assert (await family.names_in("bristol"), await family.names_in("cardiff")) == (set(), {"ann"})
    await rules.move_rule(second, places=-5, by=family.above.system, now=family.above.tick())
    assert [line.rule.position for line in (await rules.list_rules(family.tenant_id)).lines] == [1, 2]


async def test_a_removed_rule_leads_nobody_and_the_fallback_takes_who_is_left(family: Family) -> None:
    await family.above.push_user("ann", title="Bristol")
    rule_id = await add(family, "Bristol", "bristol")
    await family.work_off()
    await rules.delete_rule(rule_id, by=family.above.system, now=family.above.tick())
    await family.work_off()
    assert await labels(family) == []
    assert await family.names_in("bristol") == set()
    reading = SetReading(matches="all", fallback=family.below["cardiff"].tenant_id)
    await rules.edit_routing(reading, by=family.above.system, now=family.above.tick())
    await family.work_off()
    assert await family.names_in("cardiff") == {"ann"}
    found = await rules.list_rules(family.tenant_id)
    assert (found.policy.matches, found.fallback and found.fallback.slug) == ("all", "cardiff")


async def test_an_edited_rule_keeps_its_place(family: Family) -> None:
    await family.above.push_user("ann", title="Wales")
    rule_id = await add(family, "Bristol", "bristol")
    await add(family, "Other", "cardiff")
    draft = leading(family, "Wales", "cardiff")
    await rules.edit_rule(rule_id, draft, by=family.above.system, now=family.above.tick())
    await family.work_off()
    assert await labels(family) == ["Wales people", "Other people"]
    assert await family.names_in("cardiff") == {"ann"}


async def test_what_changes_nothing_begins_no_walk(family: Family) -> None:
    rule_id = await add(family, "Bristol", "bristol")
    await family.work_off()
    await rules.edit_rule(
        rule_id, leading(family, "Bristol", "bristol"), by=family.above.system, now=family.above.tick()
    )
    assert await family.work_off() == 0


async def test_a_rule_that_gives_administration_needs_consent(family: Family) -> None:
    draft = leading(family, "Head", "bristol", role_key="Administrator")
    with pytest.raises(InvalidError, match="consent"):
        await rules.create_rule(draft, by=family.above.system, now=family.above.tick())
    manager = replace(family.above.system, kind="operator", permissions=frozenset({"mappings:manage"}))
    with pytest.raises(ForbiddenError):
        await rules.create_rule(draft, consent=True, by=manager, now=family.above.tick())
    await rules.create_rule(draft, consent=True, by=family.above.system, now=family.above.tick())
    (line,) = (await rules.list_rules(family.tenant_id)).lines
    assert (line.rule.role_key, line.rule.consented_by) == ("administrator", family.above.system.label)


async def test_nobody_else_changes_rules(family: Family) -> None:
    viewer = replace(family.above.system, kind="operator", permissions=frozenset({"portal:view"}))
    change = AddRule(draft=leading(family, "Bristol", "bristol"))
    with pytest.raises(ForbiddenError):
        await rules.change_rules(change, by=viewer, now=family.above.tick())
    with pytest.raises(ForbiddenError):
        await rules.change_rules(change, by=family.above.client, now=family.above.tick())


async def test_rules_lead_to_tenants_below_only(family: Family) -> None:
    other = await create_world("other")
    draft = replace(leading(family, "Bristol"), goes_to=(other.tenant.tenant_id,))
    with pytest.raises(InvalidError, match="goes_to"):
        await rules.create_rule(draft, by=family.above.system, now=family.above.tick())
    with pytest.raises(InvalidError, match="fallback"):
        await rules.edit_routing(
            SetReading(fallback=other.tenant.tenant_id), by=family.above.system, now=family.above.tick()
        )
    group = await other.push_group("Staff")
    by_group = replace(leading(family, "x", "bristol"), condition=Condition(kind="group", value=group.group_id))
    with pytest.raises(InvalidError, match="value"):
        await rules.create_rule(by_group, by=family.above.system, now=family.above.tick())


async def test_a_tenant_without_tenants_below_has_no_rules(family: Family) -> None:
    by = Actor(tenant_id=family.below["bristol"].tenant_id, kind="system", label="test")
    with pytest.raises(NotFoundError):
        await rules.list_rules(by.tenant_id)
    with pytest.raises(NotFoundError):
        await rules.change_rules(SetReading(), by=by, now=family.above.tick())


async def test_rules_of_another_tenant_are_not_found(family: Family) -> None:
    rule_id = await add(family, "Bristol", "bristol")
    another = await create_family("leeds", above="north")
    for change in (MoveRule(rule_id=rule_id, places=1), rules.RemoveRule(rule_id=rule_id)):
        with pytest.raises(NotFoundError):
            await rules.change_rules(change, by=another.above.system, now=another.above.tick())
    assert await labels(family) == ["Bristol people"]


async def test_the_event_says_what_became_of_the_rule(family: Family) -> None:
    await add(family, "Bristol", "bristol")
    newest = (await events.list_events(family.tenant_id, limit=1))[0]
    assert (newest.action, newest.subject_label) == ("routing:rule:added", "Bristol people")
    told = {change.name: change.new for change in newest.changes}
    assert (told["condition"], told["leads to"], told["place"]) == ("title is Bristol", "bristol", "1")


def test_a_change_comes_back_from_its_text() -> None:
    draft = checked_draft(RuleDraft(condition=titled(" Bristol "), goes_to=(SOMEWHERE,)))
    for change in (AddRule(draft=draft, place=2), MoveRule(rule_id=UUID(int=9), places=-1), SetReading()):
        assert change_from(text_of(change)) == change
    assert draft.condition.values == ("Bristol",)


@pytest.mark.parametrize(
    "text", ["", "{", "null", '{"change":"nothing"}', '{"change":"move","rule_id":"x","places":1}', "[" * 20_000]
)
def test_what_is_no_change_is_refused(text: str) -> None:
    with pytest.raises(InvalidError):
        change_from(text)


@pytest.mark.parametrize(
    ("condition", "attribute"),
    [
        (Condition(kind="group"), "value"),
        (Condition(kind="attribute", path="title"), "values"),
        (Condition(kind="attribute", path="", values=("x",)), "path"),
        (Condition(kind="attribute", path="a b", values=("x",)), "path"),
        (Condition(kind="domain", values=("@",)), "values"),
        (Condition(kind="group_name", values=("x" * 300,)), "values"),
        (Condition(kind="group_name", values=("a\nb",)), "values"),
    ],
)
def test_conditions_that_ask_nothing_are_refused(condition: Condition, attribute: str) -> None:
    with pytest.raises(InvalidError) as caught:
        checked_draft(RuleDraft(condition=condition, goes_to=(SOMEWHERE,)))
    assert caught.value.attribute == attribute


def test_a_rule_for_groups_asks_nothing_of_users() -> None:
    draft = RuleDraft(kind="group", condition=titled("x"), goes_to=(SOMEWHERE,))
    with pytest.raises(InvalidError):
        checked_draft(draft)
