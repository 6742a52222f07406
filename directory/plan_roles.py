"""What follows for the roles of users whose facts changed."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from directory.facts import RoleFacts
from directory.model import Decision, RoleId, RoleLock
from directory.plan import NOTHING, AttributeChange, DecideRoles, Event, Plan, PutLock
from directory.roles import RolePolicy, role_for


def decision_for(policy: RolePolicy, facts: RoleFacts) -> Decision:
    """Return what the role rule says of these facts."""
    locked_role_id = None if facts.lock is None else facts.lock.role_id
    return role_for(policy, locked_role_id=locked_role_id, group_ids=facts.group_ids)


def plan_decisions(policy: RolePolicy, users: Iterable[RoleFacts], *, at: datetime) -> Plan:
    """Plan the decisions that differ from the stored ones; an event for each role that changes hands."""
    moved = [(facts, after) for facts in users if (after := decision_for(policy, facts)) != facts.decision]
    if not moved:
        return NOTHING
    return Plan(
        changes=(DecideRoles(decisions=tuple((facts.user_id, after) for facts, after in moved), at=at),),
        events=tuple(role_event(facts, after) for facts, after in moved if after.role_id != facts.decision.role_id),
        demotes_administrator=any(
            facts.active
            and facts.decision.role_id == policy.administrator_role_id
            and after.role_id != policy.administrator_role_id
            for facts, after in moved
        ),
    )


def roles_reached(policy: RolePolicy, facts: RoleFacts, lock: RoleLock | None) -> frozenset[RoleId]:
    """Return the roles that a lock, or none, leads to at once or when its time is over.

    A lock in place of another, and one that ends by itself, is an unlock as well: whoever sets it answers for the role
    underneath.
    """
    reached = {decision_for(policy, replace(facts, lock=lock)).role_id}
    if facts.lock is not None or (lock is not None and lock.until is not None):
        reached.add(decision_for(policy, replace(facts, lock=None)).role_id)
    return frozenset(reached)


def loses_administrator(policy: RolePolicy, before: Iterable[RoleFacts], after: Iterable[RoleFacts]) -> bool:
    """Whether the rule makes an active user administrator by the facts before, and no more by those after.

    While a change of the policy is being worked off, the stored roles do not tell.
    """
    administrator = policy.administrator_role_id
    return any(
        old.active
        and decision_for(policy, old).role_id == administrator
        and decision_for(policy, new).role_id != administrator
        for old, new in zip(before, after, strict=True)
    )


def plan_lock(policy: RolePolicy, facts: RoleFacts, lock: RoleLock | None, *, at: datetime) -> Plan:
    """Plan a lock, another lock, or none, and the role that follows."""
    if facts.lock == lock:
        return NOTHING
    decided = plan_decisions(policy, [replace(facts, lock=lock)], at=at)
    return Plan(
        changes=(PutLock(user_id=facts.user_id, lock=lock), *decided.changes),
        events=(lock_event(facts, lock), *decided.events),
        demotes_administrator=decided.demotes_administrator,
    )


def role_event(facts: RoleFacts, after: Decision) -> Event:
    """Return the record of a role that changes hands, with its derivation."""
    before = facts.decision
    return Event(
        action="user:role:granted",
        subject_kind="user",
        subject_id=facts.user_id,
        subject_label=facts.label,
        changes=derivation_changes(before, after),
    )


def derivation_changes(before: Decision | None, after: Decision) -> tuple[AttributeChange, ...]:
    """Return role, origin and deciding group, before and after."""
    told = {
        "role": (None if before is None else str(before.role_id), str(after.role_id)),
        "origin": (None if before is None else before.origin, after.origin),
        "group": (
            str(before.group_id) if before and before.group_id else None,
            str(after.group_id) if after.group_id else None,
        ),
    }
    return tuple(AttributeChange(name=name, old=old, new=new) for name, (old, new) in told.items() if old != new)


def lock_event(facts: RoleFacts, lock: RoleLock | None) -> Event:
    """Return the record of a lock that is set, replaced or lifted."""
    before = facts.lock
    named = {
        "role": (str(before.role_id) if before else None, str(lock.role_id) if lock else None),
        "reason": (before.reason if before else None, lock.reason if lock else None),
        "until": (
            before.until.isoformat() if before and before.until else None,
            lock.until.isoformat() if lock and lock.until else None,
        ),
    }
    return Event(
        action="user:role:unlocked" if lock is None else "user:role:locked",
        subject_kind="user",
        subject_id=facts.user_id,
        subject_label=facts.label,
        changes=tuple(AttributeChange(name=name, old=old, new=new) for name, (old, new) in named.items() if old != new),
    )
