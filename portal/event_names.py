"""What the ids in events stand for."""

from collections.abc import Iterable

from directory import mappings
from directory.model import AccessRole, TenantId


async def names_in_events(tenant_id: TenantId, roles: Iterable[AccessRole]) -> dict[str, str]:
    """Return the names of ``roles``, and of the groups that are mapped, by id."""
    policy = await mappings.get_policy(tenant_id)
    groups = {str(line.mapping.group_id): line.group_name for line in policy.lines}
    return groups | {str(role.role_id): role.name for role in roles}
