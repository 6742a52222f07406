"""What a change of one user comes to: arriving, changing, leaving, coming back."""

from dataclasses import dataclass, replace
from typing import Literal

from directory.edits import UserEdit
from directory.facts import UNGUARDED, Arrival, Guarded, Moment, RoleFacts, role_facts
from directory.held_changes import Overtake, SpendBudget
from directory.model import GroupId, RoleLock, User, UserAttributes, UserId
from directory.person import check_user, emails_of, promoted_from
from directory.plan import (
    NOTHING,
    AttributeChange,
    Change,
    EndSignins,
    EndUser,
    Event,
    JoinGroups,
    Plan,
    PutLock,
    PutUser,
    changed_attributes,
    joined_plan,
)
from directory.plan_held import Subject, guarded_changes, held_events, is_kept_active, plan_guarded_user
from directory.plan_roles import derivation_changes, lock_event, plan_decisions
from directory.roles import RolePolicy, role_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What of an operator's decisions outlives a deletion: otherwise a feed could undo them by delete and create."""

    lock: bool
    """Off for a lock that holds a privileged role: a feed must not come back to that unseen."""
    block: bool
    """Whether a sign-in block is there; it always stays."""


def plan_new_user(
    user_id: UserId,
    attributes: UserAttributes,
    *,
    policy: RolePolicy,
    arrival: Arrival,
    moment: Moment,
    lock: RoleLock | None = None,
) -> Plan:
    """Plan a user whom nobody has seen before; it joins the groups that wait for it.

    Raises:
        InvalidError: the attributes cannot be a user.
    """
    check_user(attributes)
    decision = role_for(policy, locked_role_id=lock.role_id if lock else None, group_ids=arrival.joined_in_effect)
    user = User(
        user_id=user_id,
        tenant_id=moment.by.tenant_id,
        source_id=moment.by.source_id,
        attributes=attributes,
        promoted=promoted_from(attributes),
        active=attributes.active,
        decision=decision,
        decided_at=moment.at,
        decided_request_id=moment.request_id,
        lock=lock,
        version=1,
        created_at=moment.at,
        modified_at=moment.at,
    )
    locked: tuple[Change, ...] = () if lock is None else (PutLock(user_id=user_id, lock=lock),)
    created = _user_event("user:created", user, changed_attributes({}, attributes.document))
    granted = _user_event("user:role:granted", user, derivation_changes(None, decision))
    return Plan(
        changes=(PutUser(user=user, expected_version=None), *locked, *_joining(user_id, arrival, moment)),
        events=(created, *_joined(user_id, arrival), *held_events(_subject(user), arrival.guarded), granted),
    )


def plan_return(
    user: User, attributes: UserAttributes, *, policy: RolePolicy, arrival: Arrival, moment: Moment, kept: Kept
) -> Plan:
    """Plan the return of a deleted user: the same id with the new attributes, and a role derived afresh.

    Raises:
        InvalidError: the attributes cannot be a user.
    """
    check_user(attributes)
    lock = user.lock if kept.lock else None
    decision = role_for(policy, locked_role_id=lock.role_id if lock else None, group_ids=arrival.joined_in_effect)
    back = replace(
        user,
        attributes=attributes,
        promoted=promoted_from(attributes),
        active=attributes.active and not kept.block,
        decision=decision,
        decided_at=moment.at,
        decided_request_id=moment.request_id,
        lock=lock,
        version=user.version + 1,
        modified_at=moment.at,
    )
    put = PutUser(user=back, expected_version=user.version, external_id_before=user.attributes.external_id)
    lifted = lock is None and user.lock is not None
    unlocking: tuple[Change, ...] = (PutLock(user_id=user.user_id, lock=None),) if lifted else ()
    unlocked = (lock_event(role_facts(user, frozenset()), None),) if lifted else ()
    returned = _user_event("user:returned", back, changed_attributes(user.attributes.document, attributes.document))
    granted = _user_event("user:role:granted", back, derivation_changes(None, decision))
    return Plan(
        changes=(put, *unlocking, *_joining(user.user_id, arrival, moment)),
        events=(
            returned,
            *_joined(user.user_id, arrival),
            *held_events(_subject(back), arrival.guarded),
            *unlocked,
            granted,
        ),
    )


def plan_user_edit(  # an edit, and what it meets
    user: User,
    edit: UserEdit,
    *,
    moment: Moment,
    blocked: bool,
    guarded: Guarded = UNGUARDED,
    settles: bool = False,
) -> Plan:
    """Plan new attributes of a user; nothing at all if they come out as they were, and nobody thought it deleted.

    ``blocked``: an operator keeps the user from signing in, whatever the source reports. What the guard holds, now or
    since an earlier edit, leaves the user as active as it is. With ``settles`` an operator says the status: what was
    held of it is over. Only an edit of the source has a user back that it reported deleted.

    Raises:
        InvalidError: the edited attributes cannot be a user.
    """
    attributes = edit(user.attributes)
    returns = user.reported_deleted_at is not None and moment.by.kind == "source"
    settled = settles and user.held_active
    if attributes.document == user.attributes.document and not returns and not settled:
        return NOTHING
    check_user(attributes)
    after = replace(
        user,
        attributes=attributes,
        promoted=promoted_from(attributes),
        active=(attributes.active and not blocked) or (not settled and is_kept_active(user, attributes, guarded)),
        version=user.version + 1,
        modified_at=moment.at,
        reported_deleted_at=None if returns else user.reported_deleted_at,
    )
    loses_access = user.active and not after.active
    ending: tuple[Change, ...] = (EndSignins(user_id=user.user_id, at=moment.at),) if loses_access else ()
    told = changed_attributes(user.attributes.document, attributes.document)
    edited = Plan(
        changes=(_edit_put(user, after), *ending),
        events=(_user_event(_edit_action(user, after), after, told),),
        demotes_administrator=loses_access,
    )
    return joined_plan(edited, plan_guarded_user(user, after, guarded, at=moment.at))


def _edit_put(before: User, after: User) -> PutUser:
    return PutUser(
        user=after,
        expected_version=before.version,
        external_id_before=before.attributes.external_id,
        emails_changed=emails_of(after.attributes) != emails_of(before.attributes),
        keeps=_kept_of(before, after),
        renamed=after.promoted.display_name != before.promoted.display_name,
    )


def plan_arrival(facts: RoleFacts, *, policy: RolePolicy, arrival: Arrival, moment: Moment) -> Plan:
    """Plan the groups that a known user joins because it now has the id they waited for, and its role then."""
    if not arrival.waiting:
        return NOTHING
    group_ids = facts.group_ids | arrival.joined_in_effect
    decided = plan_decisions(policy, [replace(facts, group_ids=group_ids)], at=moment.at)
    joined = tuple(dict(arrival.waiting))
    over = Overtake(user_ids=(facts.user_id,), group_ids=joined, kinds=("leave",), at=moment.at)
    held = held_events(("user", facts.user_id, facts.label), arrival.guarded)
    return replace(
        decided,
        changes=(over, *_joining(facts.user_id, arrival, moment), *decided.changes),
        events=(*_joined(facts.user_id, arrival), *held, *decided.events),
    )


def plan_user_end(
    user: User,
    group_ids: tuple[GroupId, ...],
    *,
    moment: Moment,
    held: bool = False,
    spends: tuple[SpendBudget, ...] = (),
) -> Plan:
    """Plan a deletion: a tombstone, without memberships and sign-ins; ``held``: changes of the user were held."""
    end = EndUser(
        user_id=user.user_id, expected_version=user.version, left_group_ids=group_ids, at=moment.at, held=held
    )
    left = tuple(AttributeChange(name="group", old=str(group_id), new=None) for group_id in group_ids)
    over: tuple[Change, ...] = (Overtake(user_ids=(user.user_id,), at=moment.at),) if held else ()
    return Plan(
        changes=(end, EndSignins(user_id=user.user_id, at=moment.at), *over, *spends),
        events=(_user_event("user:deleted", user, left),),
        demotes_administrator=user.active,
    )


def _joining(user_id: UserId, arrival: Arrival, moment: Moment) -> tuple[Change, ...]:
    if not arrival.waiting:
        return ()
    join = JoinGroups(user_id=user_id, waiting=arrival.waiting, withheld=arrival.withheld, at=moment.at)
    return (join, *guarded_changes(arrival.guarded))


def _joined(user_id: UserId, arrival: Arrival) -> tuple[Event, ...]:
    """Return the record of joining, one for each group that waited."""
    return tuple(
        Event(
            action="group:members:changed",
            subject_kind="group",
            subject_id=group_id,
            subject_label=arrival.group_names.get(group_id, ""),
            changes=tuple(
                AttributeChange(name="waiting", old=value, new=None)
                for waiting_id, value in arrival.waiting
                if waiting_id == group_id
            ),
            joined=(user_id,),
        )
        for group_id in dict(arrival.waiting)
    )


def _kept_of(before: User, after: User) -> Literal["role", "user name", "both names"]:
    if before.attributes.user_name != after.attributes.user_name:
        return "role"
    return "both names" if before.promoted.display_name == after.promoted.display_name else "user name"


def _edit_action(before: User, after: User) -> str:
    if before.active and not after.active:
        return "user:disabled"
    return "user:enabled" if after.active and not before.active else "user:changed"


def _subject(user: User) -> Subject:
    return "user", user.user_id, user.promoted.display_name


def _user_event(action: str, user: User, changes: tuple[AttributeChange, ...]) -> Event:
    return Event(
        action=action,
        subject_kind="user",
        subject_id=user.user_id,
        subject_label=user.promoted.display_name,
        changes=changes,
    )
