"""Bookkeeping of routing: who is in which tenant below, and who waits in the queue; written in the open unit."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from directory.model import GroupId, TenantId, UserId
from directory.route_facts import Route
from directory.store.compiled import Statement
from directory.store.insert import Insert
from directory.store.tables import columns_of
from directory.store.tables_routing import RouteRow, UnroutedRow
from directory.store.unit import execute, fetch, in_house

_PUT = Insert(
    "route_row",
    columns_of(RouteRow),
    "ON CONFLICT (tenant_id, user_id, to_tenant_id) DO UPDATE SET rule_id = excluded.rule_id,"
    " role_key = excluded.role_key, copy_user_id = excluded.copy_user_id, state = excluded.state,"
    " problem = excluded.problem, since = excluded.since",
)
_DROP = Statement(
    "DELETE FROM route_row WHERE tenant_id = $1::uuid AND to_tenant_id = $2::uuid AND user_id = ANY($3::uuid[])"
)
_QUEUE = Insert(
    "unrouted_row",
    columns_of(UnroutedRow),
    "ON CONFLICT (tenant_id, user_id) DO UPDATE SET reason = excluded.reason",
)
_UNQUEUE = Statement("DELETE FROM unrouted_row WHERE tenant_id = $1::uuid AND user_id = ANY($2::uuid[])")
_OF_COPIES = Statement(
    "SELECT user_id FROM route_row WHERE tenant_id = $1::uuid AND to_tenant_id = $2::uuid"
    " AND copy_user_id = ANY($3::uuid[])"
)
_LIVE_COPIES = Statement(
    "SELECT k.external_id, k.user_id FROM user_link_row k"
    " JOIN source_row s ON s.tenant_id = k.tenant_id AND s.id = k.source_id AND s.kind = 'routed'"
    " JOIN user_row u ON u.tenant_id = k.tenant_id AND u.id = k.user_id AND u.source_id = s.id"
    " WHERE k.tenant_id = $1::uuid AND k.user_id = ANY($2::uuid[]) AND u.deleted_at IS NULL"
)
_PUT_UNLESS_THERE = Insert("route_row", columns_of(RouteRow), "ON CONFLICT DO NOTHING")
_TROUBLED = Statement(
    "SELECT user_id FROM route_row WHERE tenant_id = $1::uuid AND to_tenant_id = $2::uuid AND state <> 'there'"
    " AND state <> 'held'"
    " ORDER BY since, user_id LIMIT $3::bigint"
)
# Nobody else has these rows long: whoever works the queue off takes users first.
_QUEUE_MEMBERS = Statement(
    "INSERT INTO route_due_row (tenant_id, kind, subject_id, asked_at, lets_pass)"
    " SELECT m.tenant_id, 'user', m.user_id, $3::timestamptz, false FROM member_row m"
    " WHERE m.tenant_id = $1::uuid AND m.group_id = $2::uuid AND NOT m.withheld ORDER BY m.user_id"
    " ON CONFLICT (tenant_id, kind, subject_id) DO UPDATE SET asks = route_due_row.asks + 1, not_before = NULL"
)
_REFUSED = Statement(
    "SELECT t.id, (SELECT count(*) FROM (SELECT 1 AS one FROM route_row r WHERE r.tenant_id = t.id"
    " AND r.state <> 'there' AND r.state <> 'held' LIMIT $2::bigint) AS few) AS things"
    " FROM tenant_row t WHERE t.id = ANY($1::uuid[]) AND t.routing_mark IS NOT NULL",
    house=True,
)
REFUSED_MAX = 10_000
"""What is refused is counted up to here."""


async def put_routes(tenant_id: TenantId, routes: Sequence[Route]) -> None:
    """Keep where users are from now on."""
    await _PUT([(tenant_id, *_values(route)) for route in routes])


async def drop_routes(tenant_id: TenantId, to_tenant_id: TenantId, user_ids: Sequence[UserId]) -> None:
    """Forget that users are in a tenant below."""
    await execute(_DROP, tenant_id, to_tenant_id, list(user_ids))


async def put_unrouted(tenant_id: TenantId, reasons: Sequence[tuple[UserId, str]], now: datetime) -> None:
    """Put users into the queue of those whom no rule leads anywhere, with the reason."""
    await _QUEUE([(tenant_id, user_id, now, reason) for user_id, reason in reasons])


async def drop_unrouted(tenant_id: TenantId, user_ids: Sequence[UserId]) -> None:
    """Take users out of the queue."""
    await execute(_UNQUEUE, tenant_id, list(user_ids))


async def list_origins_of(tenant_id: TenantId, to_tenant_id: TenantId, copy_ids: Sequence[UserId]) -> list[UserId]:
    """Return the users of a super tenant whose copies these users of a tenant below are."""
    return [UserId(row["user_id"]) for row in await fetch(_OF_COPIES, tenant_id, to_tenant_id, list(copy_ids))]


async def list_live_copies(tenant_id: TenantId, user_ids: Sequence[UserId]) -> dict[UserId, UserId]:
    """Return those of a tenant's users who are copies and there, by the ids of their origins; to be called as it."""
    rows = await fetch(_LIVE_COPIES, tenant_id, list(user_ids))
    return {UserId(UUID(row["external_id"])): UserId(row["user_id"]) for row in rows}


async def note_found(
    tenant_id: TenantId, to_tenant_id: TenantId, copies: Mapping[UserId, UserId], now: datetime
) -> None:
    """Keep that users of a super tenant are in a tenant below, where somebody brought them back, unless it is known."""
    found = (Route(one, to_tenant_id, None, None, copy_id, "there", "", now) for one, copy_id in copies.items())
    await _PUT_UNLESS_THERE([(tenant_id, *_values(route)) for route in found])


async def list_troubled(tenant_id: TenantId, to_tenant_id: TenantId, *, limit: int) -> list[UserId]:
    """Return users whom a tenant below refused, or who met somebody there."""
    return [UserId(row["user_id"]) for row in await fetch(_TROUBLED, tenant_id, to_tenant_id, limit)]


async def queue_members(tenant_id: TenantId, group_id: GroupId, now: datetime) -> None:
    """Have all who are in a group in effect looked at again: rules go by its name, which is another one."""
    await execute(_QUEUE_MEMBERS, tenant_id, group_id, now, unbounded=True)


async def count_refused(tenant_ids: Sequence[TenantId]) -> dict[TenantId, int]:
    """Return for each super tenant how many routes a tenant below does not take; those without any are left out."""
    async with in_house():
        rows = await fetch(_REFUSED, list(tenant_ids), REFUSED_MAX)
    return {TenantId(row["id"]): int(row["things"]) for row in rows if row["things"]}


def _values(route: Route) -> tuple[object, ...]:
    return (
        route.user_id,
        route.to_tenant_id,
        route.rule_id,
        route.role_key,
        route.copy_user_id,
        route.state,
        route.problem,
        route.since,
    )
