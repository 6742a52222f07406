"""What people of a pull cost of the guard's limits, and what they do not."""

import pytest

from directory import guard_limits, held, mappings, status, users
from directory.guard import Limits
from directory.held_changes import HeldFilter
from directory.model import GroupId, UserId
from directory.pulls.model import Run, Seen, SeenOp, SeenPage
from directory.store.compiled import Statement
from directory.store.unit import fetch
from tests.directory.guarding import decide
from tests.directory.meeting import local_user, operator
from tests.directory.pulls.grouped import edges, group_seen
from tests.directory.pulls.pulled import graph_source
from tests.directory.pulls.pulling import Pulled, page, person
from tests.directory.world import World

pytestmark = pytest.mark.anyio

USERS = Statement("SELECT id, active FROM user_row WHERE tenant_id = $1::uuid AND deleted_at IS NULL ORDER BY id")
GROUPS = Statement("SELECT id FROM group_row WHERE tenant_id = $1::uuid")
MANY = 100


@pytest.fixture
async def pulled(world: World) -> Pulled:
    made = Pulled(world, await graph_source(world))
    await made.pull(page(*some(0, MANY)))
    made.let_a_day_pass()
    return made


def some(first: int, behind: int, op: SeenOp = "upsert", *, active: bool = True) -> list[Seen]:
    return [person(f"p{at:03}", op, active=active) for at in range(first, behind)]


async def user_ids(pulled: Pulled) -> list[UserId]:
    return [UserId(row["id"]) for row in await fetch(USERS, pulled.source.tenant_id)]


async def active_count(pulled: Pulled) -> int:
    return sum(bool(row["active"]) for row in await fetch(USERS, pulled.source.tenant_id))


async def test_sixty_of_a_hundred_who_vanish_are_held_and_come_back(pulled: Pulled) -> None:
    first = await pulled.pull(page(*some(60, MANY)))
    second = await pulled.pull(page(*some(60, MANY)))
    third = await pulled.pull(page(*some(60, MANY)))

    assert first.counts == {"unchanged": 40, "missing:once": 60}
    assert (second.counts, second.why) == (
        {"unchanged": 40, "user:delete": 60, "held": 60},
        {"users": [60, 10, 0]},
    )
    assert third.counts == {"unchanged": 40}
    back = await pulled.pull(page(*some(0, MANY)))
    assert back.counts == {"unchanged": 40, "user:return": 60}
    assert await active_count(pulled) == MANY
    assert await held.count_held(back.tenant_id, HeldFilter()) == 0
    await pulled.world.assert_consistent()


async def test_what_was_decided_is_not_asked_again(pulled: Pulled) -> None:
    run = await pulled.pull(page(*some(0, 40, active=False)), whole=False)
    lines = await held.list_held(run.tenant_id, HeldFilter(batch_id=run.run_id), after=None, limit=6)
    held_ids = [line.held.held_id for line in lines]
    await decide(pulled.world, held.Selection(held_ids=tuple(held_ids[:3])), "approved")
    await decide(pulled.world, held.Selection(held_ids=tuple(held_ids[3:])), "rejected")

    again = await pulled.pull(page(*some(0, 40, active=False), *some(40, MANY)))

    assert again.counts == {"unchanged": MANY}
    assert await active_count(pulled) == MANY - 3
    assert await held.count_held(run.tenant_id, HeldFilter()) == 34


async def test_whoever_has_no_access_costs_nothing(pulled: Pulled) -> None:
    world = pulled.world
    for user_id in (await user_ids(pulled))[:40]:
        await status.block_signin(user_id, reason="away", by=operator(world), now=world.tick())

    for ended in (some(0, 45, active=False), some(0, 45, "purged")):
        run = await pulled.pull(page(*ended), whole=False)

        assert (run.why, run.counts.get("held")) == ({}, None)
    back = await pulled.pull(page(*some(0, 45)), whole=False)
    assert back.counts == {"user:return": 45}
    assert await active_count(pulled) == MANY - 40
    await world.assert_consistent()


async def test_what_somebody_else_spends_while_a_run_is_applied_is_not_spent_twice(pulled: Pulled) -> None:
    run = await pulled.planned(await pulled.staged(page(*some(0, 8, active=False)), whole=False))
    assert run.why == {}
    spender = (await pulled.ground(run)).by
    for user_id in (await user_ids(pulled))[50:55]:
        await users.delete_user(user_id, by=spender, now=pulled.world.tick())

    run = await pulled.applied(run)

    assert run.counts == {"user:disable": 8, "held": 3}
    assert await active_count(pulled) == MANY - 10


async def test_a_guard_that_is_turned_off_before_a_run_is_applied_holds_nothing(pulled: Pulled) -> None:
    run = await pulled.planned(await pulled.staged(page(*some(0, 50, active=False)), whole=False))
    await guard_limits.set_limits(Limits(on=False), by=pulled.world.system, now=pulled.world.tick())

    run = await pulled.applied(run)

    assert (run.why, run.counts) == ({"users": [50, 10, 0]}, {"user:disable": 50})


@pytest.mark.parametrize("before", [True, False])
async def test_many_who_come_with_administration_come_without_it(pulled: Pulled, *, before: bool) -> None:
    """Whether their group named them ahead of them, or with them."""
    world, new = pulled.world, [f"n{at}" for at in range(6)]
    members = edges("adm", *(f"id-{name}" for name in new))
    await pulled.pull(SeenPage(objects=(group_seen("adm"),), edges=members if before else ()), whole=False)
    (group,) = await fetch(GROUPS, pulled.source.tenant_id)
    await mappings.add_mapping(
        GroupId(group["id"]), world.roles["administrator"].role_id, consent=True, by=world.system, now=world.tick()
    )

    run = await pulled.pull(page(*map(person, new), edges=() if before else members), whole=False)

    assert run.why == {"roles": [60, 10, 0]}
    assert (run.counts["user:create"], run.counts["held"]) == (6, 6)
    assert await held.count_held(run.tenant_id, HeldFilter(batch_id=run.run_id)) == 6
    await world.assert_consistent()


@pytest.mark.parametrize(("taken", "taker"), [("p000", "p099"), ("p099", "p000")])
async def test_who_is_in_another_ones_way_counts_once(world: World, taken: str, taker: str) -> None:
    """One is to have the name of a local user, another one far away the name of the first."""
    pulled = Pulled(world, await graph_source(world))
    await local_user(world, "boss@example.org")
    await pulled.pull(page(*some(0, MANY), *(person(f"p050-{at:03}") for at in range(150))))

    run = await _renamed(pulled, taken, taker)

    assert run.counts == {"failed": 2, "user:change": 150}


async def _renamed(pulled: Pulled, taken: str, taker: str) -> Run:
    between = (person(f"p050-{at:03}", title="y") for at in range(150))
    wanted = person(taken, userName="boss@example.org"), person(taker, userName=f"{taken}@example.org")
    return await pulled.pull(page(*wanted, *between), whole=False)


async def test_a_pull_of_one_person_leaves_those_alone_who_wait_for_a_name(pulled: Pulled) -> None:
    again = Seen(kind="user", ext_id="id-again", values=person("p000").values)
    run = await pulled.planned(await pulled.staged(page(person("p000", "purged"), again), whole=False))
    await pulled.applied_in_part(run, batches=3)

    one = await pulled.staged(page(person("p001", title="Boss")), kind="one", whole=False)
    one = await pulled.applied(await pulled.planned(one))

    assert one.counts == {"user:change": 1}
