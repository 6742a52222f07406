"""Background duties: a tick in every process, and a lease for each duty, so that one process of all does it."""

import asyncio
import contextvars
import os
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from directory import leases
from directory.errors import UnavailableError
from directory.leases import LeaseLostError
from rolebook.metrics import Metrics

log = structlog.get_logger("rolebook.jobs")

TICK_S = 0.5
FINISH_S = 5.0
"""How long a stop waits for duties under way; what they leave undone the next holder of the lease takes up."""

LEASE_S = 30.0
"""How long a holder may be silent before another process takes its duty over; each batch renews it."""

BATCHES_MAX = 100
"""Batches in one run of a duty; the next run goes on."""

HEARTBEAT_S = 10.0
"""A process whose tick is older than this is not ready."""

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Something to be done again and again, in bounded batches."""

    name: str
    every_s: float
    work: Callable[[datetime], Awaitable[int]]
    """Does one batch and returns how much it did; 0 when nothing is left."""
    waits: Callable[[datetime], Awaitable[bool]] | None = None
    """Whether there is anything to do: a cheap read, so that an idle server claims nothing and writes nothing."""


def clock() -> datetime:
    """Return the time, for everything one batch of a duty does."""
    return datetime.now(UTC)  # noqa: TID251 - jobs are a door: they read the clock and hand it down


class Jobs:
    """The duties of one process."""

    def __init__(
        self,
        metrics: Metrics,
        duties: Sequence[Duty],
        *,
        own: Sequence[Duty] = (),
        now: Clock = clock,
        lease_s: float = LEASE_S,
    ) -> None:
        """Keep what is to be done: ``duties`` by whoever holds the lease, ``own`` in every process."""
        self._metrics = metrics
        self._duties = duties
        self._own = own
        self._now = now
        self._lease_s = lease_s
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._ask_at: dict[str, float] = {}
        self._ticked_at = monotonic()
        self.failures: dict[str, int] = {}
        """Failures in a row by duty; a run that ends well takes the duty out."""

    @property
    def is_ticking(self) -> bool:
        """Whether the scheduler still comes by."""
        return monotonic() - self._ticked_at < HEARTBEAT_S

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tick for as long as the body runs; at the end let duties finish, and do those of this process once more."""
        async with asyncio.TaskGroup() as self._group:
            scheduler = AsyncIOScheduler(timezone=UTC)
            # misfire_grace_time is 1 s by default: a busy loop would silently lose ticks.
            scheduler.add_job(
                self.tick, "interval", seconds=TICK_S, max_instances=1, coalesce=True, misfire_grace_time=None
            )
            scheduler.start()
            try:
                yield
            finally:
                scheduler.shutdown(wait=False)
                await self._finish()

    async def tick(self) -> None:
        """Start every duty whose time has come and that is not under way here."""
        self._ticked_at = monotonic()
        for duty in (*self._own, *self._duties):
            task = self._under_way.get(duty.name)
            if (task is None or task.done()) and self._ask_at.get(duty.name, 0.0) <= self._ticked_at:
                self._ask_at[duty.name] = self._ticked_at + duty.every_s
                # A context of its own: a task inherits the unit of work of whoever starts it.
                self._under_way[duty.name] = self._group.create_task(self.run(duty), context=contextvars.Context())

    async def _finish(self) -> None:
        """Wait for what is under way, but not for ever; then write what this process still holds back."""
        under_way = [task for task in self._under_way.values() if not task.done()]
        if under_way:
            _, late = await asyncio.wait(under_way, timeout=FINISH_S)
            for task in late:
                task.cancel()
        for duty in self._own:
            await self.run(duty)

    async def run(self, duty: Duty) -> None:
        """Do one duty, if there is anything to do and nobody else does it, and note how it ended."""
        try:
            outcome = await self._take(duty)
        except UnavailableError as error:
            outcome = "unavailable"
            self._metrics.unavailable.inc()
            log.warning("duty put off", duty=duty.name, exc_info=error)
        except LeaseLostError:
            outcome = "lost"
            log.warning("duty lost to another process", duty=duty.name)
        except Exception as error:
            outcome = "failed"
            log.error("duty failed", duty=duty.name, exc_info=error)  # noqa: TRY400 - structlog, with the error itself
        self._note(duty.name, outcome)

    async def _take(self, duty: Duty) -> str:
        """Do a duty of this process; one of all processes only with its lease, and inside its fence."""
        if duty.waits is not None and not await duty.waits(self._now()):
            return "idle"
        if duty in self._own:
            await self._work_off(duty)
            return "done"
        now = self._now()
        lease = await leases.claim(duty.name, self._holder, now=now, every_s=duty.every_s, lease_s=self._lease_s)
        if lease is None:
            return "elsewhere"
        done = False
        try:
            with leases.holding(lease, self._now):
                await self._work_off(duty)
            done = True
        finally:
            await leases.release(lease, self._now(), failed=not done)
        return "done"

    async def _work_off(self, duty: Duty) -> None:
        for _ in range(BATCHES_MAX):
            count = await duty.work(self._now())
            if not count:
                return
            self._metrics.duty_done.labels(duty.name).inc(count)

    def _note(self, name: str, outcome: str) -> None:
        if outcome in {"idle", "done"}:
            self.failures.pop(name, None)
        elif outcome != "elsewhere":
            self.failures[name] = self.failures.get(name, 0) + 1
        if outcome != "idle":
            self._metrics.duty_runs.labels(name, outcome).inc()
        if outcome == "done":
            self._metrics.duty_ended_at.labels(name).set_to_current_time()
