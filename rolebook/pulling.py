"""The pulls of one process: it looks what is due, takes what nobody else has, and does a few at a time."""

import asyncio
import contextvars
import os
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime

import structlog

from directory import leases
from directory.errors import DirectoryError, UnavailableError
from directory.leases import Lease, LeaseLostError
from directory.model import SourceId, TenantId
from directory.pull_run import RunId
from directory.pulls import due, run_life
from directory.store.errors import StoreError
from directory.tenancy import new_turn, take_turn
from rolebook.jobs import Duty
from rolebook.pull_means import Means
from rolebook.pull_work import carry_out

log = structlog.get_logger("rolebook.pulling")

SLOTS = 2
"""Pulls at a time: each has pages of its own in memory, and SQLite has one writer for all."""

LEASE_S = 60.0
"""How long a process may be silent before another one takes its pull over; it renews every 20 s, and with each page."""

DUTY = "start_pulls"
LOOKED_AT = 50
EVERY_S = 2.0
FINISH_S = 5.0
"""How long a stop waits for the page or batch under way; whoever takes the run up goes on behind the last one."""


def lease_name(source_id: SourceId) -> str:
    """Return the duty that whoever pulls a source holds."""
    return f"pull:{source_id}"


class Puller:
    """Does pulls as long as it runs."""

    def __init__(self, means: Means, *, slots: int = SLOTS, lease_s: float = LEASE_S) -> None:
        """Nothing is taken up before ``running``."""
        self._means = means
        self._slots = slots
        self._lease_s = lease_s
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._working: dict[SourceId, asyncio.Task[None]] = {}
        self._filling = asyncio.Lock()
        self._group: asyncio.TaskGroup | None = None

    @property
    def duty(self) -> Duty:
        """What every process does for itself: look for pulls. The lease is of each source."""
        return Duty(name=DUTY, every_s=EVERY_S, waits=due.has_due, work=self.look)

    def now(self) -> datetime:
        """Return the time, as pulls have it."""
        return self._means.clock()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Take pulls up for as long as the body runs; at the end let them come to the end of a page or batch."""
        self._means.stopping.clear()
        async with asyncio.TaskGroup() as self._group:
            try:
                yield
            finally:
                self._means.stopping.set()
                await self._finish()
        self._group = None

    async def look(self, now: datetime) -> int:
        """Ask for what is due, and take up what fits."""
        if not self._is_free():
            return 0
        await due.ask_due(now)
        await self._fill()
        return 0

    def _is_free(self) -> bool:
        is_running = self._group is not None and not self._means.stopping.is_set()
        return is_running and len(self._working) < self._slots

    async def _fill(self) -> None:
        async with self._filling:  # two at once would take more than there is room for
            for tenant_id, source_id, run_id in await run_life.list_next_runs(self._means.clock(), limit=LOOKED_AT):
                if not self._is_free():
                    return
                if source_id not in self._working and (lease := await self.claim(source_id)) is not None:
                    self._start(tenant_id, run_id, source_id, lease)

    async def claim(self, source_id: SourceId) -> Lease | None:
        """Take a source, if nobody has it."""
        now = self._means.clock()
        return await leases.claim(lease_name(source_id), self._holder, now=now, every_s=0, lease_s=self._lease_s)

    def _start(self, tenant_id: TenantId, run_id: RunId, source_id: SourceId, lease: Lease) -> None:
        async def work() -> None:
            try:
                await self.work(tenant_id, run_id, lease)
            finally:
                del self._working[source_id]
            if self._is_free():
                with suppress(UnavailableError):  # the next look is two seconds away
                    await self._fill()

        if self._group is not None:
            # A context of its own: a task inherits the unit of work of whoever starts it.
            self._working[source_id] = self._group.create_task(work(), context=contextvars.Context())

    async def work(self, tenant_id: TenantId, run_id: RunId, lease: Lease) -> None:
        """Carry a run out with the lease of its source, and give that back."""
        done = False
        try:
            with leases.holding(lease, self._means.clock), new_turn():
                take_turn(tenant_id)
                await carry_out(tenant_id, run_id, self._means)
            done = True
        except LeaseLostError:
            log.warning("pull lost to another process", run_id=str(run_id))
        except (DirectoryError, StoreError) as error:  # it stays as it is; whoever comes next goes on
            log.warning("pull put off", run_id=str(run_id), exc_info=error)
        finally:
            with suppress(UnavailableError):  # it lapses
                await leases.release(lease, self._means.clock(), failed=not done)

    async def _finish(self) -> None:
        under_way = list(self._working.values())
        if under_way:
            _, late = await asyncio.wait(under_way, timeout=FINISH_S)
            for task in late:
                task.cancel()
