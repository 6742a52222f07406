import asyncio
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from directory.store.compiled import Statement
from directory.store.errors import DatabaseUnavailableError, StoreError
from directory.store.sqlite import OneWriterEngine
from directory.store.sqlite_connection import open_connection
from directory.store.sqlite_statements import statement_kind
from directory.store.unit import Engine, execute, fetch, open_store, unit_of_work
from tests.directory.store.things import COUNT, add, create_things, names

pytestmark = pytest.mark.anyio

INCREMENTS = 40
INCREMENT = """
import asyncio, sys
from directory.store.compiled import Statement
from directory.store.unit import execute, fetch_one, open_store, unit_of_work

async def main():
    async with open_store(sys.argv[1]):
        for _ in range(int(sys.argv[2])):
            async with unit_of_work(None):
                row = await fetch_one(Statement("SELECT n FROM counter"))
                await execute(Statement("UPDATE counter SET n = $1"), row["n"] + 1)

asyncio.run(main())
"""


def open_files(name: str) -> int:
    """Count this process's open files whose path has ``name`` in it."""
    found = 0
    for link in Path("/proc/self/fd").iterdir():
        try:
            found += name in str(link.readlink())
        except FileNotFoundError:
            continue
    return found


def log_bytes(database_file: str) -> int:
    log = Path(database_file + "-wal")
    return log.stat().st_size if log.exists() else 0


def sqlite_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("sqlite-")]


@pytest.mark.trap("S1")
async def test_every_connection_is_durable_and_checks_references(sqlite_store: Engine) -> None:
    assert isinstance(sqlite_store, OneWriterEngine)
    for connection in (sqlite_store.writer, sqlite_store.reader, sqlite_store.long_reader):
        found = [
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
        assert found == ["wal", 2, 1]


def test_setting_that_sqlite_does_not_take_is_an_error() -> None:
    with pytest.raises(StoreError, match="wanted"):
        open_connection(":memory:")  # which has no write-ahead log


def test_file_in_a_missing_folder_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        open_connection(str(tmp_path / "missing" / "rolebook.sqlite"))


def test_file_that_is_no_database_is_a_clear_error(tmp_path: Path) -> None:
    file = tmp_path / "rolebook.sqlite"
    file.write_text("not a database " * 100)
    with pytest.raises(StoreError, match="cannot be used"):
        open_connection(str(file))


async def test_reader_cannot_write(sqlite_store: Engine) -> None:
    assert isinstance(sqlite_store, OneWriterEngine)
    await create_things(sqlite_store)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        sqlite_store.reader.execute("DELETE FROM thing")


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT 1", "read"),
        ("\n  select 1", "read"),
        ("VALUES (1)", "read"),
        ("WITH a AS (SELECT 1) SELECT * FROM a", "read"),
        ("WITH a AS (SELECT 1) INSERT INTO thing SELECT * FROM a", "write"),
        ("INSERT INTO thing DEFAULT VALUES", "write"),
        ("update thing set n = 1", "write"),
        ("DELETE FROM thing", "write"),
        ("PRAGMA user_version", "other"),
        ("CREATE TABLE other (n)", "other"),
        ("", "other"),
    ],
)
def test_statements_go_where_they_belong(sql: str, kind: str) -> None:
    assert statement_kind(sql) == kind


async def test_single_write_outside_a_unit_is_committed_like_a_unit(sqlite_store: Engine) -> None:
    await create_things(sqlite_store)
    await add("a")
    returned = await fetch(Statement("UPDATE thing SET n = 7 RETURNING name, n"))
    assert returned == [{"name": "a", "n": 7}]
    assert await execute(Statement("DELETE FROM thing WHERE n = $1"), 7) == 1


async def test_reads_do_not_wait_for_a_unit_nor_see_it(sqlite_store: Engine) -> None:
    await create_things(sqlite_store)
    added, looked = asyncio.Event(), asyncio.Event()

    async def write() -> None:
        async with unit_of_work(None):
            await add("a")
            added.set()
            await looked.wait()

    async with asyncio.TaskGroup() as group:
        group.create_task(write())
        await added.wait()
        assert await fetch(COUNT) == [{"count": 0}]
        assert await fetch(COUNT, unbounded=True) == [{"count": 0}]
        looked.set()
    assert await names() == ["a"]


async def test_nothing_runs_before_the_start_or_after_the_end(sqlite_url: str) -> None:
    async with open_store(sqlite_url) as engine:
        pass
    for attempt in (fetch(COUNT), execute(COUNT), engine.run_ddl("CREATE TABLE a (b)")):
        with pytest.raises(StoreError, match="not open"):
            await attempt


async def test_second_start_is_refused(sqlite_store: Engine) -> None:
    with pytest.raises(StoreError, match="open already"):
        await sqlite_store.start_connection_pool()


@pytest.mark.trap("D4")
async def test_nothing_is_left_open_after_close(sqlite_url: str) -> None:
    async with open_store(sqlite_url) as engine:
        await create_things(engine)
        await add("a")
        await fetch(COUNT, unbounded=True)
        assert sqlite_threads()
    assert sqlite_threads() == []
    assert open_files("rolebook.sqlite") == 0
    await engine.close_connection_pool()  # again, to no effect


@pytest.mark.trap("D4")
async def test_lock_timeouts_leave_no_thread_and_no_file_behind(sqlite_store: Engine) -> None:
    assert isinstance(sqlite_store, OneWriterEngine)
    await create_things(sqlite_store)
    await add("warm")
    sqlite_store.lock_wait_s = 0
    other = open_connection(sqlite_store.path)
    other.execute("BEGIN IMMEDIATE")
    threads, files = threading.active_count(), open_files("rolebook.sqlite")
    for _ in range(10):
        with pytest.raises(DatabaseUnavailableError):
            await add("never")
    assert (threading.active_count(), open_files("rolebook.sqlite")) == (threads, files)
    other.close()
    assert await names() == ["warm"]


async def test_start_that_fails_leaves_nothing_open(tmp_path: Path) -> None:
    file = tmp_path / "rolebook.sqlite"
    file.write_text("not a database " * 100)
    with pytest.raises(StoreError):
        await OneWriterEngine(str(file)).start_connection_pool()
    assert open_files("rolebook.sqlite") == 0
    assert sqlite_threads() == []


@pytest.mark.trap("7")
def test_several_processes_open_one_new_file_and_lose_no_update(tmp_path: Path) -> None:
    """Switching a new file to WAL fails at once while another process does it, and a read-modify-write must hold."""
    file = tmp_path / "rolebook.sqlite"
    with sqlite3.connect(file) as connection:
        connection.executescript("CREATE TABLE counter (n BIGINT); INSERT INTO counter VALUES (0)")
    connection.close()
    command = [sys.executable, "-c", INCREMENT, f"sqlite:///{file}", str(INCREMENTS)]
    programs = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(4)]
    errors = [program.communicate(timeout=60)[1].decode() for program in programs]
    assert errors == [""] * 4
    connection = sqlite3.connect(file)
    assert connection.execute("SELECT n FROM counter").fetchall() == [(4 * INCREMENTS,)]
    connection.close()


async def test_log_is_folded_into_the_file_at_the_end(sqlite_url: str) -> None:
    async with open_store(sqlite_url) as engine:
        await create_things(engine)
        await add("a")
    assert isinstance(engine, OneWriterEngine)
    assert log_bytes(engine.path) == 0


async def test_log_stays_small_however_much_is_written(sqlite_url: str) -> None:
    engine = OneWriterEngine(sqlite_url.removeprefix("sqlite:///"))
    engine.checkpoint_s, engine.log_bytes_max = 0.001, 100_000
    await engine.start_connection_pool()
    try:
        await engine.execute("CREATE TABLE much (text TEXT)")
        largest = 0
        for _ in range(600):
            await engine.execute("INSERT INTO much VALUES (?)", ["x" * 4_000])
            largest = max(largest, log_bytes(engine.path))
        assert (await engine.fetch("SELECT count(*) AS rows FROM much"))[0]["rows"] == 600
        assert 100_000 < largest < 1_500_000
    finally:
        await engine.close_connection_pool()
