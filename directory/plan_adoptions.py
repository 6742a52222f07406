"""What it comes to that a user is given to a source, or comes back by an operator's hand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from directory.erasures import EraseEvents, EraseUser, LeaveGroups, LinkGone
from directory.facts import Arrival, Moment, RoleFacts, role_facts
from directory.held_changes import Overtake
from directory.model import Decision, GroupId, JsonObject, JsonValue, SourceId, User, UserAttributes, UserId
from directory.person import promoted_from
from directory.plan import AttributeChange, Change, EndSignins, Event, JoinGroups, Plan, PutUser, UpdateRows
from directory.plan_roles import role_event
from directory.roles import RolePolicy, role_for

KEPT_AT_FIRST = frozenset({"userName", "emails"})
"""What the first words of a source leave as it is, of a user that it was given."""

BESIDE = frozenset({"externalId"})


class GroupName(NamedTuple):
    """A group, and what it is called."""

    group_id: GroupId
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One attribute, as it is here and as it came in."""

    name: str
    here: JsonValue
    incoming: JsonValue
    kept: bool
    """Whether an adoption leaves it as it is here, at first."""

    @property
    def is_same(self) -> bool:
        """Whether both say the same."""
        return self.here == self.incoming


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptionFacts:
    """What an adoption of a user is decided by."""

    user: User
    source_id: SourceId
    external_id: str | None
    staying: frozenset[GroupId]
    """The mapped groups of the source that have the user already."""
    leaving: tuple[GroupName, ...]
    """Its groups of other sources, whose feeds reach it no more."""
    arrival: Arrival
    """Groups of the source that wait for it."""


def differences(here: UserAttributes, incoming: UserAttributes) -> list[Difference]:
    """Return both records side by side, attribute by attribute: those that are in both or in one."""
    names = sorted({*here.document, *incoming.document} - BESIDE, key=lambda name: (name not in KEPT_AT_FIRST, name))
    return [
        Difference(
            name=name,
            here=here.document.get(name),
            incoming=incoming.document.get(name),
            kept=name in KEPT_AT_FIRST,
        )
        for name in names
    ]


def adopted_decision(policy: RolePolicy, facts: AdoptionFacts) -> Decision:
    """Return the role after an adoption: a lock stays, and otherwise the groups of the source decide."""
    lock = facts.user.lock
    group_ids = facts.staying | {group_id for group_id, _ in facts.arrival.waiting}
    return role_for(policy, locked_role_id=None if lock is None else lock.role_id, group_ids=group_ids)


def plan_adoption(facts: AdoptionFacts, *, policy: RolePolicy, moment: Moment) -> Plan:
    """Plan that the source owns the user from now on; name, addresses, status and lock stay as they are."""
    user, decision = facts.user, adopted_decision(policy, facts)
    attributes = _known_by(user.attributes, facts.external_id)
    after = replace(
        user,
        source_id=facts.source_id,
        attributes=attributes,
        promoted=promoted_from(attributes),
        decision=decision,
        decided_at=moment.at if decision != user.decision else user.decided_at,
        version=user.version + 1,
        modified_at=moment.at,
    )
    put = PutUser(user=after, expected_version=user.version, external_id_before=None, emails_changed=False)
    left = tuple(group.group_id for group in facts.leaving)
    leaving: tuple[Change, ...] = ()
    if left:
        leaving = (LeaveGroups(user_id=user.user_id, group_ids=left, at=moment.at),)
    joining: tuple[Change, ...] = ()
    if facts.arrival.waiting:
        joining = (JoinGroups(user_id=user.user_id, waiting=facts.arrival.waiting, at=moment.at),)
    granted = (role_event(_facts_of(user), decision),) if decision.role_id != user.decision.role_id else ()
    return Plan(
        changes=(put, *leaving, *joining, *_settled(facts, moment)),
        events=(_adopted(user, after), *_left(user, facts.leaving), *_joined(user, facts.arrival), *granted),
        demotes_administrator=user.active,
    )


def _settled(facts: AdoptionFacts, moment: Moment) -> tuple[Change, ...]:
    """Return the end of what the guard held of the former source's words, where the new one's count from now on."""
    user, group_ids = facts.user, {group.group_id for group in facts.leaving} | set(dict(facts.arrival.waiting))
    moved = Overtake(
        user_ids=(user.user_id,), group_ids=tuple(sorted(group_ids)), kinds=("leave", "join"), at=moment.at
    )
    changes: tuple[Change, ...] = (moved,) if group_ids else ()
    if user.reported_deleted_at is None:
        return changes
    where = {"tenant_id": user.tenant_id, "id": user.user_id}
    here = UpdateRows(table="user_row", values={"reported_deleted_at": None}, where=where, require=1)
    return (*changes, here, Overtake(user_ids=(user.user_id,), kinds=("delete",), at=moment.at))


def plan_gone_adoption(user: User, source_id: SourceId, external_id: str) -> Plan:
    """Plan that a deleted user comes back under another externalId, as soon as its source sends it again."""
    told = AttributeChange(name="externalId", old=user.attributes.external_id, new=external_id)
    return Plan(
        changes=(LinkGone(user_id=user.user_id, source_id=source_id, external_id=external_id),),
        events=(_user_event("user:adopted", user, (told,)),),
    )


def plan_erasure(user_id: UserId, *, events_max: int, moment: Moment) -> Plan:
    """Plan that a deleted user is forgotten; ``events_max`` is of those whose words are left."""
    told = Event(action="user:erased", subject_kind="user", subject_id=user_id, subject_label="")
    return Plan(
        changes=(
            EndSignins(user_id=user_id, at=moment.at),
            EraseEvents(user_id=user_id, limit=events_max),
            EraseUser(user_id=user_id, at=moment.at),
        ),
        events=(told,),
    )


def renamed_plan(plan: Plan, old: str, new: str) -> Plan:
    """Return the plan with one action told under another name: an operator did it, and not a source."""
    events = tuple(replace(event, action=new) if event.action == old else event for event in plan.events)
    return replace(plan, events=events)


def _known_by(attributes: UserAttributes, external_id: str | None) -> UserAttributes:
    document: JsonObject = {name: value for name, value in attributes.document.items() if name != "externalId"}
    return UserAttributes(document if external_id is None else {**document, "externalId": external_id})


def _facts_of(user: User) -> RoleFacts:
    return role_facts(user, frozenset())


def _adopted(before: User, after: User) -> Event:
    said: tuple[tuple[str, object, object], ...] = (
        ("source", before.source_id, after.source_id),
        ("externalId", before.attributes.external_id, after.attributes.external_id),
    )
    told = tuple(AttributeChange(name=name, old=_text(old), new=_text(new)) for name, old, new in said if old != new)
    return _user_event("user:adopted", after, told)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _left(user: User, groups: Sequence[GroupName]) -> tuple[Event, ...]:
    return tuple(_members_event(group.group_id, group.name, left=(user.user_id,)) for group in groups)


def _joined(user: User, arrival: Arrival) -> tuple[Event, ...]:
    names = arrival.group_names
    ids = dict(arrival.waiting)
    return tuple(_members_event(group_id, names.get(group_id, ""), joined=(user.user_id,)) for group_id in ids)


def _members_event(
    group_id: GroupId, name: str, *, joined: tuple[UserId, ...] = (), left: tuple[UserId, ...] = ()
) -> Event:
    return Event(
        action="group:members:changed",
        subject_kind="group",
        subject_id=group_id,
        subject_label=name,
        joined=joined,
        left=left,
    )


def _user_event(action: str, user: User, changes: tuple[AttributeChange, ...]) -> Event:
    return Event(
        action=action,
        subject_kind="user",
        subject_id=user.user_id,
        subject_label=user.promoted.display_name,
        changes=changes,
    )
