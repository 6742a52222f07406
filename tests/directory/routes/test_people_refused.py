"""What a tenant below does not take, or does not let go: it concerns the one user there, and never the push above."""

import pytest

from directory import adoptions, guard_limits, held_effects, local_users
from directory.adoptions import EntryFilter
from directory.guard import Limits
from directory.locks import create_local_user
from directory.model import User
from directory.store.unit import Engine
from directory.tenants import system_actor
from tests.directory.guarding import decide, picked, push_people, waiting
from tests.directory.routes.family import Family
from tests.directory.routes.looking import copy_in, edit, found_in, states_of, titled_family, told_of
from tests.directory.world import World

pytestmark = pytest.mark.anyio

MEETS = "met Somebody is there already: the tenant decides whether it is the same person."
KEPT = "held The tenant's guard keeps the user until somebody there decides."
LAST = "refused Nobody active would be left to administer the tenant."


@pytest.fixture
async def family(store: Engine) -> Family:
    del store
    return await titled_family("bristol", "cardiff")


async def limit(family: Family, slug: str, at_least: int) -> None:
    """Let the guard of a tenant pass only so much."""
    by = system_actor(family.below[slug])
    await guard_limits.set_limits(Limits(at_least=at_least, percent=1), by=by, now=family.above.tick())


async def local_in(family: Family, slug: str, name: str, role: str = "viewer") -> User:
    """Create somebody in a tenant below."""
    world = await family.world_of(slug)
    return await create_local_user(name, role_id=world.roles[role].role_id, by=world.system, now=family.above.tick())


async def bristol_after(family: Family) -> World:
    """Return the tenant with the clock of the super tenant."""
    world = await family.world_of("bristol")
    world.now = family.above.tick()
    return world


async def test_who_meets_somebody_waits_for_a_decision_there(family: Family) -> None:
    await local_in(family, "bristol", "ann@example.org")
    ann = await family.above.push_user("ann", title="bristol")
    assert await states_of(family, ann) == {"bristol": MEETS}
    found = await adoptions.list_entries(family.below["bristol"].tenant_id, EntryFilter(), limit=10)
    assert [entry.matched for entry in found.entries] == ["user name"]


async def test_who_is_adopted_there_is_the_copy_from_then_on(family: Family) -> None:
    here = await local_in(family, "bristol", "ann@example.org")
    await local_in(family, "bristol", "root", "administrator")
    ann = await family.above.push_user("ann", title="bristol", displayName="Ann of above")
    bristol = await bristol_after(family)
    (entry,) = (await adoptions.list_entries(bristol.tenant.tenant_id, EntryFilter(), limit=10)).entries
    case = await adoptions.get_case(bristol.tenant.tenant_id, entry.entry_id)
    await adoptions.decide(entry.entry_id, "adopt", seen=case.seen, by=bristol.system, now=bristol.tick())
    assert await family.work_off()
    copy = await copy_in(family, "bristol", ann)
    assert (copy.user_id, copy.promoted.display_name) == (here.user_id, "Ann of above")
    assert await states_of(family, ann) == {"bristol": "there"}


async def test_a_name_that_becomes_free_there_is_taken(family: Family) -> None:
    here = await local_in(family, "bristol", "ann@example.org")
    await local_in(family, "bristol", "root", "administrator")
    ann = await family.above.push_user("ann", title="bristol")
    bristol = await bristol_after(family)
    await local_users.delete_local_user(here.user_id, by=bristol.system, now=bristol.tick())
    await family.work_off()
    assert await states_of(family, ann) == {"bristol": "there"}


async def test_whom_the_guard_there_keeps_stays_until_it_is_approved(family: Family) -> None:
    people = [await family.above.push_user(f"p{at}", title="bristol") for at in range(3)]
    await limit(family, "bristol", 1)
    for user in people:
        await edit(family, user, title="cardiff")
    states = [await states_of(family, user) for user in people]
    assert states == [{"cardiff": "there"}, *[{"bristol": KEPT, "cardiff": "there"}] * 2]
    bristol = await bristol_after(family)
    lines = await waiting(bristol)
    assert sorted(line.held.kind for line in lines) == ["delete", "delete"]
    await decide(bristol, picked(lines))
    while await held_effects.apply_approved(now=bristol.tick()):
        pass
    await family.work_off()
    assert [await states_of(family, user) for user in people] == [{"cardiff": "there"}] * 3


async def test_who_was_to_leave_and_is_wanted_again_is_there_again(family: Family) -> None:
    people = [await family.above.push_user(f"p{at}", title="bristol") for at in range(2)]
    await limit(family, "bristol", 1)
    for user in people:
        await edit(family, user, title="cardiff")
    await edit(family, people[1], title="bristol")
    assert await states_of(family, people[1]) == {"bristol": "there"}
    assert await waiting(await bristol_after(family)) == []


async def test_what_an_operator_confirmed_is_counted_and_not_held(family: Family) -> None:
    people = [await family.above.push_user(f"p{at}", title="bristol") for at in range(3)]
    await limit(family, "bristol", 1)
    (rule,) = [one for one in family.rules.values() if one.condition.values == ("bristol",)]
    await family.drop_rule(rule, lets_pass=True)
    await family.work_off()
    assert [await states_of(family, user) for user in people] == [{}] * 3
    bristol = await bristol_after(family)
    assert await waiting(bristol) == []
    (spent,) = await guard_limits.list_budgets(bristol.tenant.tenant_id, now=bristol.now)
    assert spent.budget.spent.users == 3


async def test_the_last_administrator_there_stays_and_the_push_above_goes_through(family: Family) -> None:
    group = await family.above.push_group("Admins", ["ext-ann"])
    ann = await family.above.push_user("ann", title="bristol")
    await family.map_copy("bristol", group, "administrator")
    await edit(family, ann, title="cardiff")
    assert await states_of(family, ann) == {"bristol": LAST, "cardiff": "there"}
    await local_in(family, "bristol", "root", "administrator")
    await family.work_off()
    assert await states_of(family, ann) == {"cardiff": "there"}


async def test_one_who_is_refused_does_not_hold_the_others_back(family: Family) -> None:
    await local_in(family, "bristol", "p1@example.org")
    people = await push_people(family.above, 3)
    for user in people:
        await edit(family, user, title="bristol")
    counts = await family.route(*people)
    assert counts == {"met": 1}
    assert [list(await states_of(family, user)) for user in people] == [["bristol"]] * 3
    assert [(await states_of(family, user))["bristol"].partition(" ")[0] for user in people] == [
        "there",
        "met",
        "there",
    ]


async def test_who_was_made_local_there_is_nobody_whom_the_super_tenant_changes(family: Family) -> None:
    ann = await family.above.push_user("ann", title="bristol")
    copy = await copy_in(family, "bristol", ann)
    await family.release(copy)
    await edit(family, ann, displayName="Ann Other")
    assert (await found_in(copy.tenant_id, copy.user_id)).promoted.display_name != "Ann Other"
    assert await states_of(family, ann) == {"bristol": MEETS}


async def test_the_trouble_is_told_in_both_tenants(family: Family) -> None:
    await local_in(family, "bristol", "ann@example.org")
    ann = await family.above.push_user("ann", title="bristol")
    assert "user:tenants:changed" in await told_of(family.tenant_id, ann.user_id)
