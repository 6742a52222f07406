"""Reads of what the guard holds: by user, by group, and page by page."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from uuid import UUID

import msgspec

from directory.held_changes import HeldChange, HeldFilter, HeldHeap, HeldKind, HeldLine, HeldState, HeldSum, Why
from directory.model import GroupId, SourceId, TenantId, User, UserId
from directory.store.compiled import Statement
from directory.store.holding import HeldRead
from directory.store.insert import ON_A_THREAD_ROWS, slices
from directory.store.people import USER
from directory.store.resting import awake
from directory.store.rows import user_from
from directory.store.unit import Row, execute, fetch, fetch_one

COUNTED_MAX = 10_000
"""A narrowed list is counted up to here."""

_OF_USER = Statement("SELECT * FROM held_change_row WHERE tenant_id = $1::uuid AND user_id = $2::uuid AND in_force")
_GONE_GROUPS = Statement(
    "SELECT group_id FROM member_row WHERE tenant_id = $1::uuid AND user_id = $2::uuid AND gone ORDER BY group_id"
)
_COUNT_OF_GROUP = Statement(
    "SELECT kind, count(*) AS people FROM (SELECT kind FROM held_change_row"
    " WHERE tenant_id = $1::uuid AND group_id = $2::uuid AND in_force LIMIT $3::bigint) AS part GROUP BY kind"
)
_COUNT_WAITING = Statement(
    "SELECT count(*) AS people FROM (SELECT 1 FROM held_change_row"
    " WHERE tenant_id = $1::uuid AND state = 'waiting' LIMIT $2::bigint) AS part"
)
_LINES = (
    "SELECT h.*, u.user_name, u.display_name, u.active, u.role_id AS user_role_id, u.deleted_at AS user_deleted_at,"
    " g.display_name AS group_name, r.reference FROM held_change_row h"
    " LEFT JOIN user_row u ON u.tenant_id = h.tenant_id AND u.id = h.user_id"
    " LEFT JOIN group_row g ON g.tenant_id = h.tenant_id AND g.id = h.group_id"
    " LEFT JOIN request_row r ON r.tenant_id = h.tenant_id AND r.id = h.request_id"
)
_PICKED = Statement(f"{_LINES} WHERE h.tenant_id = $1::uuid AND h.id = ANY($2::uuid[]) ORDER BY h.id DESC")
_HEAPS = Statement(
    "SELECT h.source_id, h.kind, h.group_id, max(CAST(h.id AS text)) AS newest, count(*) AS things,"
    " count(DISTINCT h.batch_id) AS batches, min(h.at)::timestamptz AS first_at, max(h.at)::timestamptz AS last_at,"
    " min(h.expires_at)::timestamptz AS expires_at"
    " FROM (SELECT * FROM held_change_row WHERE tenant_id = $1::uuid AND state = 'waiting'"
    " ORDER BY id DESC LIMIT $2::bigint) AS h"
    " GROUP BY h.source_id, h.kind, h.group_id ORDER BY newest DESC LIMIT $3::bigint"
)
_THESE = Statement(
    "SELECT * FROM held_change_row WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[]) ORDER BY id FOR NO KEY UPDATE"
)
_DECIDE_THESE = Statement(
    "UPDATE held_change_row SET state = $3::text, decided_by = $4::text, decided_by_id = $5::uuid,"
    " decided_at = $6::timestamptz, note = ''"
    " WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[]) AND state IN ('waiting', 'rejected', 'expired') AND in_force"
)
_BACK_TO_WAITING = Statement(
    "UPDATE held_change_row SET state = 'waiting', decided_by = NULL, decided_by_id = NULL, decided_at = NULL,"
    " note = $3::text WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[]) AND in_force"
)
_APPROVED = Statement(
    "SELECT * FROM held_change_row WHERE tenant_id = $1::uuid AND state = 'approved' AND in_force"
    " ORDER BY decided_at, id LIMIT $2::bigint"
)
_COUNT_APPROVED = Statement(
    "SELECT count(*) AS people FROM (SELECT 1 FROM held_change_row"
    " WHERE tenant_id = $1::uuid AND state = 'approved' AND in_force LIMIT $2::bigint) AS part"
)
_APPROVED_TENANT = Statement(
    "SELECT tenant_id FROM held_change_row WHERE state = 'approved' AND in_force AND tenant_id > $1::uuid"
    f" AND {awake('tenant_id')} ORDER BY tenant_id LIMIT 1",
    house=True,
)
_USERS = HeldRead(
    f"{USER} WHERE u.tenant_id = $1::uuid AND u.id = ANY($2::uuid[]) AND u.deleted_at IS NULL ORDER BY u.id", of="u"
)
_EXPIRED = Statement(
    "SELECT tenant_id, id, batch_id, source_id FROM held_change_row WHERE state = 'waiting'"
    " AND expires_at <= $1::timestamptz ORDER BY expires_at, id LIMIT $2::bigint",
    house=True,
)
_EXPIRE = Statement(
    "UPDATE held_change_row SET state = 'expired', decided_at = $3::timestamptz"
    " WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[]) AND state = 'waiting'"
)
_GROUPS_TO_CHANGE = Statement(
    "SELECT id FROM group_row WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[]) ORDER BY id FOR NO KEY UPDATE"
)
_MISHELD = Statement(
    "SELECT m.user_id AS id FROM member_row m WHERE m.tenant_id = $1::uuid AND (m.gone OR m.withheld)"
    " AND NOT EXISTS (SELECT 1 FROM held_change_row h WHERE h.tenant_id = m.tenant_id AND h.user_id = m.user_id"
    " AND h.in_force AND (h.kind = 'delete' OR (h.group_id = m.group_id"
    " AND h.kind = CASE WHEN m.gone THEN 'leave' ELSE 'join' END)))"
    " UNION SELECT h.user_id AS id FROM held_change_row h WHERE h.tenant_id = $1::uuid AND h.in_force"
    " AND h.kind IN ('leave', 'join') AND NOT EXISTS (SELECT 1 FROM member_row m WHERE m.tenant_id = h.tenant_id"
    " AND m.group_id = h.group_id AND m.user_id = h.user_id AND (m.gone OR m.withheld)) LIMIT $2::bigint"
)
_TYPES = {
    "state": "text",
    "source_id": "uuid",
    "batch_id": "uuid",
    "group_id": "uuid",
    "kind": "text",
    "user_id": "uuid",
}
LAST_ID = UUID(int=(1 << 128) - 1)


def held_from(row: Row) -> HeldChange:
    """Return a held change from its row."""
    return HeldChange(
        held_id=row["id"],
        batch_id=row["batch_id"],
        tenant_id=TenantId(row["tenant_id"]),
        source_id=SourceId(row["source_id"]),
        kind=row["kind"],
        user_id=UserId(row["user_id"]),
        group_id=row["group_id"],
        from_role_id=row["from_role_id"],
        to_role_id=row["to_role_id"],
        request_id=row["request_id"],
        why=msgspec.json.decode(row["why"], type=Why),
        at=row["at"],
        expires_at=row["expires_at"],
        state=row["state"],
        in_force=row["in_force"],
        decided_by=row["decided_by"],
        decided_by_id=row["decided_by_id"],
        decided_at=row["decided_at"],
        ended_at=row["ended_at"],
        note=row["note"],
    )


async def list_of_user(tenant_id: TenantId, user_id: UserId) -> list[HeldChange]:
    """Return what is held of a user and in force."""
    return [held_from(row) for row in await fetch(_OF_USER, tenant_id, user_id)]


async def list_gone_groups(tenant_id: TenantId, user_id: UserId) -> list[GroupId]:
    """Return the groups that a user is in although its source does not report it."""
    return [GroupId(row["group_id"]) for row in await fetch(_GONE_GROUPS, tenant_id, user_id)]


async def count_of_group(tenant_id: TenantId, group_id: GroupId) -> dict[HeldKind, int]:
    """Return how many leave, or join, a group as reported and not in effect, up to 10,000."""
    return {row["kind"]: row["people"] for row in await fetch(_COUNT_OF_GROUP, tenant_id, group_id, COUNTED_MAX)}


async def count_waiting(tenant_id: TenantId) -> int:
    """Return how many held changes wait for somebody, counted up to 10,000."""
    (row,) = await fetch(_COUNT_WAITING, tenant_id, COUNTED_MAX)
    return int(row["people"])


async def list_page(
    tenant_id: TenantId, wanted: HeldFilter, *, after: UUID | None, limit: int, in_force: bool = False
) -> list[HeldLine]:
    """Return held changes, the newest first, behind the one of that id; perhaps only those in force."""
    where, given = _where(tenant_id, wanted, in_force=in_force)
    at = len(given)
    text = f"{_LINES}{where} AND h.id < ${at + 1}::uuid ORDER BY h.id DESC LIMIT ${at + 2}::bigint"
    rows = await fetch(_statement(text), *given, LAST_ID if after is None else after, limit)
    return [_line_from(row) for row in rows]


async def count(tenant_id: TenantId, wanted: HeldFilter, *, limit: int = COUNTED_MAX) -> int:
    """Return how many there are, up to the limit."""
    where, given = _where(tenant_id, wanted)
    text = (
        f"SELECT count(*) AS things FROM (SELECT 1 FROM held_change_row h{where} LIMIT ${len(given) + 1}::bigint)"
        " AS part"
    )
    (row,) = await fetch(_statement(text), *given, limit)
    return int(row["things"])


async def sum_up(tenant_id: TenantId, wanted: HeldFilter) -> HeldSum:
    """Return what tells one set of those in force from another, without reading each."""
    where, given = _where(tenant_id, wanted, in_force=True)
    text = (
        "SELECT count(*) AS things, max(CAST(h.id AS text)) AS newest, min(CAST(h.id AS text)) AS oldest,"
        f" count(DISTINCT h.batch_id) AS batches FROM held_change_row h{where}"
    )
    (row,) = await fetch(_statement(text), *given, unbounded=True)
    newest = row["newest"]
    return HeldSum(
        count=int(row["things"]),
        newest=None if newest is None else UUID(newest),
        oldest=row["oldest"],
        batch_count=int(row["batches"]),
    )


async def approve_all(  # a decision, and whose it is
    tenant_id: TenantId, wanted: HeldFilter, *, label: str, user_id: UserId | None, at: datetime
) -> int:
    """Note the approval of all that a filter finds, in one statement; return how many it is of."""
    where, given = _where(tenant_id, wanted, in_force=True)
    first = len(given)
    text = (
        f"UPDATE held_change_row AS h SET state = 'approved', decided_by = ${first + 1}::text,"
        f" decided_by_id = ${first + 2}::uuid, decided_at = ${first + 3}::timestamptz, note = ''"
        f"{where} AND h.state IN ('waiting', 'rejected', 'expired')"
    )
    return await execute(_statement(text), *given, label, user_id, at, unbounded=True)


async def list_up_to(tenant_id: TenantId, wanted: HeldFilter, newest: UUID, *, limit: int) -> list[HeldChange]:
    """Return some of those that are meant, up to the newest that was shown, and hold their rows."""
    where, given = _where(tenant_id, wanted, in_force=True)
    at = len(given)
    text = (
        f"SELECT h.* FROM held_change_row h{where} AND h.id <= ${at + 1}::uuid"
        f" ORDER BY h.id LIMIT ${at + 2}::bigint FOR NO KEY UPDATE"
    )
    return [held_from(row) for row in await fetch(_statement(text), *given, newest, limit, unbounded=True)]


async def list_heaps(tenant_id: TenantId, *, limit: int) -> list[HeldHeap]:
    """Return what waits by source, kind and group, the newest first; of the newest 10,000 changes."""
    rows = await fetch(_HEAPS, tenant_id, COUNTED_MAX, limit)
    lines = {line.held.held_id: line for line in await list_lines(tenant_id, [UUID(row["newest"]) for row in rows])}
    return [
        HeldHeap(
            newest=lines[newest],
            count=int(row["things"]),
            batch_count=int(row["batches"]),
            first_at=row["first_at"],
            last_at=row["last_at"],
            expires_at=row["expires_at"],
        )
        for row in rows
        if (newest := UUID(row["newest"])) in lines
    ]


async def list_these(tenant_id: TenantId, held_ids: Sequence[UUID]) -> list[HeldChange]:
    """Return these held changes and hold their rows."""
    return [held_from(row) for row in await fetch(_THESE, tenant_id, list(held_ids))]


async def list_lines(tenant_id: TenantId, held_ids: Sequence[UUID]) -> list[HeldLine]:
    """Return these held changes with what people want to know of them."""
    return [_line_from(row) for row in await fetch(_PICKED, tenant_id, list(held_ids))]


async def decide_these(  # a decision, and whose it is
    tenant_id: TenantId,
    changes: Sequence[HeldChange],
    state: HeldState,
    *,
    label: str,
    user_id: UserId | None,
    at: datetime,
) -> int:
    """Note a decision on these; return how many it is of."""
    count = 0
    for some in slices([one.held_id for one in changes]):
        many = len(some) >= ON_A_THREAD_ROWS
        count += await execute(_DECIDE_THESE, tenant_id, some, state, label, user_id, at, unbounded=many)
    return count


async def back_to_waiting(tenant_id: TenantId, held_ids: Sequence[UUID], note: str) -> None:
    """Take an approval back that could not take effect, and say why."""
    await execute(_BACK_TO_WAITING, tenant_id, list(held_ids), note)


async def list_approved(tenant_id: TenantId, *, limit: int) -> list[HeldChange]:
    """Return approved changes that did not take effect yet, the first approved first."""
    return [held_from(row) for row in await fetch(_APPROVED, tenant_id, limit)]


async def count_approved(tenant_id: TenantId) -> int:
    """Return how many approved changes did not take effect yet, up to 10,000."""
    (row,) = await fetch(_COUNT_APPROVED, tenant_id, COUNTED_MAX)
    return int(row["people"])


async def find_approved_tenant(after: UUID) -> TenantId | None:
    """Return the next tenant, in the order of ids, with approved changes that did not take effect yet."""
    row = await fetch_one(_APPROVED_TENANT, after)
    return None if row is None else TenantId(row["tenant_id"])


async def list_users_to_change(tenant_id: TenantId, user_ids: Sequence[UserId]) -> dict[UserId, User]:
    """Return those of the users who are there, and hold their rows."""
    return {UserId(row["id"]): user_from(row) for row in await _USERS(tenant_id, list(user_ids))}


async def list_expired(now: datetime, *, limit: int) -> list[tuple[TenantId, UUID, SourceId]]:
    """Return held changes that nobody decided in time, as (tenant, id, source)."""
    rows = await fetch(_EXPIRED, now, limit)
    return [(TenantId(row["tenant_id"]), row["id"], SourceId(row["source_id"])) for row in rows]


async def expire(tenant_id: TenantId, held_ids: Sequence[UUID], at: datetime) -> int:
    """Note that nobody is asked about these any more; return how many."""
    return await execute(_EXPIRE, tenant_id, list(held_ids), at)


async def hold_groups(tenant_id: TenantId, group_ids: Sequence[GroupId]) -> None:
    """Hold these groups until the unit ends: everybody holds groups before users."""
    if group_ids:
        await fetch(_GROUPS_TO_CHANGE, tenant_id, list(group_ids))


async def list_misheld(tenant_id: TenantId, *, limit: int) -> list[UserId]:
    """Return users whose memberships are held back without a held change, or the other way round."""
    return [UserId(row["id"]) for row in await fetch(_MISHELD, tenant_id, limit, unbounded=True)]


def _where(tenant_id: TenantId, wanted: HeldFilter, *, in_force: bool = False) -> tuple[str, list[object]]:
    """Return the condition with its arguments; it says nothing of what is not asked for, so that an index leads."""
    asked = {name: getattr(wanted, name) for name in _TYPES}
    given: list[object] = [tenant_id]
    text = " WHERE h.tenant_id = $1::uuid"
    for name, value in asked.items():
        if value is not None:
            given.append(value)
            text += f" AND h.{name} = ${len(given)}::{_TYPES[name]}"
    return text + " AND h.in_force" if in_force else text, given


@lru_cache(maxsize=128)
def _statement(text: str) -> Statement:
    """Return a statement, put together once per shape: the text holds places and columns, never values."""
    return Statement(text)


def _line_from(row: Row) -> HeldLine:
    return HeldLine(
        held=held_from(row),
        user_name=row["user_name"],
        display_name=row["display_name"],
        active=bool(row["active"]) and row["user_deleted_at"] is None,
        role_id=row["user_role_id"],
        group_name=row["group_name"],
        reference=row["reference"],
    )
