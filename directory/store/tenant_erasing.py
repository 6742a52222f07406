"""Erases deleted tenants, some rows at a time."""

from datetime import datetime

from directory.model import TenantId
from directory.store.compiled import Statement
from directory.store.tenant_tables import ERASED_WITH_TENANT
from directory.store.tenants import state_from
from directory.store.unit import Row, execute, fetch_one, in_house
from directory.tenant_states import TenantState

_DUE = Statement(
    "SELECT t.* FROM tenant_row t WHERE t.deleted_at <= $1::timestamptz AND t.erased_at IS NULL"
    " ORDER BY t.deleted_at, t.id LIMIT 1",
    house=True,
)
# By the place of the row, which needs no key: a table's own may be of any columns.
_ERASE = {
    table: Statement(
        f"DELETE FROM {table} WHERE tenant_id = $1::uuid"
        f" AND ctid = ANY(ARRAY(SELECT ctid FROM {table} WHERE tenant_id = $1::uuid LIMIT $2::bigint))",
        sqlite=f"DELETE FROM {table} WHERE tenant_id = $1::uuid"
        f" AND rowid IN (SELECT rowid FROM {table} WHERE tenant_id = $1::uuid LIMIT $2::bigint)",
    )
    for table in ERASED_WITH_TENANT
}
# The super tenant's own rows about who is in the tenant.
_LEAD_NOWHERE = tuple(
    Statement(
        f"DELETE FROM {table} WHERE to_tenant_id = $1::uuid"
        f" AND ctid = ANY(ARRAY(SELECT ctid FROM {table} WHERE to_tenant_id = $1::uuid LIMIT $2::bigint))",
        sqlite=f"DELETE FROM {table} WHERE to_tenant_id = $1::uuid"
        f" AND rowid IN (SELECT rowid FROM {table} WHERE to_tenant_id = $1::uuid LIMIT $2::bigint)",
        house=True,
    )
    for table in ("route_row", "group_route_row")
)


async def find_due(deleted_before: datetime) -> TenantState | None:
    """Return the tenant that was deleted first of those whose days are over."""
    async with in_house():
        row: Row | None = await fetch_one(_DUE, deleted_before)
    return None if row is None else state_from(row)


async def erase_led(tenant_id: TenantId, *, limit: int) -> int:
    """Delete some of what the super tenant keeps of who is in a tenant, in the open unit; returns how many rows."""
    erased = 0
    async with in_house():
        for statement in _LEAD_NOWHERE:
            if erased < limit:
                erased += await execute(statement, tenant_id, limit - erased, unbounded=True)
    return erased


async def erase_some(tenant_id: TenantId, *, limit: int) -> int:
    """Delete some rows of a tenant in the open unit; returns how many: fewer than ``limit`` if none are left."""
    erased = 0
    for statement in _ERASE.values():
        erased += await execute(statement, tenant_id, limit - erased, unbounded=True)
        if erased >= limit:
            break
    return erased
