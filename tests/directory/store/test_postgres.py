import asyncio
from collections.abc import AsyncIterator

import pytest

from directory.store.compiled import Statement
from directory.store.errors import (
    ConcurrencyError,
    DatabaseUnavailableError,
    ForeignKeyViolationError,
    NestedUnitError,
    StoreError,
    TransactionLostError,
    UniqueViolationError,
)
from directory.store.postgres import PooledPostgresEngine
from directory.store.unit import bind, execute, fetch, fetch_one, in_unit, unit_of_work
from tests.directory.store.tasks import results, start
from tests.directory.store.things import add, create_things, names

pytestmark = pytest.mark.anyio

BACKEND = Statement("SELECT pg_backend_pid() AS pid")
KILL = "SELECT pg_terminate_backend($1, 10000)"  # returns when it is gone
SLEEP = Statement("SELECT pg_sleep(30)")
DEFERRED = "CREATE TABLE late (n BIGINT UNIQUE DEFERRABLE INITIALLY DEFERRED)"
ADD_LATE = Statement("INSERT INTO late VALUES (1)")


@pytest.fixture
async def engine(postgres_owner_url: str) -> AsyncIterator[PooledPostgresEngine]:
    """Two connections, and little patience."""
    opened = PooledPostgresEngine(postgres_owner_url, pool_max=2)
    opened.acquire_s = 0.2
    bind(opened)
    await opened.start_connection_pool()
    await create_things(opened)
    yield opened
    await opened.close_connection_pool()


async def check_whole(engine: PooledPostgresEngine) -> None:
    """Both connections of the pool work, at the same time, and none is in a transaction."""
    assert engine.open_unit() is None
    async with engine.connections.borrow() as one, engine.connections.borrow() as other:
        assert not one.is_in_transaction()
        assert await one.fetchval("SELECT 1") + await other.fetchval("SELECT 1") == 2


async def backend_pid() -> int:
    row = await fetch_one(BACKEND)
    assert row is not None
    pid: int = row["pid"]
    return pid


@pytest.mark.trap("D1")
async def test_failed_commit_is_an_error_and_gives_everything_back(engine: PooledPostgresEngine) -> None:
    await engine.run_ddl(DEFERRED)

    async def break_at_commit() -> None:
        async with unit_of_work(None):
            await add("half")
            await execute(ADD_LATE)
            await execute(ADD_LATE)

    for _ in range(5):
        with pytest.raises(UniqueViolationError, match="late"):
            await break_at_commit()
    await check_whole(engine)
    assert await names() == []


@pytest.mark.trap("D2")
async def test_killed_backend_fails_one_unit_and_not_the_task(engine: PooledPostgresEngine) -> None:
    async def die() -> None:
        async with unit_of_work(None):
            await add("half")
            pid = await backend_pid()
            async with engine.connections.borrow() as other:
                await other.execute(KILL, pid)
            await add("other half")

    for _ in range(4):
        with pytest.raises(DatabaseUnavailableError):
            await die()
        await add("after")
        assert await execute(Statement("DELETE FROM thing")) == 1
    await check_whole(engine)


async def test_backend_killed_before_the_commit_is_an_error(engine: PooledPostgresEngine) -> None:
    async def die() -> None:
        async with unit_of_work(None):
            await add("half")
            pid = await backend_pid()
            async with engine.connections.borrow() as other:
                await other.execute(KILL, pid)

    with pytest.raises(DatabaseUnavailableError):
        await die()
    await check_whole(engine)
    assert await names() == []


async def test_backend_killed_in_the_pool_is_replaced(engine: PooledPostgresEngine) -> None:
    async with engine.connections.borrow() as one, engine.connections.borrow() as other:
        await one.execute(KILL, await other.fetchval("SELECT pg_backend_pid()"))
    await results(*start(engine.fetch("SELECT 1"), engine.fetch("SELECT 2")))  # one may notice, and says unavailable
    await check_whole(engine)


async def test_exhausted_pool_is_an_error_after_a_while(engine: PooledPostgresEngine) -> None:
    async with engine.connections.borrow(), engine.connections.borrow():
        with pytest.raises(DatabaseUnavailableError, match="no connection"):
            await names()
        with pytest.raises(DatabaseUnavailableError, match="no connection"):
            await in_unit(None, names)
    await check_whole(engine)


async def test_cancelled_unit_is_undone_and_gives_its_connection_back(engine: PooledPostgresEngine) -> None:
    reached = asyncio.Event()

    async def hang() -> None:
        async with unit_of_work(None):
            await add("half")
            reached.set()
            await fetch(SLEEP)

    for _ in range(3):
        reached.clear()
        (hanging,) = start(hang())
        await reached.wait()
        await asyncio.sleep(0)
        hanging.cancel()
        assert [type(answer) for answer in await results(hanging)] == [asyncio.CancelledError]
    await check_whole(engine)
    assert await names() == []


@pytest.mark.trap("D3")
async def test_nesting_is_refused(engine: PooledPostgresEngine) -> None:
    async def nest() -> None:
        async with unit_of_work(None):
            await add("outer")
            async with unit_of_work(None):
                await add("inner")

    with pytest.raises(NestedUnitError):
        await nest()
    await check_whole(engine)
    assert await names() == []


async def test_task_left_behind_loses_its_transaction(engine: PooledPostgresEngine) -> None:
    over = asyncio.Event()

    async def straggle() -> None:
        await over.wait()
        await add("straggler")

    async with unit_of_work(None):
        (straggler,) = start(straggle())
    over.set()
    assert [type(answer) for answer in await results(straggler)] == [TransactionLostError]
    await check_whole(engine)


async def test_sessions_have_time_limits(engine: PooledPostgresEngine) -> None:
    limits = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "application_name")
    found = [(await engine.fetch(f"SHOW {name}"))[0][0] for name in limits]
    assert found == ["10s", "5s", "20s", "rolebook"]


async def test_row_locked_for_too_long_is_unavailable(engine: PooledPostgresEngine) -> None:
    await add("a")

    async def wait_briefly() -> None:
        async with unit_of_work(None):
            await execute(Statement("SET LOCAL lock_timeout = 20"))
            await execute(Statement("UPDATE thing SET n = 1"))

    async with engine.connections.borrow() as other, other.transaction():
        await other.execute("UPDATE thing SET n = 2")
        (waiting,) = start(wait_briefly())
        assert [type(answer) for answer in await results(waiting)] == [DatabaseUnavailableError]


async def test_statement_that_takes_too_long_is_unavailable(engine: PooledPostgresEngine) -> None:
    async def run_long() -> None:
        async with unit_of_work(None):
            await execute(Statement("SET LOCAL statement_timeout = 20"))
            await fetch(SLEEP)

    with pytest.raises(DatabaseUnavailableError):
        await run_long()
    await check_whole(engine)


@pytest.mark.usefixtures("engine")
async def test_deadlock_can_be_tried_again() -> None:
    first, second = await add("first"), await add("second")
    touch = Statement("UPDATE thing SET n = n + 1 WHERE id = $1::uuid")
    met = asyncio.Barrier(2)
    tries = 0

    async def touch_both(*order: object) -> None:
        nonlocal tries
        tries += 1
        await execute(Statement("SET LOCAL deadlock_timeout = 20"))
        await execute(touch, order[0])
        if tries <= 2:
            await met.wait()
        await execute(touch, order[1])

    async with asyncio.TaskGroup() as group:
        group.create_task(in_unit(None, lambda: touch_both(first, second)))
        group.create_task(in_unit(None, lambda: touch_both(second, first)))
    assert tries == 3
    assert [row["n"] for row in await fetch(Statement("SELECT n FROM thing"))] == [2, 2]


async def test_serialization_failure_can_be_tried_again(postgres_owner_url: str) -> None:
    engine = PooledPostgresEngine(postgres_owner_url, isolation="serializable")
    bind(engine)
    await engine.start_connection_pool()
    await create_things(engine)
    await add("a")
    met = asyncio.Barrier(2)

    async def increment() -> None:
        async with unit_of_work(None):
            (row,) = await fetch(Statement("SELECT n FROM thing"))
            await met.wait()
            await execute(Statement("UPDATE thing SET n = $1"), row["n"] + 1)

    answers = await results(*start(increment(), increment()))
    await engine.close_connection_pool()
    assert sorted(type(answer).__name__ for answer in answers) == [ConcurrencyError.__name__, "NoneType"]


@pytest.mark.trap("14")
async def test_connection_goes_back_without_a_reset_query(engine: PooledPostgresEngine) -> None:
    """Its state therefore stays, which is why nothing but SET LOCAL may change it."""
    async with engine.connections.borrow() as connection:
        await connection.execute("SET application_name = 'stays'")
        pid = await connection.fetchval("SELECT pg_backend_pid()")
    async with engine.connections.borrow() as connection:
        assert await connection.fetchval("SELECT pg_backend_pid()") == pid
        assert await connection.fetchval("SHOW application_name") == "stays"


async def test_constructor_does_not_connect_and_unreachable_server_is_unavailable() -> None:
    engine = PooledPostgresEngine("postgresql://nobody:secret@127.0.0.1:9/none")
    with pytest.raises(DatabaseUnavailableError) as raised:
        await engine.start_connection_pool()
    assert "secret" not in str(raised.value)
    with pytest.raises(StoreError, match="not open"):
        await engine.fetch("SELECT 1")


async def test_close_does_not_wait_for_ever_for_a_lent_connection(postgres_owner_url: str) -> None:
    engine = PooledPostgresEngine(postgres_owner_url)
    engine.close_s = 0.02
    await engine.start_connection_pool()
    await engine.connections.acquire()
    await engine.close_connection_pool()
    await engine.close_connection_pool()  # again, to no effect
    with pytest.raises(StoreError, match="not open"):
        await engine.fetch("SELECT 1")


async def test_foreign_key_violation_has_the_name_of_the_key(engine: PooledPostgresEngine) -> None:
    assert engine.engine_type == "postgres"
    await add("a")
    with pytest.raises(ForeignKeyViolationError, match="thing_owner_id_fkey"):
        await execute(Statement("UPDATE thing SET owner_id = '00000000-0000-0000-0000-000000000000'"))
