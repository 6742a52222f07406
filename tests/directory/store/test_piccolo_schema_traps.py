"""What Piccolo's tables and migrations cannot do on both databases, and that our SQL can."""

import sqlite3

import pytest
from piccolo import columns
from piccolo.table import Table

from directory.store.compiled import Statement
from directory.store.errors import StoreError, UniqueViolationError
from directory.store.unit import Engine, bind, execute, fetch_one, unit_of_work
from tests.directory.store.things import NOON, add, create_things, names

pytestmark = pytest.mark.anyio


class Plain(Table):
    id = columns.UUID(primary_key=True)
    name = columns.Varchar()
    at = columns.Timestamptz()
    n = columns.BigInt(default=0)


@pytest.fixture(autouse=True)
async def _things(store: Engine) -> None:
    await create_things(store)
    bind(store)


@pytest.mark.trap("10")
async def test_stock_column_defaults_are_not_what_we_want() -> None:
    name = Plain.name._meta.params  # noqa: SLF001  # there is no other way to see them
    reference = columns.ForeignKey(Plain)._meta.params  # noqa: SLF001  # as above
    assert (name["length"], name["default"], name["null"]) == (255, "", False)
    assert (reference["null"], reference["on_delete"].value, reference["index"]) == (True, "CASCADE", False)


@pytest.mark.trap("9")
async def test_constraints_cannot_be_added_on_sqlite_and_unique_indexes_can_on_both(store: Engine) -> None:
    if store.engine_type == "sqlite":
        for change in ("ADD CONSTRAINT one UNIQUE (n)", "ALTER COLUMN n TYPE TEXT"):
            with pytest.raises(sqlite3.OperationalError, match="near"):
                await store.run_ddl(f"ALTER TABLE thing {change}")
    for _ in range(2):  # repeatable, as a migration's step must be
        await store.run_ddl("CREATE UNIQUE INDEX IF NOT EXISTS thing_low ON thing (lower(name)) WHERE n = 0")
    await add("a")
    with pytest.raises(UniqueViolationError) as raised:
        await add("A")
    assert raised.value.index == "thing_low"
    await execute(Statement("UPDATE thing SET n = 1"))
    await add("A")
    assert await names() in (["A", "a"], ["a", "A"])


@pytest.mark.trap("11")
async def test_lower_knows_ascii_only_on_sqlite(store: Engine) -> None:
    """So whatever is compared without regard to case has a key column, computed in Python."""
    row = await fetch_one(Statement("SELECT lower('É') AS low"))
    assert row is not None
    assert row["low"] == ("É" if store.engine_type == "sqlite" else "é")


@pytest.mark.trap("2.4")
async def test_stock_defaults_of_raw_inserts_are_wrong_on_sqlite(store: Engine) -> None:
    """So rows are inserted with every value given."""
    await Plain.create_table()
    await execute(Statement("INSERT INTO plain (n) VALUES (1)"))
    sql = "SELECT CAST(id AS TEXT) AS id_text, CAST(at AS TEXT) AS at_text FROM plain"
    row = await fetch_one(Statement(sql))
    assert row is not None
    if store.engine_type == "sqlite":
        assert row["id_text"] == "None"
        assert len(row["at_text"]) == len("2026-03-01 12:00:00")  # neither microseconds nor zone
    await execute(Statement("DELETE FROM plain"))
    await Plain.insert(Plain(at=NOON))
    row = await fetch_one(Statement(sql))
    assert row is not None
    if store.engine_type == "sqlite":
        assert row["at_text"] == "2026-03-01 12:00:00.000000+00:00"
    assert len(row["id_text"]) == 36


@pytest.mark.trap("8")
async def test_batches_are_refused(store: Engine) -> None:
    """Piccolo's swallow the exceptions of their body, on a connection outside of the unit."""
    async with unit_of_work(None):
        with pytest.raises(StoreError, match="page by key"):
            await store.batch(Plain.select())


@pytest.mark.trap("2.3")
async def test_stock_row_locks_raise_on_sqlite_and_ours_are_dropped_there(store: Engine) -> None:
    await store.run_ddl("CREATE TABLE plain (id UUID PRIMARY KEY, name TEXT, at TIMESTAMPTZ, n BIGINT)")
    if store.engine_type == "sqlite":
        with pytest.raises(NotImplementedError):
            await Plain.select().lock_rows()
    async with unit_of_work(None):
        assert await fetch_one(Statement("SELECT n FROM plain FOR NO KEY UPDATE")) is None
