"""Runs that nobody looks at any more, and what runs left behind that were interrupted at their very end."""

from datetime import datetime, timedelta

from directory.model import TenantId
from directory.pull_run import RunId
from directory.pulls.staging import drop_staged_of
from directory.store.pulls import run_lists, staged
from directory.store.unit import in_unit

RUNS_KEPT = timedelta(days=400)
IDLE_RUNS_KEPT = 100
"""Of each source: older runs that changed nothing are forgotten before their time."""

FORGOTTEN_RUNS, FORGOTTEN_ROWS = 100, 500


async def forget_runs(*, now: datetime) -> int:
    """Forget some runs with all that belongs to them, and what is still staged of others; 0 when nothing is left."""
    found = await run_lists.list_forgettable(ended_before=now - RUNS_KEPT, kept=IDLE_RUNS_KEPT, limit=FORGOTTEN_RUNS)
    for tenant_id, run_id in found:
        await drop_staged_of(tenant_id, run_id)
        await _forget(tenant_id, run_id)
    left_over = await staged.find_left_over()
    if left_over is not None:
        await drop_staged_of(TenantId(left_over["tenant_id"]), RunId(left_over["id"]))
    return len(found) + (left_over is not None)


async def _forget(tenant_id: TenantId, run_id: RunId) -> None:
    while await in_unit(tenant_id, lambda: run_lists.forget_part(tenant_id, run_id, limit=FORGOTTEN_ROWS)):
        pass
