"""What a super tenant decides for a tenant below it: limits, days of grace, connections of its own, who looks in."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from directory import guard_limits, mappings, sources
from directory.commit import in_unit_of
from directory.errors import InvalidError
from directory.guard_limits import Limits
from directory.model import AccessRole, Actor, JsonValue, RoleId, TenantId
from directory.plan import AttributeChange, UpdateRows
from directory.presets import GRACE_DAYS_MAX
from directory.proposals import SetDefaultRole
from directory.store import access
from directory.store.unit import as_tenant, joining
from directory.sub_tenants.below import actor_in, get_open, hold_below, tell_above, tell_both, told_of
from directory.tenant_states import TenantState, Views, may_set_views

CHANGED = "tenant:policies:changed"

__all__ = [
    "DefaultRole",
    "Limits",
    "Policies",
    "edit_policies",
    "read_default_role",
    "read_policies",
    "set_default_role",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """What is decided for a tenant below, but for its default role."""

    limits: Limits
    grace_days: int
    own_sources: bool
    scoped_views: Views


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultRole:
    """The role of users whom no mapping of a tenant fits."""

    role: AccessRole
    choices: list[AccessRole]
    """Roles that may be it."""
    user_count: int


async def read_policies(tenant_id: TenantId, *, by: Actor) -> Policies:
    """Return what holds now.

    Raises:
        NotFoundError: the actor has no such tenant.
    """
    state = await get_open(tenant_id, by=by)
    async with as_tenant(tenant_id):
        limits = await guard_limits.read_limits(tenant_id)
    return _policies(state, limits)


async def read_default_role(tenant_id: TenantId, *, by: Actor) -> DefaultRole:
    """Return the default role of a tenant below, and what else it could be.

    Raises:
        NotFoundError: the actor has no such tenant.
    """
    state = await get_open(tenant_id, by=by)
    async with as_tenant(tenant_id):
        roles = await access.list_roles(tenant_id)
        return DefaultRole(
            role=next(one for one in roles if one.role_id == state.tenant.default_role_id),
            choices=[one for one in roles if one.may_be_default],
            user_count=await mappings.count_defaulted(tenant_id),
        )


async def edit_policies(tenant_id: TenantId, wanted: Policies, *, by: Actor, now: datetime) -> None:
    """Decide for a tenant below; what stays as it is makes no event.

    The days of grace hold for users of its own and for all its connections, also those to come. Looking in can only be
    made stricter from above: it is the tenant's own administrators who open it again.

    Raises:
        InvalidError: numbers that cannot be, or looking in would become more open.
        NotFoundError: the actor has no such tenant.
        ForbiddenError: the actor may not change settings.
    """
    by.require("settings:manage")
    if not 1 <= wanted.grace_days <= GRACE_DAYS_MAX:
        raise InvalidError("grace days", f"must be from 1 to {GRACE_DAYS_MAX}")

    async def body() -> None:
        state = await hold_below(tenant_id, by=by)
        await get_open(tenant_id, by=by)
        if not may_set_views(state.scoped_views, wanted.scoped_views):
            raise InvalidError("scoped views", "can only be made stricter from here")
        there = await actor_in(state, by=by)
        with joining():
            async with as_tenant(tenant_id):
                before = _policies(state, await guard_limits.read_limits(tenant_id))
                await guard_limits.set_limits(wanted.limits, by=there, now=now)
                if wanted.grace_days != before.grace_days:
                    await _set_grace(tenant_id, wanted.grace_days, by=there, now=now)
        told = tuple(_differences(before, wanted))
        if told:
            await tell_both(state, told_of(state, CHANGED, told), (_row(tenant_id, wanted),), by=by, now=now)

    await in_unit_of(by, body)


async def set_default_role(tenant_id: TenantId, role_id: RoleId, *, by: Actor, now: datetime) -> None:
    """Set the role that users of a tenant below have whom no mapping of it fits; raises as ``mappings.change_policy``.

    Raises:
        NotFoundError: the actor has no such tenant.
        ForbiddenError: the actor may not change settings.
    """
    by.require("settings:manage")
    state = await get_open(tenant_id, by=by)
    there = await actor_in(state, by=by)
    async with as_tenant(tenant_id):
        role = await access.find_role(tenant_id, role_id)
        former = await access.find_role(tenant_id, state.tenant.default_role_id, gone=True)
        if role is None:
            raise InvalidError("role", "is not one of this tenant")
        if role == former:
            return
        told = AttributeChange(name="default role", old=former.name if former else None, new=role.name)

        async def told_above() -> None:
            await tell_above(state, told_of(state, CHANGED, (told,)), by=by, now=now)

        # Asked inside of the unit that changes it: both tenants are told, or neither.
        await mappings.change_policy(SetDefaultRole(role_id=role_id), still=told_above, by=there, now=now)


def _policies(state: TenantState, limits: Limits) -> Policies:
    return Policies(
        limits=limits,
        grace_days=state.grace_days,
        own_sources=state.own_sources,
        scoped_views=state.scoped_views,
    )


def _differences(before: Policies, after: Policies) -> Iterator[AttributeChange]:
    pairs: dict[str, tuple[JsonValue, JsonValue]] = {
        "guard": (_limits_told(before.limits), _limits_told(after.limits)),
        "grace days": (before.grace_days, after.grace_days),
        "own connections": (before.own_sources, after.own_sources),
        "looking in": (before.scoped_views, after.scoped_views),
    }
    for name, (old, new) in pairs.items():
        if old != new:
            yield AttributeChange(name=name, old=old, new=new)


def _limits_told(limits: Limits) -> str:
    if not limits.on:
        return "off"
    return f"{limits.at_least} or {limits.percent} %, held for {limits.hold_days} days"


def _row(tenant_id: TenantId, wanted: Policies) -> UpdateRows:
    values = {
        "grace_days": wanted.grace_days,
        "own_sources": wanted.own_sources,
        "scoped_views": wanted.scoped_views,
    }
    return UpdateRows(table="tenant_row", values=values, where={"id": tenant_id}, require=1)


async def _set_grace(tenant_id: TenantId, grace_days: int, *, by: Actor, now: datetime) -> None:
    for source in await access.list_sources(tenant_id):
        await sources.edit_settings(source.source_id, {"grace_days": str(grace_days)}, by=by, now=now)
