"""Reads and writes of conversions of user names: their states, as an operator asked for them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from directory.model import TenantId, UserId
from directory.store.compiled import Statement
from directory.store.holding import HeldRead
from directory.store.insert import Insert
from directory.store.resting import awake
from directory.store.tables import columns_of
from directory.store.tables_conversion import ConversionRow
from directory.store.unit import Row, execute, fetch, fetch_one

State = Literal[
    "scanning", "judging", "scanned", "running", "stopped", "done", "dropped", "undoing", "undo stopped", "undone"
]
UNDER_WAY: frozenset[State] = frozenset({"scanning", "judging", "running", "undoing"})
"""States that the background goes on with; their names are those of the index ``conversion_open`` too."""

Failure = Literal["", "operator", "asked", "failed"]
"""Why a conversion stopped: its operator may no longer, somebody asked for it, or a batch could not be done."""

_INSERT = Insert("conversion_row", columns_of(ConversionRow))
_ONE = "SELECT * FROM conversion_row WHERE tenant_id = $1::uuid AND id = $2::uuid"
_GET, _HOLD = Statement(_ONE), HeldRead(_ONE, of="conversion_row")
_LIST = Statement("SELECT * FROM conversion_row WHERE tenant_id = $1::uuid ORDER BY id DESC LIMIT $2::bigint")
_CURRENT = Statement(
    "SELECT * FROM conversion_row WHERE tenant_id = $1::uuid"
    " AND state IN ('scanning', 'judging', 'scanned', 'running', 'stopped', 'undoing', 'undo stopped')"
)
_UNDER_WAY = Statement(
    "SELECT tenant_id, id, state FROM conversion_row WHERE state IN ('scanning', 'judging', 'running', 'undoing')"
    f" AND {awake('tenant_id')} ORDER BY advanced_at LIMIT $1::bigint",
    house=True,
)
_WHERE = "WHERE tenant_id = $1::uuid AND id = $2::uuid"
_COLLECTED = Statement(
    "UPDATE conversion_row SET reached = $3::uuid, item_count = item_count + $4::bigint, advanced_at = $5::timestamptz,"
    f" failure_count = 0 {_WHERE}"
)
_ENTER = Statement(
    "UPDATE conversion_row SET state = $3::text, reached = NULL, advanced_at = $4::timestamptz, failure_count = 0,"
    f" failure = '' {_WHERE}"
)
_BEGIN = Statement(
    "UPDATE conversion_row SET state = 'running', alias_days = $3::bigint, asked_by = $4::uuid, asked_label = $5::text,"
    " confirmed_by = $5::text, started_at = $6::timestamptz, advanced_at = $6::timestamptz, total_count = $7::bigint,"
    f" failure_count = 0, failure = '' {_WHERE}"
)
_ASK = Statement(f"UPDATE conversion_row SET asked_by = $3::uuid, asked_label = $4::text {_WHERE}")
_SETTLED = Statement(
    "UPDATE conversion_row SET settled_count = settled_count + $3::bigint, applied_count = applied_count + $4::bigint,"
    f" advanced_at = $5::timestamptz, failure_count = 0 {_WHERE}"
)
_RESTORED = Statement(
    "UPDATE conversion_row SET restored_count = restored_count + $3::bigint, advanced_at = $4::timestamptz,"
    f" failure_count = 0 {_WHERE}"
)
_END = Statement(
    "UPDATE conversion_row SET state = $3::text, ended_at = $4::timestamptz,"
    f" undo_until = coalesce($5::timestamptz, undo_until), failure = $6::text {_WHERE}"
)
_UNDONE = Statement(
    "UPDATE conversion_row SET state = 'undone', undone_at = $3::timestamptz, undone_by = asked_label, failure = ''"
    f" {_WHERE}"
)
_FAILED = Statement(
    "UPDATE conversion_row SET failure_count = failure_count + 1, advanced_at = $3::timestamptz"
    f" {_WHERE} AND state = $4::text"
)
_PASS = Statement(f"UPDATE conversion_row SET advanced_at = $3::timestamptz {_WHERE}")
_OLD = Statement(
    "SELECT tenant_id, id, state FROM conversion_row WHERE (state = 'dropped')"
    " OR (state = 'scanned' AND created_at < $1::timestamptz)"
    " OR (state IN ('done', 'undone') AND ended_at < $2::timestamptz) LIMIT 1",
    house=True,
)
_DROP = Statement(f"UPDATE conversion_row SET state = 'dropped' {_WHERE} AND state = 'scanned'")
_DECIDED = Statement(
    f"UPDATE conversion_row SET decision_count = decision_count + 1, advanced_at = $3::timestamptz {_WHERE}"
)
_FORGET_ITEMS = Statement(
    "DELETE FROM conversion_item_row WHERE (tenant_id, job_id, user_id) IN (SELECT tenant_id, job_id, user_id"
    " FROM conversion_item_row WHERE tenant_id = $1::uuid AND job_id = $2::uuid LIMIT $3::bigint)"
)
_FORGET = Statement(f"DELETE FROM conversion_row {_WHERE}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """A conversion of the user names of a tenant."""

    tenant_id: TenantId
    job_id: UUID
    state: State
    asked_by: UserId | None
    """Whose permissions it goes on with: whoever confirmed, resumed or undid it."""
    asked_label: str
    created_at: datetime
    reached: UUID | None
    alias_days: int
    item_count: int = 0
    """Users found by the scan."""
    settled_count: int = 0
    applied_count: int = 0
    restored_count: int = 0
    total_count: int = 0
    """Users who were to be converted when it was confirmed."""
    confirmed_by: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    undo_until: datetime | None = None
    undone_by: str | None = None
    undone_at: datetime | None = None
    advanced_at: datetime | None = None
    failure_count: int = 0
    failure: Failure = ""
    decision_count: int = 0
    """How often somebody decided what a user is to be called."""

    @property
    def is_under_way(self) -> bool:
        """Whether the background is at it."""
        return self.state in UNDER_WAY

    def may_undo(self, now: datetime) -> bool:
        """Whether it can still be taken back."""
        return self.state in {"done", "stopped"} and self.undo_until is not None and now < self.undo_until


async def insert_conversion(job: Conversion) -> None:
    """Keep a new conversion.

    Raises:
        UniqueViolationError: another one is not over yet.
    """
    await _INSERT.one(
        (
            job.tenant_id,
            job.job_id,
            job.state,
            job.asked_by,
            job.asked_label,
            job.created_at,
            job.reached,
            job.alias_days,
            job.item_count,
            job.settled_count,
            job.applied_count,
            job.restored_count,
            job.total_count,
            job.confirmed_by,
            job.started_at,
            job.ended_at,
            job.undo_until,
            job.undone_by,
            job.undone_at,
            job.created_at,
            job.failure_count,
            job.failure,
            job.decision_count,
        )
    )


async def find_conversion(tenant_id: TenantId, job_id: UUID, *, hold: bool = False) -> Conversion | None:
    """Return a conversion; ``hold`` keeps it as it is until the unit ends."""
    row = await (_HOLD.one(tenant_id, job_id) if hold else fetch_one(_GET, tenant_id, job_id))
    return None if row is None else _conversion_from(row)


async def find_current(tenant_id: TenantId) -> Conversion | None:
    """Return the conversion that is not over yet: there is one at most."""
    row = await fetch_one(_CURRENT, tenant_id)
    return None if row is None else _conversion_from(row)


async def list_conversions(tenant_id: TenantId, *, limit: int) -> list[Conversion]:
    """Return the newest conversions."""
    return [_conversion_from(row) for row in await fetch(_LIST, tenant_id, limit)]


async def list_under_way(*, limit: int) -> list[tuple[TenantId, UUID, State]]:
    """Return the conversions of all tenants that wait to be gone on with, in the order of their turns."""
    return [(TenantId(row["tenant_id"]), row["id"], row["state"]) for row in await fetch(_UNDER_WAY, limit)]


async def note_collected(job: Conversion, reached: UUID | None, count: int, *, now: datetime) -> None:
    """Note how far the users were read."""
    await execute(_COLLECTED, job.tenant_id, job.job_id, reached, count, now)


async def enter(job: Conversion, state: State, *, now: datetime) -> None:
    """Begin the next part, from the first user on."""
    await execute(_ENTER, job.tenant_id, job.job_id, state, now)


async def begin(job: Conversion, *, total: int, now: datetime) -> None:
    """Let it be done, with the days and the operator of ``job``."""
    await execute(_BEGIN, job.tenant_id, job.job_id, job.alias_days, job.asked_by, job.asked_label, now, total)


async def ask(job: Conversion, user_id: UserId | None, label: str) -> None:
    """Let it go on with the permissions of another operator."""
    await execute(_ASK, job.tenant_id, job.job_id, user_id, label)


async def note_settled(job: Conversion, *, settled: int, applied: int, now: datetime) -> None:
    """Count users who are done with."""
    await execute(_SETTLED, job.tenant_id, job.job_id, settled, applied, now)


async def note_restored(job: Conversion, *, restored: int, now: datetime) -> None:
    """Count users whose names are as before."""
    await execute(_RESTORED, job.tenant_id, job.job_id, restored, now)


async def end(
    job: Conversion, state: State, *, now: datetime, undo_until: datetime | None = None, failure: Failure = ""
) -> None:
    """Let nothing more of it be done."""
    await execute(_END, job.tenant_id, job.job_id, state, now, undo_until, failure)


async def end_undo(job: Conversion, *, now: datetime) -> None:
    """Note that it is undone."""
    await execute(_UNDONE, job.tenant_id, job.job_id, now)


async def count_failure(job: Conversion, *, now: datetime) -> None:
    """Count a batch that could not be done, and let others come first."""
    await execute(_FAILED, job.tenant_id, job.job_id, now, job.state)


async def pass_turn(tenant_id: TenantId, job_id: UUID, *, now: datetime) -> None:
    """Let others come first."""
    await execute(_PASS, tenant_id, job_id, now)


async def note_decision(job: Conversion, *, now: datetime) -> None:
    """Count a decision, so that whoever saw the scan before it is told."""
    await execute(_DECIDED, job.tenant_id, job.job_id, now)


async def forget_oldest(*, scanned_before: datetime, ended_before: datetime, limit: int) -> int:
    """Delete a part of one old conversion; returns how much, 0 when none is old enough."""
    row = await fetch_one(_OLD, scanned_before, ended_before)
    if row is None:
        return 0
    if row["state"] == "scanned":  # nobody may confirm what is half gone
        return await execute(_DROP, row["tenant_id"], row["id"])
    count = await execute(_FORGET_ITEMS, row["tenant_id"], row["id"], limit, unbounded=True)
    return count or await execute(_FORGET, row["tenant_id"], row["id"])


def _conversion_from(row: Row) -> Conversion:
    return Conversion(
        tenant_id=TenantId(row["tenant_id"]),
        job_id=row["id"],
        state=row["state"],
        asked_by=None if row["asked_by"] is None else UserId(row["asked_by"]),
        asked_label=row["asked_label"],
        created_at=row["created_at"],
        reached=row["reached"],
        alias_days=row["alias_days"],
        item_count=row["item_count"],
        settled_count=row["settled_count"],
        applied_count=row["applied_count"],
        restored_count=row["restored_count"],
        total_count=row["total_count"],
        confirmed_by=row["confirmed_by"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        undo_until=row["undo_until"],
        undone_by=row["undone_by"],
        undone_at=row["undone_at"],
        advanced_at=row["advanced_at"],
        failure_count=row["failure_count"],
        failure=row["failure"],
        decision_count=row["decision_count"],
    )
