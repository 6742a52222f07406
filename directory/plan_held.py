"""What the guard adds to a plan: changes that are held, that are overtaken, and that take effect when approved."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from directory.facts import Guarded, MembershipFacts, Moment, RoleFacts
from directory.held_changes import HeldChange, Hold, Overtake, ReportUserGone, SettleHeld, Why
from directory.model import Group, GroupId, RoleId, User, UserAttributes, UserId
from directory.plan import (
    NOTHING,
    AttributeChange,
    Change,
    EndSignins,
    EndUser,
    Event,
    Plan,
    SubjectKind,
    UpdateRows,
    joined_plan,
)
from directory.plan_roles import decision_for, loses_administrator, plan_decisions
from directory.roles import RolePolicy

Deed = Literal["waiting", "approved", "rejected", "expired", "overtaken"]
Subject = tuple[SubjectKind, UUID, str]
"""Kind, id and name of what an event tells of."""


def guarded_changes(guarded: Guarded) -> tuple[Change, ...]:
    """Return what is written of the guard's verdict."""
    held: tuple[Change, ...] = (Hold(held=guarded.held),) if guarded.held else ()
    return (*held, *guarded.spends)


def plan_guarded_members(group: Group, members: MembershipFacts, *, at: datetime) -> Plan:
    """Plan what the guard holds of an edit of members, and what the edit overtakes."""
    changes: list[Change] = []
    events: list[Event] = []
    subject: Subject = ("group", group.group_id, group.attributes.display_name)
    if members.overtaking:
        changes.append(Overtake(user_ids=members.overtaking, group_ids=(group.group_id,), at=at))
        joining = frozenset(members.joining)
        back = tuple(user_id for user_id in members.overtaking if user_id in joining)
        out = tuple(user_id for user_id in members.overtaking if user_id not in joining)
        events.append(held_event("overtaken", subject, joined=back, left=out))
    if members.guarded.held:
        held = members.guarded.held
        events.append(
            held_event(
                "waiting",
                subject,
                why=held[0].why,
                joined=tuple(one.user_id for one in held if one.kind == "join"),
                left=tuple(one.user_id for one in held if one.kind == "leave"),
            )
        )
    return Plan(changes=(*changes, *guarded_changes(members.guarded)), events=tuple(events))


def is_kept_active(user: User, attributes: UserAttributes, guarded: Guarded) -> bool:
    """Whether the guard keeps a user active whom its source reports disabled."""
    return not attributes.active and (user.held_active or any(held.kind == "disable" for held in guarded.held))


def plan_guarded_user(before: User, after: User, guarded: Guarded, *, at: datetime) -> Plan:
    """Plan what the guard holds of an edit of a user, and what the edit overtakes."""
    changes: list[Change] = []
    events: list[Event] = []
    if before.reported_deleted_at is not None and after.reported_deleted_at is None:
        where = {"tenant_id": after.tenant_id, "id": after.user_id}
        changes.append(UpdateRows(table="user_row", values={"reported_deleted_at": None}, where=where, require=1))
        changes.append(Overtake(user_ids=(after.user_id,), kinds=("delete",), at=at))
        events.append(held_event("overtaken", _subject(after), changes=(_told("delete"),)))
    if before.held_active and (after.attributes.active or not after.active):
        changes.append(Overtake(user_ids=(after.user_id,), kinds=("disable",), at=at))
        events.append(held_event("overtaken", _subject(after), changes=(_told("disable"),)))
    return Plan(changes=(*changes, *guarded_changes(guarded)), events=(*events, *held_events(_subject(after), guarded)))


def plan_reported_end(user: User, group_ids: tuple[GroupId, ...], guarded: Guarded, *, moment: Moment) -> Plan:
    """Plan a deletion that the guard holds: the source sees it done, and the user stays as it is."""
    gone = ReportUserGone(user_id=user.user_id, expected_version=user.version, left_group_ids=group_ids, at=moment.at)
    withheld = Overtake(user_ids=(user.user_id,), kinds=("join",), at=moment.at)
    return Plan(changes=(gone, withheld, *guarded_changes(guarded)), events=held_events(_subject(user), guarded))


def held_events(subject: Subject, guarded: Guarded) -> tuple[Event, ...]:
    """Return the record of what is held of one user: one event."""
    if not guarded.held:
        return ()
    told = tuple(_told(kind) for kind in sorted({held.kind for held in guarded.held}))
    return (held_event("waiting", subject, why=guarded.held[0].why, changes=told),)


def plan_approved(
    policy: RolePolicy,
    held: Iterable[HeldChange],
    users: Mapping[UserId, User],
    facts: Mapping[UserId, RoleFacts],
    *,
    moment: Moment,
) -> Plan:
    """Plan that held changes of users who are there take effect; the rest of a user's memberships stays as it is."""
    by_user: dict[UserId, list[HeldChange]] = {}
    for one in held:
        by_user.setdefault(one.user_id, []).append(one)
    return joined_plan(
        *(_approved(policy, some, users[user_id], facts[user_id], moment) for user_id, some in by_user.items())
    )


def roles_approved(policy: RolePolicy, held: Iterable[HeldChange], facts: RoleFacts) -> frozenset[RoleId]:
    """Return the roles that a user has by the rule before and after held changes of it take effect.

    Also those underneath a lock if they differ: whoever approves answers for what is there when the lock ends.
    """
    states = facts, _after(policy, held, facts)
    roles = frozenset(decision_for(policy, state).role_id for state in states)
    below = frozenset(decision_for(policy, replace(state, lock=None)).role_id for state in states)
    return roles | below if len(below) > 1 else roles


def _after(policy: RolePolicy, held: Iterable[HeldChange], facts: RoleFacts) -> RoleFacts:
    group_ids = set(facts.group_ids)
    for one in held:
        if one.group_id is not None and one.kind == "leave":
            group_ids.discard(one.group_id)
        elif one.group_id is not None and one.kind == "join":
            group_ids.add(one.group_id)
    return replace(facts, group_ids=policy.mapped_group_ids & group_ids)


def _approved(policy: RolePolicy, held: list[HeldChange], user: User, facts: RoleFacts, moment: Moment) -> Plan:
    ids = tuple(one.held_id for one in held)
    kinds = {one.kind for one in held}
    leave = tuple((one.group_id, one.user_id) for one in held if one.kind == "leave" and one.group_id is not None)
    join = tuple((one.group_id, one.user_id) for one in held if one.kind == "join" and one.group_id is not None)
    settle = SettleHeld(held_ids=ids, leave=leave, join=join, at=moment.at)
    if "delete" in kinds:
        return _deleted(user, settle, moment)
    disabled = _disabled(user, moment) if "disable" in kinds else NOTHING
    after = _after(policy, held, facts)
    decided = plan_decisions(policy, [after], at=moment.at) if leave or join else NOTHING
    demotes = bool(leave or join) and loses_administrator(policy, [facts], [after])
    return joined_plan(Plan(changes=(settle,), demotes_administrator=demotes), disabled, decided)


def _deleted(user: User, settle: SettleHeld, moment: Moment) -> Plan:
    end = EndUser(user_id=user.user_id, expected_version=user.version, left_group_ids=(), at=moment.at, held=True)
    rest = Overtake(user_ids=(user.user_id,), at=moment.at)
    deleted = Event(
        action="user:deleted",
        subject_kind="user",
        subject_id=user.user_id,
        subject_label=user.promoted.display_name,
    )
    settled = replace(settle, leave=(), join=())
    return Plan(
        changes=(settled, end, EndSignins(user_id=user.user_id, at=moment.at), rest),
        events=(deleted,),
        demotes_administrator=user.active,
    )


def _disabled(user: User, moment: Moment) -> Plan:
    """Plan that the status becomes what was reported; what the source sees, and its version, stay as they are."""
    if not user.active:
        return NOTHING
    where = {"tenant_id": user.tenant_id, "id": user.user_id}
    status = UpdateRows(table="user_row", values={"active": False}, where=where, require=1)
    told = AttributeChange(name="may sign in", old=True, new=False)
    disabled = Event(
        action="user:disabled",
        subject_kind="user",
        subject_id=user.user_id,
        subject_label=user.promoted.display_name,
        changes=(told,),
    )
    return Plan(
        changes=(status, EndSignins(user_id=user.user_id, at=moment.at)), events=(disabled,), demotes_administrator=True
    )


def held_event(  # what is told of it
    deed: Deed,
    subject: Subject,
    *,
    why: Why | None = None,
    changes: tuple[AttributeChange, ...] = (),
    joined: tuple[UserId, ...] = (),
    left: tuple[UserId, ...] = (),
) -> Event:
    """Return the record of what became of held changes; of many, the list is of their users."""
    kind, subject_id, label = subject
    reasons: tuple[AttributeChange, ...] = ()
    if why is not None:
        numbers = (("rule", why.rule), ("wanted", why.wanted), ("limit", why.limit), ("spent", why.spent))
        reasons = tuple(AttributeChange(name=name, old=None, new=value) for name, value in numbers)
    return Event(
        action=f"held:{deed}",
        subject_kind=kind,
        subject_id=subject_id,
        subject_label=label,
        changes=(*changes, *reasons),
        joined=joined,
        left=left,
    )


def _subject(user: User) -> Subject:
    return "user", user.user_id, user.promoted.display_name


def _told(kind: str) -> AttributeChange:
    return AttributeChange(name="held", old=None, new=kind)
