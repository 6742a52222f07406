"""Reads of reports over the tenants below a super tenant: each a page behind a key, or counts with a bound."""

from datetime import datetime
from functools import lru_cache
from typing import Literal
from uuid import UUID

from directory.model import TenantId
from directory.store.compiled import Statement
from directory.store.routes.stays import STAY, STAY_JOINS
from directory.store.unit import Row, fetch, fetch_one, in_house

COUNTED_MAX = 10_000
COMPARED_MAX = 20
SUGGESTED_MAX = 200

Routes = Literal["all", "there", "problem"]

_TESTS: dict[Routes, str] = {"all": "", "there": " AND r.state = 'there'", "problem": " AND r.state <> 'there'"}
_LIVE = "x.parent_id = $1::uuid AND x.deleted_at IS NULL"
_UNROUTED = Statement(
    "SELECT n.user_id, n.since, n.reason, o.user_name, o.display_name FROM unrouted_row n"
    " CROSS JOIN user_row o WHERE n.tenant_id = $1::uuid AND (n.since, n.user_id) > ($2::timestamptz, $3::uuid)"
    " AND o.tenant_id = n.tenant_id AND o.id = n.user_id ORDER BY n.since, n.user_id LIMIT $4::bigint"
)
_COUNTS = Statement(
    "SELECT (SELECT count(*) FROM (SELECT 1 AS one FROM route_row r WHERE r.tenant_id = $1::uuid"
    " AND r.state <> 'there' LIMIT $2::bigint) AS p)::bigint AS problems,"
    " (SELECT count(*) FROM (SELECT 1 AS one FROM unrouted_row n WHERE n.tenant_id = $1::uuid LIMIT $2::bigint) AS u)"
    "::bigint AS unrouted"
)
_FILLED = Statement(
    f"SELECT x.slug, x.name, sum(t.things)::bigint AS people FROM tenant_row x"
    " CROSS JOIN source_row s CROSS JOIN tally_row t"
    f" WHERE {_LIVE} AND s.tenant_id = x.id AND s.kind = 'routed'"
    " AND t.tenant_id = s.tenant_id AND t.source_id = s.id AND t.kind = 'user'"
    " GROUP BY x.slug, x.name ORDER BY people DESC, x.slug LIMIT $2::bigint",
    house=True,
)
_OWING = Statement(
    "SELECT x.id, x.slug, x.name, x.scoped_views FROM tenant_row x WHERE (x.id = $1::uuid OR x.parent_id = $1::uuid)"
    " AND x.deleted_at IS NULL AND x.slug >= $2::text AND EXISTS (SELECT 1 FROM return_task_row r"
    " WHERE r.tenant_id = x.id AND r.closed_at IS NULL) ORDER BY x.slug LIMIT $3::bigint",
    house=True,
)
_ORIGINS = Statement(
    "SELECT r.copy_user_id, r.user_id FROM route_row r"
    " WHERE r.tenant_id = $1::uuid AND r.to_tenant_id = $2::uuid AND r.copy_user_id = ANY($3::uuid[])"
)
_SLUGS = Statement(
    f"SELECT x.slug, x.name FROM tenant_row x WHERE {_LIVE} ORDER BY x.slug LIMIT $2::bigint", house=True
)
_SLUG = Statement(f"SELECT x.id FROM tenant_row x WHERE {_LIVE} AND x.slug = $2::text", house=True)


async def list_routes(
    tenant_id: TenantId, wanted: Routes, to_tenant_id: UUID | None, *, after: tuple[UUID, UUID], limit: int
) -> list[Row]:
    """Return users with the tenants they are in, behind (user, tenant), in the order of both ids."""
    args = () if to_tenant_id is None else (to_tenant_id,)
    async with in_house():
        statement = _by_user(wanted, narrowed=to_tenant_id is not None)
        return await fetch(statement, tenant_id, *after, limit, *args, unbounded=True)


async def list_problems(
    tenant_id: TenantId, to_tenant_id: UUID | None, *, after: tuple[datetime, UUID, UUID], limit: int
) -> list[Row]:
    """Return those who are not as they should be, behind (since, user, tenant), who waits longest first."""
    args = () if to_tenant_id is None else (to_tenant_id,)
    async with in_house():
        return await fetch(_by_time(narrowed=to_tenant_id is not None), tenant_id, *after, limit, *args)


async def list_unrouted(tenant_id: TenantId, *, after: tuple[datetime, UUID], limit: int) -> list[Row]:
    """Return users whom no rule leads anywhere, behind (since, user)."""
    return await fetch(_UNROUTED, tenant_id, *after, limit)


async def count_open(tenant_id: TenantId) -> tuple[int, int]:
    """Return how many routes have a problem and how many users are unrouted, each counted up to ``COUNTED_MAX``."""
    (row,) = await fetch(_COUNTS, tenant_id, COUNTED_MAX, unbounded=True)
    return int(row["problems"]), int(row["unrouted"])


async def list_fullest(tenant_id: TenantId) -> list[tuple[str, int]]:
    """Return the tenants with the most people who were led there: (name, people), from tallies."""
    async with in_house():
        rows = await fetch(_FILLED, tenant_id, COMPARED_MAX)
    return [(row["name"], int(row["people"])) for row in rows]


async def list_owing(tenant_id: TenantId, *, since_slug: str, limit: int) -> list[Row]:
    """Return the tenants, this one too, where somebody who left still has equipment, from a slug on."""
    async with in_house():
        return await fetch(_OWING, tenant_id, since_slug, limit)


async def origins_of(tenant_id: TenantId, to_tenant_id: UUID, copy_ids: list[UUID]) -> dict[UUID, UUID]:
    """Return who these users of a tenant below are in the super tenant, where they were led there."""
    rows = await fetch(_ORIGINS, tenant_id, to_tenant_id, copy_ids) if copy_ids else []
    return {row["copy_user_id"]: row["user_id"] for row in rows}


async def find_below(tenant_id: TenantId, slug: str) -> UUID | None:
    """Return the tenant of that slug, if it is below this one."""
    async with in_house():
        row = await fetch_one(_SLUG, tenant_id, slug)
    return None if row is None else row["id"]


async def list_slugs(tenant_id: TenantId) -> list[tuple[str, str]]:
    """Return the first tenants below by slug: (slug, name)."""
    async with in_house():
        return [(row["slug"], row["name"]) for row in await fetch(_SLUGS, tenant_id, SUGGESTED_MAX)]


def _route(test: str, behind: str, order: str, limit: str) -> Statement:
    return Statement(
        f"SELECT {STAY}, o.user_name, o.display_name, o.deleted_at AS left_at FROM route_row r"
        f" CROSS JOIN tenant_row x CROSS JOIN user_row o{STAY_JOINS}"
        f" WHERE r.tenant_id = $1::uuid AND {behind}{test} AND x.id = r.to_tenant_id AND {_LIVE}"
        f" AND o.tenant_id = r.tenant_id AND o.id = r.user_id ORDER BY {order} LIMIT {limit}",
        house=True,
    )


@lru_cache(maxsize=8)
def _by_user(wanted: Routes, *, narrowed: bool) -> Statement:
    if narrowed:
        test = f" AND $3::uuid IS NOT NULL AND r.to_tenant_id = $5::uuid{_TESTS[wanted]}"
        return _route(test, "r.user_id > $2::uuid", "r.user_id", "$4::bigint")
    behind = "(r.user_id, r.to_tenant_id) > ($2::uuid, $3::uuid)"
    return _route(_TESTS[wanted], behind, "r.user_id, r.to_tenant_id", "$4::bigint")


@lru_cache(maxsize=2)
def _by_time(*, narrowed: bool) -> Statement:
    test = _TESTS["problem"] + (" AND r.to_tenant_id = $6::uuid" if narrowed else "")
    behind = "(r.since, r.user_id, r.to_tenant_id) > ($2::timestamptz, $3::uuid, $4::uuid)"
    return _route(test, behind, "r.since, r.user_id, r.to_tenant_id", "$5::bigint")
