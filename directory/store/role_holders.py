"""Reads of who has a role."""

from uuid import UUID

from directory.model import RoleId, TenantId, UserId
from directory.store.compiled import Statement
from directory.store.unit import Row, fetch

_HAVE_IT = Statement(
    "SELECT u.id, u.user_name, u.display_name, u.active, u.origin, g.display_name AS group_name FROM user_row u"
    " LEFT JOIN group_row g ON g.tenant_id = u.tenant_id AND g.id = u.decided_group_id"
    " WHERE u.tenant_id = $1::uuid AND u.role_id = $2::uuid AND u.deleted_at IS NULL AND u.id > $3::uuid"
    " ORDER BY u.id LIMIT $4::bigint"
)
_IDS = Statement(
    "SELECT u.id FROM user_row u WHERE u.tenant_id = $1::uuid AND u.role_id = $2::uuid AND u.deleted_at IS NULL"
    " ORDER BY u.id LIMIT $3::bigint"
)
_FIRST_ID = UUID(int=0)


async def list_holders(tenant_id: TenantId, role_id: RoleId, *, after: UserId | None, limit: int) -> list[Row]:
    """Return rows of the live users who have the role, in the order of their ids."""
    return await fetch(_HAVE_IT, tenant_id, role_id, after or _FIRST_ID, limit)


async def list_holder_ids(tenant_id: TenantId, role_id: RoleId, *, limit: int) -> list[UserId]:
    """Return the first users who have the role."""
    return [UserId(row["id"]) for row in await fetch(_IDS, tenant_id, role_id, limit)]
