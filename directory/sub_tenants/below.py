"""Whose tenant it is: who may decide over which, in whose name that is told there, and how both are told."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from directory.commit import commit_plan
from directory.errors import NotFoundError
from directory.model import Actor, TenantId
from directory.plan import AttributeChange, Change, Event, Plan
from directory.store import tenants
from directory.store.unit import as_tenant
from directory.tenant_states import TenantState


async def get_below(tenant_id: TenantId, *, by: Actor) -> TenantState:
    """Return a tenant below the actor's, deleted or not; whoever runs this program reaches the actor's own, too.

    Raises:
        NotFoundError: there is none, or it is somebody else's: both look the same.
    """
    found = await tenants.find_below(by.tenant_id, tenant_id)
    if found is None and by.kind == "system" and tenant_id == by.tenant_id:
        found = await tenants.find_state(tenant_id)
    if found is None:
        raise NotFoundError("tenant", tenant_id)
    return found


async def hold_below(tenant_id: TenantId, *, by: Actor) -> TenantState:
    """Return such a tenant as it is now that nobody else changes it until the open unit ends.

    Raises:
        NotFoundError: as above.
    """
    await get_below(tenant_id, by=by)
    found = await tenants.find_state_to_change(tenant_id)
    if found is None or found.erased_at is not None:
        raise NotFoundError("tenant", tenant_id)
    return found


async def get_open(tenant_id: TenantId, *, by: Actor) -> TenantState:
    """Return a tenant below the actor's that is not deleted.

    Raises:
        NotFoundError: there is none.
    """
    found = await get_below(tenant_id, by=by)
    if found.deleted_at is not None:
        raise NotFoundError("tenant", tenant_id)
    return found


async def actor_in(state: TenantState, *, by: Actor) -> Actor:
    """Return the actor as whoever it is in a tenant below: a name, and what it may do, but no user of that tenant."""
    if state.tenant.tenant_id == by.tenant_id:
        return by
    above = await tenants.find_state(by.tenant_id)
    name = "" if above is None else f" ({above.tenant.name})"
    return replace(by, tenant_id=state.tenant.tenant_id, user_id=None, request=None, label=f"{by.label}{name}")


async def tell_both(state: TenantState, event: Event, changes: Sequence[Change], *, by: Actor, now: datetime) -> None:
    """Commit changes of a tenant's rows, and tell them there and in the actor's tenant, in the open unit."""
    there = await actor_in(state, by=by)
    async with as_tenant(there.tenant_id):
        await commit_plan(Plan(changes=tuple(changes), events=(event,)), by=there, now=now)
    await tell_above(state, event, by=by, now=now)


async def tell_above(state: TenantState, event: Event, *, by: Actor, now: datetime) -> None:
    """Tell the actor's tenant, in the open unit, what the tenant below is told by what changes it."""
    if state.tenant.tenant_id != by.tenant_id:
        async with as_tenant(by.tenant_id):
            await commit_plan(Plan(events=(event,)), by=by, now=now)


def told_of(state: TenantState, action: str, told: Sequence[AttributeChange] = ()) -> Event:
    """Return the event of a deed on a tenant."""
    return Event(
        action=action,
        subject_kind="tenant",
        subject_id=state.tenant.tenant_id,
        subject_label=state.tenant.name,
        changes=tuple(told),
    )
