"""Reads of what tenants below decided for one user of a super tenant: lock, sign-in, and when it last changed there."""

from directory.model import TenantId, UserId
from directory.store.compiled import Statement
from directory.store.unit import Row, fetch, in_house

_SIDES = Statement(
    "SELECT r.to_tenant_id, c.modified_at, c.decided_at, l.reason AS lock_reason, l.until AS lock_until,"
    " b.user_id AS blocked_id FROM route_row r"
    " JOIN user_row c ON c.tenant_id = r.to_tenant_id AND c.id = r.copy_user_id AND c.deleted_at IS NULL"
    " LEFT JOIN lock_row l ON l.tenant_id = c.tenant_id AND l.user_id = c.id"
    " LEFT JOIN signin_block_row b ON b.tenant_id = c.tenant_id AND b.user_id = c.id"
    " WHERE r.tenant_id = $1::uuid AND r.user_id = $2::uuid",
    house=True,
)


async def list_sides(tenant_id: TenantId, user_id: UserId) -> list[Row]:
    """Return a row for each tenant below that has the user."""
    async with in_house():
        return await fetch(_SIDES, tenant_id, user_id)
