"""What Piccolo's own engines and helpers do, so that an upgrade that changes it is noticed, and what we do instead."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from piccolo import columns
from piccolo.engine.exceptions import TransactionError
from piccolo.engine.postgres import PostgresEngine
from piccolo.engine.sqlite import SQLiteEngine, convert_datetime_in
from piccolo.table import TABLE_REGISTRY, Table

from directory.store.compiled import Statement
from directory.store.errors import MigrationError, NestedUnitError, StoreError
from directory.store.migrate import migrate
from directory.store.unit import Engine, bind, connect, fetch, fetch_one, open_store, unit_of_work
from tests.directory.store.migrations_for_tests import Folder
from tests.directory.store.tasks import results, start
from tests.directory.store.things import NOON, add, create_things, names

pytestmark = pytest.mark.anyio

LATE = """
CREATE TABLE parent (n BIGINT PRIMARY KEY);
CREATE TABLE child (n BIGINT REFERENCES parent (n) DEFERRABLE INITIALLY DEFERRED);
"""


class Note(Table):
    id = columns.UUID(primary_key=True, default=None)
    text = columns.Text()
    at = columns.Timestamptz(null=True, default=None)


@pytest.fixture
async def stock_sqlite(tmp_path: Path) -> SQLiteEngine:
    file = tmp_path / "stock.sqlite"
    with sqlite3.connect(file) as connection:
        connection.executescript(LATE)
    connection.close()
    return SQLiteEngine(str(file), timeout=0)


@asynccontextmanager
async def stock_postgres(url: str) -> AsyncIterator[PostgresEngine]:
    engine = PostgresEngine({"dsn": url})
    await engine.start_connection_pool(min_size=1, max_size=2)
    try:
        yield engine
    finally:
        engine.pool.terminate()  # type: ignore[union-attr]  # started above; close() would wait for the leaked one


async def fail_at_commit(engine: SQLiteEngine | PostgresEngine) -> None:
    async with engine.transaction():
        await engine.run_ddl("INSERT INTO child VALUES (1)")


@pytest.mark.trap("D1")
async def test_stock_transaction_stays_open_after_a_failed_commit(
    stock_sqlite: SQLiteEngine, postgres_url: str
) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        await fail_at_commit(stock_sqlite)
    leaked = stock_sqlite.current_transaction.get()
    assert leaked is not None
    await leaked.connection.close()  # or its thread would keep this process alive
    async with stock_postgres(postgres_url) as engine:
        for ddl in LATE.split(";\n")[:2]:
            await engine.run_ddl(ddl)
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await fail_at_commit(engine)
        assert engine.current_transaction.get() is not None
        assert engine.pool is not None
        assert engine.pool.get_idle_size() == 0  # the connection never came back


@pytest.mark.trap("D1")
async def test_unit_is_over_after_a_failed_commit(store: Engine) -> None:
    for ddl in LATE.split(";\n")[:2]:
        await store.run_ddl(ddl)

    async def fail() -> None:
        async with unit_of_work(None):
            await store.execute("INSERT INTO child VALUES (1)")

    with pytest.raises(StoreError):
        await fail()
    assert store.open_unit() is None
    async with unit_of_work(None):
        await store.execute("INSERT INTO parent VALUES (1)")
        await store.execute("INSERT INTO child VALUES (1)")
    assert len(await store.fetch("SELECT n FROM child")) == 1


@pytest.mark.trap("D2")
async def test_stock_task_is_lost_with_its_backend(postgres_url: str) -> None:
    async with stock_postgres(postgres_url) as engine:
        connection = await asyncpg.connect(postgres_url)

        async def die() -> None:
            async with engine.transaction():
                (row,) = await engine._run_in_pool("SELECT 1 AS n")  # noqa: SLF001  # another connection still works
                assert row["n"] == 1
                (row,) = await engine.run_ddl("SELECT pg_backend_pid() AS pid")
                await connection.execute("SELECT pg_terminate_backend($1, 10000)", row["pid"])

        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)):
            await die()
        await connection.close()
        with pytest.raises((asyncpg.InterfaceError, asyncpg.PostgresError)):
            await engine.run_ddl("SELECT 1")


@pytest.mark.trap("D3")
async def test_stock_nesting_keeps_the_rows_of_a_caught_failure(stock_sqlite: SQLiteEngine) -> None:
    async def fail() -> None:
        async with stock_sqlite.transaction():
            await stock_sqlite.run_ddl("INSERT INTO parent VALUES (1)")
            raise LookupError

    async with stock_sqlite.transaction():
        with pytest.raises(LookupError):
            await fail()
    assert await stock_sqlite.run_ddl("SELECT n FROM parent") == [{"n": 1}]
    with pytest.raises(TransactionError):
        async with stock_sqlite.transaction(), stock_sqlite.transaction(allow_nested=False):
            pass


@pytest.mark.trap("D3")
async def test_transaction_of_our_engines_is_a_unit_and_does_not_nest(store: Engine) -> None:
    with pytest.raises(NestedUnitError):
        async with store.transaction(), store.transaction():
            pass


@pytest.mark.trap("D5")
async def test_stock_transactions_are_deferred_and_ours_immediate(
    stock_sqlite: SQLiteEngine, sqlite_store: Engine
) -> None:
    async with stock_sqlite.transaction(), asyncio.timeout(5):
        other = sqlite3.connect(stock_sqlite.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")  # nobody has the write lock
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            await stock_sqlite.run_ddl("INSERT INTO parent VALUES (1)")
        other.close()
    assert isinstance(sqlite_store, SQLiteEngine)
    async with unit_of_work(None):
        other = sqlite3.connect(sqlite_store.path, isolation_level=None, timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()


@pytest.mark.trap("D6")
async def test_stock_sqlite_opens_a_connection_for_each_query_and_ours_does_not(
    stock_sqlite: SQLiteEngine, sqlite_store: Engine
) -> None:
    temporary = "CREATE TEMPORARY TABLE mine (n BIGINT)"  # visible on the connection that made it, and nowhere else
    await stock_sqlite.run_ddl(temporary)
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await stock_sqlite.run_ddl("INSERT INTO mine VALUES (1)")
    await sqlite_store.run_ddl(temporary)
    assert await sqlite_store.execute("INSERT INTO mine VALUES (1)") == 1


@pytest.mark.trap("D7")
async def test_stock_chain_of_conditions_recurses_and_a_list_does_not(store: Engine) -> None:
    await store.run_ddl("CREATE TABLE note (id UUID PRIMARY KEY, text TEXT, at TIMESTAMPTZ)")
    bind(store)
    chain = Note.text == "0"
    for at in range(1, 1500):
        chain = chain | (Note.text == str(at))  # type: ignore[assignment]  # Where | Where is an Or
    with pytest.raises((RecursionError, sqlite3.OperationalError, asyncpg.PostgresError, StoreError)):
        await Note.select().where(chain)
    texts = [str(at) for at in range(30_000)]
    assert await fetch(Statement("SELECT id FROM note WHERE text = ANY($1::text[])"), texts) == []


@pytest.mark.trap("D10")
async def test_table_is_rebuilt_without_losing_what_refers_to_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.sqlite'}"
    folder = Folder(tmp_path / "migrations")
    folder.add(
        "CREATE TABLE a (n BIGINT PRIMARY KEY); CREATE TABLE b (n BIGINT REFERENCES a (n) ON DELETE CASCADE);"
        "INSERT INTO a VALUES (1), (2); INSERT INTO b VALUES (1), (2)"
    )
    rebuild = "CREATE TABLE a2 (n BIGINT PRIMARY KEY, m TEXT NOT NULL); INSERT INTO a2 SELECT n, 'm' FROM a {};"
    swap = "DROP TABLE a; ALTER TABLE a2 RENAME TO a"
    folder.add(sqlite=rebuild.format("") + swap)
    await migrate(url, folder=folder.path)
    async with open_store(url) as engine:
        assert await engine.fetch("SELECT b.n, a.m FROM b JOIN a ON a.n = b.n ORDER BY 1") == [
            {"n": 1, "m": "m"},
            {"n": 2, "m": "m"},
        ]
        assert await engine.execute("DELETE FROM a WHERE n = 1") == 1
        assert await engine.fetch("SELECT n FROM b") == [{"n": 2}]
    folder.add(sqlite=rebuild.replace("a2 SELECT n, 'm'", "a2 SELECT n, m").format("WHERE n <> 2") + swap)
    with pytest.raises(MigrationError, match="1 rows name others that are not there, first in b"):
        await migrate(url, folder=folder.path)


@pytest.mark.trap("3")
async def test_side_by_side_statements_in_a_unit_fail_on_postgresql(postgres_store: Engine) -> None:
    async def two_at_once() -> None:
        async with unit_of_work(None):
            first, second = start(
                postgres_store.fetch("SELECT pg_sleep(0.01)"), postgres_store.fetch("SELECT pg_sleep(0.01)")
            )
            answers = await results(first, second)
            assert [type(answer) for answer in answers] == [type(None), asyncpg.InterfaceError]

    await two_at_once()
    assert postgres_store.open_unit() is None


@pytest.mark.trap("2.1")
async def test_task_started_with_a_fresh_context_is_outside_the_unit(store: Engine) -> None:
    await create_things(store)
    async with unit_of_work(None):
        await add("a")
    (outside,) = start(names())
    assert await outside == ["a"]


@pytest.mark.trap("2.2")
async def test_stock_engine_connects_in_its_constructor_and_ours_does_not() -> None:
    unreachable = "postgresql://nobody@127.0.0.1:9/none"
    with pytest.warns(Warning, match="Unable to connect"):
        PostgresEngine({"dsn": unreachable})
    assert connect(unreachable).engine_type == "postgres"


@pytest.mark.trap("2.3")
async def test_stock_empty_list_raises_and_ours_finds_nothing(store: Engine) -> None:
    await create_things(store)
    bind(store)
    with pytest.raises(ValueError, match="values"):
        await Note.select().where(Note.id.is_in([]))
    assert await fetch(Statement("SELECT id FROM thing WHERE id = ANY($1::uuid[])"), []) == []


@pytest.mark.trap("2.3")
async def test_json_comes_back_as_the_text_that_was_written(store: Engine) -> None:
    await create_things(store)
    put = Statement("INSERT INTO thing (id, name, doc) VALUES ($1::uuid, 'a', $2::json)")
    text = '{"b": 1,  "a": "\\u00e9 {}"}'
    await fetch(put, uuid4(), text)
    row = await fetch_one(Statement("SELECT doc FROM thing"))
    assert row is not None
    assert row["doc"] == text


@pytest.mark.trap("2.4")
def test_stock_text_of_a_whole_second_has_no_microseconds() -> None:
    """So that texts differ in length; the adapter in use is ours, whatever imports Piccolo's."""
    assert convert_datetime_in(NOON) == "2026-03-01 12:00:00+00:00"
    connection = sqlite3.connect(":memory:")
    assert connection.execute("SELECT ?", (NOON,)).fetchone() == ("2026-03-01 12:00:00.000000+00:00",)
    connection.close()


@pytest.mark.trap("2.5")
async def test_every_table_of_piccolo_is_bound_to_our_engine(store: Engine) -> None:
    assert {table.__name__ for table in TABLE_REGISTRY} >= {"Migration", "Note"}
    assert {id(table._meta.db) for table in TABLE_REGISTRY} == {id(store)}  # noqa: SLF001  # as bind() sets it


@pytest.mark.trap("2.5")
async def test_queries_built_by_piccolo_run_inside_and_outside_of_units(store: Engine) -> None:
    await store.run_ddl("CREATE TABLE note (id UUID PRIMARY KEY, text TEXT, at TIMESTAMPTZ)")
    first, second = uuid4(), uuid4()
    await Note.insert(Note(id=first, text="a", at=NOON))

    async def fail() -> None:
        async with unit_of_work(None):
            await Note.insert(Note(id=second, text="b", at=NOON))
            assert await Note.count() == 2
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await Note.select() == [{"id": first, "text": "a", "at": NOON}]
