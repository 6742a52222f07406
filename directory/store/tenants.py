"""Reads of tenants with how they are: by slug, by id, and those below another."""

from directory.model import TenantId
from directory.store.access import tenant_from
from directory.store.compiled import Statement
from directory.store.unit import Row, as_tenant, fetch, fetch_one, in_house
from directory.tenant_states import TenantState

_COLUMNS = (
    "t.id, t.slug, t.name, t.parent_id, t.default_role_id, t.policy_version, t.routing_mark, t.created_at,"
    " t.suspended_at, t.deleted_at, t.erased_at, t.ended_by, t.scoped_views, t.own_sources, t.grace_days"
)
_BY_ID = Statement(f"SELECT {_COLUMNS} FROM tenant_row t WHERE t.id = $1::uuid")
# Weaker than FOR UPDATE, which would wait for every row that is written in the tenant meanwhile.
_TO_CHANGE = Statement(f"SELECT {_COLUMNS} FROM tenant_row t WHERE t.id = $1::uuid FOR NO KEY UPDATE")
_BY_SLUG = Statement(f"SELECT {_COLUMNS} FROM tenant_row t WHERE t.slug = $1::text", house=True)
_ALL = Statement(f"SELECT {_COLUMNS} FROM tenant_row t WHERE t.erased_at IS NULL ORDER BY t.slug", house=True)
_BELOW = Statement(
    f"SELECT {_COLUMNS} FROM tenant_row t WHERE t.parent_id = $1::uuid AND t.id = $2::uuid AND t.erased_at IS NULL"
)
# The text is found anywhere in the slug or in the name; the slug has a name's letters without their accents.
_PAGE = Statement(
    f"SELECT {_COLUMNS} FROM tenant_row t WHERE t.parent_id = $1::uuid AND t.slug > $2::text AND t.erased_at IS NULL"
    " AND ($3::text = '' OR t.slug LIKE $3::text ESCAPE '!' OR lower(t.name) LIKE $4::text ESCAPE '!')"
    " ORDER BY t.slug LIMIT $5::bigint",
    house=True,
)
_COUNT = Statement(
    "SELECT count(*) AS things FROM tenant_row t WHERE t.parent_id = $1::uuid AND t.deleted_at IS NULL", house=True
)
_IS_SUSPENDED = Statement(
    "SELECT 1 AS found FROM tenant_row t"
    " WHERE t.slug = $1::text AND t.suspended_at IS NOT NULL AND t.deleted_at IS NULL",
    house=True,
)


async def find_state(tenant_id: TenantId) -> TenantState | None:
    """Return a tenant of whatever state."""
    async with as_tenant(tenant_id):
        row = await fetch_one(_BY_ID, tenant_id)
    return None if row is None else state_from(row)


async def find_state_to_change(tenant_id: TenantId) -> TenantState | None:
    """Return a tenant and hold its row until the unit ends: what is done to tenants is done one after the other."""
    async with as_tenant(tenant_id):
        row = await fetch_one(_TO_CHANGE, tenant_id)
    return None if row is None else state_from(row)


async def find_state_named(slug: str) -> TenantState | None:
    """Return the tenant that has, or has kept, the slug."""
    async with in_house():
        row = await fetch_one(_BY_SLUG, slug)
    return None if row is None else state_from(row)


async def is_suspended(slug: str) -> bool:
    """Whether there is a tenant of that slug in which nobody signs in for now."""
    async with in_house():
        return await fetch_one(_IS_SUSPENDED, slug) is not None


async def list_states() -> list[TenantState]:
    """Return all tenants that are not erased, by slug."""
    async with in_house():
        return [state_from(row) for row in await fetch(_ALL)]


async def find_below(parent_id: TenantId, tenant_id: TenantId) -> TenantState | None:
    """Return a tenant below another, also a deleted one that can be restored."""
    async with in_house():
        row = await fetch_one(_BELOW, parent_id, tenant_id)
    return None if row is None else state_from(row)


async def page_below(parent_id: TenantId, text: str, *, after: str, limit: int) -> list[TenantState]:
    """Return tenants below another whose slug is behind ``after`` and that have the text in slug or name, by slug."""
    like = "".join(f"!{char}" if char in "!%_" else char for char in text.lower())
    slug_like = "-".join(like.split())
    wanted = ("", "") if not text else (f"%{slug_like}%", f"%{like}%")
    async with in_house():
        return [state_from(row) for row in await fetch(_PAGE, parent_id, after, *wanted, limit)]


async def count_below(parent_id: TenantId) -> int:
    """Return how many tenants are below another; deleted ones count no more."""
    async with in_house():
        (row,) = await fetch(_COUNT, parent_id)
    return int(row["things"])


def state_from(row: Row) -> TenantState:
    """Return a tenant from its row."""
    return TenantState(
        tenant=tenant_from(row),
        created_at=row["created_at"],
        suspended_at=row["suspended_at"],
        deleted_at=row["deleted_at"],
        erased_at=row["erased_at"],
        ended_by=row["ended_by"],
        scoped_views=row["scoped_views"],
        own_sources=bool(row["own_sources"]),
        grace_days=row["grace_days"],
    )
