"""Reads of the tenants that a super tenant's users are in, with what they have there."""

from collections.abc import Sequence

from directory.model import TenantId, UserId
from directory.store.compiled import Statement
from directory.store.unit import Row, fetch, in_house

STAY = (
    "r.user_id, r.to_tenant_id, r.state, r.problem, r.since, r.rule_id, r.role_key, x.slug, x.name AS tenant_name,"
    " q.label AS rule_label, c.id AS copy_user_id, c.active, c.reported_active, p.name AS role_name"
)
STAY_JOINS = (
    " LEFT JOIN routing_rule_row q ON q.tenant_id = r.tenant_id AND q.id = r.rule_id"
    " LEFT JOIN user_row c ON c.tenant_id = r.to_tenant_id AND c.id = r.copy_user_id AND c.deleted_at IS NULL"
    " LEFT JOIN role_row p ON p.tenant_id = c.tenant_id AND p.id = c.role_id"
)
_STAYS = Statement(
    f"SELECT {STAY}, (o.active AND NOT o.reported_active)::boolean AS kept_active FROM route_row r"
    " CROSS JOIN tenant_row x JOIN user_row o ON o.tenant_id = r.tenant_id AND o.id = r.user_id"
    f"{STAY_JOINS} WHERE r.tenant_id = $1::uuid AND r.user_id = ANY($2::uuid[])"
    " AND x.id = r.to_tenant_id AND x.parent_id = $1::uuid AND x.deleted_at IS NULL ORDER BY r.user_id, x.slug",
    house=True,
)


async def list_stays(tenant_id: TenantId, user_ids: Sequence[UserId]) -> list[Row]:
    """Return in which tenants these users of a super tenant are, by user and slug; none that was deleted."""
    async with in_house():
        return await fetch(_STAYS, tenant_id, list(user_ids))
