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
        self.ended: asyncio.Future[bool | None] = loop.create_future()
        """Whether the body is to be kept; None when it took too long."""
        self.answer: asyncio.Future[None] = loop.create_future()
        self.watch: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> UnitConnection:
        """Wait for the turn.

        Raises:
            DatabaseUnavailableError: the writer was busy for ``lock_wait_s``, or the group failed meanwhile.
        """
        if self._current.get() is not None:
            raise NestedUnitError("units of work do not nest")
        self._queue.add(self)
        # A timer of its own: asyncio.timeout() costs three times as much, on every write.
        patience = self.turn.get_loop().call_later(self._queue.lock_wait_s, self._give_up)
        try:
            self._connection = await self.turn
        except BaseException:
            self.end(keep=False)
            self.answer.cancel()
            raise
        finally:
            patience.cancel()
        self._token = self._current.set(self._connection)
        return self._connection

    async def __aexit__(self, exception_type: object, exception: BaseException | None, traceback: object) -> None:
        """Wait for the group's COMMIT, also after a failure: it may be with a neighbour that is not committed yet."""
        self._current.reset(self._token)
        spoilt = self._connection.spoilt
        self.end(keep=exception is None and not spoilt)
        await self.answer
        if exception is None and spoilt:
            raise TransactionLostError("a failed statement was passed over; the unit is undone")

    def _give_up(self) -> None:
        if not self.turn.done():
            self.turn.set_exception(DatabaseUnavailableError("the writer of SQLite was busy for too long"))

    def end(self, *, keep: bool | None) -> None:
        """Say what becomes of the body; only the first word counts."""
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
            if not unit.turn.done():  # it may have given up waiting
                group.append(unit)
                await self._give_turn(unit, lease)
            if time.monotonic() > closes_at:
                break
        await lease.commit()

    def _watch(self, unit: UnitOfWork, connection: UnitConnection, served: int, rounds: int) -> None:
        """Look again and again whether a unit gets on, for as long as it runs statements, but not for ever."""
        if unit.ended.done() or self._unit_s is None:
            return
        if rounds == self.longest_rounds or (rounds and connection.served_count != served):
            loop = unit.ended.get_loop()
            unit.watch = loop.call_later(
                self._unit_s, self._watch, unit, connection, connection.served_count, rounds - 1
            )
        else:
            unit.end(keep=None)

    async def _give_turn(self, unit: UnitOfWork, lease: WriterLease) -> None:
        lease.command("SAVEPOINT unit")
        connection = UnitConnection(lease, unit.tenant_id)
        unit.turn.set_result(connection)
        self._watch(unit, connection, 0, self.longest_rounds)
        try:
            keep = await unit.ended
        finally:
            if unit.watch is not None:
                unit.watch.cancel()
            await connection.cut()
        if keep is None and not unit.answer.done():
            unit.answer.set_exception(DatabaseUnavailableError("the unit of work took too long and is undone"))
        if not keep:
            lease.command("ROLLBACK TO unit")
        lease.command("RELEASE unit")
