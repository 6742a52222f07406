"""Reads of the queue of users whom no rule leads anywhere, and of whoever is like them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from directory.model import JsonObject, SourceId, TenantId, UserId
from directory.store.compiled import Statement
from directory.store.rows import document_from
from directory.store.unit import Row, fetch, fetch_one, in_house

COUNTED_MAX = 10_000
SAMPLE_TENANTS = 40
SAMPLE_USERS = 25
"""Of each of the first tenants so many users are looked at to find what those who are led there have in common."""

_PERSON = "u.id, u.user_name, u.display_name, u.active, u.source_id, u.document"
_QUEUE = Statement(
    f"SELECT q.since, q.reason, {_PERSON} FROM unrouted_row q CROSS JOIN user_row u"
    " WHERE q.tenant_id = $1::uuid AND (q.since, q.user_id) > ($2::timestamptz, $3::uuid)"
    " AND u.tenant_id = q.tenant_id AND u.id = q.user_id AND u.deleted_at IS NULL"
    " ORDER BY q.since, q.user_id LIMIT $4::bigint"
)
_COUNT = Statement(
    "SELECT count(*) AS total FROM (SELECT 1 FROM unrouted_row WHERE tenant_id = $1::uuid LIMIT $2::bigint) AS waiting"
)
_ROUTED = Statement(
    "SELECT r.to_tenant_id, u.id, u.source_id, u.document FROM (SELECT * FROM route_row WHERE tenant_id = $1::uuid"
    " AND to_tenant_id = $2::uuid ORDER BY user_id LIMIT $3::bigint) AS r CROSS JOIN user_row u"
    " WHERE u.tenant_id = $1::uuid AND u.id = r.user_id AND u.deleted_at IS NULL"
)


Place = tuple[datetime, UUID]
"""A place in the queue: since when, and who."""
FIRST: Place = (datetime.min.replace(tzinfo=UTC), UUID(int=0))


class Queued(NamedTuple):
    """A user in the queue."""

    user_id: UserId
    user_name: str
    display_name: str
    active: bool
    source_id: SourceId | None
    document: JsonObject
    since: datetime
    reason: str


class Routed(NamedTuple):
    """A user who is led to a tenant."""

    user_id: UserId
    document: JsonObject
    tenant_id: TenantId


async def list_unrouted(tenant_id: TenantId, *, behind: Place, limit: int) -> list[Queued]:
    """Return users in the queue, the longest waiting first, behind a place in it."""
    return [_queued_from(row) for row in await fetch(_QUEUE, tenant_id, *behind, limit)]


async def count_unrouted(tenant_id: TenantId) -> int:
    """Return how many are in the queue, counted up to 10,000 and one."""
    row = await fetch_one(_COUNT, tenant_id, COUNTED_MAX + 1)
    return 0 if row is None else int(row["total"])


async def sample_routed(tenant_id: TenantId, to_tenant_ids: Sequence[TenantId]) -> list[Routed]:
    """Return some of those who are led to each of these tenants."""
    found: list[Routed] = []
    for to_tenant_id in to_tenant_ids[:SAMPLE_TENANTS]:
        async with in_house():
            rows = await fetch(_ROUTED, tenant_id, to_tenant_id, SAMPLE_USERS)
        found += [
            Routed(UserId(row["id"]), document_from(row["document"]), TenantId(row["to_tenant_id"])) for row in rows
        ]
    return found


def _queued_from(row: Row) -> Queued:
    return Queued(
        UserId(row["id"]),
        row["user_name"],
        row["display_name"],
        row["active"],
        None if row["source_id"] is None else SourceId(row["source_id"]),
        document_from(row["document"]),
        row["since"],
        row["reason"],
    )
