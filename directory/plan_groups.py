"""What a change of one group comes to, for the group and for the users who join and leave."""

from collections.abc import Callable
from dataclasses import replace

from directory.facts import MembershipFacts, Moment, RoleFacts
from directory.model import Group, GroupAttributes, GroupId, JsonValue, UserId
from directory.person import check_group
from directory.plan import (
    NOTHING,
    AttributeChange,
    ChangeMembers,
    EndGroup,
    Event,
    Plan,
    PutGroup,
    changed_attributes,
    joined_plan,
)
from directory.plan_held import plan_guarded_members
from directory.plan_roles import loses_administrator, plan_decisions
from directory.roles import RolePolicy

WAITING_TOLD_MAX = 100
"""Values that an event lists; tens of thousands would make its page slow."""


def plan_new_group(group: Group, members: MembershipFacts, *, policy: RolePolicy, claims_name: bool) -> Plan:
    """Plan a group that arrives with its first members; ``group`` is as it will be but for the counts.

    Raises:
        InvalidError: the attributes cannot be a group.
    """
    check_group(group.attributes)
    counted = replace(
        group,
        member_count=len(members.joining),
        waiting_count=len(members.waiting),
        nested_count=len(members.nesting),
    )
    created = _group_event("group:created", counted, changed_attributes({}, group.attributes.document))
    arriving = Plan(
        changes=(PutGroup(group=counted, expected_version=None, claims_name=claims_name),), events=(created,)
    )
    return joined_plan(arriving, plan_members(counted, members, policy=policy))


def plan_group_return(
    group: Group, attributes: GroupAttributes, members: MembershipFacts, *, claims_name: bool, moment: Moment
) -> Plan:
    """Plan the return of a deleted group under its id, so that its mapping holds; ``plan_members`` goes with it.

    Raises:
        InvalidError: the attributes cannot be a group.
    """
    check_group(attributes)
    back = replace(
        group,
        attributes=attributes,
        member_count=len(members.joining),
        waiting_count=len(members.waiting),
        nested_count=len(members.nesting),
        version=group.version + 1,
        modified_at=moment.at,
    )
    put = PutGroup(
        group=back,
        expected_version=group.version,
        claims_name=claims_name,
        external_id_before=group.attributes.external_id,
    )
    told = changed_attributes(group.attributes.document, attributes.document)
    return Plan(changes=(put,), events=(_group_event("group:returned", back, told),))


def plan_group_edit(
    group: Group,
    change: Callable[[GroupAttributes], GroupAttributes],
    members: MembershipFacts,
    *,
    policy: RolePolicy,
    moment: Moment,
) -> Plan:
    """Plan new attributes and members of a group; nothing at all if they come out as they were.

    Raises:
        InvalidError: the edited attributes cannot be a group.
    """
    attributes = change(group.attributes)
    told = changed_attributes(group.attributes.document, attributes.document)
    if not told and not moves_anyone(members):
        return NOTHING
    check_group(attributes)
    after = replace(
        group,
        attributes=attributes,
        member_count=group.member_count + len(members.joining) - len(members.leaving),
        waiting_count=group.waiting_count + len(members.waiting) - len(members.no_longer_waiting),
        nested_count=group.nested_count + len(members.nesting) - len(members.unnesting),
        version=group.version + 1,
        modified_at=moment.at,
    )
    put = PutGroup(group=after, expected_version=group.version, external_id_before=group.attributes.external_id)
    changed = Plan(changes=(put,), events=(_group_event("group:changed", after, told),) if told else ())
    return joined_plan(changed, plan_members(after, members, policy=policy))


def plan_members(group: Group, members: MembershipFacts, *, policy: RolePolicy) -> Plan:
    """Plan who joins and leaves, and the roles that follow."""
    if not moves_anyone(members):
        return NOTHING
    move = ChangeMembers(
        group_id=group.group_id,
        join=members.joining,
        leave=members.leaving,
        wait=members.waiting,
        unwait=members.no_longer_waiting,
        labels=members.labels,
        relabel=members.relabelled,
        nest=members.nesting,
        unnest=members.unnesting,
        keep=members.kept,
        withhold=members.withheld,
        at=group.modified_at,
    )
    event = _group_event("group:members:changed", group, _member_changes(members))
    moved = replace(event, joined=members.joining, left=members.leaving, redecide=members.decided_later)
    after = _after(group.group_id, members, frozenset(members.joining))
    decided = plan_decisions(policy, after, at=group.modified_at)
    demotes = members.decided_later or loses_administrator(policy, members.deciders, after)
    moving = Plan(changes=(move,), events=(moved,), demotes_administrator=demotes)
    return joined_plan(moving, plan_guarded_members(group, members, at=group.modified_at), decided)


def plan_group_end(group: Group, members: MembershipFacts, *, policy: RolePolicy, moment: Moment) -> Plan:
    """Plan a deletion: a tombstone without members, all of whom leave, and the roles that follow for them."""
    end = EndGroup(
        group_id=group.group_id,
        expected_version=group.version,
        keep=tuple(user_id for user_id in members.leaving if user_id in members.kept),
        at=moment.at,
    )
    counted = (AttributeChange(name="members", old=group.member_count, new=0),)
    told = replace(_group_event("group:deleted", group, counted), left=members.leaving, redecide=members.decided_later)
    after = _after(group.group_id, members, frozenset())
    demotes = members.decided_later or loses_administrator(policy, members.deciders, after)
    ended = Plan(changes=(end,), events=(told,), demotes_administrator=demotes)
    guarded = plan_guarded_members(group, members, at=moment.at)
    return joined_plan(ended, guarded, plan_decisions(policy, after, at=moment.at))


def moves_anyone(members: MembershipFacts) -> bool:
    """Whether anybody joins, leaves, begins or stops waiting, or is called otherwise."""
    users = members.joining or members.leaving or members.relabelled
    return bool(users or members.waiting or members.no_longer_waiting or members.nesting or members.unnesting)


def _after(group_id: GroupId, members: MembershipFacts, joining: frozenset[UserId]) -> list[RoleFacts]:
    """Return what roles are decided by after the move; whoever the guard holds back does not move in effect."""
    held = members.kept | members.withheld
    return [
        facts
        if facts.user_id in held
        else replace(facts, group_ids=_groups_after(facts, group_id, joins=facts.user_id in joining))
        for facts in members.deciders
    ]


def _groups_after(facts: RoleFacts, group_id: GroupId, *, joins: bool) -> frozenset[GroupId]:
    return facts.group_ids | {group_id} if joins else facts.group_ids - {group_id}


def _member_changes(members: MembershipFacts) -> tuple[AttributeChange, ...]:
    changes = [
        *_waiting_changes(members.no_longer_waiting, begins=False),
        *_waiting_changes(members.waiting, begins=True),
        *(AttributeChange(name="group", old=str(group_id), new=None) for group_id in members.unnesting),
        *(AttributeChange(name="group", old=None, new=str(group_id)) for group_id in members.nesting),
    ]
    if members.relabelled:
        changes.append(AttributeChange(name="labels", old=None, new=len(members.relabelled)))
    return tuple(changes)


def _waiting_changes(values: tuple[str, ...], *, begins: bool) -> list[AttributeChange]:
    """Return the values that begin or stop to wait; of very many only the first, and how many more."""
    shown: list[JsonValue] = [*values[:WAITING_TOLD_MAX]]
    if len(values) > WAITING_TOLD_MAX:
        shown.append(f"and {len(values) - WAITING_TOLD_MAX} more")
    return [
        AttributeChange(name="waiting", old=None if begins else value, new=value if begins else None) for value in shown
    ]


def _group_event(action: str, group: Group, changes: tuple[AttributeChange, ...]) -> Event:
    return Event(
        action=action,
        subject_kind="group",
        subject_id=group.group_id,
        subject_label=group.attributes.display_name,
        changes=changes,
    )
