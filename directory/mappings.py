"""The ordered list of group mappings and the default role: reading, changing, and deciding roles anew."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from directory.commit import commit_plan, in_unit_of
from directory.errors import InvalidError, NotFoundError
from directory.model import AccessRole, Actor, Group, GroupId, RoleId, TenantId
from directory.plan_policy import (
    AddMapping,
    MoveMapping,
    PolicyProposal,
    RemoveMapping,
    SetDefaultRole,
    SetMappingRole,
    plan_policy,
    roles_named,
)
from directory.plan_roles import plan_decisions
from directory.reach import check_within
from directory.roles import RolePolicy
from directory.store import access, circles, people, policy
from directory.store.policy import MappingLine, Walk
from directory.store.rows import document_from, group_from

__all__ = [
    "MappingLine",
    "Policy",
    "UnmappedPage",
    "add_mapping",
    "change_policy",
    "count_defaulted",
    "get_policy",
    "list_unmapped_groups",
    "move_mapping",
    "redecide",
    "remove_mapping",
    "set_default_role",
    "set_mapping_role",
]

WALK_USERS = 200
"""Users decided in one unit of work: a few milliseconds, so that SCIM writers hardly wait."""

INLINE_BATCHES = 25
"""How many batches the verb itself does; the job does the rest."""

Still: TypeAlias = Callable[[], Awaitable[None]]
"""Raises if what was decided on is no longer so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a tenant decides roles by, as people see it."""

    lines: list[MappingLine]
    default_role: AccessRole
    version: int
    redeciding: int
    """Walks over users that are not finished; 0 when every stored role follows from this policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmappedPage:
    """Groups without a mapping, by name; ``next_after`` opens the next page."""

    groups: list[Group]
    total: int
    """How many there are on all pages."""
    next_after: GroupId | None


async def get_policy(tenant_id: TenantId) -> Policy:
    """Return the ordered list with its counts, and the default role."""
    decided_by = await policy.read_policy(tenant_id)
    lines = [policy.line_from(row, _external_id(row["document"])) for row in await policy.list_lines(tenant_id)]
    return Policy(
        lines=lines,
        default_role=await _role(tenant_id, decided_by.default_role_id),
        version=decided_by.version,
        redeciding=len(await policy.list_walks(tenant_id)),
    )


async def count_defaulted(tenant_id: TenantId) -> int:
    """Return how many users have the default role, because no mapping fits: 5 ms with 100,000 users."""
    return await policy.count_defaulted(tenant_id)


async def list_unmapped_groups(tenant_id: TenantId, *, after: GroupId | None, limit: int) -> UnmappedPage:
    """Return live groups that no mapping names, in the order of their names, behind the group ``after``."""
    behind = await circles.place_of(tenant_id, after)
    found = [group_from(row) for row in await policy.list_unmapped(tenant_id, behind, limit + 1)]
    page = found[:limit]
    return UnmappedPage(
        groups=page,
        total=await policy.count_unmapped(tenant_id),
        next_after=page[-1].group_id if len(found) > limit else None,
    )


async def add_mapping(group_id: GroupId, role_id: RoleId, *, consent: bool, by: Actor, now: datetime) -> None:
    """Map a group at the end of the list; raises as ``change_policy`` does."""
    await change_policy(AddMapping(group_id=group_id, role_id=role_id), consent=consent, by=by, now=now)


async def set_mapping_role(group_id: GroupId, role_id: RoleId, *, consent: bool, by: Actor, now: datetime) -> None:
    """Give a mapped group another role; raises as ``change_policy`` does."""
    await change_policy(SetMappingRole(group_id=group_id, role_id=role_id), consent=consent, by=by, now=now)


async def move_mapping(group_id: GroupId, *, places: int, by: Actor, now: datetime) -> None:
    """Move a line up (negative) or down the list; raises as ``change_policy`` does."""
    await change_policy(MoveMapping(group_id=group_id, places=places), by=by, now=now)


async def remove_mapping(group_id: GroupId, *, by: Actor, now: datetime) -> None:
    """Take a group off the list; raises as ``change_policy`` does."""
    await change_policy(RemoveMapping(group_id=group_id), by=by, now=now)


async def set_default_role(role_id: RoleId, *, by: Actor, now: datetime) -> None:
    """Set the role of users whom no mapping fits; raises as ``change_policy`` does."""
    await change_policy(SetDefaultRole(role_id=role_id), by=by, now=now)


async def change_policy(
    proposal: PolicyProposal,
    *,
    consent: bool = False,
    still: Still | None = None,
    by: Actor,
    now: datetime,
) -> None:
    """Make a change of the mappings or of the default role, and begin to decide anew the roles that it can move.

    ``still`` is asked first, inside the unit and with the policy held, whether the change may be made; it says no by
    raising.

    Raises:
        NotFoundError: no such group, or it is not mapped.
        AlreadyExistsError: the group to be added is mapped.
        InvalidError: no such role; it carries administration, and ``consent`` is missing; or it would be the default,
            which may not even manage users.
        ForbiddenError: the actor may not manage mappings, or may not consent; or a role that it gives or takes away
            carries more than the actor's own.
        LastAdministratorError: the tenant would have no active administrator.
    """
    by.require("mappings:manage")

    async def body() -> None:
        current = await policy.read_policy(by.tenant_id, hold="to change")
        if still is not None:
            await still()
        subject = await _subject(proposal, by=by)
        consented_by = await _consent(proposal, consent=consent, by=by)
        await _check_reach(current, proposal, by=by)
        plan = plan_policy(
            current,
            proposal,
            subject=subject,
            consented_by=consented_by,
            at=now,
        )
        await commit_plan(plan, by=by, now=now)

    await in_unit_of(by, body)
    await redecide(by.tenant_id, now=now, batches=INLINE_BATCHES)


async def redecide(tenant_id: TenantId | None, *, now: datetime, batches: int) -> int:
    """Decide anew the roles that changes of the policy can move, batch by batch; returns how many walks are left.

    With None for all tenants. Each batch is a unit of work of its own and notes how far it got, so that a process that
    dies in between loses nothing, and writers wait for one batch at most.
    """
    tenants = await policy.walking_tenants() if tenant_id is None else [tenant_id]
    left = 0
    for walking in tenants:
        while batches > 0 and (walks := await policy.list_walks(walking)):
            await _decide_batch(walks[0], now=now)
            batches -= 1
        left += len(await policy.list_walks(walking))
    return left


async def _decide_batch(walk: Walk, *, now: datetime) -> None:
    by = Actor(tenant_id=walk.tenant_id, kind="system", label="change of the role policy")

    async def body() -> None:
        current = await policy.read_policy(walk.tenant_id, hold="to decide")
        held = await policy.find_walk(walk)
        if held is None:
            return
        user_ids = await policy.users_ahead(held, WALK_USERS)
        if user_ids:
            facts = await people.list_role_facts(walk.tenant_id, user_ids)
            decided = plan_decisions(current, facts, at=now)
            # That an administrator stays was checked when the policy changed; on the way some may not be one yet.
            await commit_plan(replace(decided, demotes_administrator=False), by=by, now=now)
        await policy.advance_walk(held, user_ids[-1] if len(user_ids) == WALK_USERS else None)

    await in_unit_of(by, body)


async def _subject(proposal: PolicyProposal, *, by: Actor) -> tuple[UUID, str]:
    """Return (id, name) of what the event tells of; mappings outlive their groups, but a gone one is not added."""
    if isinstance(proposal, SetDefaultRole):
        return by.tenant_id, "Default Access Role"
    gone = not isinstance(proposal, AddMapping)
    group = await circles.find_group(by.tenant_id, proposal.group_id, gone=gone)
    if group is None:
        raise NotFoundError("group", proposal.group_id)
    return group.group_id, group.attributes.display_name


async def _consent(proposal: PolicyProposal, *, consent: bool, by: Actor) -> str | None:
    """Return who allows a privileged role to be granted by an identity provider's group; None for an ordinary one."""
    if isinstance(proposal, MoveMapping | RemoveMapping):
        return None
    role = await _role(by.tenant_id, proposal.role_id)
    if isinstance(proposal, SetDefaultRole):
        if not role.may_be_default:
            raise InvalidError("role", "manages people or carries administration, which nobody gets by default")
        return None
    if not role.privileged:
        return None
    if not consent:
        raise InvalidError("consent", f"is needed: {role.name} carries administration")
    by.require("settings:manage")
    return by.label


async def _check_reach(current: RolePolicy, proposal: PolicyProposal, *, by: Actor) -> None:
    """Refuse to give away, or to take away, what the actor's own role does not carry."""
    named = roles_named(current, proposal)
    for role in await access.list_roles(by.tenant_id, gone=True):
        if role.role_id in named:
            check_within(role, by=by)


async def _role(tenant_id: TenantId, role_id: RoleId) -> AccessRole:
    role = await access.find_role(tenant_id, role_id)
    if role is None:
        raise InvalidError("role", "is not one of this tenant")
    return role


def _external_id(document: str) -> str | None:
    value = document_from(document).get("externalId")
    return None if value is None else str(value)
