"""Group commit: units of work that wait at the same time share one transaction and its one fsync."""

import asyncio
import contextvars
import time
from collections import deque
from typing import Any, Protocol
from uuid import UUID

from directory.store.errors import DatabaseUnavailableError, GroupFailedError, NestedUnitError, TransactionLostError
from directory.store.sqlite_writer import UnitConnection, WriterHome, WriterLease


class UnitHome(WriterHome, Protocol):
    """What units need of their engine."""

    current_transaction: contextvars.ContextVar[Any]
    lock_wait_s: float


class UnitOfWork:
    """``async with`` runs its body alone on the writer and leaves after the group's COMMIT.

    The body awaits nothing but its own statements, because it holds the only writer. If it raises, it alone is undone.
    A caller cancelled before its turn or in the body is undone; one cancelled later is committed with its group.
    """

    def __init__(self, queue: "GroupCommit", current: contextvars.ContextVar[Any], tenant_id: UUID | None) -> None:
        self.tenant_id = tenant_id
        self._current = current
        self._queue = queue
        loop = asyncio.get_running_loop()
        self.turn: asyncio.Future[UnitConnection] = loop.create_future()
        self.ended: asyncio.Future[bool] = loop.create_future()
        self.answer: asyncio.Future[None] = loop.create_future()

    async def __aenter__(self) -> UnitConnection:
        """Wait for the turn.

        Raises:
            DatabaseUnavailableError: the writer was busy for ``lock_wait_s``, or the group failed meanwhile.
        """
        if self._current.get() is not None:
            raise NestedUnitError("units of work do not nest")
        self._queue.add(self)
        try:
            async with asyncio.timeout(self._queue.lock_wait_s):
                self._connection = await self.turn
        except BaseException as error:
            self._end(keep=False)
            self.answer.cancel()
            if isinstance(error, TimeoutError):
                raise DatabaseUnavailableError("the writer of SQLite was busy for too long") from error
            raise
        self._token = self._current.set(self._connection)
        return self._connection

    async def __aexit__(self, exception_type: object, exception: BaseException | None, traceback: object) -> None:
        """Wait for the group's COMMIT, also after a failure: it may be with a neighbour that is not committed yet."""
        self._current.reset(self._token)
        spoilt = self._connection.spoilt
        self._end(keep=exception is None and not spoilt)
        await self.answer
        if exception is None and spoilt:
            raise TransactionLostError("a failed statement was passed over; the unit is undone")

    def _end(self, *, keep: bool) -> None:
        if not self.ended.done():
            self.ended.set_result(keep)

    def settle(self, failure: BaseException | None) -> None:
        """Let the caller go on, if it is still there; ``failure`` is that of the whole group."""
        awaited: asyncio.Future[Any] = self.answer if self.turn.done() else self.turn
        if self.turn.cancelled() or awaited.done():
            return
        if failure is None:
            awaited.set_result(None)
            return
        error = GroupFailedError(f"not committed: {failure}")
        error.__cause__ = failure
        awaited.set_exception(error)


class GroupCommit:
    """Runs queued units one after the other, each under its own savepoint, and lets them go after the COMMIT."""

    largest_group = 64
    longest_rounds = 6
    """A unit that names 100,000 members takes longer than others may: so many times as long, while it gets on."""

    group_s = 0.05
    """A group takes no further unit after this time, so that nobody waits long for its COMMIT."""

    def __init__(self, engine: UnitHome, unit_s: float | None) -> None:
        """``unit_s``: a body that runs no statement for so long is undone; None sets no limit."""
        self._engine = engine
        self._unit_s = unit_s
        self._waiting: deque[UnitOfWork] = deque()
        self._runner: asyncio.Task[None] | None = None

    @property
    def lock_wait_s(self) -> float:
        """How long a unit waits for its turn."""
        return self._engine.lock_wait_s

    def add(self, unit: UnitOfWork) -> None:
        """Queue a unit; the first one starts the runner."""
        self._waiting.append(unit)
        if self._runner is None or self._runner.done():
            # A task of its own: the group outlives whichever caller began it, and never sees a caller's context.
            self._runner = asyncio.create_task(self._run_groups(), context=contextvars.Context())  # noqa: TID251

    async def drain(self) -> None:
        """Wait until the queued units are done."""
        if self._runner is not None:
            await asyncio.wait({self._runner})

    async def _run_groups(self) -> None:
        while self._waiting:
            await self._engine.writer_lock.acquire()
            lease = WriterLease(self._engine)
            group: list[UnitOfWork] = []
            failure: BaseException | None = None
            try:
                await self._run_group(lease, group)
            except BaseException as error:  # every unit must be answered, whatever happened
                failure = error
                if not group or not isinstance(error, Exception):  # no transaction to be had, or the loop is ending
                    group.extend(self._waiting)
                    self._waiting.clear()
                if not isinstance(error, Exception):
                    raise
            finally:
                lease.close()
                for unit in group:
                    unit.settle(failure)

    async def _run_group(self, lease: WriterLease, group: list[UnitOfWork]) -> None:
        await lease.begin()
        closes_at = time.monotonic() + self.group_s
        while self._waiting and len(group) < self.largest_group:
            unit = self._waiting.popleft()
            if not unit.turn.cancelled():
                group.append(unit)
                await self._give_turn(unit, lease)
            if time.monotonic() > closes_at:
                break
        await lease.commit()

    async def _ended(self, unit: UnitOfWork, connection: UnitConnection) -> None:
        """Wait for a unit's end, for as long as it goes on running statements, but not for ever."""
        for _ in range(self.longest_rounds):
            before = connection.served_count
            await asyncio.wait({unit.ended}, timeout=self._unit_s)
            if unit.ended.done() or connection.served_count == before:
                return

    async def _give_turn(self, unit: UnitOfWork, lease: WriterLease) -> None:
        lease.command("SAVEPOINT unit")
        connection = UnitConnection(lease, unit.tenant_id)
        unit.turn.set_result(connection)
        try:
            await self._ended(unit, connection)
        finally:
            await connection.cut()
        if not unit.ended.done() and not unit.answer.done():
            unit.answer.set_exception(DatabaseUnavailableError("the unit of work took too long and is undone"))
        if not (unit.ended.done() and unit.ended.result()):
            lease.command("ROLLBACK TO unit")
        lease.command("RELEASE unit")
