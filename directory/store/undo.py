"""Reads and writes of deeds that can be taken back, and of the runs that take back many."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec

from directory.model import EventId, TenantId, User, UserId
from directory.store.compiled import Statement
from directory.store.holding import HeldRead
from directory.store.people import USER
from directory.store.rows import user_from
from directory.store.unit import Row, execute, fetch, fetch_one
from directory.undo_steps import Step

_DEED = (
    "SELECT d.tenant_id, d.id, d.job_id, d.action, d.obstacle, d.undone_by, d.undoes, d.left_reason"
    " FROM undo_deed_row d"
)
_FIND = Statement(
    f"{_DEED} JOIN undo_event_row e ON e.tenant_id = d.tenant_id AND e.deed_id = d.id"
    " WHERE e.tenant_id = $1::uuid AND e.event_id = $2::uuid"
)
_HOLD = Statement(f"{_DEED} WHERE d.tenant_id = $1::uuid AND d.id = $2::uuid FOR NO KEY UPDATE OF d")
_STEPS = Statement(
    "SELECT table_name, row_key, before, after, user_id FROM undo_step_row"
    " WHERE tenant_id = $1::uuid AND deed_id = $2::uuid ORDER BY place"
)
_UNDONE = Statement(
    "UPDATE undo_deed_row SET undone_by = $3::uuid, left_reason = '' WHERE tenant_id = $1::uuid AND id = $2::uuid"
)
_REOPEN = Statement("UPDATE undo_deed_row SET undone_by = NULL WHERE tenant_id = $1::uuid AND id = $2::uuid")
_UNDOES = Statement("UPDATE undo_deed_row SET undoes = $3::uuid WHERE tenant_id = $1::uuid AND id = $2::uuid")
_LEFT = Statement("UPDATE undo_deed_row SET left_reason = $3::text WHERE tenant_id = $1::uuid AND id = $2::uuid")
_OPEN = Statement(
    f"{_DEED} WHERE d.tenant_id = $1::uuid AND d.job_id = $2::uuid AND d.id < $3::uuid AND d.undone_by IS NULL"
    " AND d.obstacle <> 'parts'"
    " ORDER BY d.id DESC LIMIT $4::bigint"
)
_LEFT_OF_JOB = Statement(
    f"{_DEED} WHERE d.tenant_id = $1::uuid AND d.job_id = $2::uuid AND d.id < $3::uuid AND d.left_reason <> ''"
    " ORDER BY d.id DESC LIMIT $4::bigint"
)
_COUNT = Statement(
    "SELECT count(*) AS total, count(undone_by) AS undone, max(id::text) AS newest FROM undo_deed_row"
    " WHERE tenant_id = $1::uuid AND job_id = $2::uuid AND obstacle <> 'parts'"
)
_PEOPLE = f"{USER} WHERE u.tenant_id = $1::uuid AND u.id = ANY($2::uuid[]) ORDER BY u.id"
_LIST_PEOPLE, _HOLD_PEOPLE = Statement(_PEOPLE), HeldRead(_PEOPLE, of="u")
_LIVE_GROUPS = Statement("SELECT id FROM group_row WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[])"
                         " AND deleted_at IS NULL")  # fmt: skip
_BLOCKED = Statement("SELECT user_id FROM signin_block_row WHERE tenant_id = $1::uuid AND user_id = ANY($2::uuid[])")
_OLDEST = (
    "FROM undo_step_row WHERE tenant_id = $1::uuid AND deed_id < $2::uuid ORDER BY deed_id, place LIMIT $3::bigint"
)
_TOO_OLD = Statement(
    "UPDATE undo_deed_row SET obstacle = 'old' WHERE tenant_id = $1::uuid AND obstacle = '' AND id IN"
    f" (SELECT deed_id {_OLDEST})"
)
_FORGET = Statement(
    f"DELETE FROM undo_step_row WHERE tenant_id = $1::uuid AND (deed_id, place) IN (SELECT deed_id, place {_OLDEST})"
)
LAST_ID = UUID(int=(1 << 128) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoDeed:
    """One deed that an operator did: what may be taken back as one."""

    tenant_id: TenantId
    deed_id: EventId
    """The event that leads."""
    job_id: UUID | None
    """The action on many, or the undoing of one, that it is a part of."""
    action: str
    obstacle: str
    """What of it cannot be taken back; empty if all of it can."""
    undone_by: EventId | None
    undoes: EventId | None
    """The deed that this one took back."""
    left_reason: str
    """Why an undo of many left it as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCount:
    """How many deeds an action on many came to, and how many of them are undone."""

    total: int
    undone: int
    newest_id: str


async def find_deed(tenant_id: TenantId, event_id: EventId) -> UndoDeed | None:
    """Return the deed that an event is a part of."""
    row = await fetch_one(_FIND, tenant_id, event_id)
    return None if row is None else _deed_from(row)


async def hold_deed(tenant_id: TenantId, deed_id: EventId) -> UndoDeed | None:
    """Return a deed and hold it until the unit ends."""
    row = await fetch_one(_HOLD, tenant_id, deed_id)
    return None if row is None else _deed_from(row)


async def list_steps(tenant_id: TenantId, deed_id: EventId) -> list[Step]:
    """Return the rows that a deed changed, in the order in which it did."""
    return [_step_from(row) for row in await fetch(_STEPS, tenant_id, deed_id)]


async def mark_undone(tenant_id: TenantId, deed: UndoDeed, *, by: EventId) -> None:
    """Note that the deed led by the event ``by`` took this one back.

    What this one had taken back is so no more; what that had taken back itself is so again, and so on.
    """
    await execute(_UNDONE, tenant_id, deed.deed_id, by)
    await execute(_UNDOES, tenant_id, by, deed.deed_id)
    holds, later = False, deed
    while later.undoes is not None and (earlier := await hold_deed(tenant_id, later.undoes)) is not None:
        if holds and earlier.undone_by is None:
            await execute(_UNDONE, tenant_id, earlier.deed_id, later.deed_id)
        elif not holds and earlier.undone_by == later.deed_id:
            await execute(_REOPEN, tenant_id, earlier.deed_id)
        holds, later = not holds, earlier


async def forget_steps(tenant_id: TenantId, *, before: UUID, limit: int) -> int:
    """Delete what the oldest deeds before an id found and left, and note that they are too old; returns the rows."""
    await execute(_TOO_OLD, tenant_id, before, limit)
    return await execute(_FORGET, tenant_id, before, limit)


async def note_left(tenant_id: TenantId, deed_id: EventId, reason: str) -> None:
    """Note why an undo of many left a deed as it is."""
    await execute(_LEFT, tenant_id, deed_id, reason)


async def list_open(tenant_id: TenantId, job_id: UUID, *, before: UUID | None, limit: int) -> list[UndoDeed]:
    """Return deeds of an action on many that nobody took back, the newest first."""
    return [_deed_from(row) for row in await fetch(_OPEN, tenant_id, job_id, before or LAST_ID, limit)]


async def list_left(tenant_id: TenantId, job_id: UUID, *, before: UUID | None, limit: int) -> list[UndoDeed]:
    """Return deeds that an undo of many left as they are, the newest first."""
    return [_deed_from(row) for row in await fetch(_LEFT_OF_JOB, tenant_id, job_id, before or LAST_ID, limit)]


async def count_deeds(tenant_id: TenantId, job_id: UUID) -> JobCount:
    """Return how many deeds an action on many came to."""
    (row,) = await fetch(_COUNT, tenant_id, job_id, unbounded=True)
    return JobCount(total=int(row["total"]), undone=int(row["undone"]), newest_id=row["newest"] or "")


async def list_people(tenant_id: TenantId, user_ids: Sequence[UserId], *, hold: bool) -> dict[UserId, User]:
    """Return users, also those who are deleted; ``hold`` keeps their rows until the unit ends."""
    if not user_ids:
        return {}
    wanted = sorted(user_ids)
    if hold:
        rows = await _HOLD_PEOPLE(tenant_id, wanted, unbounded=True)
    else:
        rows = await fetch(_LIST_PEOPLE, tenant_id, wanted, unbounded=True)
    return {UserId(row["id"]): user_from(row) for row in rows}


async def list_live_groups(tenant_id: TenantId, group_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the groups that are there."""
    return {row["id"] for row in await fetch(_LIVE_GROUPS, tenant_id, list(group_ids))} if group_ids else set()


async def list_blocked(tenant_id: TenantId, user_ids: Sequence[UserId]) -> set[UserId]:
    """Return those of the users whom a block keeps from signing in."""
    rows = await fetch(_BLOCKED, tenant_id, list(user_ids)) if user_ids else []
    return {UserId(row["user_id"]) for row in rows}


def _deed_from(row: Row) -> UndoDeed:
    return UndoDeed(
        tenant_id=TenantId(row["tenant_id"]),
        deed_id=EventId(row["id"]),
        job_id=row["job_id"],
        action=row["action"],
        obstacle=row["obstacle"],
        undone_by=None if row["undone_by"] is None else EventId(row["undone_by"]),
        undoes=None if row["undoes"] is None else EventId(row["undoes"]),
        left_reason=row["left_reason"],
    )


def _step_from(row: Row) -> Step:
    return Step(
        table=row["table_name"],
        key=msgspec.json.decode(row["row_key"]),
        before=None if row["before"] is None else msgspec.json.decode(row["before"]),
        after=None if row["after"] is None else msgspec.json.decode(row["after"]),
        user_id=None if row["user_id"] is None else UserId(row["user_id"]),
    )
