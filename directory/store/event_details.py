"""Reads around one event: itself, whom it moved, and its place in the chain."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from directory.model import EventId, TenantId, UserId
from directory.store.activity import EVENT_COLUMNS
from directory.store.compiled import Statement
from directory.store.unit import Row, fetch, fetch_one

_EVENT = Statement(
    f"SELECT {EVENT_COLUMNS} FROM event_row e"
    " LEFT JOIN event_value_row v ON v.tenant_id = e.tenant_id AND v.event_id = e.id"
    " WHERE e.tenant_id = $1::uuid AND e.id = $2::uuid"
)
_MOVED = Statement(
    "SELECT m.user_id, m.joined, u.user_name, u.display_name FROM event_member_row m"
    " LEFT JOIN user_row u ON u.tenant_id = m.tenant_id AND u.id = m.user_id AND u.deleted_at IS NULL"
    " WHERE m.tenant_id = $1::uuid AND m.event_id = $2::uuid AND m.user_id > $3::uuid ORDER BY m.user_id"
    " LIMIT $4::bigint"
)
_MOVED_COUNTS = Statement(
    "SELECT joined, count(*) AS people FROM event_member_row WHERE tenant_id = $1::uuid AND event_id = $2::uuid"
    " GROUP BY joined"
)
_LINKS_BETWEEN = Statement(
    "SELECT count(*) AS links FROM event_row WHERE tenant_id = $1::uuid AND seq >= $2::bigint AND seq <= $3::bigint"
)
_OLDEST_UNSEALED = Statement("SELECT at FROM event_row WHERE tenant_id = $1::uuid AND seq IS NULL ORDER BY id LIMIT 1")
_NAMED_USERS = Statement(
    "SELECT id FROM user_row WHERE tenant_id = $1::uuid AND user_name_key = $2::text AND deleted_at IS NULL"
    " UNION SELECT * FROM (SELECT id FROM user_row WHERE tenant_id = $1::uuid AND display_name_key = $2::text"
    " AND deleted_at IS NULL LIMIT $3::bigint) AS shown"
    " UNION SELECT user_id AS id FROM alias_row WHERE tenant_id = $1::uuid AND user_name_key = $2::text"
    " UNION SELECT * FROM (SELECT user_id AS id FROM email_row WHERE tenant_id = $1::uuid AND value_key = $2::text"
    " LIMIT $3::bigint) AS mailed LIMIT $3::bigint"
)
_NAMED_GROUPS = Statement(
    "SELECT id FROM group_row WHERE tenant_id = $1::uuid AND display_name_key = $2::text AND deleted_at IS NULL"
    " LIMIT $3::bigint"
)


class MovedCounts(NamedTuple):
    """How many users an event of membership moved."""

    joined: int
    left: int


async def find_event(tenant_id: TenantId, event_id: EventId) -> Row | None:
    """Return the row of an event with its values."""
    return await fetch_one(_EVENT, tenant_id, event_id)


async def list_moved(tenant_id: TenantId, event_id: EventId, *, after: UserId | None, limit: int) -> list[Row]:
    """Return whom an event moved, in the order of ids; names are those of today, and None of users who are gone."""
    return await fetch(_MOVED, tenant_id, event_id, after or UUID(int=0), limit)


async def count_moved(tenant_id: TenantId, event_id: EventId) -> MovedCounts:
    """Return how many users an event moved."""
    rows = await fetch(_MOVED_COUNTS, tenant_id, event_id, unbounded=True)
    counts = {bool(row["joined"]): int(row["people"]) for row in rows}
    return MovedCounts(counts.get(True, 0), counts.get(False, 0))


async def count_links(tenant_id: TenantId, first: int, last: int) -> int:
    """Return how many events have a place of the chain from ``first`` to ``last``."""
    (row,) = await fetch(_LINKS_BETWEEN, tenant_id, first, last)
    return int(row["links"])


async def find_oldest_unsealed(tenant_id: TenantId) -> datetime | None:
    """Return the time of the oldest event outside of the chain, or None."""
    row = await fetch_one(_OLDEST_UNSEALED, tenant_id)
    return None if row is None else row["at"]


async def list_named(tenant_id: TenantId, name_key: str, *, limit: int) -> list[UUID]:
    """Return the ids of users and groups with exactly that name, e-mail address or user name."""
    users = await fetch(_NAMED_USERS, tenant_id, name_key, limit)
    groups = await fetch(_NAMED_GROUPS, tenant_id, name_key, limit)
    return [row["id"] for row in [*users, *groups]]
