"""What a change of the role policy comes to: mappings added, moved, removed or given another role, another default."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from directory.errors import AlreadyExistsError, NotFoundError
from directory.model import GroupId, GroupMapping, RoleId
from directory.plan import NOTHING, AskRedecision, AttributeChange, Event, Plan, PutMappings
from directory.roles import RolePolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class AddMapping:
    """Map a group, at the end of the list unless a place is named."""

    group_id: GroupId
    role_id: RoleId
    position: int | None = None
    """The place, from 1, where a line that was taken off stands again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMappingRole:
    """Give a mapped group another role."""

    group_id: GroupId
    role_id: RoleId


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveMapping:
    """Move a line up (negative) or down the list; beyond an end it stops there."""

    group_id: GroupId
    places: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveMapping:
    """Take a group off the list; its members fall to their next mapping, or to the default role."""

    group_id: GroupId


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDefaultRole:
    """Set the role of users whom no mapping fits."""

    role_id: RoleId


MappingProposal = AddMapping | SetMappingRole | MoveMapping | RemoveMapping
PolicyProposal = MappingProposal | SetDefaultRole


def policy_after(
    current: RolePolicy, proposal: PolicyProposal, *, consented_by: str | None = None, label: str = ""
) -> RolePolicy:
    """Return what roles would be decided by; equal to ``current`` if that is what is wanted already.

    ``label`` is the group's name, for the words of an error.

    Raises:
        NotFoundError: the group is not mapped.
        AlreadyExistsError: the group to be added is mapped.
    """
    match proposal:
        case SetDefaultRole(role_id=role_id):
            return replace(current, default_role_id=role_id)
        case AddMapping(group_id=group_id, role_id=role_id, position=place):
            if group_id in current.mapped_group_ids:
                raise AlreadyExistsError("mapping", "group", label or str(group_id))
            position = 1 + max((line.position for line in current.mappings), default=0)
            added = GroupMapping(group_id=group_id, role_id=role_id, position=position, consented_by=consented_by)
            return _inserted(current, added, place)
        case SetMappingRole(group_id=group_id, role_id=role_id):
            line = line_of(current, group_id)
            if role_id == line.role_id:
                return current
            given = replace(line, role_id=role_id, consented_by=consented_by)
            return replace(current, mappings=tuple(given if one == line else one for one in current.mappings))
        case MoveMapping(group_id=group_id, places=places):
            return _moved(current, line_of(current, group_id), places)
        case RemoveMapping(group_id=group_id):
            return _without(current, line_of(current, group_id))


def plan_policy(
    current: RolePolicy,
    proposal: PolicyProposal,
    *,
    subject: tuple[UUID, str],
    consented_by: str | None = None,
    at: datetime,
) -> Plan:
    """Plan a change of the policy, and the walk over those whose role it can move; nothing if nothing would change.

    ``subject`` is (id, name) of whom the event tells: the group, or for the default the tenant.

    Raises:
        NotFoundError, AlreadyExistsError: as for ``policy_after``.
    """
    after = policy_after(current, proposal, consented_by=consented_by, label=subject[1])
    if after == current:
        return NOTHING
    moves_default = isinstance(proposal, SetDefaultRole)
    put = PutMappings(
        put=tuple(line for line in after.mappings if line not in current.mappings),
        drop=tuple(sorted(current.mapped_group_ids - after.mapped_group_ids)),
        default_role_id=after.default_role_id if moves_default else None,
        at=at,
    )
    # Only members of the group concerned can change role: the order of all other lines among themselves stays.
    asked = () if moves_default else (GroupId(subject[0]),)
    event = Event(
        action=_ACTIONS[type(proposal)],
        subject_kind="policy" if moves_default else "mapping",
        subject_id=subject[0],
        subject_label=subject[1],
        changes=tuple(_told(current, after, proposal)),
    )
    ask = AskRedecision(group_ids=asked, default=moves_default, at=at)
    return Plan(changes=(put, ask), events=(event,), demotes_administrator=not moves_default)


def roles_named(current: RolePolicy, proposal: PolicyProposal) -> frozenset[RoleId]:
    """Return the roles that the change gives or takes away: whoever makes it must carry as much.

    That is the role that it names, the one that stood there before, and those of the lines that a moved line passes.

    Raises:
        NotFoundError: the group is not mapped.
    """
    match proposal:
        case SetDefaultRole(role_id=role_id):
            return frozenset({role_id, current.default_role_id})
        case AddMapping(role_id=role_id):
            return frozenset({role_id})
        case SetMappingRole(group_id=group_id, role_id=role_id):
            return frozenset({role_id, line_of(current, group_id).role_id})
        case RemoveMapping(group_id=group_id):
            return frozenset({line_of(current, group_id).role_id})
        case MoveMapping(group_id=group_id, places=places):
            return _roles_passed(current, line_of(current, group_id), places)


def line_of(policy: RolePolicy, group_id: GroupId) -> GroupMapping:
    """Return the line of a group.

    Raises:
        NotFoundError: the group is not mapped.
    """
    for line in policy.mappings:
        if line.group_id == group_id:
            return line
    raise NotFoundError("mapping", group_id)


def line_event(old: GroupMapping | None, new: GroupMapping | None, *, group_id: GroupId, label: str) -> Event:
    """Return the record of a line that came, went, moved or gives another role."""
    roles = AttributeChange(
        name="role", old=None if old is None else str(old.role_id), new=None if new is None else str(new.role_id)
    )
    action, told = "mapping:changed", roles
    if old is None or new is None:
        action = "mapping:added" if old is None else "mapping:removed"
    elif old.position != new.position:
        action, told = "mapping:moved", AttributeChange(name="position", old=old.position, new=new.position)
    return Event(action=action, subject_kind="mapping", subject_id=group_id, subject_label=label, changes=(told,))


_ACTIONS: dict[type, str] = {
    AddMapping: "mapping:added",
    SetMappingRole: "mapping:changed",
    MoveMapping: "mapping:moved",
    RemoveMapping: "mapping:removed",
    SetDefaultRole: "policy:default:changed",
}


def _roles_passed(current: RolePolicy, line: GroupMapping, places: int) -> frozenset[RoleId]:
    old = current.mappings.index(line)
    new = min(max(old + places, 0), len(current.mappings) - 1)
    return frozenset(one.role_id for one in current.mappings[min(old, new) : max(old, new) + 1])


def _moved(current: RolePolicy, line: GroupMapping, places: int) -> RolePolicy:
    order = [other for other in current.mappings if other != line]
    old = current.mappings.index(line)
    new = min(max(old + places, 0), len(order))
    if new == old:
        return current
    order.insert(new, line)
    return replace(
        current, mappings=tuple(replace(other, position=position) for position, other in enumerate(order, 1))
    )


def _inserted(current: RolePolicy, added: GroupMapping, place: int | None) -> RolePolicy:
    if place is None or place > len(current.mappings):
        return replace(current, mappings=(*current.mappings, added))
    order = [*current.mappings]
    order.insert(max(place - 1, 0), added)
    return replace(current, mappings=tuple(replace(line, position=at) for at, line in enumerate(order, 1)))


def _without(current: RolePolicy, line: GroupMapping) -> RolePolicy:
    ahead = tuple(other for other in current.mappings if other.position < line.position)
    behind = [other for other in current.mappings if other.position > line.position]
    # Numbers without gaps: people read them on several pages as "the third line".
    closer = tuple(replace(other, position=position) for position, other in enumerate(behind, line.position))
    return replace(current, mappings=(*ahead, *closer))


def _told(before: RolePolicy, after: RolePolicy, proposal: PolicyProposal) -> Iterator[AttributeChange]:
    if isinstance(proposal, SetDefaultRole):
        yield AttributeChange(name="role", old=str(before.default_role_id), new=str(after.default_role_id))
        return
    old = next((line for line in before.mappings if line.group_id == proposal.group_id), None)
    new = next((line for line in after.mappings if line.group_id == proposal.group_id), None)
    if old is not None and new is not None and old.role_id == new.role_id:
        places = before.mappings.index(old) + 1, after.mappings.index(new) + 1
        yield AttributeChange(name="position", old=places[0], new=places[1])
        return
    yield AttributeChange(
        name="role", old=None if old is None else str(old.role_id), new=None if new is None else str(new.role_id)
    )
