"""Reads of scoped views: what a session may see, who asked, who looked in, and which of them are over by now."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from directory.model import Permission, Tenant, TenantId, UserId
from directory.scoped_view_model import ScopedView, ViewPolicy, permitted
from directory.store.access import permissions_from, tenant_from
from directory.store.compiled import Statement
from directory.store.unit import Row, fetch, fetch_one, in_house

_VIEW = (
    "v.tenant_id, v.id, v.to_tenant_id, v.user_id, v.user_label, v.session_id, v.reason, v.level, v.state, v.asked_at,"
    " v.decided_at, v.decided_by, v.begun_at, v.until, v.ended_at,"
    " v.changed_count, t.name AS to_name, t.slug AS to_slug"
)
_VIEWS = f"SELECT {_VIEW} FROM scoped_view_row v JOIN tenant_row t ON t.id = v.to_tenant_id"
# What somebody agreed to stays good when the tenant goes from letting everybody in to asking.
_LETS_IN = (
    "(t.suspended_at IS NULL AND t.deleted_at IS NULL AND t.parent_id = v.tenant_id"
    " AND (t.scoped_views = 'open' OR (t.scoped_views = 'ask' AND v.decided_at IS NOT NULL)))"
)
_LAST_OF_SESSION = Statement(
    f"SELECT {_VIEW}, t.slug, t.name, t.parent_id, t.default_role_id, t.policy_version, t.routing_mark,"
    f" {_LETS_IN} AS lets_in FROM scoped_view_row v JOIN tenant_row t ON t.id = v.to_tenant_id"
    " WHERE v.tenant_id = $1::uuid AND v.session_id = $2::uuid AND t.slug = $3::text ORDER BY v.id DESC LIMIT 1"
)
_OF_GUEST = Statement(
    "SELECT v.level, r.permissions FROM scoped_view_row v JOIN tenant_row t ON t.id = v.to_tenant_id"
    " JOIN user_row u ON u.tenant_id = v.tenant_id AND u.id = v.user_id"
    " JOIN role_row r ON r.tenant_id = u.tenant_id AND r.id = u.role_id"
    " WHERE v.tenant_id = (SELECT p.parent_id FROM tenant_row p WHERE p.id = $1::uuid) AND v.to_tenant_id = $1::uuid"
    f" AND v.user_id = $2::uuid AND v.state = 'open' AND v.ended_at IS NULL AND {_LETS_IN}"
    " AND u.active AND u.deleted_at IS NULL ORDER BY v.id DESC LIMIT 1"
)
_ONE = f"{_VIEWS} WHERE v.tenant_id = $1::uuid AND v.id = $2::uuid"
_TO_READ = Statement(_ONE)
_TO_CHANGE = Statement(f"{_ONE} FOR UPDATE OF v")
_OF_HOME = Statement(f"{_VIEWS} WHERE v.tenant_id = $1::uuid AND v.id < $2::uuid ORDER BY v.id DESC LIMIT $3::bigint")
_INTO = Statement(
    f"{_VIEWS} WHERE v.tenant_id = $1::uuid AND v.to_tenant_id = $2::uuid AND v.id < $3::uuid"
    " ORDER BY v.id DESC LIMIT $4::bigint"
)
_LIVE_OF_USER = Statement(
    f"{_VIEWS} WHERE v.tenant_id = $1::uuid AND v.user_id = $2::uuid AND v.ended_at IS NULL"
    " AND v.until > $3::timestamptz ORDER BY v.id DESC LIMIT 100"
)
_OVER = Statement(
    f"{_VIEWS} LEFT JOIN web_session_row s ON s.tenant_id = v.tenant_id AND s.id = v.session_id"
    f" WHERE v.ended_at IS NULL AND (v.until <= $1::timestamptz OR s.ended_at IS NOT NULL"
    " OR s.last_used_at <= $3::timestamptz OR s.created_at <= $4::timestamptz"
    f" OR (v.state = 'open' AND NOT {_LETS_IN}) OR t.deleted_at IS NOT NULL OR t.scoped_views = 'closed')"
    " ORDER BY v.until LIMIT $2::bigint",
    house=True,
)
_CHILD = "t.id, t.slug, t.name, t.parent_id, t.default_role_id, t.policy_version, t.routing_mark, t.scoped_views"
_BELOW = "FROM tenant_row t WHERE t.parent_id = $1::uuid AND t.deleted_at IS NULL AND t.suspended_at IS NULL"
_CHILDREN = Statement(
    f"SELECT {_CHILD} {_BELOW} AND (lower(t.name) LIKE $2::text OR t.slug LIKE $2::text)"
    " ORDER BY t.name, t.id LIMIT $3::bigint",
    house=True,
)
_CHILD_OF = Statement(f"SELECT {_CHILD} {_BELOW} AND t.id = $2::uuid")
_CHILD_TO_ENTER = Statement(f"SELECT {_CHILD} {_BELOW} AND t.id = $2::uuid FOR SHARE OF t")
_DOOR = Statement("SELECT t.scoped_views FROM tenant_row t WHERE t.id = $1::uuid")
_DOOR_TO_CHANGE = Statement("SELECT t.scoped_views FROM tenant_row t WHERE t.id = $1::uuid FOR NO KEY UPDATE")
# Only what people did: the index leaves the events of sources out, and an hour of the rest is few.
_DEEDS = Statement(
    "SELECT count(*) AS total FROM event_row e WHERE e.tenant_id = $1::uuid AND e.id >= $2::uuid"
    " AND e.actor_kind <> 'source' AND e.actor_id = $3::uuid AND e.action NOT LIKE 'tenant:view:%'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """The last view that a session had of a tenant, and whether that tenant still lets it in."""

    view: ScopedView
    tenant: Tenant
    lets_in: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A tenant below a super tenant, and whom it lets in."""

    tenant: Tenant
    lets_in: ViewPolicy


async def find_sight(tenant_id: TenantId, session_id: UUID, slug: str) -> Sight | None:
    """Return the last view that a session of the super tenant had of a tenant; None where it had none."""
    async with in_house():
        row = await fetch_one(_LAST_OF_SESSION, tenant_id, session_id, slug)
    if row is None:
        return None
    tenant = tenant_from(row, tenant_id=row["to_tenant_id"])
    return Sight(view=_view_from(row), tenant=tenant, lets_in=bool(row["lets_in"]))


async def find_guest_permissions(tenant_id: TenantId, user_id: UserId) -> frozenset[Permission]:
    """Return what an operator of the super tenant may do in the tenant now, by an open view; nothing without one."""
    async with in_house():
        row = await fetch_one(_OF_GUEST, tenant_id, user_id)
    return frozenset() if row is None else permitted(row["level"], permissions_from(row["permissions"]))


async def find_view(tenant_id: TenantId, view_id: UUID, *, hold: bool = False) -> ScopedView | None:
    """Return a view of the super tenant's operators; ``hold`` keeps it until the unit ends."""
    async with in_house():
        row = await fetch_one(_TO_CHANGE if hold else _TO_READ, tenant_id, view_id)
    return None if row is None else _view_from(row)


async def list_views(tenant_id: TenantId, *, before: UUID, limit: int) -> list[ScopedView]:
    """Return the views of a super tenant's operators, the newest first."""
    async with in_house():
        return [_view_from(row) for row in await fetch(_OF_HOME, tenant_id, before, limit)]


async def list_views_into(tenant_id: TenantId, to_tenant_id: TenantId, *, before: UUID, limit: int) -> list[ScopedView]:
    """Return the views into one tenant below, the newest first."""
    async with in_house():
        return [_view_from(row) for row in await fetch(_INTO, tenant_id, to_tenant_id, before, limit)]


async def list_live_of(tenant_id: TenantId, user_id: UserId, now: datetime) -> list[ScopedView]:
    """Return what an operator asked for, may open or has open."""
    async with in_house():
        return [_view_from(row) for row in await fetch(_LIVE_OF_USER, tenant_id, user_id, now)]


async def list_over(now: datetime, *, used_before: datetime, begun_before: datetime, limit: int) -> list[ScopedView]:
    """Return views that nobody ended and that are over: time, session, tenant or what it lets in.

    Sessions that were last used, or begun, so long ago are over although nobody ended them.
    """
    async with in_house():
        return [_view_from(row) for row in await fetch(_OVER, now, limit, used_before, begun_before)]


async def list_children(tenant_id: TenantId, words: str, *, limit: int) -> list[Child]:
    """Return tenants below that are neither suspended nor deleted, by name; ``words`` are a part of name or slug."""
    pattern = f"%{words.strip().lower().replace('%', '').replace('_', '')}%"
    async with in_house():
        return [_child_from(row) for row in await fetch(_CHILDREN, tenant_id, pattern, limit)]


async def find_child(tenant_id: TenantId, child_id: UUID, *, hold: bool = False) -> Child | None:
    """Return a tenant below that is neither suspended nor deleted; ``hold``: as it is until the unit ends."""
    async with in_house():
        row = await fetch_one(_CHILD_TO_ENTER if hold else _CHILD_OF, tenant_id, child_id)
    return None if row is None else _child_from(row)


async def find_policy(tenant_id: TenantId, *, hold: bool = False) -> ViewPolicy:
    """Return whom a tenant lets in."""
    (row,) = await fetch(_DOOR_TO_CHANGE if hold else _DOOR, tenant_id)
    policy: ViewPolicy = row["scoped_views"]
    return policy


async def count_deeds(tenant_id: TenantId, since: UUID, user_id: UserId) -> int:
    """Return how many events of a tenant somebody caused from the id ``since`` on."""
    (row,) = await fetch(_DEEDS, tenant_id, since, user_id)
    return int(row["total"])


def _child_from(row: Row) -> Child:
    return Child(tenant=tenant_from(row), lets_in=row["scoped_views"])


def _view_from(row: Row) -> ScopedView:
    return ScopedView(
        view_id=row["id"],
        tenant_id=TenantId(row["tenant_id"]),
        to_tenant_id=TenantId(row["to_tenant_id"]),
        to_name=row["to_name"],
        to_slug=row["to_slug"],
        user_id=UserId(row["user_id"]),
        user_label=row["user_label"],
        session_id=row["session_id"],
        reason=row["reason"],
        level=row["level"],
        state=row["state"],
        asked_at=row["asked_at"],
        decided_at=row["decided_at"],
        decided_by=row["decided_by"],
        begun_at=row["begun_at"],
        until=row["until"],
        ended_at=row["ended_at"],
        changed_count=row["changed_count"],
    )
