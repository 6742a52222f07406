import asyncio
import sqlite3
from collections.abc import AsyncIterator
from typing import cast
from uuid import uuid4

import pytest

from directory.store.compiled import Statement
from directory.store.errors import (
    DatabaseUnavailableError,
    GroupFailedError,
    NestedUnitError,
    TransactionLostError,
    UniqueViolationError,
)
from directory.store.sqlite import OneWriterEngine
from directory.store.sqlite_connection import open_connection
from directory.store.unit import execute, fetch, open_store, unit_of_work
from tests.directory.store.faulty_writer import FaultyWriter
from tests.directory.store.tasks import results, start
from tests.directory.store.things import COUNT, add, create_things, names

pytestmark = [pytest.mark.anyio, pytest.mark.trap("D6")]


@pytest.fixture
async def engine(sqlite_url: str) -> AsyncIterator[OneWriterEngine]:
    async with open_store(sqlite_url) as opened:
        assert isinstance(opened, OneWriterEngine)
        await create_things(opened)
        yield opened


ADD_MANY = Statement(
    "WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 20000)"
    " INSERT INTO thing (id, name) SELECT n, n FROM counted"
)


class Commits:
    """Counts the transactions that commit on the engine's writer."""

    def __init__(self, engine: OneWriterEngine) -> None:
        self.count = 0
        engine.writer.set_trace_callback(self._see)

    def _see(self, sql: str) -> None:
        self.count += sql == "COMMIT"


async def add_in_unit(name: str) -> None:
    async with unit_of_work(None):
        await add(name)


async def fail_in_unit(name: str) -> None:
    async with unit_of_work(None):
        await add(name)
        raise LookupError(name)


def break_writer(engine: OneWriterEngine, *failing: str, lose: bool = False) -> FaultyWriter:
    faulty = FaultyWriter(engine.writer, *failing, lose=lose)
    engine.writer = cast("sqlite3.Connection", faulty)
    return faulty


async def test_units_that_wait_together_share_one_commit(engine: OneWriterEngine) -> None:
    commits = Commits(engine)
    assert await results(*start(*(add_in_unit(f"{at:02}") for at in range(50)))) == [None] * 50
    assert commits.count == 1
    assert len(await names()) == 50


async def test_no_group_is_larger_than_sixty_four(engine: OneWriterEngine) -> None:
    commits = Commits(engine)
    engine._groups.group_s = 60  # noqa: SLF001  # the number alone shall end a group
    await results(*start(*(add_in_unit(f"{at:03}") for at in range(130))))
    assert commits.count == 3


async def test_units_wait_no_longer_than_the_time_of_a_group(engine: OneWriterEngine) -> None:
    commits = Commits(engine)
    engine._groups.group_s = 0  # noqa: SLF001  # every unit ends its group
    await results(*start(*(add_in_unit(str(at)) for at in range(3))))
    assert commits.count == 3


@pytest.mark.usefixtures("engine")
async def test_unit_that_raises_is_undone_alone() -> None:
    failed, *others = await results(*start(fail_in_unit("a"), add_in_unit("b"), add_in_unit("c")))
    assert isinstance(failed, LookupError)
    assert others == [None, None]
    assert await names() == ["b", "c"]


@pytest.mark.usefixtures("engine")
async def test_unit_that_raises_is_answered_only_after_the_commit() -> None:
    """The conflict may be with a neighbour: whoever is told of it must be able to read that neighbour."""

    async def conflict() -> list[str]:
        try:
            await add_in_unit("same")
        except UniqueViolationError:
            return await names()
        return []

    async with asyncio.TaskGroup() as group:
        group.create_task(add_in_unit("same"))
        seen = group.create_task(conflict())
    assert seen.result() == ["same"]


@pytest.mark.parametrize("command", ["BEGIN", "SAVEPOINT", "ROLLBACK TO", "RELEASE", "COMMIT"])
async def test_failed_command_fails_every_unit_of_the_group(engine: OneWriterEngine, command: str) -> None:
    real = engine.writer
    faulty = break_writer(engine, command)
    answers = await results(*start(add_in_unit("a"), fail_in_unit("b"), add_in_unit("c")))
    engine.writer = real
    assert faulty.failures
    assert [type(answer) for answer in answers[:2]] == [GroupFailedError] * 2
    assert await names() == ([] if answers[2] else ["c"])  # the third may have found a group of its own
    await add_in_unit("later")
    assert "later" in await names()


async def test_writer_that_cannot_roll_back_is_replaced(engine: OneWriterEngine) -> None:
    faulty = break_writer(engine, "COMMIT", "ROLLBACK")
    (answer,) = await results(*start(add_in_unit("lost")))
    assert isinstance(answer, GroupFailedError)
    assert isinstance(engine.writer, sqlite3.Connection)
    assert faulty.failures == 2
    await add_in_unit("kept")
    assert await names() == ["kept"]


@pytest.mark.usefixtures("engine")
async def test_caller_cancelled_before_its_turn_is_undone() -> None:
    first, second, third = start(add_in_unit("a"), add_in_unit("b"), add_in_unit("c"))
    await asyncio.sleep(0)
    second.cancel()
    answers = await results(first, second, third)
    assert [type(answer) for answer in answers] == [type(None), asyncio.CancelledError, type(None)]
    assert await names() == ["a", "c"]


@pytest.mark.usefixtures("engine")
async def test_caller_cancelled_in_its_body_is_undone() -> None:
    reached = asyncio.Event()

    async def hang() -> None:
        async with unit_of_work(None):
            await add("b")
            reached.set()
            await asyncio.Event().wait()

    tasks = start(add_in_unit("a"), hang(), add_in_unit("c"))
    await reached.wait()
    tasks[1].cancel()
    answers = await results(*tasks)
    assert [type(answer) for answer in answers] == [type(None), asyncio.CancelledError, type(None)]
    assert await names() == ["a", "c"]


@pytest.mark.usefixtures("engine")
async def test_caller_cancelled_after_its_body_is_committed() -> None:
    left = asyncio.Event()

    async def leave() -> None:
        async with unit_of_work(None):
            await add("a")
            left.set()

    tasks = start(leave(), add_in_unit("b"))
    await left.wait()
    await asyncio.sleep(0)
    tasks[0].cancel()
    answers = await results(*tasks)
    assert [type(answer) for answer in answers] == [asyncio.CancelledError, type(None)]
    assert await names() == ["a", "b"]


async def test_nesting_is_refused_and_the_outer_unit_is_undone(engine: OneWriterEngine) -> None:
    async def nest() -> None:
        async with unit_of_work(None):
            await add("outer")
            async with unit_of_work(None):
                await add("inner")

    with pytest.raises(NestedUnitError):
        await nest()
    assert engine.open_unit() is None
    assert await names() == []


@pytest.mark.usefixtures("engine")
async def test_task_left_behind_cannot_write_into_the_next_unit() -> None:
    over = asyncio.Event()

    async def straggle() -> None:
        await over.wait()
        await add("straggler")

    async with unit_of_work(None):
        await add("a")
        (straggler,) = start(straggle())
    async with unit_of_work(None):
        await add("b")
        over.set()
        (answer,) = await results(straggler)
    assert isinstance(answer, TransactionLostError)
    assert await names() == ["a", "b"]


async def test_body_that_takes_too_long_is_undone_and_its_neighbours_go_on(sqlite_url: str) -> None:
    engine = OneWriterEngine(sqlite_url.removeprefix("sqlite:///"), unit_s=0.02)
    await engine.start_connection_pool()
    await create_things(engine)
    neighbour_done = asyncio.Event()

    async def slow() -> None:
        async with engine.unit_of_work() as unit:
            await unit.fetch("INSERT INTO thing (id, name) VALUES ('1', 'slow')")
            await neighbour_done.wait()

    async def quick() -> None:
        async with engine.unit_of_work() as unit:
            await unit.fetch("INSERT INTO thing (id, name) VALUES ('2', 'quick')")
        neighbour_done.set()

    answers = await results(*start(slow(), quick()))
    found = await engine.fetch("SELECT name FROM thing")
    await engine.close_connection_pool()
    assert [type(answer) for answer in answers] == [DatabaseUnavailableError, type(None)]
    assert found == [{"name": "quick"}]


async def test_transaction_that_sqlite_ended_itself_fails_the_group_and_nothing_is_autocommitted(
    engine: OneWriterEngine,
) -> None:
    real = engine.writer
    break_writer(engine, "INSERT INTO thing (id, name) VALUES (?1, ?2)", lose=True)

    async def pass_over() -> None:
        async with unit_of_work(None):
            with pytest.raises(DatabaseUnavailableError):
                await add("lost")
            with pytest.raises(TransactionLostError):
                await execute(Statement("DELETE FROM thing"))

    answers = await results(*start(pass_over()))
    engine.writer = real
    assert isinstance(answers[0], GroupFailedError)
    assert await names() == []


@pytest.mark.trap("D1")
async def test_full_disk_undoes_the_unit_and_leaves_the_engine_usable(engine: OneWriterEngine) -> None:
    (pages,) = engine.writer.execute("PRAGMA page_count").fetchone()
    engine.writer.execute(f"PRAGMA max_page_count = {pages + 4}")
    with pytest.raises(DatabaseUnavailableError):
        await add_in_unit("x" * 1_000_000)
    engine.writer.execute("PRAGMA max_page_count = 1000000")
    await add_in_unit("small")
    assert await names() == ["small"]


async def test_foreign_lock_is_waited_for(engine: OneWriterEngine) -> None:
    other = open_connection(engine.path)
    other.execute("BEGIN IMMEDIATE")
    (waiting,) = start(add_in_unit("mine"))
    assert await fetch(COUNT) == [{"count": 0}]  # reads go on meanwhile
    other.execute("INSERT INTO thing (id, name) VALUES (?, 'theirs')", (uuid4(),))
    other.execute("COMMIT")
    other.close()
    assert await results(waiting) == [None]
    assert await names() == ["mine", "theirs"]


async def test_lock_held_for_too_long_is_an_error(engine: OneWriterEngine) -> None:
    engine.lock_wait_s = 0.02
    other = open_connection(engine.path)
    other.execute("BEGIN IMMEDIATE")
    answers = await results(*start(add_in_unit("a"), add_in_unit("b")))
    other.execute("ROLLBACK")
    other.close()
    assert all(isinstance(answer, DatabaseUnavailableError) for answer in answers)
    await add_in_unit("c")
    assert await names() == ["c"]


async def test_unit_stuck_behind_a_neighbour_for_too_long_is_an_error(engine: OneWriterEngine) -> None:
    engine.lock_wait_s = 0.02
    release = asyncio.Event()

    async def occupy() -> None:
        async with unit_of_work(None):
            await release.wait()

    occupier, waiting = start(occupy(), add_in_unit("a"))
    (answer,) = await results(waiting)
    release.set()
    assert await results(occupier) == [None]
    assert isinstance(answer, DatabaseUnavailableError)
    assert await names() == []


@pytest.mark.usefixtures("engine")
async def test_statement_on_a_thread_leaves_the_loop_free_and_belongs_to_the_unit() -> None:
    turns = 0

    async def tick() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    (ticker,) = start(tick())
    async with unit_of_work(None):
        assert await execute(ADD_MANY, unbounded=True) == 20_000
        assert await fetch(COUNT) == [{"count": 20_000}]
    ticker.cancel()
    assert turns > 1


@pytest.mark.usefixtures("engine")
async def test_second_statement_while_one_runs_on_the_thread_is_refused() -> None:
    """As on PostgreSQL, where one connection runs one statement at a time."""
    async with unit_of_work(None):
        answers = await results(*start(execute(ADD_MANY, unbounded=True), fetch(COUNT)))
    assert [type(answer) for answer in answers] == [type(None), RuntimeError]
    assert await fetch(COUNT) == [{"count": 20_000}]


@pytest.mark.usefixtures("engine")
async def test_unit_cancelled_during_a_statement_on_a_thread_is_undone() -> None:
    reached = asyncio.Event()

    async def work() -> None:
        async with unit_of_work(None):
            reached.set()
            await execute(ADD_MANY, unbounded=True)

    working, neighbour = start(work(), add_in_unit("neighbour"))
    await reached.wait()
    working.cancel()
    answers = await results(working, neighbour)
    assert [type(answer) for answer in answers] == [asyncio.CancelledError, type(None)]
    assert await names() == ["neighbour"]
