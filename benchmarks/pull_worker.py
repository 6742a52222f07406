"""A process that pulls from a directory of ours as a server does, and says how long it took and what it cost.

Commands come as lines on standard input, answers go as JSON to standard output: ``bare``, ``full``, ``delta``, ``end``.
"""

import asyncio
import gc
import json
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import uvloop

from benchmarks.systems import private_bytes
from connectors.pull import each_page
from connectors.records import Done
from connectors.terms import Silent
from directory import access_roles, locks, tenants
from directory.model import Actor
from directory.pulls import run_life, runs
from directory.pulls.kinds import offer_connectors
from directory.pulls.model import PullSource, Run
from directory.pulls.sources import create_pull_source
from directory.sealing_keys import use_key_ring
from directory.store.compiled import Statement
from directory.store.migrate import migrate
from directory.store.unit import fetch, open_store
from rolebook import logs
from rolebook.app import YOUNG_MAX
from rolebook.connecting import offered_connectors
from rolebook.keys import key_ring_for
from rolebook.pull_means import Means, connecting
from rolebook.pulling import Puller
from rolebook.settings import Settings
from tests.fakes.graph_tokens import APPLICATION, DIRECTORY, SECRET

LOOK_S = 0.002
MEMORY_LOOK_S = 0.2
WRITTEN = Statement(
    "SELECT (SELECT coalesce(sum(version), 0) FROM user_row) AS users,"
    " (SELECT coalesce(sum(version), 0) FROM group_row) AS groups,"
    " (SELECT count(*) FROM member_row) AS members,"
    " (SELECT count(*) FROM event_row WHERE subject_kind IN ('user', 'group')) AS events",
    house=True,
)


class Watched:
    """What the process cost while it did something."""

    def __init__(self) -> None:
        self.stall_ms = 0.0
        self.busy_ms = 0.0
        """As the stall, but in processor time of the loop's thread: what others take on a busy machine is not in it."""
        self.private_mib = 0.0
        self._over = threading.Event()

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Look at the loop all the time, and at the memory from a thread."""
        thread = threading.Thread(target=self._look_at_memory)
        thread.start()
        task = asyncio.get_running_loop().create_task(self._look_at_loop())
        try:
            yield
        finally:
            task.cancel()
            self._over.set()
            thread.join()

    async def _look_at_loop(self) -> None:
        while True:
            before, used = time.perf_counter(), time.thread_time()
            await asyncio.sleep(LOOK_S)
            self.stall_ms = max(self.stall_ms, (time.perf_counter() - before - LOOK_S) * 1000)
            self.busy_ms = max(self.busy_ms, (time.thread_time() - used) * 1000)

    def _look_at_memory(self) -> None:
        while not self._over.wait(MEMORY_LOOK_S):
            self.private_mib = max(self.private_mib, private_bytes(os.getpid()) / 2**20)


async def measured(deed: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    """Do something, and say what it cost."""
    watched = Watched()
    used, began = time.process_time(), time.perf_counter()
    async with watched.watching():
        said = await deed()
    took_s, used_s = time.perf_counter() - began, time.process_time() - used
    return {
        "took_s": round(took_s, 2),
        "cpu_s": round(used_s, 2),
        "stall_ms": round(watched.stall_ms),
        "busy_ms": round(watched.busy_ms),
        "private_mib": round(watched.private_mib),
        **said,
    }


class Worker:
    """One source, pulled again and again."""

    def __init__(self, source: PullSource, by: Actor, means: Means) -> None:
        self._source = source
        self._by = by
        self._means = means
        self._puller = Puller(means)

    async def bare(self) -> dict[str, Any]:
        """Fetch and word everything, and keep nothing."""
        count = {"objects": 0, "edges": 0}
        async with aclosing(await self._means.connect(self._source, Silent())) as connector:
            for stream in ("users", "groups"):
                async for item in each_page(connector, stream, None):
                    if not isinstance(item, Done):
                        count["objects"] += len(item.records)
                        count["edges"] += len(item.edges)
        return count

    async def pull(self, kind: Any) -> dict[str, Any]:  # noqa: ANN401 - full or delta
        """Pull once, as the command line does."""
        now, source_id = self._means.clock(), self._source.source_id
        run = await runs.ask_run(source_id, kind, cause="command line", by=self._by, now=now)
        lease = await self._puller.claim(source_id)
        if lease is None:
            raise RuntimeError("somebody else pulls")
        await self._puller.work(run.tenant_id, run.run_id, lease)
        return told(await run_life.reread(run))


def told(run: Run) -> dict[str, Any]:
    """Return what became of a pull."""
    if run.state != "done" or run.error_words:
        raise RuntimeError(f"the pull is {run.state}: {run.error_words}")
    return {
        "timings": run.timings,
        "requests": run.request_count,
        "counts": run.counts,
        "why": run.why,
    }


async def main() -> None:
    """Set a tenant up, and do what is asked for."""
    settings = Settings.from_env()
    logs.set_up("warning")
    url = settings.database_url.reveal()
    use_key_ring(key_ring_for(settings))
    offered = offered_connectors(settings)
    offer_connectors(offered)
    await migrate(url)
    async with open_store(url):
        now = datetime.now(UTC)
        tenant = await tenants.create_tenant("Contoso", now=now)
        by = tenants.system_actor(tenant, "benchmark")
        role = await access_roles.find_role(tenant.tenant_id, "administrator")
        if role is None:
            raise RuntimeError("the tenant has no administrator's role")
        await locks.create_local_user("rosa", role_id=role.role_id, by=by, now=now)
        config = {"tenant": DIRECTORY, "client_id": APPLICATION}
        source = await create_pull_source("graph", "Graph", config, {"client_secret": SECRET}, by=by, now=now)
        worker = Worker(source, by, Means(connect=connecting(offered)))
        gc.collect()
        gc.freeze()  # as a server does
        gc.set_threshold(YOUNG_MAX, *gc.get_threshold()[1:])
        loop = asyncio.get_running_loop()
        while (line := (await loop.run_in_executor(None, sys.stdin.readline)).strip()) not in {"", "end"}:
            deed = worker.bare if line == "bare" else partial(worker.pull, line)
            before = await fetch(WRITTEN)
            answer = await measured(deed)
            unchanged = before == await fetch(WRITTEN)
            sys.stdout.write(json.dumps({**answer, "unchanged": unchanged}) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main())
