"""Why a user is where it is: the rule, and the fact that fits it."""

import pytest

from directory.errors import NotFoundError
from directory.model import User
from directory.routes import rules
from directory.routes.drafts import RuleDraft, SetReading
from directory.routes.explain import explain, why
from directory.routing import Condition
from directory.store.unit import Engine
from tests.directory.routes.family import Family, create_family

pytestmark = pytest.mark.anyio


@pytest.fixture
async def family(store: Engine) -> Family:
    del store
    return await create_family("bristol", "cardiff")


async def add(family: Family, condition: Condition, *slugs: str, label: str = "") -> None:
    draft = RuleDraft(
        label=label,
        condition=condition,
        goes_to=tuple(family.below[slug].tenant_id for slug in slugs),
    )
    await rules.create_rule(draft, by=family.above.system, now=family.above.tick())


async def told(family: Family, user: User) -> list[tuple[int, str, str, list[str]]]:
    slugs = {tenant.tenant_id: slug for slug, tenant in family.below.items()}
    return [
        (line.place, line.label, line.fact, sorted(slugs[one] for one in line.tenant_ids))
        for line in await why(family.tenant_id, user.user_id)
    ]


async def test_each_condition_says_what_fits_it(family: Family) -> None:
    ann = await family.above.push_user(
        "ann", title="Sales", emails=[{"value": "ann@bristol.example", "primary": True}], userType="cardiff"
    )
    group = await family.above.push_group("Bristol Staff", ["ext-ann"])
    reading = SetReading(matches="all")
    await rules.edit_routing(reading, by=family.above.system, now=family.above.tick())
    cases = [
        (Condition(kind="attribute", path="title", values=("sales",)), "Sales"),
        (Condition(kind="domain", values=("*.example",)), "bristol.example"),
        (Condition(kind="group", value=group.group_id), "Bristol Staff"),
        (Condition(kind="group_name", values=("bristol*",)), "Bristol Staff"),
        (Condition(kind="source", value=family.above.source.source_id), "Entra"),
    ]
    for condition, fact in cases:
        await add(family, condition, "bristol", label=condition.kind)
        (line,) = await told(family, ann)
        assert line == (1, condition.kind, fact, ["bristol"])
        (found,) = (await rules.list_rules(family.tenant_id)).lines
        await rules.delete_rule(found.rule.rule_id, by=family.above.system, now=family.above.tick())
    named = RuleDraft(label="named", condition=Condition(kind="named_tenant", path="userType"))
    await rules.create_rule(named, by=family.above.system, now=family.above.tick())
    assert await told(family, ann) == [(1, "named", "cardiff", ["cardiff"])]


async def test_the_fallback_and_the_queue_are_said(family: Family) -> None:
    ann = await family.above.push_user("ann")
    assert (await explain(family.tenant_id, ann.user_id)).unrouted == "no rule"
    reading = SetReading(fallback=family.below["cardiff"].tenant_id)
    await rules.edit_routing(reading, by=family.above.system, now=family.above.tick())
    assert await told(family, ann) == [(0, "Fallback", "", ["cardiff"])]


async def test_rules_that_do_not_count_are_left_out(family: Family) -> None:
    ann = await family.above.push_user("ann", title="Sales")
    await add(family, Condition(kind="attribute", path="title", values=("x",)), "bristol")
    await add(family, Condition(kind="attribute", path="title", values=("sales",)), "bristol", "cardiff", label="one")
    await add(family, Condition(kind="attribute", path="title", values=("sales",)), "cardiff", label="two")
    assert await told(family, ann) == [(2, "one", "Sales", ["bristol", "cardiff"])]


async def test_whoever_is_not_there_is_not_explained(family: Family) -> None:
    ann = await family.above.push_user("ann")
    with pytest.raises(NotFoundError):
        await explain(family.below["bristol"].tenant_id, ann.user_id)
