"""A new tenant below the operator's own, with its first administrator."""

from dataclasses import dataclass, field
from datetime import datetime

from directory import locks, signins
from directory.commit import in_unit_of
from directory.errors import NotFoundError
from directory.model import Actor, Tenant, UserId
from directory.store import access, tenants
from directory.store.unit import as_tenant, joining
from directory.sub_tenants.below import actor_in
from directory.tenant_states import TenantState, Views
from directory.tenants import new_tenant, put_tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstAdministrator:
    """A local user as asked for: whoever is to set the tenant up."""

    user_name: str
    display_name: str = ""
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A tenant as asked for."""

    name: str
    slug: str | None = None
    first: FirstAdministrator | None = None
    """None: nobody administers it yet; what is routed there comes all the same."""
    scoped_views: Views = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A new tenant; the token lets its first administrator in once, and is never to be had again."""

    tenant: Tenant
    user_id: UserId | None = None
    link_token: str | None = field(default=None, repr=False)


async def create_sub_tenant(wanted: Wanted, *, by: Actor, now: datetime) -> Made:
    """Create a tenant below the actor's, which becomes a super tenant by its first one; all or nothing.

    Raises:
        InvalidError: a name, slug, user name or address that cannot be; or the actor's tenant is below one itself.
        AlreadyExistsError: another tenant has the slug.
        ForbiddenError: the actor may not change settings, or an administrator would do more than the actor may.
    """
    by.require("settings:manage")

    async def body() -> Made:
        above = await tenants.find_state(by.tenant_id)
        if above is None:
            raise NotFoundError("tenant", by.tenant_id)
        new = new_tenant(wanted.name, slug=wanted.slug, parent=above.tenant, now=now)
        there = await actor_in(TenantState(tenant=new.tenant, created_at=now), by=by)
        await put_tenant(new, scoped_views=wanted.scoped_views, by=there, above=by, now=now)
        if wanted.first is None:
            return Made(tenant=new.tenant)
        with joining():
            async with as_tenant(new.tenant.tenant_id):
                return await _with_first(new.tenant, wanted.first, by=there, now=now)

    return await in_unit_of(by, body)


async def _with_first(tenant: Tenant, first: FirstAdministrator, *, by: Actor, now: datetime) -> Made:
    role = next(one for one in await access.list_roles(tenant.tenant_id) if one.shipped == "administrator")
    user = await locks.create_local_user(
        first.user_name,
        display_name=first.display_name,
        email=first.email,
        role_id=role.role_id,
        by=by,
        now=now,
    )
    token = await signins.create_link(user.user_id, purpose="invite", by=by, now=now)
    return Made(tenant=tenant, user_id=user.user_id, link_token=token)
