"""The access roles of a tenant: what their holders may do."""

from directory.errors import NotFoundError
from directory.model import AccessRole, RoleId, TenantId
from directory.store import access


async def list_roles(tenant_id: TenantId) -> list[AccessRole]:
    """Return the tenant's roles, the shipped ones first."""
    return await access.list_roles(tenant_id)


async def get_role(tenant_id: TenantId, role_id: RoleId) -> AccessRole:
    """Return a role.

    Raises:
        NotFoundError: the tenant has no such role.
    """
    role = await access.find_role(tenant_id, role_id)
    if role is None:
        raise NotFoundError("role", role_id)
    return role


async def find_role(tenant_id: TenantId, name_or_key: str) -> AccessRole | None:
    """Return the role of that name in any case, else the shipped one of that key ("user_manager")."""
    return await access.find_role_named(tenant_id, name_or_key)
