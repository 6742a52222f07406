"""Reads of where roles are given and who has them."""

from typing import NamedTuple
from uuid import UUID

from directory.model import RoleId, TenantId, UserId
from directory.store.compiled import Statement
from directory.store.unit import fetch

_USERS = "SELECT u.role_id, count(*) AS things FROM user_row u WHERE u.tenant_id = $1::uuid AND u.deleted_at IS NULL"
_LOCKS = (
    "SELECT l.role_id, count(*) AS things FROM lock_row l WHERE l.tenant_id = $1::uuid AND EXISTS (SELECT 1"
    " FROM user_row u WHERE u.tenant_id = l.tenant_id AND u.id = l.user_id AND u.deleted_at IS NULL)"
)
_LINES = "SELECT p.role_id, count(*) AS things FROM mapping_row p WHERE p.tenant_id = $1::uuid"
# Whoever is locked has the role of the lock, so one pass tells both: of 100,000 users with 50,000 locks 46 ms, where
# looking up the user of each lock took 270.
_HAD = (
    "SELECT u.role_id, count(*) AS users, sum(CASE WHEN u.origin = 'lock' THEN 1 ELSE 0 END) AS locks"
    " FROM user_row u{index} WHERE u.tenant_id = $1::uuid AND u.deleted_at IS NULL GROUP BY role_id"
)
_HAD_BY_ROLE = Statement(_HAD.format(index=""), sqlite=_HAD.format(index=" INDEXED BY user_listed"))
_LINES_BY_ROLE = Statement(f"{_LINES} GROUP BY role_id")
_COUNTS_OF = {
    "users": Statement(f"{_USERS} AND u.role_id = $2::uuid GROUP BY role_id"),
    "locks": Statement(f"{_LOCKS} AND l.role_id = $2::uuid GROUP BY role_id"),
    "lines": Statement(f"{_LINES} AND p.role_id = $2::uuid GROUP BY role_id"),
}
_DEFAULT = Statement("SELECT default_role_id FROM tenant_row WHERE id = $1::uuid")
_LOCKED = Statement(
    "SELECT l.user_id AS id FROM lock_row l JOIN user_row u ON u.tenant_id = l.tenant_id AND u.id = l.user_id"
    " WHERE l.tenant_id = $1::uuid AND l.role_id = $2::uuid AND u.deleted_at IS NULL"
    " ORDER BY l.user_id LIMIT $3::bigint"
)
_GROUP_NAMES = Statement(
    "SELECT g.id, g.display_name FROM mapping_row p JOIN group_row g ON g.tenant_id = p.tenant_id AND g.id = p.group_id"
    " WHERE p.tenant_id = $1::uuid AND p.role_id = $2::uuid ORDER BY p.position"
)


class UseCounts(NamedTuple):
    """How often a role is given, and how many live users have it."""

    users: int = 0
    lines: int = 0
    locks: int = 0
    is_default: bool = False


async def count_uses(tenant_id: TenantId, role_id: RoleId | None = None) -> dict[RoleId, UseCounts]:
    """Return the counts of every role of a tenant that is given or had, or of one."""
    counted = await (_counted(tenant_id) if role_id is None else _counted_of(tenant_id, role_id))
    (default,) = await fetch(_DEFAULT, tenant_id)
    default_role_id = default["default_role_id"]
    found = {default_role_id, *(ident for part in counted.values() for ident in part)}
    return {
        RoleId(ident): UseCounts(
            users=counted["users"].get(ident, 0),
            lines=counted["lines"].get(ident, 0),
            locks=counted["locks"].get(ident, 0),
            is_default=ident == default_role_id,
        )
        for ident in found
    }


async def _counted(tenant_id: TenantId) -> dict[str, dict[UUID, int]]:
    had = await fetch(_HAD_BY_ROLE, tenant_id, unbounded=True)
    lines = await fetch(_LINES_BY_ROLE, tenant_id)
    return {
        "users": {row["role_id"]: row["users"] for row in had},
        "locks": {row["role_id"]: row["locks"] for row in had},
        "lines": {row["role_id"]: row["things"] for row in lines},
    }


async def _counted_of(tenant_id: TenantId, role_id: RoleId) -> dict[str, dict[UUID, int]]:
    return {
        part: {row["role_id"]: row["things"] for row in await fetch(statement, tenant_id, role_id, unbounded=True)}
        for part, statement in _COUNTS_OF.items()
    }


async def list_locked_at(tenant_id: TenantId, role_id: RoleId, *, limit: int) -> list[UserId]:
    """Return live users whose lock names the role."""
    return [UserId(row["id"]) for row in await fetch(_LOCKED, tenant_id, role_id, limit)]


async def names_of_mapped(tenant_id: TenantId, role_id: RoleId) -> dict[UUID, str]:
    """Return the names of the groups whose mapping gives the role, in the order of the mappings."""
    return {row["id"]: row["display_name"] for row in await fetch(_GROUP_NAMES, tenant_id, role_id)}
