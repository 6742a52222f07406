"""Reads of users by what their role permits."""

from directory.model import RoleId, TenantId
from directory.store.compiled import Statement
from directory.store.unit import Row, fetch

# One role at a time: for a list of roles SQLite reads the whole table (150 ms for 100,000 users).
_ACTIVE_OF_ROLE = Statement(
    "SELECT u.id, u.display_name, u.display_name_key, u.user_name FROM user_row u"
    " WHERE u.tenant_id = $1::uuid AND u.role_id = $2::uuid AND u.deleted_at IS NULL AND u.active"
    " ORDER BY u.id LIMIT $3::bigint"
)


async def list_active_of_role(tenant_id: TenantId, role_id: RoleId, *, limit: int) -> list[Row]:
    """Return active users who have a role, in the order in which they came."""
    return await fetch(_ACTIVE_OF_ROLE, tenant_id, role_id, limit)
