"""The one writing connection to SQLite of this process, as a group and each of its units hold it."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar
from uuid import UUID

from directory.store.driver_errors import SQLITE_ERRORS, raise_sqlite_error
from directory.store.errors import TransactionLostError
from directory.store.sqlite_connection import Row
from directory.store.sqlite_statements import count_changes, fetch_rows

Result = TypeVar("Result")

STATEMENT_S = 10.0
"""A statement on a thread is interrupted after this time; PostgreSQL has the same limit."""


class WriterHome(Protocol):
    """What a lease needs of its engine."""

    writer: sqlite3.Connection
    writer_lock: asyncio.Lock
    commit_thread: ThreadPoolExecutor

    def replace_writer(self) -> None:
        """Open a new writer in place of a broken one."""

    async def retry_while_locked(self, work: Callable[[], Result], thread: ThreadPoolExecutor | None = None) -> Result:
        """Do ``work``, again and again while another process holds the lock."""


async def finish(thread: ThreadPoolExecutor, work: Callable[[], Result]) -> Result:
    """Run ``work`` on ``thread`` to its end even if the caller is cancelled: it uses a connection that must be idle."""
    running = asyncio.get_running_loop().run_in_executor(thread, work)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        raise


class WriterLease:
    """The writer in the hands of one group, from BEGIN until ``close()``; the holder has ``writer_lock``."""

    def __init__(self, engine: WriterHome) -> None:
        self._engine = engine
        self._held = True
        self.connection = engine.writer
        self.thread = engine.commit_thread

    @property
    def in_transaction(self) -> bool:
        """Whether the transaction is still open; SQLite ends it by itself when the disk is full."""
        return self._held and self.connection.in_transaction

    async def begin(self) -> None:
        """BEGIN IMMEDIATE, so that no later statement can meet a lock."""
        await self._engine.retry_while_locked(lambda: fetch_rows(self.connection, "BEGIN IMMEDIATE", ()))

    def command(self, sql: str) -> None:
        """Run a savepoint command, never in autocommit."""
        if not self.in_transaction:
            raise TransactionLostError(f"no open transaction for {sql!r}")
        fetch_rows(self.connection, sql, ())

    async def commit(self) -> None:
        """COMMIT away from the loop, so that reads go on and writers gather while the disk syncs."""
        if not self.in_transaction:
            raise TransactionLostError("no open transaction to commit")
        await self._engine.retry_while_locked(lambda: fetch_rows(self.connection, "COMMIT", ()), self.thread)

    def close(self) -> None:
        """Roll back whatever is still open and free the writer; a second call does nothing."""
        if not self._held:
            return
        self._held = False
        try:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
        except sqlite3.Error:
            self._engine.replace_writer()  # closing a connection rolls it back
        finally:
            self._engine.writer_lock.release()


class UnitConnection:
    """What one unit of work sees of the writer; dead as soon as the unit ends.

    As on PostgreSQL, a failed statement spoils the unit until a rollback to a savepoint, and a second statement may
    not start while one runs on the thread.
    """

    def __init__(self, lease: WriterLease, tenant_id: UUID | None) -> None:
        self.tenant_id = tenant_id
        self.spoilt = False
        self.served_count = 0
        """How many statements over many rows it ran: a unit that gets on may take longer."""
        self._lease: WriterLease | None = lease
        self._running: asyncio.Future[Any] | None = None
        self._savepoints = 0

    async def fetch(self, sql: str, args: Sequence[Any] = (), *, unbounded: bool = False) -> list[Row]:
        """Run one statement inside the unit; ``unbounded`` on a thread, since it may touch many rows."""
        if unbounded:
            return await self._on_thread(fetch_rows, sql, args)
        return self._here(fetch_rows, sql, args)

    async def execute(self, sql: str, args: Sequence[Any] = (), *, unbounded: bool = False) -> int:
        """Run one statement inside the unit and return how many rows it changed."""
        if unbounded:
            return await self._on_thread(count_changes, sql, args)
        return self._here(count_changes, sql, args)

    async def savepoint(self) -> str:
        """Set a savepoint and return its name."""
        self._savepoints += 1
        name = f"point_{self._savepoints}"
        self._usable().command(f"SAVEPOINT {name}")
        return name

    async def rollback_to(self, name: str) -> None:
        """Undo what came after the savepoint, and forget the savepoint; the unit is usable again."""
        lease = self._open()
        self.spoilt = True
        try:
            lease.command(f"ROLLBACK TO {name}")
            lease.command(f"RELEASE {name}")
        except sqlite3.Error as error:
            raise TransactionLostError(str(error)) from error
        self.spoilt = False

    async def release(self, name: str) -> None:
        """Keep what came after the savepoint, and forget the savepoint."""
        self._usable().command(f"RELEASE {name}")

    async def cut(self) -> None:
        """Refuse whatever comes now, from tasks left behind, since it would land in the next unit."""
        self._lease = None
        if self._running is not None and not self._running.done():
            await asyncio.wait({self._running})

    def _open(self) -> WriterLease:
        if self._lease is None or not self._lease.in_transaction:
            raise TransactionLostError("the unit of work is over")
        if self._running is not None:
            raise RuntimeError("another statement of this unit is running")
        return self._lease

    def _usable(self) -> WriterLease:
        if self.spoilt:
            raise TransactionLostError("a statement of this unit failed before: roll back to a savepoint first")
        return self._open()

    def _here(
        self, work: Callable[[sqlite3.Connection, str, Sequence[Any]], Result], sql: str, args: Sequence[Any]
    ) -> Result:
        connection = self._usable().connection
        try:
            return work(connection, sql, args)
        except SQLITE_ERRORS as error:
            self.spoilt = True
            raise_sqlite_error(error, connection)

    async def _on_thread(
        self, work: Callable[[sqlite3.Connection, str, Sequence[Any]], Result], sql: str, args: Sequence[Any]
    ) -> Result:
        lease = self._usable()
        self.served_count += 1
        loop = asyncio.get_running_loop()
        self._running = loop.run_in_executor(lease.thread, lambda: work(lease.connection, sql, args))
        limit = loop.call_later(STATEMENT_S, lease.connection.interrupt)
        try:
            result: Result = await asyncio.shield(self._running)
        except asyncio.CancelledError:
            self.spoilt = True
            await asyncio.wait({self._running})
            raise
        except SQLITE_ERRORS as error:
            self.spoilt = True
            raise_sqlite_error(error, lease.connection)
        else:
            return result
        finally:
            limit.cancel()
            self._running = None
