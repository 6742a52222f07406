"""The access roles of a tenant: what their holders may do, where they are given, and how they change."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from directory.commit import commit_plan, in_unit_of
from directory.errors import InvalidError, NotFoundError, RefusedError
from directory.facts import Moment
from directory.ids import new_id
from directory.model import AccessRole, Actor, GroupId, Origin, Permission, RoleId, TenantId, UserId
from directory.plan_access_roles import RoleUses, checked_role, plan_new_role, plan_role_change
from directory.reach import check_within
from directory.store import access, role_holders, role_uses
from directory.store.policy import read_policy
from directory.store.role_uses import UseCounts

ROLES_MAX = 100

__all__ = [
    "Holder",
    "HolderPage",
    "RoleInUse",
    "UseCounts",
    "change_role",
    "count_uses_of",
    "create_role",
    "find_role",
    "get_role",
    "list_holders",
    "list_role_uses",
    "list_roles",
    "names_of_mapped_groups",
    "names_of_roles",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleInUse:
    """A role with how many users have it, and where it is given."""

    role: AccessRole
    counts: UseCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Somebody who has a role, and what gives it."""

    user_id: UserId
    user_name: str
    display_name: str
    active: bool
    origin: Origin
    group_name: str | None
    """The group whose mapping gives it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderPage:
    """Some of a role's holders; ``next_after`` opens the next page."""

    holders: list[Holder]
    next_after: UserId | None


async def list_roles(tenant_id: TenantId) -> list[AccessRole]:
    """Return the tenant's roles, the shipped ones first."""
    return await access.list_roles(tenant_id)


async def names_of_roles(tenant_id: TenantId) -> dict[UUID, str]:
    """Return the names of all roles that the tenant ever had, by id: events name those that are gone too."""
    return {role.role_id: role.name for role in await access.list_roles(tenant_id, gone=True)}


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


async def list_role_uses(tenant_id: TenantId) -> list[RoleInUse]:
    """Return the tenant's roles with their counts."""
    counts = await role_uses.count_uses(tenant_id)
    roles = await access.list_roles(tenant_id)
    return [RoleInUse(role=role, counts=counts.get(role.role_id, UseCounts())) for role in roles]


async def count_uses_of(tenant_id: TenantId, role_id: RoleId) -> UseCounts:
    """Return the counts of one role."""
    return (await role_uses.count_uses(tenant_id, role_id)).get(role_id, UseCounts())


async def list_holders(tenant_id: TenantId, role_id: RoleId, *, after: UserId | None, limit: int) -> HolderPage:
    """Return a page of those who have a role, in the order of their ids."""
    rows = await role_holders.list_holders(tenant_id, role_id, after=after, limit=limit + 1)
    page = [
        Holder(
            user_id=UserId(row["id"]),
            user_name=row["user_name"],
            display_name=row["display_name"],
            active=row["active"],
            origin=row["origin"],
            group_name=row["group_name"],
        )
        for row in rows[:limit]
    ]
    return HolderPage(holders=page, next_after=page[-1].user_id if len(rows) > limit else None)


async def names_of_mapped_groups(tenant_id: TenantId, role_id: RoleId) -> dict[GroupId, str]:
    """Return the groups whose mapping gives the role, in the order of the mappings."""
    return {GroupId(key): name for key, name in (await role_uses.names_of_mapped(tenant_id, role_id)).items()}


async def create_role(name: str, permissions: Collection[Permission], *, by: Actor, now: datetime) -> AccessRole:
    """Create a role of the tenant's own; with any permission comes that of seeing the portal.

    Raises:
        InvalidError: the name cannot be one, or there are too many roles.
        AlreadyExistsError: another role has the name.
        ForbiddenError: the actor may not manage settings, or lacks one of the permissions.
    """
    by.require("settings:manage")
    role = checked_role(AccessRole(role_id=RoleId(new_id(now)), name=name, permissions=frozenset(permissions)))
    check_within(role, by=by)

    async def body() -> AccessRole:
        if len(await access.list_roles(by.tenant_id)) >= ROLES_MAX:
            raise InvalidError("role", f"is one too many: a tenant has at most {ROLES_MAX}")
        await commit_plan(plan_new_role(role, moment=Moment(at=now, by=by)), by=by, now=now)
        return role

    return await in_unit_of(by, body)


async def change_role(
    role_id: RoleId, name: str, permissions: Collection[Permission], *, consent: bool, by: Actor, now: datetime
) -> AccessRole:
    """Give a role of the tenant's own another name and other permissions; they hold at once.

    Raises:
        NotFoundError: no such role.
        RefusedError: a shipped role, which other guides name: it stays as it is.
        InvalidError: the name cannot be one; or the role would carry administration while it is the default, or, with
            ``consent`` missing, while group mappings give it.
        AlreadyExistsError: another role has the name.
        ForbiddenError: the actor may not manage settings, or lacks a permission that the role has or would have.
    """
    by.require("settings:manage")
    after = checked_role(AccessRole(role_id=role_id, name=name, permissions=frozenset(permissions)))
    check_within(after, by=by)

    async def body() -> AccessRole:
        policy = await read_policy(by.tenant_id, hold="to change")
        before = await get_role(by.tenant_id, role_id)
        if before.shipped is not None:
            raise RefusedError(f"{before.name} is a role that every tenant has: it stays as it is")
        check_within(before, by=by)
        uses = RoleUses(
            lines=tuple(line for line in policy.mappings if line.role_id == role_id),
            is_default=policy.default_role_id == role_id,
            group_names=await names_of_mapped_groups(by.tenant_id, role_id),
        )
        consented_by = by.label if consent else None
        plan = plan_role_change(before, after, uses, consented_by=consented_by, moment=Moment(at=now, by=by))
        await commit_plan(plan, by=by, now=now)
        return replace(before, name=after.name, permissions=after.permissions)

    return await in_unit_of(by, body)
