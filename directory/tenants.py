"""Tenants: born with five roles, of which the harmless one is the default."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from directory.commit import commit_plan, in_unit_of
from directory.errors import AlreadyExistsError, InvalidError, NotFoundError
from directory.ids import new_id
from directory.model import PERMISSIONS, AccessRole, Actor, Permission, RoleId, Tenant, TenantId
from directory.names import name_key
from directory.plan import AttributeChange, Event, InsertRow, Plan, UpdateRows, joined_plan, permissions_text
from directory.plan_fields import plan_default_fields
from directory.slugs import checked_slug, slug_for
from directory.store import access, tenants
from directory.store.unit import as_tenant
from directory.tenant_states import Views

NAME_LENGTH_MAX = 200

SHIPPED: tuple[tuple[str, str, frozenset[Permission]], ...] = (
    ("administrator", "Administrator", frozenset(PERMISSIONS)),
    ("user_manager", "User Manager", frozenset({"portal:view", "users:manage"})),
    ("editor", "Editor", frozenset({"portal:view"})),
    ("viewer", "Viewer", frozenset({"portal:view"})),
    ("loanee", "Loanee", frozenset()),
)
"""(key, name, permissions) of the roles that every tenant is born with. A Loanee has no login."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTenant:
    """A tenant as asked for, with the roles it is born with."""

    tenant: Tenant
    roles: Mapping[str, AccessRole]
    """By shipped key."""


async def create_tenant(name: str, *, slug: str | None = None, parent_slug: str | None = None, now: datetime) -> Tenant:
    """Create a tenant with its five roles; new users are Loanees until it decides otherwise.

    The slug is made from the name unless given; it stands in addresses and never changes.

    Raises:
        InvalidError: the name is empty or too long, or makes no slug; or the parent is below a tenant itself.
        AlreadyExistsError: another tenant has the slug, or had it and is not erased yet.
        NotFoundError: there is no such parent.
    """
    parent = None if parent_slug is None else await _get_by_slug(parent_slug)
    new = new_tenant(name, slug=slug, parent=parent, now=now)
    by = system_actor(new.tenant)
    above = None if parent is None else system_actor(parent)
    await in_unit_of(by, lambda: put_tenant(new, by=by, above=above, now=now))
    return new.tenant


def new_tenant(name: str, *, slug: str | None, parent: Tenant | None, now: datetime) -> NewTenant:
    """Return a tenant that is not stored yet.

    Raises:
        InvalidError: the name is empty or too long, or makes no slug; or the parent is below a tenant itself.
    """
    name = checked_name(name)
    slug = slug_for(name) if slug is None else checked_slug(slug)
    if parent is not None and parent.parent_id is not None:
        raise InvalidError("parent", "is below another tenant itself, and has none below it")
    roles = {
        key: AccessRole(role_id=RoleId(new_id(now)), name=label, permissions=permissions, shipped=key)
        for key, label, permissions in SHIPPED
    }
    tenant = Tenant(
        tenant_id=TenantId(new_id(now)),
        slug=slug,
        name=name,
        parent_id=None if parent is None else parent.tenant_id,
        default_role_id=roles["loanee"].role_id,
        policy_version=1,
    )
    return NewTenant(tenant=tenant, roles=roles)


async def put_tenant(
    new: NewTenant, *, scoped_views: Views = "open", by: Actor, above: Actor | None = None, now: datetime
) -> None:
    """Store a tenant in the open unit; its super tenant, where ``above`` acts, is told and routes from now on.

    Raises:
        AlreadyExistsError: another tenant has the slug, or had it and is not erased yet.
        NotFoundError: the super tenant was deleted meanwhile.
    """
    tenant = new.tenant
    if above is not None:
        held = await tenants.find_state_to_change(above.tenant_id)
        if held is None or held.deleted_at is not None:
            raise NotFoundError("tenant", above.tenant_id)
    if await tenants.find_state_named(tenant.slug) is not None:
        raise AlreadyExistsError("tenant", "slug", tenant.slug)
    created = _created(tenant)
    async with as_tenant(tenant.tenant_id):
        plan = joined_plan(_plan_tenant(new, created, scoped_views, now=now), plan_default_fields(by=by, now=now))
        await commit_plan(plan, by=by, now=now)
    if above is not None:
        async with as_tenant(above.tenant_id):
            await commit_plan(Plan(changes=(routing_marked(above.tenant_id, now=now),)), by=above, now=now)
            await commit_plan(Plan(events=(created,)), by=above, now=now)


def routing_marked(tenant_id: TenantId, *, now: datetime) -> UpdateRows:
    """Return the change by which whoever remembers how a tenant routes, and to which tenants, reads that anew."""
    return UpdateRows(table="tenant_row", values={"routing_mark": new_id(now)}, where={"id": tenant_id}, require=1)


async def find_tenant(slug: str) -> Tenant | None:
    """Return the tenant of that slug that is not deleted."""
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
    """Return the tenants of this installation that are not deleted, by slug."""
    return await access.list_tenants()


def system_actor(tenant: Tenant, label: str = "command line") -> Actor:
    """Return whoever runs this program on its host, acting in ``tenant``."""
    return Actor(tenant_id=tenant.tenant_id, kind="system", label=label, permissions=frozenset(PERMISSIONS))


def checked_name(name: str) -> str:
    """Return a name of a tenant without blanks around it.

    Raises:
        InvalidError: it is empty or too long, or cannot be shown in one line.
    """
    name = name.strip()
    if not name or len(name) > NAME_LENGTH_MAX or not name.isprintable():
        raise InvalidError("name", f"must be one line of 1 to {NAME_LENGTH_MAX} characters")
    return name


async def _get_by_slug(slug: str) -> Tenant:
    tenant = await access.find_tenant_by_slug(slug)
    if tenant is None:
        raise NotFoundError("tenant", slug)
    return tenant


def _created(tenant: Tenant) -> Event:
    return Event(
        action="tenant:created",
        subject_kind="tenant",
        subject_id=tenant.tenant_id,
        subject_label=tenant.name,
        changes=(
            AttributeChange(name="name", old=None, new=tenant.name),
            AttributeChange(name="slug", old=None, new=tenant.slug),
        ),
    )


def _plan_tenant(new: NewTenant, created: Event, scoped_views: Views, *, now: datetime) -> Plan:
    tenant = new.tenant
    row = InsertRow(
        table="tenant_row",
        values={
            "id": tenant.tenant_id,
            "slug": tenant.slug,
            "name": tenant.name,
            "parent_id": tenant.parent_id,
            "default_role_id": tenant.default_role_id,
            "administrator_role_id": new.roles["administrator"].role_id,
            "policy_version": tenant.policy_version,
            "policy_mark": new_id(now),
            "scoped_views": scoped_views,
            "created_at": now,
        },
    )
    roles = (_role_row(tenant, role, now=now) for role in new.roles.values())
    return Plan(changes=(row, *roles), events=(created,))


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
