"""What the guard makes of a whole run: judged once, held as a whole, approved one by one."""

import pytest

from directory import held
from directory.held_changes import HeldFilter
from directory.pulls import runs
from directory.pulls.model import Run
from directory.store.compiled import Statement
from directory.store.unit import fetch
from tests.directory.guarding import decide
from tests.directory.pulls.pulled import graph_source
from tests.directory.pulls.pulling import Pulled, page, person
from tests.directory.world import World

pytestmark = pytest.mark.anyio

ACTIVE = Statement(
    "SELECT count(*) AS people FROM user_row WHERE tenant_id = $1::uuid AND active AND deleted_at IS NULL"
)
RESOURCES = Statement("SELECT id, version, document FROM user_row WHERE tenant_id = $1::uuid ORDER BY id")
EVENTS = Statement("SELECT count(*) AS events FROM event_row WHERE tenant_id = $1::uuid AND action NOT LIKE 'source:%'")


@pytest.fixture
async def pulled(world: World) -> Pulled:
    made = Pulled(world, await graph_source(world))
    await made.pull(page(*(person(f"p{at:03}") for at in range(200))))
    made.let_a_day_pass()
    return made


async def active_count(pulled: Pulled) -> int:
    (row,) = await fetch(ACTIVE, pulled.source.tenant_id)
    return int(row["people"])


async def waiting(pulled: Pulled, run: Run) -> int:
    return await held.count_held(pulled.source.tenant_id, HeldFilter(batch_id=run.run_id))


async def leavers(pulled: Pulled, count: int) -> Run:
    """Stage that so many are disabled."""
    return await pulled.staged(page(*(person(f"p{at:03}", active=False) for at in range(count))), whole=False)


async def test_a_run_that_disables_too_many_disables_nobody(pulled: Pulled) -> None:
    planned = await pulled.planned(await leavers(pulled, 120))

    assert planned.counts == {"user:disable": 120}
    assert planned.why == {"users": [120, 20, 0]}
    items = await runs.list_items(planned.tenant_id, planned.run_id, action="user:disable", limit=1000)
    assert len(items) == 120
    assert [one.seq for one in items] == sorted(one.seq for one in items)
    assert items[0].changes == (("active", True, False),)

    run = await pulled.applied(planned)

    assert run.counts == {"user:disable": 120, "held": 120}
    assert await active_count(pulled) == 200
    assert await waiting(pulled, run) == 120
    await pulled.world.assert_consistent()


async def test_three_of_those_held_are_approved_and_no_more(pulled: Pulled) -> None:
    run = await pulled.applied(await pulled.planned(await leavers(pulled, 120)))
    world = pulled.world

    lines = await held.list_held(run.tenant_id, HeldFilter(batch_id=run.run_id), after=None, limit=3)
    chosen = held.Selection(held_ids=tuple(line.held.held_id for line in lines))
    await decide(world, chosen, "approved")

    assert await active_count(pulled) == 197
    assert await waiting(pulled, run) == 117


async def test_what_is_held_does_not_count_again(pulled: Pulled) -> None:
    await pulled.applied(await pulled.planned(await leavers(pulled, 120)))

    run = await pulled.planned(await leavers(pulled, 121))

    assert (run.counts, run.why) == ({"user:disable": 1}, {})
    run = await pulled.applied(run)
    assert await active_count(pulled) == 199


async def test_harmless_parts_of_a_held_run_are_applied(pulled: Pulled) -> None:
    some = (person(f"p{at:03}", "purged") for at in range(60))
    run = await pulled.pull(page(*some, person("new"), person("p100", title="Boss")), whole=False)

    assert run.counts == {"user:delete": 60, "user:create": 1, "user:change": 1, "held": 60}
    assert await active_count(pulled) == 201
    assert (await pulled.pull(page(*(person(f"p{at:03}") for at in range(60))), whole=False)).counts == {
        "user:return": 60
    }
    await pulled.world.assert_consistent()


async def test_so_many_as_fit_leave_at_once(pulled: Pulled) -> None:
    run = await pulled.applied(await pulled.planned(await leavers(pulled, 20)))

    assert (run.counts, run.why) == ({"user:disable": 20}, {})
    assert await active_count(pulled) == 180


async def test_a_plan_says_the_same_twice_and_changes_nothing(pulled: Pulled) -> None:
    tenant_id = pulled.source.tenant_id
    before, told = await fetch(RESOURCES, tenant_id), await fetch(EVENTS, tenant_id)
    changes = page(*(person(f"p{at:03}", active=False) for at in range(30)), person("new"), person("p150", title="X"))

    first = await pulled.planned(await pulled.staged(changes, whole=False, dry=True))
    await pulled.ended(first)
    second = await pulled.planned(await pulled.staged(changes, whole=False, dry=True))
    await pulled.ended(second)

    assert first.plan_hash == second.plan_hash != ""
    assert first.counts == second.counts == {"user:disable": 30, "user:create": 1, "user:change": 1}
    assert await fetch(RESOURCES, tenant_id) == before
    assert await fetch(EVENTS, tenant_id) == told

    third = await pulled.planned(await pulled.staged(page(person("more")), whole=False, dry=True))
    assert third.plan_hash != first.plan_hash
