"""Rename, suspend, delete and bring back tenants; each is told in the tenant and in its super tenant."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from directory import callers
from directory.commit import in_unit_of
from directory.errors import InvalidError, NotFoundError, RefusedError
from directory.facts import Moment
from directory.model import Actor, TenantId
from directory.plan import AttributeChange, Change, UpdateRows
from directory.store import tenants
from directory.sub_tenants.below import hold_below, tell_both, told_of
from directory.sub_tenants.leading import lead_anew
from directory.tenant_states import TenantState
from directory.tenants import checked_name

SIGNINS = {"web_session_row": "ended_at", "signin_link_row": "used_at", "signin_step_row": "used_at"}
"""What lets somebody in, and the column that ends it."""


async def rename_tenant(tenant_id: TenantId, name: str, *, by: Actor, now: datetime) -> None:
    """Give a tenant another name; its slug, and with it every address, stays.

    Raises:
        InvalidError: the name is empty or too long.
        NotFoundError: the actor has no such tenant.
        ForbiddenError: the actor may not change settings.
    """
    by.require("settings:manage")
    name = checked_name(name)

    async def body() -> None:
        state = await _held(tenant_id, by=by)
        if name != state.tenant.name:
            told = AttributeChange(name="name", old=state.tenant.name, new=name)
            await _put(state, "tenant:renamed", {"name": name}, told=(told,), moment=Moment(at=now, by=by))

    await in_unit_of(by, body)


async def suspend_tenant(tenant_id: TenantId, *, by: Actor, now: datetime) -> None:
    """Let nobody into a tenant for now: no sign-in, no secret, no key, no pull and no mail; what is routed there comes.

    What is open ends: callers are remembered for a second at most, web sessions end at once. A tenant that is suspended
    stays as it is.

    Raises:
        NotFoundError, ForbiddenError: as for ``rename_tenant``.
    """
    by.require("settings:manage")

    async def body() -> None:
        state = await _held(tenant_id, by=by)
        if state.suspended_at is None:
            values = {"suspended_at": now, "ended_by": by.label}
            shut = _shut(state, now=now)
            await _put(state, "tenant:suspended", values, beside=shut, moment=Moment(at=now, by=by))

    await in_unit_of(by, body)
    callers.forget()


async def resume_tenant(tenant_id: TenantId, *, by: Actor, now: datetime) -> None:
    """Let people and systems into a suspended tenant again; whoever was signed in signs in anew.

    Raises:
        NotFoundError, ForbiddenError: as for ``rename_tenant``.
    """
    by.require("settings:manage")

    async def body() -> None:
        state = await _held(tenant_id, by=by)
        if state.suspended_at is not None:
            await _put(state, "tenant:resumed", {"suspended_at": None, "ended_by": None}, moment=Moment(at=now, by=by))

    await in_unit_of(by, body)
    callers.forget()


async def delete_tenant(tenant_id: TenantId, typed_name: str, *, by: Actor, now: datetime) -> None:
    """Delete a tenant so that it can be restored for 30 days; to everybody else it is as if it had never been.

    Rules lead there no more. After the days a duty erases what it knows of people.

    Raises:
        InvalidError: ``typed_name`` is not the tenant's name.
        RefusedError: it has tenants below it; they go first.
        NotFoundError, ForbiddenError: as for ``rename_tenant``.
    """
    by.require("settings:manage")

    async def body() -> None:
        state = await _held(tenant_id, by=by)
        if typed_name.strip() != state.tenant.name:
            raise InvalidError("name", "is not the one of this tenant")
        if await tenants.count_below(tenant_id):
            raise RefusedError("this tenant has tenants below it: delete those first")
        values = {"suspended_at": state.suspended_at or now, "deleted_at": now, "ended_by": by.label}
        await _put(state, "tenant:deleted", values, beside=_shut(state, now=now), moment=Moment(at=now, by=by))
        await lead_anew(state, by=by, now=now)

    await in_unit_of(by, body)
    callers.forget()


async def restore_tenant(tenant_id: TenantId, *, by: Actor, now: datetime) -> None:
    """Bring a deleted tenant back, with everything it had, and suspended: resume it once it is as it should be.

    Raises:
        RefusedError: its super tenant is deleted, or its days are over and it is being erased.
        NotFoundError, ForbiddenError: as for ``rename_tenant``; also a tenant that is not deleted.
    """
    by.require("settings:manage")

    async def body() -> None:
        state = await hold_below(tenant_id, by=by)
        if state.deleted_at is None or state.erased_after is None:
            raise NotFoundError("deleted tenant", tenant_id)
        if state.erased_after <= now:
            raise RefusedError("the days of this tenant are over, and it is being erased")
        await _check_above(state)
        await _put(state, "tenant:returned", {"deleted_at": None, "ended_by": by.label}, moment=Moment(at=now, by=by))
        await lead_anew(state, by=by, now=now)

    await in_unit_of(by, body)


async def get_named(slug: str) -> TenantState:
    """Return a tenant of whatever state, for whoever runs this program.

    Raises:
        NotFoundError: no tenant has this slug.
    """
    state = await tenants.find_state_named(slug)
    if state is None:
        raise NotFoundError("tenant", slug)
    return state


async def _held(tenant_id: TenantId, *, by: Actor) -> TenantState:
    state = await hold_below(tenant_id, by=by)
    if state.deleted_at is not None:
        raise NotFoundError("tenant", tenant_id)
    return state


async def _put(
    state: TenantState,
    action: str,
    values: Mapping[str, object],
    *,
    told: Sequence[AttributeChange] = (),
    beside: Sequence[Change] = (),
    moment: Moment,
) -> None:
    row = UpdateRows(table="tenant_row", values=values, where={"id": state.tenant.tenant_id}, require=1)
    await tell_both(state, told_of(state, action, told), (row, *beside), by=moment.by, now=moment.at)


async def _check_above(state: TenantState) -> None:
    """Refuse while the super tenant is deleted, and keep it from being deleted until the unit ends."""
    parent_id = state.tenant.parent_id
    above = None if parent_id is None else await tenants.find_state_to_change(parent_id)
    if above is not None and above.deleted_at is not None:
        raise RefusedError(f"its super tenant {above.tenant.name} is deleted: restore that first")


def _shut(state: TenantState, *, now: datetime) -> list[Change]:
    return [
        UpdateRows(table=table, values={column: now}, where={"tenant_id": state.tenant.tenant_id, column: None})
        for table, column in SIGNINS.items()
    ]
