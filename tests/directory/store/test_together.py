"""What is kept and sent at once is written as one by one, or not at all."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from directory.errors import AlreadyExistsError
from directory.store.compiled import Statement
from directory.store.credentials import find_holder
from directory.store.errors import ConcurrencyError, UniqueViolationError
from directory.store.insert import SLICE_ROWS, Insert
from directory.store.people import find_user_to_edit
from directory.store.postgres import PooledPostgresEngine
from directory.store.together import TOGETHER_ROWS, Together
from directory.store.unit import Engine, execute, fetch, unit_of_work
from tests.directory.world import World

pytestmark = pytest.mark.anyio
AT = datetime(2026, 11, 1, tzinfo=UTC)
ROLE = {
    "tenant_id": "uuid", "id": "uuid", "name": "text", "name_key": "text", "shipped": "text", "permissions": "text",
    "created_at": "timestamptz",
}  # fmt: skip
ADD_ROLE = Insert("role_row", ROLE)
ADD_LOCK = Insert(
    "lock_row",
    {"tenant_id": "uuid", "user_id": "uuid", "role_id": "uuid", "reason": "text", "owner": "text",
     "created_at": "timestamptz", "until": "timestamptz"},
)  # fmt: skip
ADD_PASSWORD = Insert("password_row", {"tenant_id": "uuid", "user_id": "uuid", "hash": "text", "set_at": "timestamptz"})
RENAME = Statement("UPDATE tenant_row SET name = $2::text WHERE id = $1::uuid")
NAMES = Statement("SELECT name FROM role_row WHERE tenant_id = $1::uuid AND shipped IS NULL ORDER BY name")
BLOCKED = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


def role(world: World, number: int) -> tuple[object, ...]:
    return world.tenant.tenant_id, UUID(int=number), f"role {number}", f"role {number}", None, "[]", AT


async def role_names(world: World) -> list[str]:
    return [row["name"] for row in await fetch(NAMES, world.tenant.tenant_id)]


async def sent(writes: Together, tenant_id: UUID | None) -> None:
    async with unit_of_work(tenant_id):
        await writes.send()


@pytest.mark.parametrize("count", [1, 3, TOGETHER_ROWS + 1])
async def test_an_update_and_rows_of_two_tables_are_written(world: World, count: int) -> None:
    user = await world.push_user("ann")
    writes = Together()
    lost = ConcurrencyError("no tenant")
    async with unit_of_work(world.tenant.tenant_id):
        writes.require(RENAME, world.tenant.tenant_id, "Renamed", otherwise=lost)
        writes.add(ADD_ROLE, [role(world, number) for number in range(1, count + 1)])
        writes.add(ADD_LOCK, [(world.tenant.tenant_id, user.user_id, UUID(int=1), "kept", "ops", AT, None)])
        await writes.send()
        await writes.send()

    assert await role_names(world) == sorted(f"role {number}" for number in range(1, count + 1))
    (tenant,) = await fetch(Statement("SELECT name FROM tenant_row WHERE id = $1::uuid"), world.tenant.tenant_id)
    assert tenant["name"] == "Renamed"
    (lock,) = await fetch(Statement("SELECT reason FROM lock_row WHERE user_id = $1::uuid", house=True), user.user_id)
    assert lock["reason"] == "kept"


async def test_many_rows_are_made_a_slice_at_a_time(world: World) -> None:
    made = 0

    def each() -> Iterator[tuple[object, ...]]:
        nonlocal made
        for made in range(1, SLICE_ROWS + 2):
            yield role(world, made)

    writes = Together()
    writes.add(ADD_ROLE, each())
    assert made <= TOGETHER_ROWS + 1
    await sent(writes, world.tenant.tenant_id)
    assert len(await role_names(world)) == made == SLICE_ROWS + 1


async def test_an_update_that_finds_no_row_raises_what_was_given_with_it(world: World) -> None:
    writes = Together()
    writes.require(RENAME, UUID(int=7), "Renamed", otherwise=ConcurrencyError("gone"))
    writes.add(ADD_ROLE, [role(world, 1)])
    with pytest.raises(ConcurrencyError, match="gone"):
        await sent(writes, None)
    assert await role_names(world) == []


async def test_a_taken_value_raises_the_words_given_for_its_index(world: World) -> None:
    for told in (True, False):
        writes = Together()
        if told:
            writes.refuse("role_name", AlreadyExistsError("role", "name", "role 1"))
        writes.add(ADD_ROLE, [role(world, 1)])
        writes.add(ADD_ROLE, [(world.tenant.tenant_id, UUID(int=2), *role(world, 1)[2:])])
        with pytest.raises(AlreadyExistsError if told else UniqueViolationError):
            await sent(writes, world.tenant.tenant_id)
    assert await role_names(world) == []


async def blocked(store: PooledPostgresEngine) -> None:
    """Wait until somebody waits for a row."""
    while not await store.connections.pool.fetchval(BLOCKED):
        pass


async def test_one_who_waited_for_a_holder_sees_the_password_that_was_set_meanwhile(
    world: World, store: Engine
) -> None:
    if not isinstance(store, PooledPostgresEngine):
        return  # as below
    ann, tenant_id = await world.push_user("ann"), world.tenant.tenant_id
    await ADD_PASSWORD([(tenant_id, ann.user_id, "old", AT)])
    held, seen = asyncio.Event(), []

    async def set_password() -> None:
        async with unit_of_work(tenant_id):
            await find_holder(tenant_id, ann.user_id, hold=True)
            held.set()
            await blocked(store)
            await execute(
                Statement("UPDATE password_row SET hash = 'new' WHERE user_id = $1::uuid", house=True), ann.user_id
            )

    async def sign_in() -> None:
        await held.wait()
        async with unit_of_work(tenant_id):
            seen.append(await find_holder(tenant_id, ann.user_id, hold=True))

    async with asyncio.TaskGroup() as both:
        both.create_task(set_password())
        both.create_task(sign_in())

    assert seen[0] is not None
    assert seen[0].password_hash == "new"


async def test_one_who_waited_for_a_user_sees_the_lock_that_was_set_meanwhile(world: World, store: Engine) -> None:
    """Set by a unit that also wrote the user's row, as every lock does that changes who decides."""
    if not isinstance(store, PooledPostgresEngine):
        return  # SQLite has one unit at a time: nobody waits for a row
    ann, tenant_id = await world.push_user("ann"), world.tenant.tenant_id
    held, seen = asyncio.Event(), []

    async def set_lock() -> None:
        async with unit_of_work(tenant_id):
            await find_user_to_edit(tenant_id, ann.user_id, source_id=world.source.source_id)
            held.set()
            await blocked(store)
            editor = world.roles["editor"].role_id
            lock = (tenant_id, ann.user_id, editor, "kept", "ops", AT, None)
            await ADD_LOCK([lock])
            await execute(Statement("UPDATE user_row SET origin = 'lock' WHERE id = $1::uuid", house=True), ann.user_id)

    async def edit() -> None:
        await held.wait()
        async with unit_of_work(tenant_id):
            seen.append(await find_user_to_edit(tenant_id, ann.user_id, source_id=world.source.source_id))

    async with asyncio.TaskGroup() as both:
        both.create_task(set_lock())
        both.create_task(edit())

    assert seen[0] is not None
    assert seen[0].lock is not None
    assert seen[0].decision.origin == "lock"
