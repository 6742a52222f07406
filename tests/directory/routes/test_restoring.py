"""Each change of the rules can be taken back by another one, which is previewed as any other."""

import pytest

from directory import events
from directory.errors import NotFoundError
from directory.model import EventId
from directory.routes import rules
from directory.routes.drafts import AddRule, EditRule, MoveRule, RemoveRule, RuleChange, RuleDraft, SetReading
from directory.routes.restoring import inverse_of
from directory.routing import Condition, RoutingPolicy
from directory.store.unit import Engine
from tests.directory.routes.family import Family, create_family

pytestmark = pytest.mark.anyio


@pytest.fixture
async def family(store: Engine) -> Family:
    """A family with two rules."""
    del store
    family = await create_family("bristol", "cardiff")
    for title in ("one", "two"):
        await do(family, AddRule(draft=drafted(family, title)))
    return family


def drafted(family: Family, title: str) -> RuleDraft:
    condition = Condition(kind="attribute", path="title", values=(title,))
    return RuleDraft(label=title, condition=condition, goes_to=(family.below["bristol"].tenant_id,))


async def do(family: Family, change: RuleChange) -> EventId:
    """Change the rules, and return the event that tells it."""
    await rules.change_rules(change, by=family.above.system, now=family.above.tick())
    (event,) = await events.list_events(family.tenant_id, limit=1)
    return event.event_id


async def policy(family: Family) -> RoutingPolicy:
    return (await rules.list_rules(family.tenant_id)).policy


async def test_every_kind_of_change_is_taken_back(family: Family) -> None:
    first = (await policy(family)).rules[0].rule_id
    changes: list[RuleChange] = [
        AddRule(draft=drafted(family, "three")),
        EditRule(rule_id=first, draft=drafted(family, "other")),
        MoveRule(rule_id=first, places=1),
        SetReading(matches="all", fallback=family.below["cardiff"].tenant_id),
    ]
    for change in changes:
        before = await policy(family)
        event_id = await do(family, change)
        assert await policy(family) != before
        await do(family, await inverse_of(family.tenant_id, event_id))
        assert await policy(family) == before


async def test_a_removed_rule_comes_back_to_its_place(family: Family) -> None:
    before = await policy(family)
    event_id = await do(family, RemoveRule(rule_id=before.rules[0].rule_id))
    await do(family, await inverse_of(family.tenant_id, event_id))
    after = await policy(family)
    told = [[(one.label, one.condition, one.goes_to, one.position) for one in each.rules] for each in (before, after)]
    assert told[0] == told[1]


async def test_what_is_no_change_of_the_rules_or_of_a_rule_that_is_gone_is_not_found(family: Family) -> None:
    await family.above.push_user("ann")
    (event,) = await events.list_events(family.tenant_id, limit=1)
    with pytest.raises(NotFoundError):
        await inverse_of(family.tenant_id, event.event_id)
    first = (await policy(family)).rules[0].rule_id
    event_id = await do(family, EditRule(rule_id=first, draft=drafted(family, "other")))
    await do(family, RemoveRule(rule_id=first))
    with pytest.raises(NotFoundError):
        await inverse_of(family.tenant_id, event_id)
