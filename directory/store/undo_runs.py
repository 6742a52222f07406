"""Reads and writes of runs that take back all of an action on many."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from directory.model import TenantId, UserId
from directory.store.compiled import Statement
from directory.store.insert import Insert
from directory.store.resting import awake
from directory.store.tables import columns_of
from directory.store.tables_undo import UndoRunRow
from directory.store.unit import Row, execute, fetch_one

_INSERT_RUN = Insert("undo_run_row", columns_of(UndoRunRow))
_RUN = "SELECT * FROM undo_run_row WHERE tenant_id = $1::uuid AND id = $2::uuid"
_FIND_RUN, _HOLD_RUN = Statement(_RUN), Statement(f"{_RUN} FOR NO KEY UPDATE")
_RUN_OF_JOB = Statement(
    "SELECT * FROM undo_run_row WHERE tenant_id = $1::uuid AND job_id = $2::uuid ORDER BY id DESC LIMIT 1"
)
_OPEN_RUNS = Statement(
    f"SELECT tenant_id, id FROM undo_run_row WHERE ended_at IS NULL AND {awake('tenant_id')} ORDER BY asked_at LIMIT 1",
    house=True,
)
_ADVANCE = Statement(
    "UPDATE undo_run_row SET before_id = $3::uuid, done_count = done_count + $4::bigint,"
    " left_count = left_count + $5::bigint WHERE tenant_id = $1::uuid AND id = $2::uuid"
)
_END = Statement(
    "UPDATE undo_run_row SET ended_at = $3::timestamptz, end_reason = $4::text"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid AND ended_at IS NULL"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoRun:
    """Undoing all that an action on many came to."""

    run_id: UUID
    tenant_id: TenantId
    job_id: UUID
    asked_by: UserId
    asked_label: str
    asked_at: datetime
    before_id: UUID | None
    total_count: int
    done_count: int
    left_count: int
    ended_at: datetime | None
    end_reason: str


async def insert_run(run: UndoRun) -> None:
    """Keep a run that is to begin."""
    names = columns_of(UndoRunRow)
    values: dict[str, Any] = {name: getattr(run, "run_id" if name == "id" else name) for name in names}
    await _INSERT_RUN([tuple(values.values())])


async def find_run(tenant_id: TenantId, run_id: UUID, *, hold: bool = False) -> UndoRun | None:
    """Return a run; ``hold`` keeps it until the unit ends."""
    row = await fetch_one(_HOLD_RUN if hold else _FIND_RUN, tenant_id, run_id)
    return None if row is None else _run_from(row)


async def find_run_of(tenant_id: TenantId, job_id: UUID) -> UndoRun | None:
    """Return the newest run that takes back an action on many."""
    row = await fetch_one(_RUN_OF_JOB, tenant_id, job_id)
    return None if row is None else _run_from(row)


async def next_open_run() -> tuple[TenantId, UUID] | None:
    """Return a run that is not ended, of any tenant."""
    row = await fetch_one(_OPEN_RUNS)
    return None if row is None else (TenantId(row["tenant_id"]), row["id"])


async def advance_run(run: UndoRun, before_id: UUID, *, done: int, left: int) -> None:
    """Note how far a run got."""
    await execute(_ADVANCE, run.tenant_id, run.run_id, before_id, done, left)


async def end_run(run: UndoRun, *, reason: str = "", now: datetime) -> None:
    """Note that a run is over."""
    await execute(_END, run.tenant_id, run.run_id, now, reason)


def _run_from(row: Row) -> UndoRun:
    given = {name: row[name] for name in columns_of(UndoRunRow) if name != "id"}
    return UndoRun(run_id=row["id"], **given)
