"""What a change of the rules would do is shown before, and applying does that, to the same users, or nothing."""

from dataclasses import replace
from typing import cast

import pytest

from directory import loans, locks, tenants
from directory.equipment_model import Terms
from directory.errors import ForbiddenError, InvalidError, MovedError
from directory.model import User, UserId
from directory.routes import rules
from directory.routes.apply import apply, apply_unseen
from directory.routes.drafts import RuleChange, RuleDraft
from directory.routes.preview import preview
from directory.routes.rules import AddRule, RemoveRule
from directory.routes.shown import Shown, each_mover, list_movers, show
from directory.routing import Condition
from directory.store.routes.facts import list_routes
from directory.store.unit import Engine, as_tenant
from tests.directory.lending import make_item
from tests.directory.routes.family import Family, create_family

pytestmark = pytest.mark.anyio


@pytest.fixture
async def family(store: Engine) -> Family:
    del store
    return await create_family("bristol", "cardiff")


def titled(title: str) -> Condition:
    return Condition(kind="attribute", path="title", values=(title,))


def adding(family: Family, condition: Condition, *slugs: str, role_key: str | None = None) -> AddRule:
    goes_to = tuple(family.below[slug].tenant_id for slug in slugs)
    return AddRule(draft=RuleDraft(condition=condition, goes_to=goes_to, role_key=role_key))


async def shown(family: Family, change: RuleChange) -> Shown:
    matrix = await preview(change, by=family.above.system, now=family.above.tick())
    return await show(matrix, now=family.above.now)


async def do(family: Family, change: RuleChange) -> None:
    await rules.change_rules(change, consent=True, by=family.above.system, now=family.above.tick())
    await family.work_off()


def cells_of(found: Shown) -> dict[tuple[str, str], int]:
    return {
        ("+".join(one.slug for one in cell.before), "+".join(one.slug for one in cell.after)): cell.count
        for cell in found.cells
    }


async def test_the_matrix_counts_from_where_to_where(family: Family) -> None:
    for name in ("ann", "ben"):
        await family.above.push_user(name, title="Bristol")
    await family.above.push_user("cem", title="Wales")
    await do(family, adding(family, titled("Bristol"), "bristol"))
    found = await shown(family, adding(family, titled("Wales"), "cardiff", "bristol"))
    assert cells_of(found) == {("", "bristol+cardiff"): 1}
    assert [user.person.user_name for user in found.sample] == ["cem@example.org"]
    (line,) = (await rules.list_rules(family.tenant_id)).lines
    found = await shown(family, RemoveRule(rule_id=line.rule.rule_id))
    assert cells_of(found) == {("bristol", ""): 2}
    assert {finding.kind for finding in found.findings} == {"unrouted"}


async def test_nobody_goes_anywhere_by_a_rule_that_nobody_fits(family: Family) -> None:
    await family.above.push_user("ann", title="Bristol")
    change = adding(family, titled("Nobody"), "bristol")
    found = await shown(family, change)
    assert (found.matrix.total, [finding.kind for finding in found.findings]) == (0, ["nobody"])
    assert await apply_unseen(change, by=family.above.system, now=family.above.tick())
    assert len((await rules.list_rules(family.tenant_id)).lines) == 1


async def test_what_moves_somebody_is_not_done_unseen(family: Family) -> None:
    await family.above.push_user("ann", title="Bristol")
    change = adding(family, titled("Bristol"), "bristol")
    assert not await apply_unseen(change, by=family.above.system, now=family.above.tick())
    assert (await rules.list_rules(family.tenant_id)).lines == ()


async def test_it_is_applied_as_it_was_shown(family: Family) -> None:
    await family.above.push_user("ann", title="Bristol")
    change = adding(family, titled("Bristol"), "bristol")
    found = await shown(family, change)
    await apply(change, found.matrix.plan_hash, by=family.above.system, now=family.above.tick())
    await family.work_off()
    assert await family.names_in("bristol") == {"ann"}


async def test_it_is_not_applied_if_it_would_concern_others_now(family: Family) -> None:
    await family.above.push_user("ann", title="Bristol")
    change = adding(family, titled("Bristol"), "bristol")
    found = await shown(family, change)
    await family.above.push_user("ben", title="Bristol")
    with pytest.raises(MovedError):
        await apply(change, found.matrix.plan_hash, by=family.above.system, now=family.above.tick())
    assert (await rules.list_rules(family.tenant_id)).lines == ()


async def test_it_is_not_applied_if_the_rules_are_others_now(family: Family) -> None:
    change = adding(family, titled("Bristol"), "bristol")
    found = await shown(family, change)
    await do(family, adding(family, titled("Wales"), "cardiff"))
    with pytest.raises(MovedError):
        await apply(change, found.matrix.plan_hash, by=family.above.system, now=family.above.tick())


async def test_who_comes_elsewhere_meanwhile_does_not_stop_it(family: Family) -> None:
    await family.above.push_user("ann", title="Bristol")
    change = adding(family, titled("Bristol"), "bristol")
    found = await shown(family, change)
    await do_nothing_that_matters(family)
    await apply(change, found.matrix.plan_hash, by=family.above.system, now=family.above.tick())
    await family.work_off()
    assert await family.names_in("bristol") == {"ann"}


async def do_nothing_that_matters(family: Family) -> None:
    await family.above.push_user("zoe", title="Elsewhere")


async def test_everybody_in_a_cell_is_listed_page_by_page(family: Family) -> None:
    for number in range(5):
        await family.above.push_user(f"u{number}", title="Bristol" if number < 4 else "Wales")
    change = adding(family, Condition(kind="domain", values=("example.org",)), "bristol")
    found = await shown(family, change)
    case = found.matrix.case
    first = await list_movers(case, before=[], after=["bristol"], behind=None, limit=3)
    rest = await list_movers(case, before=[], after=["bristol"], behind=first.next_after, limit=3)
    assert [len(first.users), len(rest.users), rest.next_after] == [3, 2, None]
    assert (await list_movers(case, before=[], after=["cardiff"], behind=None, limit=3)).users == []
    assert len((await list_movers(case, before=None, after=None, behind=None, limit=9)).users) == 5


async def test_equipment_and_locks_left_behind_are_named(family: Family) -> None:
    ann = await family.above.push_user("ann", title="Bristol")
    await do(family, adding(family, titled("Bristol"), "bristol"))
    copy_id = await copy_of(family, ann, "bristol")
    below = family.below["bristol"]
    by = tenants.system_actor(below)
    async with as_tenant(below.tenant_id):
        world = await family.world_of("bristol")
        item, now = await make_item(world, "L-1"), family.above.tick()
        await loans.check_out(item.item_id, copy_id, Terms(), by=by, now=now)
        await locks.lock_role(copy_id, world.roles["editor"].role_id, reason="stays", until=None, by=by, now=now)
    (line,) = (await rules.list_rules(family.tenant_id)).lines
    found = await shown(family, RemoveRule(rule_id=line.rule.rule_id))
    ((holder),) = found.holders
    ((where, has),) = holder.belongings
    assert (holder.person.user_name, where.slug) == ("ann@example.org", "bristol")
    assert (has.item_count, has.lock_role, has.lock_reason) == (1, "Editor", "stays")
    listed = [user async for batch in each_mover(found.matrix.case) for user in batch]
    assert [len(user.belongings) for user in listed] == [1]


async def test_what_exceeds_the_guard_of_a_tenant_is_said_and_passes_if_let(family: Family) -> None:
    for number in range(14):
        await family.above.push_user(f"u{number}", title="Bristol")
    await do(family, adding(family, titled("Bristol"), "bristol"))
    (line,) = (await rules.list_rules(family.tenant_id)).lines
    change = RemoveRule(rule_id=line.rule.rule_id)
    found = await shown(family, change)
    ((note),) = found.guards
    assert (note.name, note.wanted_count, note.left_count, note.held_count) == ("Bristol", 14, 10, 4)
    manager = replace(family.above.system, kind="operator", permissions=frozenset({"mappings:manage"}))
    again = await preview(change, by=manager, now=family.above.tick())
    with pytest.raises(ForbiddenError):
        await apply(change, again.plan_hash, lets_pass=True, by=manager, now=family.above.tick())
    await apply(change, found.matrix.plan_hash, lets_pass=True, by=family.above.system, now=family.above.tick())
    await family.work_off()
    assert await family.names_in("bristol") == set()


async def test_who_meets_somebody_is_said(family: Family) -> None:
    await family.above.push_user("ann", title="Bristol")
    world = await family.world_of("bristol")
    role_id = world.roles["viewer"].role_id
    await locks.create_local_user("Ann@example.org", role_id=role_id, by=world.system, now=world.tick())
    found = await shown(family, adding(family, titled("Bristol"), "bristol"))
    assert found.matrix.sides.meeting == {family.below["bristol"].tenant_id: 1}
    assert "meets" in {finding.kind for finding in found.findings}


async def test_a_role_that_carries_administration_is_said_and_needs_consent(family: Family) -> None:
    await family.above.push_user("ann", title="Bristol")
    change = adding(family, titled("Bristol"), "bristol", role_key="administrator")
    found = await shown(family, change)
    assert found.needs_consent
    assert "consent" in {finding.kind for finding in found.findings}
    with pytest.raises(InvalidError):
        await apply(change, found.matrix.plan_hash, by=family.above.system, now=family.above.tick())
    await apply(change, found.matrix.plan_hash, consent=True, by=family.above.system, now=family.above.tick())
    await family.work_off()
    assert await family.names_in("bristol") == {"ann"}


async def test_a_role_that_a_tenant_lacks_is_said(family: Family) -> None:
    await family.above.push_user("ann", title="Bristol")
    found = await shown(family, adding(family, titled("Bristol"), "bristol", role_key="Warden"))
    assert ("no role", "Bristol has no role warden.") in {(one.kind, one.text) for one in found.findings}


async def test_groups_that_rules_of_their_own_lead_are_counted(family: Family) -> None:
    await family.above.push_group("Sales Bristol")
    await family.above.push_group("Sales Cardiff")
    draft = RuleDraft(
        kind="group",
        condition=Condition(kind="group_name", values=("*bristol",)),
        goes_to=(family.below["bristol"].tenant_id,),
    )
    found = await shown(family, AddRule(draft=draft))
    assert [(one.slug, comes, goes) for one, comes, goes in found.groups] == [("bristol", 1, 0)]
    await do(family, AddRule(draft=draft))
    (line,) = (await rules.list_rules(family.tenant_id)).lines
    found = await shown(family, RemoveRule(rule_id=line.rule.rule_id))
    assert [(one.slug, comes, goes) for one, comes, goes in found.groups] == [("bristol", 0, 1)]


async def copy_of(family: Family, user: User, slug: str) -> UserId:
    routes, _ = await list_routes(family.tenant_id, [user.user_id])
    wanted = family.below[slug].tenant_id
    return next(cast("UserId", one.copy_user_id) for one in routes[user.user_id] if one.to_tenant_id == wanted)


async def test_more_administrators_than_a_guard_lets_are_said(family: Family) -> None:
    for number in range(3):
        await family.above.push_user(f"u{number}", title="Head")
    found = await shown(family, adding(family, titled("Head"), "bristol", role_key="administrator"))
    assert [(note.kind, note.wanted_count, note.left_count) for note in found.guards] == [("grants", 3, 1)]
    assert found.over_count == 2
