"""Tenants: born with five roles, of which the harmless one is the default."""

from datetime import datetime

from directory.commit import commit_plan, in_unit_of
from directory.errors import AlreadyExistsError, InvalidError, NotFoundError
from directory.ids import new_id
from directory.model import PERMISSIONS, AccessRole, Actor, Permission, RoleId, Tenant, TenantId
from directory.names import name_key
from directory.plan import AttributeChange, Event, InsertRow, Plan, joined_plan, permissions_text
from directory.plan_fields import plan_default_fields
from directory.slugs import checked_slug, slug_for
from directory.store import access

NAME_LENGTH_MAX = 200

SHIPPED: tuple[tuple[str, str, frozenset[Permission]], ...] = (
    ("administrator", "Administrator", frozenset(PERMISSIONS)),
    ("user_manager", "User Manager", frozenset({"portal:view", "users:manage"})),
    ("editor", "Editor", frozenset({"portal:view"})),
    ("viewer", "Viewer", frozenset({"portal:view"})),
    ("loanee", "Loanee", frozenset()),
)
"""(key, name, permissions) of the roles that every tenant is born with. A Loanee has no login."""


async def create_tenant(name: str, *, slug: str | None = None, parent_slug: str | None = None, now: datetime) -> Tenant:
    """Create a tenant with its five roles; new users are Loanees until it decides otherwise.

    The slug is made from the name unless given; it stands in addresses and never changes.

    Raises:
        InvalidError: the name is empty or too long, or makes no slug.
        AlreadyExistsError: another tenant has the slug.
        NotFoundError: there is no such parent.
    """
    name = _checked_name(name)
    slug = slug_for(name) if slug is None else checked_slug(slug)
    tenant_id = TenantId(new_id(now))
    roles = {
        key: AccessRole(role_id=RoleId(new_id(now)), name=label, permissions=permissions, shipped=key)
        for key, label, permissions in SHIPPED
    }

    async def body() -> Tenant:
        if await access.find_tenant_by_slug(slug) is not None:
            raise AlreadyExistsError("tenant", "slug", slug)
        tenant = Tenant(
            tenant_id=tenant_id,
            slug=slug,
            name=name,
            parent_id=None if parent_slug is None else (await _get_by_slug(parent_slug)).tenant_id,
            default_role_id=roles["loanee"].role_id,
            policy_version=1,
        )
        plan = joined_plan(_plan_tenant(tenant, roles, now=now), plan_default_fields(by=by, now=now))
        await commit_plan(plan, by=by, now=now)
        return tenant

    by = Actor(tenant_id=tenant_id, kind="system", label="command line", permissions=frozenset(PERMISSIONS))
    return await in_unit_of(by, body)


async def find_tenant(slug: str) -> Tenant | None:
    """Return the tenant of that slug."""
    return await access.find_tenant_by_slug(slug)


async def get_tenant(tenant_id: TenantId) -> Tenant:
    """Return a tenant.

    Raises:
        NotFoundError: there is none.
    """
    tenant = await access.find_tenant(tenant_id)
    if tenant is None:
        raise NotFoundError("tenant", tenant_id)
    return tenant


async def list_tenants() -> list[Tenant]:
    """Return the tenants of this installation, by slug."""
    return await access.list_tenants()


def system_actor(tenant: Tenant, label: str = "command line") -> Actor:
    """Return whoever runs this program on its host, acting in ``tenant``."""
    return Actor(tenant_id=tenant.tenant_id, kind="system", label=label, permissions=frozenset(PERMISSIONS))


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > NAME_LENGTH_MAX or not name.isprintable():
        raise InvalidError("name", f"must be one line of 1 to {NAME_LENGTH_MAX} characters")
    return name


async def _get_by_slug(slug: str) -> Tenant:
    tenant = await access.find_tenant_by_slug(slug)
    if tenant is None:
        raise NotFoundError("tenant", slug)
    return tenant


def _plan_tenant(tenant: Tenant, roles: dict[str, AccessRole], *, now: datetime) -> Plan:
    row = InsertRow(
        table="tenant_row",
        values={
            "id": tenant.tenant_id,
            "slug": tenant.slug,
            "name": tenant.name,
            "parent_id": tenant.parent_id,
            "default_role_id": tenant.default_role_id,
            "administrator_role_id": roles["administrator"].role_id,
            "policy_version": tenant.policy_version,
            "policy_mark": new_id(now),
            "created_at": now,
        },
    )
    created = Event(
        action="tenant:created",
        subject_kind="tenant",
        subject_id=tenant.tenant_id,
        subject_label=tenant.name,
        changes=(
            AttributeChange(name="name", old=None, new=tenant.name),
            AttributeChange(name="slug", old=None, new=tenant.slug),
        ),
    )
    return Plan(changes=(row, *(_role_row(tenant, role, now=now) for role in roles.values())), events=(created,))


def _role_row(tenant: Tenant, role: AccessRole, *, now: datetime) -> InsertRow:
    return InsertRow(
        table="role_row",
        values={
            "tenant_id": tenant.tenant_id,
            "id": role.role_id,
            "name": role.name,
            "name_key": name_key(role.name),
            "shipped": role.shipped,
            "permissions": permissions_text(role.permissions),
            "created_at": now,
        },
    )
