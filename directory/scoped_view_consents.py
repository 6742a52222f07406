"""Whom a tenant lets in from its super tenant: its own policy, its consent, and the list of who looked in."""

from datetime import datetime
from uuid import UUID

from directory.commit import commit_plan, in_unit_of
from directory.errors import GuestError, InvalidError, NotFoundError, RefusedError
from directory.model import Actor, Tenant, TenantId
from directory.operators import guest_label
from directory.plan_scoped_views import plan_policy, plan_step, plan_told
from directory.scoped_view_ends import end_in_unit
from directory.scoped_view_model import POLICIES, ScopedView, ViewPolicy
from directory.store import access, scoped_views
from directory.store.unit import as_tenant

LAST_ID = UUID(int=(1 << 128) - 1)
LISTED = 50


async def get_policy(tenant_id: TenantId) -> ViewPolicy:
    """Return whom a tenant lets in."""
    return await scoped_views.find_policy(tenant_id)


async def set_policy(policy: str, *, by: Actor, now: datetime) -> None:
    """Let operators of the super tenant in at once, after somebody here agrees, or not at all.

    Views that are open end within a second where the new policy would not have let them in.

    Raises:
        InvalidError: no such policy.
        ForbiddenError: the actor may not manage settings.
        GuestError: the actor is one of those it is about.
    """
    by.require("settings:manage")
    if by.visiting:
        raise GuestError
    after = next((one for one in POLICIES if one == policy), None)
    if after is None:
        raise InvalidError("policy", f"must be one of {', '.join(POLICIES)}")

    async def body() -> None:
        before = await scoped_views.find_policy(by.tenant_id, hold=True)
        tenant = await _tenant(by.tenant_id)
        if before != after:
            await commit_plan(plan_policy(by.tenant_id, tenant.name, before, after), by=by, now=now)

    await in_unit_of(by, body)


async def decide_view(view_id: UUID, *, agrees: bool, by: Actor, now: datetime) -> None:
    """Agree to a view that is asked for, or refuse it.

    Raises:
        NotFoundError: nobody asked this tenant for such a view.
        RefusedError: it is decided, withdrawn or too old.
        ForbiddenError: the actor may not manage settings.
        GuestError: the actor is looking in itself.
    """
    by.require("settings:manage")
    if by.visiting:
        raise GuestError

    async def body() -> None:
        view = await _view_into(by.tenant_id, view_id)
        if view.state != "asked" or view.is_over or view.until <= now:
            raise RefusedError("it is decided, withdrawn or too old by now")
        above = await _above(view, by=by)
        values = {"decided_at": now, "decided_by": by.label}
        if agrees:
            plan = plan_step(view, {**values, "state": "granted"}, "granted")
        else:
            plan = plan_step(view, {**values, "state": "refused", "ended_at": now}, "refused")
        async with as_tenant(view.tenant_id):
            await commit_plan(plan, by=above, now=now)
        await commit_plan(plan_told("granted" if agrees else "refused", view, now=now), by=by, now=now)

    await in_unit_of(by, body)


async def end_view(view_id: UUID, *, by: Actor, now: datetime) -> None:
    """End a view into the actor's tenant, or of somebody else of the actor's own super tenant.

    Raises:
        NotFoundError: there is no such view.
        ForbiddenError: the actor may not manage settings.
        GuestError: the actor is looking in itself: leaving is another deed.
    """
    by.require("settings:manage")
    if by.visiting:
        raise GuestError

    async def body() -> None:
        own = await scoped_views.find_view(by.tenant_id, view_id, hold=True)
        view = own or await _view_into(by.tenant_id, view_id)
        if view.is_over:
            return
        above = by if own is not None else await _above(view, by=by)
        there = await _below(view, by=by) if own is not None else by
        await end_in_unit(view, f"by {by.label}", by=above, there=there, now=now)

    await in_unit_of(by, body)


async def list_looks(tenant: Tenant, *, before: UUID | None = None) -> list[ScopedView]:
    """Return 50 views into a tenant below another, or of a super tenant's operators, the newest first."""
    if tenant.parent_id is not None:
        return await scoped_views.list_views_into(
            tenant.parent_id, tenant.tenant_id, before=before or LAST_ID, limit=LISTED
        )
    return await scoped_views.list_views(tenant.tenant_id, before=before or LAST_ID, limit=LISTED)


async def _tenant(tenant_id: TenantId) -> Tenant:
    tenant = await access.find_tenant(tenant_id)
    if tenant is None:
        raise NotFoundError("tenant", tenant_id)
    return tenant


async def _view_into(tenant_id: TenantId, view_id: UUID) -> ScopedView:
    """Return a view into the tenant and hold it until the unit ends."""
    parent_id = (await _tenant(tenant_id)).parent_id
    view = None if parent_id is None else await scoped_views.find_view(parent_id, view_id, hold=True)
    if view is None or view.to_tenant_id != tenant_id:
        raise NotFoundError("view", view_id)
    return view


async def _above(view: ScopedView, *, by: Actor) -> Actor:
    """Return somebody of the tenant below as the super tenant is told."""
    label = guest_label(by.label, await _tenant(by.tenant_id))
    return Actor(tenant_id=view.tenant_id, kind="operator", label=label, user_id=by.user_id)


async def _below(view: ScopedView, *, by: Actor) -> Actor:
    """Return somebody of the super tenant as the tenant below is told."""
    label = guest_label(by.label, await _tenant(by.tenant_id))
    return Actor(tenant_id=view.to_tenant_id, kind="operator", label=label, user_id=by.user_id)
