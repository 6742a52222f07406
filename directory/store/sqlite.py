"""SQLite for Piccolo: one long-lived writer, one reader, one thread for long queries, and group commit.

The writer and the reader are used on the event loop's thread, because an indexed statement costs 12-15 us and a hop to
a thread 60-150 us. They never wait inside SQLite: while another process holds the write lock, the statement is tried
again after an asynchronous sleep. The long reader has a thread of its own for everything unbounded, and checkpoints.
"""

import asyncio
import contextlib
import random
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn, TypeVar, cast
from uuid import UUID

from piccolo.engine.sqlite import SQLiteEngine

from directory.store.driver_errors import BUSY_CODES, SQLITE_ERRORS, raise_sqlite_error
from directory.store.errors import StoreError
from directory.store.group_commit import GroupCommit, UnitOfWork
from directory.store.sqlite_connection import Row, open_connection
from directory.store.sqlite_statements import fetch_rows, statement_kind
from directory.store.sqlite_writer import UnitConnection, finish
from directory.store.tenancy import Scope

Result = TypeVar("Result")


class OneWriterEngine(SQLiteEngine):
    """Piccolo engine over one writer and two readers per process, in WAL mode."""

    lock_wait_s = 10.0
    """How long a unit waits for the writer, whoever holds it: a neighbour or another process."""

    checkpoint_s = 1.0

    log_bytes_max = 16 * 1024 * 1024
    """How large the write-ahead log may grow before it is folded into the database file: copying pages once for many
    commits halves what is written, and the log is what a start after a crash reads."""

    writer: sqlite3.Connection
    reader: sqlite3.Connection
    long_reader: sqlite3.Connection
    writer_lock: asyncio.Lock
    commit_thread: ThreadPoolExecutor

    def __init__(self, path: str, *, foreign_keys: bool = True, unit_s: float | None = 5.0) -> None:
        """Keep the settings; nothing is opened yet.

        ``foreign_keys=False`` and ``unit_s=None`` are for migrations, which may rebuild tables.
        """
        super().__init__(path)
        self.started = False
        self._foreign_keys = foreign_keys
        self._unit_s = unit_s

    async def check_version(self) -> None:
        """Do nothing: Piccolo would only warn."""

    async def start_connection_pool(self, **_: Any) -> None:  # noqa: ANN401  # Piccolo's signature
        """Open the connections; to be called in the event loop that will use them."""
        if self.started:
            raise StoreError("the connections are open already")
        self.writer_lock = asyncio.Lock()
        with contextlib.ExitStack() as opened:
            self.writer = self._open(opened)
            self.reader = self._open(opened)
            self.reader.execute("PRAGMA query_only=ON")
            self.long_reader = self._open(opened, busy_ms=10_000)
            opened.pop_all()
        self.commit_thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-commit")
        self._long_thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-long")
        self._groups = GroupCommit(self, self._unit_s)
        # Lives as long as the engine, which has no task group to live in; close_connection_pool ends it.
        self._checkpointer = asyncio.create_task(self._checkpoint_regularly())  # noqa: TID251
        self.started = True

    def _open(self, opened: contextlib.ExitStack | None = None, *, busy_ms: int = 0) -> sqlite3.Connection:
        connection = open_connection(self.path, busy_ms=busy_ms, foreign_keys=self._foreign_keys)
        if opened is not None:
            opened.callback(connection.close)
        return connection

    async def close_connection_pool(self) -> None:
        """Wait for the queued units, close all connections and fold the log into the database file."""
        if not self.started:
            return
        await self._groups.drain()
        self.started = False
        self._checkpointer.cancel()
        async with self.writer_lock:
            self.reader.close()
            # No PRAGMA optimize: by statistics of a small directory SQLite passes over the indexes of rare rows.
            self.writer.close()
        await finish(self._long_thread, self._close_long_reader)
        self._long_thread.shutdown()
        self.commit_thread.shutdown()

    def _close_long_reader(self) -> None:
        with contextlib.suppress(sqlite3.Error):  # the log stays beside the file and is read at the next start
            self.long_reader.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.long_reader.close()

    def replace_writer(self) -> None:
        """Open a new writer after one that could not even roll back; if that fails too, writes fail until restart."""
        with contextlib.suppress(sqlite3.Error, StoreError):
            self.writer.close()
            self.writer = self._open()

    async def _checkpoint_regularly(self) -> None:
        while True:
            await asyncio.sleep(self.checkpoint_s)
            if self._log_bytes() >= self.log_bytes_max:
                with contextlib.suppress(sqlite3.Error):  # another process may be checkpointing, or the disk be full
                    await self._fold_log()

    def _log_bytes(self) -> int:
        try:
            return Path(self.path + "-wal").stat().st_size
        except OSError:  # a checkpoint of another process may just have removed it
            return 0

    async def _fold_log(self) -> None:
        """Copy the log into the database file, and let the next writer start the log anew.

        While others write, a checkpoint never reaches the end of the log, which then grows for ever (3.9 GiB after
        100,000 users, measured). So most is copied beside them, and the rest while nobody writes. Whoever still reads
        an old state is not waited for: the next second tries again.
        """
        await finish(self._long_thread, lambda: fetch_rows(self.long_reader, "PRAGMA wal_checkpoint(PASSIVE)", ()))
        async with self.writer_lock:
            await finish(self._long_thread, self._restart_log)

    def _restart_log(self) -> None:
        self.long_reader.execute("PRAGMA busy_timeout=0")
        try:
            fetch_rows(self.long_reader, "PRAGMA wal_checkpoint(TRUNCATE)", ())
        finally:
            self.long_reader.execute("PRAGMA busy_timeout=10000")

    async def retry_while_locked(self, work: Callable[[], Result], thread: ThreadPoolExecutor | None = None) -> Result:
        """Do ``work`` here or on ``thread``; while another process holds the lock, sleep and try again."""
        deadline = time.monotonic() + self.lock_wait_s
        pause_s = 0.0005
        while True:
            try:
                return work() if thread is None else await finish(thread, work)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF not in BUSY_CODES or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(pause_s * (0.5 + random.random()))  # noqa: S311  # spreads tries; no secret
            pause_s = min(pause_s * 1.5, 0.01)

    def unit_of_work(self, tenant_id: UUID | None = None) -> UnitOfWork:
        """``async with engine.unit_of_work(tenant_id):`` for all that is written."""
        self._check_started()
        return UnitOfWork(self._groups, self.current_transaction, tenant_id)

    def open_unit(self) -> UnitConnection | None:
        """Return the unit of work of this task, if one is open."""
        return cast("UnitConnection | None", self.current_transaction.get())

    def transaction(self, *_: Any, **__: Any) -> UnitOfWork:  # type: ignore[override]  # noqa: ANN401  # Piccolo's is banned
        """The same, for Piccolo's migration runner."""
        return self.unit_of_work()

    async def batch(self, *_: Any, **__: Any) -> NoReturn:  # noqa: ANN401  # Piccolo's signature
        """Refuse: Piccolo's swallows exceptions and leaves the unit of work. Page by key instead."""
        raise StoreError("batch() is not used: page by key")

    async def fetch(
        self,
        sql: str,
        args: Sequence[Any] = (),
        *,
        unbounded: bool = False,
        scope: Scope | None = None,  # noqa: ARG002  # PostgreSQL's wall; SQLite has none
    ) -> list[Row]:
        """Run one statement: in the open unit, else a read on a reader, else alone in a unit of its own."""
        unit = self.open_unit()
        if unit is not None:
            return await unit.fetch(sql, args, unbounded=unbounded)
        kind = statement_kind(sql)
        if kind == "read":
            return await self._read(sql, args, unbounded=unbounded)
        if kind == "write":
            async with self.unit_of_work() as own:
                return await own.fetch(sql, args, unbounded=unbounded)
        return await self._run_alone(sql, args)

    async def execute(
        self,
        sql: str,
        args: Sequence[Any] = (),
        *,
        unbounded: bool = False,
        scope: Scope | None = None,  # noqa: ARG002  # as above
    ) -> int:
        """Run one statement in the open unit, else in a unit of its own; return how many rows it changed."""
        unit = self.open_unit()
        if unit is not None:
            return await unit.execute(sql, args, unbounded=unbounded)
        async with self.unit_of_work() as own:
            return await own.execute(sql, args, unbounded=unbounded)

    async def _read(self, sql: str, args: Sequence[Any], *, unbounded: bool) -> list[Row]:
        self._check_started()
        connection = self.long_reader if unbounded else self.reader
        try:
            if unbounded:
                return await asyncio.get_running_loop().run_in_executor(
                    self._long_thread, fetch_rows, connection, sql, args
                )
            return fetch_rows(connection, sql, args)
        except SQLITE_ERRORS as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in BUSY_CODES:
                raise_sqlite_error(error, connection)
        try:
            return await self.retry_while_locked(lambda: fetch_rows(self.reader, sql, args))
        except SQLITE_ERRORS as error:
            raise_sqlite_error(error, self.reader)

    async def _run_alone(self, sql: str, args: Sequence[Any]) -> list[Row]:
        self._check_started()
        async with self.writer_lock:
            try:
                return await self.retry_while_locked(lambda: fetch_rows(self.writer, sql, args))
            except SQLITE_ERRORS as error:
                raise_sqlite_error(error, self.writer)

    def _check_started(self) -> None:
        if not self.started:
            raise StoreError("the connections are not open: start_connection_pool() first")

    async def run_querystring(self, querystring: Any, in_pool: bool = False) -> list[Row]:  # noqa: ANN401, ARG002, FBT001, FBT002  # Piccolo's signature
        """Piccolo's entry for queries."""
        sql, args = querystring.compile_string(engine_type="sqlite")
        return await self.fetch(sql, args)

    async def run_ddl(self, ddl: str, in_pool: bool = False) -> list[Row]:  # noqa: ARG002, FBT001, FBT002  # Piccolo's signature
        """Piccolo's entry for schema statements."""
        return await self.fetch(ddl)
