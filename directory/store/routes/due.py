"""Rows of users and groups that wait to be routed; written last in their units, so that nobody waits for them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from directory.model import TenantId, UserId
from directory.store.compiled import Statement
from directory.store.holding import runs_alone
from directory.store.insert import ON_A_THREAD_ROWS, SpreadInsert, slices
from directory.store.tables import columns_of
from directory.store.tables_routing import RouteDueRow
from directory.store.unit import Row, execute, fetch, fetch_one
from directory.threads import worked_out

Kind = Literal["group", "user"]
STUCK_TRIES = 5
"""Tries from which on somebody is told."""

_COLUMNS = columns_of(RouteDueRow, "tenant_id", "kind", "subject_id", "asked_at", "lets_pass")
# ``asks`` moves each time, so that whoever works on the row sees that it was asked again meanwhile.
_QUEUE = SpreadInsert(
    "route_due_row",
    _COLUMNS,
    "ON CONFLICT (tenant_id, kind, subject_id) DO UPDATE SET asks = route_due_row.asks + 1,"
    " not_before = NULL, lets_pass = route_due_row.lets_pass OR excluded.lets_pass",
    varies="subject_id",
)
_WAITS = Statement(
    "SELECT 1 AS found FROM route_due_row WHERE not_before IS NULL OR not_before <= $1::timestamptz LIMIT 1",
    house=True,
)
_NEXT_TENANT = Statement(
    "SELECT tenant_id FROM route_due_row WHERE tenant_id > $1::uuid ORDER BY tenant_id LIMIT 1", house=True
)
# With the first tenant that a user is in, so that those who are in the same one can be routed together: what they come
# to there is then one edit of each group.
_NEXT = Statement(
    "SELECT d.subject_id, d.asked_at, d.lets_pass, d.asks, d.tries, (SELECT r.to_tenant_id FROM route_row r"
    " WHERE r.tenant_id = d.tenant_id AND r.user_id = d.subject_id ORDER BY r.to_tenant_id LIMIT 1) AS place_id"
    " FROM route_due_row d WHERE d.tenant_id = $1::uuid"
    " AND d.kind = $2::text AND (d.not_before IS NULL OR d.not_before <= $3::timestamptz)"
    " ORDER BY d.subject_id LIMIT $4::bigint"
)
_SETTLE = Statement(
    "DELETE FROM route_due_row WHERE tenant_id = $1::uuid AND kind = $2::text AND subject_id = $3::uuid"
    " AND asks = $4::bigint"
)
_SETTLE_FIRST = Statement(
    "DELETE FROM route_due_row WHERE tenant_id = $1::uuid AND kind = $2::text AND subject_id = ANY($3::uuid[])"
    " AND asks = 1"
)
_PUT_OFF = Statement(
    "UPDATE route_due_row SET tries = tries + 1, not_before = $4::timestamptz"
    " WHERE tenant_id = $1::uuid AND kind = $2::text AND subject_id = ANY($3::uuid[])"
)
# Whoever was asked for meanwhile has a row already, and an earlier turn.
_TRY_LATER = Statement(
    "INSERT INTO route_due_row (tenant_id, kind, subject_id, asked_at, lets_pass, not_before)"
    " SELECT DISTINCT r.tenant_id, 'user', r.user_id, $3::timestamptz, false, $4::timestamptz FROM route_row r"
    " WHERE r.tenant_id = $1::uuid AND r.user_id = ANY($2::uuid[]) AND r.state = 'refused' AND r.problem = $5::text"
    " ORDER BY r.user_id ON CONFLICT (tenant_id, kind, subject_id) DO NOTHING"
)
_FORGET = Statement("DELETE FROM route_due_row WHERE tenant_id = $1::uuid")
_COUNT = Statement(
    "SELECT count(*) AS total FROM (SELECT 1 FROM route_due_row WHERE tenant_id = $1::uuid AND kind = $2::text"
    " LIMIT $3::bigint) AS waiting"
)
_STUCK = Statement(
    "SELECT tenant_id, count(*) AS things FROM route_due_row WHERE tenant_id = ANY($1::uuid[])"
    f" AND tries >= {STUCK_TRIES} GROUP BY tenant_id",
    house=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Somebody who waits to be routed."""

    subject_id: UUID
    asked_at: datetime
    lets_pass: bool
    asks: int
    """Counts how often it was asked since the row came to be."""
    tries: int
    place_id: UUID | None
    """The first tenant below in which a user is."""


async def queue(tenant_id: TenantId, kind: Kind, ids: Collection[UUID], now: datetime, *, lets_pass: bool) -> None:
    """Note users or groups that are to be routed; in the order of their ids, so that two units never cross."""
    ordered = await worked_out(lambda: sorted(set(ids), key=_number), count=len(ids))
    await _QUEUE((tenant_id, kind, subject_id, now, lets_pass) for subject_id in ordered)


async def look_again(tenant_id: TenantId, kind: Kind, ids: Collection[UUID], now: datetime) -> None:
    """Have looked at again what was read without holding it, and may just be changed by another unit.

    SQLite has one unit at a time: there it was as it was read.
    """
    if not runs_alone():
        await queue(tenant_id, kind, ids, now, lets_pass=False)


def _number(subject_id: UUID) -> int:
    return subject_id.int


async def waits(now: datetime) -> bool:
    """Whether anybody of any tenant waits whose time has come."""
    return await fetch_one(_WAITS, now) is not None


async def next_tenant(after: UUID) -> TenantId | None:
    """Return the next tenant, in the order of ids, of which anybody waits."""
    row = await fetch_one(_NEXT_TENANT, after)
    return None if row is None else TenantId(row["tenant_id"])


async def list_due(tenant_id: TenantId, kind: Kind, now: datetime, *, limit: int) -> list[Due]:
    """Return who of a tenant is to be routed next, in the order of ids."""
    return [_due_from(row) for row in await fetch(_NEXT, tenant_id, kind, now, limit)]


async def settle(tenant_id: TenantId, kind: Kind, dues: Sequence[Due]) -> None:
    """Forget those who were routed, but whoever was asked for again since they were listed."""
    first = [one.subject_id for one in dues if one.asks == 1]
    for some in slices(first):
        await execute(_SETTLE_FIRST, tenant_id, kind, some, unbounded=len(some) >= ON_A_THREAD_ROWS)
    for one in dues:
        if one.asks != 1:
            await execute(_SETTLE, tenant_id, kind, one.subject_id, one.asks)


async def put_off(tenant_id: TenantId, kind: Kind, ids: Sequence[UUID], until: datetime) -> None:
    """Count a try that failed, and let the others come first until then."""
    await execute(_PUT_OFF, tenant_id, kind, list(ids), until)


async def try_later(
    tenant_id: TenantId, user_ids: Sequence[UserId], problem: str, now: datetime, *, until: datetime
) -> None:
    """Have those of these users looked at again by then whom a tenant below refuses for this reason."""
    await execute(_TRY_LATER, tenant_id, list(user_ids), now, until, problem)


async def forget(tenant_id: TenantId) -> None:
    """Drop all of a tenant that routes nothing."""
    await execute(_FORGET, tenant_id, unbounded=True)


async def count_due(tenant_id: TenantId, kind: Kind, *, limit: int) -> int:
    """Return how many wait; ``limit`` stands for that many or more."""
    row = await fetch_one(_COUNT, tenant_id, kind, limit)
    return 0 if row is None else int(row["total"])


async def count_stuck(tenant_ids: Sequence[TenantId]) -> dict[TenantId, int]:
    """Return for each super tenant how many failed again and again; those without any are left out."""
    return {TenantId(row["tenant_id"]): int(row["things"]) for row in await fetch(_STUCK, list(tenant_ids))}


def _due_from(row: Row) -> Due:
    return Due(
        subject_id=row["subject_id"],
        asked_at=row["asked_at"],
        lets_pass=bool(row["lets_pass"]),
        asks=int(row["asks"]),
        tries=int(row["tries"]),
        place_id=row["place_id"],
    )
