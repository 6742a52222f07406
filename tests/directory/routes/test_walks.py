"""A change of the rules reaches everybody: in batches, each whole, and the newest change wins."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from itertools import permutations

import pytest

from directory import locks
from directory.model import UserId
from directory.plan import DeleteRows, Plan
from directory.routes import due, people, walks
from directory.routes.ground import Ground
from directory.routing import Condition
from directory.store.unit import Engine
from tests.directory.routes.family import Family, create_family

pytestmark = pytest.mark.anyio

EVERYBODY = Condition(kind="domain", values=("example.org",))


@pytest.fixture
async def family(store: Engine) -> Family:
    del store
    return await create_family("bristol", "cardiff")


async def drop_rules(family: Family) -> None:
    where = {"tenant_id": family.tenant_id}
    await family.change_rules(Plan(changes=(DeleteRows(table="routing_rule_row", where=where),)))


async def test_a_new_rule_reaches_everybody_who_is_there(family: Family) -> None:
    for at in range(45):
        await family.above.push_user(f"p{at}")

    await family.lead("user", EVERYBODY, "bristol")
    await family.work_off()

    assert len(await family.names_in("bristol")) == 45
    walk = await walks.find_walk(family.tenant_id)
    assert walk is not None
    assert (walk.done_count, walk.moved_count, walk.total_count) == (45, 45, 45)
    assert (walk.asked_by, walk.phase, walk.ended_at is not None) == ("R. Diaz", "users", True)


async def test_only_those_who_moved_are_counted_and_not_whom_a_tenant_did_not_take_before(family: Family) -> None:
    below = await family.world_of("bristol")
    role_id = below.roles["viewer"].role_id
    await locks.create_local_user("p0@example.org", role_id=role_id, by=below.system, now=family.above.tick())
    for at in range(3):
        await family.above.push_user(f"p{at}")
    await family.lead("user", EVERYBODY, "bristol")
    await family.work_off()
    first = await walks.find_walk(family.tenant_id)

    await family.lead("user", EVERYBODY, "cardiff")
    await family.work_off()

    again = await walks.find_walk(family.tenant_id)
    assert first is not None
    assert again is not None
    assert [(walk.done_count, walk.moved_count) for walk in (first, again)] == [(3, 2), (3, 0)]


async def test_without_rules_everybody_leaves(family: Family) -> None:
    for at in range(8):
        await family.above.push_user(f"p{at}")
    await family.lead("user", EVERYBODY, "bristol")
    await family.work_off()

    await drop_rules(family)
    await family.work_off()

    assert await family.names_in("bristol") == set()


async def test_a_second_change_takes_the_place_of_the_first(family: Family) -> None:
    for at in range(30):
        await family.above.push_user(f"p{at}")
    await family.lead("user", EVERYBODY, "bristol")
    first = await walks.find_walk(family.tenant_id)
    await due.work_due(family.above.tick())
    await due.work_due(family.above.tick())

    await drop_rules(family)
    await family.lead("user", EVERYBODY, "cardiff")
    await family.work_off()

    assert first is not None
    ended = await walks.find_walk(family.tenant_id, first.walk_id)
    assert ended is not None
    assert ended.ended_at is not None
    assert ended.done_count < 30
    assert (await family.names_in("bristol"), len(await family.names_in("cardiff"))) == (set(), 30)


class Broken:
    """Routes like the real thing, but not so many at once."""

    def __init__(self) -> None:
        self.route_people = people.route_people

    async def __call__(self, ground: Ground, user_ids: Sequence[UserId]) -> Counter[str]:
        if user_ids:
            raise LookupError("a mistake in the program")
        return await self.route_people(ground, user_ids)


async def test_a_batch_that_fails_is_left_to_the_queue(family: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    for at in range(30):
        await family.above.push_user(f"p{at}")
    await family.lead("user", EVERYBODY, "bristol")
    await due.work_due(family.above.tick())
    monkeypatch.setattr(walks, "route_people", Broken())

    for _ in range(2):
        with pytest.raises(LookupError):
            await due.work_due(family.above.tick())
    monkeypatch.undo()
    await family.work_off()

    assert len(await family.names_in("bristol")) == 30


async def test_groups_are_led_by_rules_that_come_later(family: Family) -> None:
    groups = [await family.above.push_group(f"Team {at}") for at in range(25)]

    await family.lead("group", Condition(kind="group_name", values=("team *",)), "cardiff")
    await family.work_off()

    assert [await family.members_in("cardiff", group) for group in groups] == [set()] * 25


async def test_two_who_walk_at_once_do_everything_once(family: Family) -> None:
    for at in range(30):
        await family.above.push_user(f"p{at}")
    await family.lead("user", EVERYBODY, "bristol")

    async with asyncio.TaskGroup() as both:
        both.create_task(family.work_off())
        both.create_task(family.work_off())

    walk = await walks.find_walk(family.tenant_id)
    assert walk is not None
    assert walk.done_count == walk.moved_count == 30
    assert len(await family.names_in("bristol")) == 30


@pytest.mark.parametrize("order", list(permutations(("users", "group", "rule"))), ids="-".join)
async def test_order_of_arrival_does_not_matter(family: Family, order: tuple[str, ...]) -> None:
    for step in order:
        if step == "users":
            await family.above.push_user("ann")
            await family.above.push_user("bob")
        elif step == "group":
            await family.above.push_group("Staff", ["ext-ann", "ext-bob"])
        else:
            await family.lead("user", Condition(kind="group_name", values=("Staff",)), "bristol")
    await family.work_off()

    staff = await family.group_named("Staff")
    assert await family.members_in("bristol", staff) == {"ann", "bob"}
    assert await family.members_in("cardiff", staff) is None
