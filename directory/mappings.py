"""The ordered list of group mappings and the default role: reading, changing, and deciding roles anew."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime

from directory.commit import commit_plan, in_unit_of
from directory.errors import AlreadyExistsError, InvalidError, NotFoundError
from directory.model import AccessRole, Actor, Group, GroupId, GroupMapping, RoleId, TenantId
from directory.plan import AskRedecision, AttributeChange, Event, Plan, PutMappings
from directory.plan_roles import plan_decisions
from directory.roles import RolePolicy
from directory.store import access, circles, people, policy
from directory.store.policy import MappingLine, Walk
from directory.store.rows import document_from, group_from

__all__ = [
    "MappingLine",
    "Policy",
    "UnmappedPage",
    "add_mapping",
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


async def list_unmapped_groups(tenant_id: TenantId, *, after: GroupId | None, limit: int) -> UnmappedPage:
    """Return live groups that no mapping names, in the order of their names, behind the group ``after``."""
    behind = await circles.place_of(tenant_id, after)
    found = [group_from(row) for row in await policy.list_unmapped(tenant_id, behind, limit + 1)]
    page = found[:limit]
    return UnmappedPage(groups=page, next_after=page[-1].group_id if len(found) > limit else None)


async def add_mapping(group_id: GroupId, role_id: RoleId, *, consent: bool, by: Actor, now: datetime) -> None:
    """Map a group at the end of the list.

    Raises:
        NotFoundError: no such group.
        AlreadyExistsError: the group is mapped.
        InvalidError: no such role; or it carries administration and ``consent`` is missing.
        ForbiddenError: the actor may not manage mappings.
    """

    async def change(current: RolePolicy) -> Plan:
        group = await _group(by, group_id, gone=False)
        if group_id in current.mapped_group_ids:
            raise AlreadyExistsError("mapping", "group", group.attributes.display_name)
        consented_by = await _consent(role_id, consent=consent, by=by)
        position = 1 + max((line.position for line in current.mappings), default=0)
        line = GroupMapping(group_id=group_id, role_id=role_id, position=position, consented_by=consented_by)
        told = AttributeChange(name="role", old=None, new=str(role_id))
        return _planned(_event("mapping:added", group, told), now, put=(line,))

    await _change(change, by=by, now=now)


async def set_mapping_role(group_id: GroupId, role_id: RoleId, *, consent: bool, by: Actor, now: datetime) -> None:
    """Give a mapped group another role.

    Raises:
        NotFoundError: the group is not mapped.
        InvalidError, ForbiddenError, LastAdministratorError: as for ``add_mapping`` and ``remove_mapping``.
    """

    async def change(current: RolePolicy) -> Plan:
        line = _line(current, group_id)
        consented_by = await _consent(role_id, consent=consent, by=by)
        after = replace(line, role_id=role_id, consented_by=consented_by)
        if after.role_id == line.role_id:
            return Plan()
        told = AttributeChange(name="role", old=str(line.role_id), new=str(role_id))
        return _planned(_event("mapping:changed", await _group(by, group_id), told), now, put=(after,))

    await _change(change, by=by, now=now)


async def move_mapping(group_id: GroupId, *, places: int, by: Actor, now: datetime) -> None:
    """Move a line up (negative) or down the list; beyond an end it stops there.

    Only members of the moved group can change role: the order of all other lines among themselves stays.
    """

    async def change(current: RolePolicy) -> Plan:
        line = _line(current, group_id)
        order = [other for other in current.mappings if other.group_id != group_id]
        old = current.mappings.index(line)
        new = min(max(old + places, 0), len(order))
        if new == old:
            return Plan()
        order.insert(new, line)
        moved = tuple(
            replace(other, position=position) for position, other in enumerate(order, 1) if other.position != position
        )
        told = AttributeChange(name="position", old=old + 1, new=new + 1)
        return _planned(_event("mapping:moved", await _group(by, group_id), told), now, put=moved)

    await _change(change, by=by, now=now)


async def remove_mapping(group_id: GroupId, *, by: Actor, now: datetime) -> None:
    """Take a group off the list; its members fall to their next mapping, or to the default role.

    Raises:
        NotFoundError: the group is not mapped.
        ForbiddenError: the actor may not manage mappings.
    """

    async def change(current: RolePolicy) -> Plan:
        line = _line(current, group_id)
        told = AttributeChange(name="role", old=str(line.role_id), new=None)
        behind = [other for other in current.mappings if other.position > line.position]
        # Numbers without gaps: people read them on several pages as "the third line".
        closer = tuple(replace(other, position=position) for position, other in enumerate(behind, line.position))
        event = _event("mapping:removed", await _group(by, group_id), told)
        return _planned(event, now, put=closer, drop=(group_id,))

    await _change(change, by=by, now=now)


async def set_default_role(role_id: RoleId, *, by: Actor, now: datetime) -> None:
    """Set the role of users whom no mapping fits.

    Raises:
        InvalidError: no such role, or it carries administration: nobody should get that by default.
        ForbiddenError: the actor may not manage mappings.
    """

    async def change(current: RolePolicy) -> Plan:
        role = await _role(by.tenant_id, role_id)
        if role.privileged:
            raise InvalidError("role", "carries administration, which nobody gets by default")
        if role_id == current.default_role_id:
            return Plan()
        told = AttributeChange(name="role", old=str(current.default_role_id), new=str(role_id))
        event = Event(
            action="policy:default:changed",
            subject_kind="policy",
            subject_id=by.tenant_id,
            subject_label="Default Access Role",
            changes=(told,),
        )
        put = PutMappings(default_role_id=role_id, at=now)
        return Plan(changes=(put, AskRedecision(default=True, at=now)), events=(event,))

    await _change(change, by=by, now=now)


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


async def _change(change: Callable[[RolePolicy], Awaitable[Plan]], *, by: Actor, now: datetime) -> None:
    by.require("mappings:manage")

    async def body() -> None:
        current = await policy.read_policy(by.tenant_id, hold="to change")
        await commit_plan(await change(current), by=by, now=now)

    await in_unit_of(by, body)
    await redecide(by.tenant_id, now=now, batches=INLINE_BATCHES)


def _planned(
    event: Event, now: datetime, *, put: tuple[GroupMapping, ...] = (), drop: tuple[GroupId, ...] = ()
) -> Plan:
    """Return the plan of a changed list; the event's subject is the group whose members may change role."""
    ask = AskRedecision(group_ids=(GroupId(event.subject_id),), at=now)
    return Plan(changes=(PutMappings(put=put, drop=drop, at=now), ask), events=(event,), demotes_administrator=True)


def _event(action: str, group: Group, told: AttributeChange) -> Event:
    return Event(
        action=action,
        subject_kind="mapping",
        subject_id=group.group_id,
        subject_label=group.attributes.display_name,
        changes=(told,),
    )


def _line(current: RolePolicy, group_id: GroupId) -> GroupMapping:
    for line in current.mappings:
        if line.group_id == group_id:
            return line
    raise NotFoundError("mapping", group_id)


async def _group(by: Actor, group_id: GroupId, *, gone: bool = True) -> Group:
    """Return a group, or its tombstone too if ``gone``: mappings outlive their groups."""
    group = await circles.find_group(by.tenant_id, group_id, gone=gone)
    if group is None:
        raise NotFoundError("group", group_id)
    return group


async def _consent(role_id: RoleId, *, consent: bool, by: Actor) -> str | None:
    """Return who allows a privileged role to be granted by an identity provider's group; None for an ordinary one."""
    role = await _role(by.tenant_id, role_id)
    if not role.privileged:
        return None
    if not consent:
        raise InvalidError("consent", f"is needed: {role.name} carries administration")
    by.require("settings:manage")
    return by.label


async def _role(tenant_id: TenantId, role_id: RoleId) -> AccessRole:
    role = await access.find_role(tenant_id, role_id)
    if role is None:
        raise InvalidError("role", "is not one of this tenant")
    return role


def _external_id(document: str) -> str | None:
    value = document_from(document).get("externalId")
    return None if value is None else str(value)
