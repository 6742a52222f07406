"""A pull goes on beside another source that pushes and operators who decide, and all of it comes true."""

import asyncio

import pytest

from directory import groups, locks, mappings
from directory.edits import GroupEdit
from directory.model import GroupId, UserId
from directory.pulls.model import Seen, SeenEdge
from directory.store.compiled import Statement
from directory.store.unit import Engine, fetch
from tests.directory.pulls.pulled import graph_source
from tests.directory.pulls.pulling import Pulled, page, person
from tests.directory.world import World

pytestmark = pytest.mark.anyio

ROUNDS, PEOPLE, GROUPS = 4, 60, 6
TURNS_MAX = 60
_DEADLOCKS = Statement("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
_MEMBERS = Statement(
    "SELECT count(*) AS members FROM member_row m JOIN group_row g ON g.tenant_id = m.tenant_id AND g.id = m.group_id"
    " WHERE g.source_id = $1::uuid AND NOT m.gone",
    house=True,
)
_GROUP = Statement(
    "SELECT g.id, EXISTS (SELECT 1 FROM mapping_row m WHERE m.group_id = g.id) AS mapped FROM group_row g"
    " WHERE g.source_id = $1::uuid ORDER BY g.id LIMIT 1 OFFSET $2::bigint",
    house=True,
)
_USER = Statement(
    "SELECT id FROM user_row WHERE source_id = $1::uuid ORDER BY id LIMIT 2 OFFSET $2::bigint", house=True
)


async def deadlock_count(store: Engine) -> int:
    return int((await fetch(_DEADLOCKS))[0]["deadlocks"]) if store.engine_type == "postgres" else 0


def said(turn: int) -> tuple[list[Seen], list[SeenEdge]]:
    """Return people and groups whose attributes, status and members change with each turn."""
    people = [person(f"p{at:02}", title=f"T{turn}", active=(at + turn) % 7 != 0) for at in range(PEOPLE)]
    named = [Seen(kind="group", ext_id=f"g{at}", values={"displayName": f"G{at} {turn}"}) for at in range(GROUPS)]
    edges = [SeenEdge(f"g{(at + turn) % GROUPS}", f"id-p{at:02}") for at in range(PEOPLE)]
    return people + named, edges


async def pull_turn(pulled: Pulled, turn: int) -> None:
    objects, edges = said(turn)
    await pulled.pull(page(*objects, edges=edges))


async def pull_all(pulled: Pulled, over: asyncio.Event) -> None:
    for turn in range(1, ROUNDS):
        await pull_turn(pulled, turn)
    over.set()


async def push_all(world: World, over: asyncio.Event) -> None:
    """Push what the pull touches, too: waiting names, groups that are mapped, members that come and go."""
    pushed = [await world.push_user(f"s{at}") for at in range(10)]
    group = await world.push_group("Pushed", [f"ext-s{at}" for at in range(10)])
    await world.map_group(group, "editor")
    for turn in range(TURNS_MAX):
        if over.is_set():
            return
        some = frozenset(str(user.user_id) for user in pushed[turn % 5 : turn % 5 + 3])
        edit = GroupEdit(remove=some) if turn % 2 else GroupEdit(add=some)
        await groups.edit_group(group.group_id, edit, by=world.client, now=world.tick())
        await world.push_user(f"n{turn}", title=f"N{turn}")


async def decide_all(world: World, pulled: Pulled, over: asyncio.Event) -> int:
    """Decide about what the pull brings, while it does."""
    role_id = world.roles["viewer"].role_id
    decided_count = 0
    for turn in range(TURNS_MAX):
        if over.is_set():
            break
        for row in await fetch(_GROUP, pulled.source.source_id, turn % GROUPS):
            group_id, by = GroupId(row["id"]), world.system
            if row["mapped"]:
                await mappings.remove_mapping(group_id, by=by, now=world.tick())
            else:
                await mappings.add_mapping(group_id, role_id, consent=True, by=by, now=world.tick())
        for row in await fetch(_USER, pulled.source.source_id, turn % PEOPLE):
            decided_count += 1
            user_id = UserId(row["id"])
            await locks.lock_role(user_id, role_id, reason="kept", until=None, by=world.system, now=world.tick())
            await locks.unlock_role(user_id, by=world.system, now=world.tick())
    return decided_count


async def test_nothing_waits_for_each_other_for_ever(store: Engine, world: World) -> None:
    pulled = Pulled(world, await graph_source(world))
    await pull_turn(pulled, 0)
    before = await deadlock_count(store)

    over = asyncio.Event()
    async with asyncio.TaskGroup() as together:
        together.create_task(pull_all(pulled, over))
        together.create_task(push_all(world, over))
        decided = together.create_task(decide_all(world, pulled, over))

    assert decided.result() > 0
    assert await deadlock_count(store) == before
    assert (await fetch(_MEMBERS, pulled.source.source_id))[0]["members"] == PEOPLE
    await world.assert_consistent()
