"""Pulls that are due by their sources' rhythm."""

from datetime import datetime, timedelta

from directory.model import PERMISSIONS, Actor, TenantId
from directory.pulls.model import PullSource, Run, RunCause, RunKind
from directory.pulls.outcomes import list_due
from directory.pulls.pacing import next_pull_at
from directory.pulls.runs import ask_run, current_run
from directory.pulls.sources import get_pull_source
from directory.store.pulls import runs as rows
from directory.store.unit import in_unit

DUE_MAX = 50


async def has_due(now: datetime) -> bool:
    """Whether a source is due that nobody has asked a pull of yet, or a run waits."""
    return bool(await list_due(now, 1) or await rows.list_next(now, limit=1))


async def ask_due(now: datetime) -> int:
    """Ask for the pulls that are due; returns how many were not asked for before."""
    asked = 0
    for tenant_id, source_id in await list_due(now, DUE_MAX):
        if await current_run(tenant_id, source_id) is not None:
            continue
        source = await get_pull_source(tenant_id, source_id)
        if source.next_at is None or source.next_at > now:  # another process did it since the list was read
            continue
        kind, cause = kind_due(source, now)
        await ask_run(source_id, kind, cause=cause, by=_schedule(tenant_id), now=now)
        asked += 1
    return asked


def kind_due(source: PullSource, now: datetime) -> tuple[RunKind, RunCause]:
    """Return what is to be pulled of a source that is due: everything the first time and once a day, else a delta."""
    if source.full_done_at is None:
        return "full", "first run"
    if now - source.full_done_at >= timedelta(hours=source.full_every_h):
        return "full", "daily"
    return "delta", "schedule"


async def wait_for_next(run: Run, source: PullSource, *, now: datetime) -> None:
    """Let a source wait for an interval after a pull that was cancelled; what is later stays so."""
    next_at = next_pull_at(source.source_id, source.interval_min, now)

    async def body() -> None:
        await rows.let_wait(run.tenant_id, run.source_id, next_at)

    await in_unit(run.tenant_id, body)


def _schedule(tenant_id: TenantId) -> Actor:
    return Actor(tenant_id=tenant_id, kind="system", label="schedule", permissions=frozenset(PERMISSIONS))
