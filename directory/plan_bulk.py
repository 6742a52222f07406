"""What an action on many users does to each of them: who changes and into what, and who is left alone and why."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Literal, assert_never

from directory.facts import Moment, role_facts
from directory.model import AccessRole, Actor, GroupId, RoleId, RoleLock, User, UserAttributes, UserId
from directory.plan import NOTHING, Plan
from directory.plan_roles import decision_for, plan_decisions, plan_lock, roles_reached
from directory.plan_status import SigninBlock, plan_allow, plan_block
from directory.plan_users import plan_user_edit
from directory.roles import RolePolicy

Deed = Literal["lock", "unlock", "disable", "enable", "redecide"]
Effect = Literal[
    "change",
    "already so",
    "own account",
    "beyond you",
    "local account",
    "its source",
    "last administrator",
]
"""``change``, or why a user is left alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be done to each user."""

    deed: Deed
    role_id: RoleId | None = None
    """The role that ``lock`` keeps."""
    reason: str = ""
    """Of a lock, or of disabling."""
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One user with all that the outlook rests on."""

    user: User
    group_ids: frozenset[GroupId]
    """The mapped groups that have the user."""
    block: SigninBlock | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What the action comes to for one user; this is what is shown, and what is applied or not at all."""

    user_id: UserId
    effect: Effect
    from_role_id: RoleId
    to_role_id: RoleId
    from_active: bool
    to_active: bool
    locked: bool
    """Whether a lock keeps the role before."""

    def line(self) -> str:
        """Return the outlook as text to be hashed."""
        before = (self.from_role_id, self.from_active, self.locked)
        return "|".join(map(str, (self.user_id, self.effect, *before, self.to_role_id, self.to_active)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the outlook of every user rests on."""

    policy: RolePolicy
    roles: Mapping[RoleId, AccessRole]
    """Those of the tenant, deleted ones too."""
    by: Actor


def outlook_for(order: Order, seen: Seen, ground: Ground) -> Outlook:
    """Return what an action comes to for one user; nobody gives or takes more than they have."""
    user = seen.user
    to_role_id, to_active = _after(order, seen, ground)
    return Outlook(
        user_id=user.user_id,
        effect=_effect(order, seen, ground, to_role_id),
        from_role_id=user.decision.role_id,
        to_role_id=to_role_id,
        from_active=user.active,
        to_active=to_active,
        locked=user.lock is not None,
    )


def _effect(order: Order, seen: Seen, ground: Ground, to_role_id: RoleId) -> Effect:
    user, by = seen.user, ground.by
    if by.user_id == user.user_id:
        return "own account"
    if not all(
        _covers(ground, role_id) for role_id in {user.decision.role_id, to_role_id, *_reached(order, seen, ground)}
    ):
        return "beyond you"
    if order.deed == "unlock" and user.lock is not None and user.source_id is None:
        return "local account"  # no group decides its role: the lock is all that keeps it
    if order.deed == "enable" and seen.block is None and not user.active and user.source_id is not None:
        return "its source"
    return "change" if _moves(order, seen, ground) else "already so"


def _moves(order: Order, seen: Seen, ground: Ground) -> bool:
    user = seen.user
    match order.deed:
        case "lock":
            return user.lock is None or user.lock.role_id != order.role_id
        case "unlock":
            return user.lock is not None
        case "disable":
            return user.attributes.active if user.source_id is None else seen.block is None
        case "enable":
            return seen.block is not None or not user.active
        case "redecide":
            return decision_for(ground.policy, role_facts(user, seen.group_ids)) != user.decision
        case _:
            assert_never(order.deed)


def _after(order: Order, seen: Seen, ground: Ground) -> tuple[RoleId, bool]:
    """Return role and status as they are afterwards."""
    user = seen.user
    facts = role_facts(user, seen.group_ids)
    match order.deed:
        case "lock":
            return order.role_id or user.decision.role_id, user.active
        case "unlock":
            return decision_for(ground.policy, replace(facts, lock=None)).role_id, user.active
        case "redecide":
            return decision_for(ground.policy, facts).role_id, user.active
        case "disable":
            return user.decision.role_id, False
        case "enable":
            enabled = seen.block is None and user.source_id is None
            return user.decision.role_id, enabled or user.attributes.active
        case _:
            assert_never(order.deed)


def _reached(order: Order, seen: Seen, ground: Ground) -> frozenset[RoleId]:
    """Return the roles that a lock leads to, also the one that it uncovers when its time is over."""
    if order.deed != "lock":
        return frozenset()
    lock = _lock_of(order, seen, Moment(at=seen.user.modified_at, by=ground.by))
    return roles_reached(ground.policy, role_facts(seen.user, seen.group_ids), lock)


def _lock_of(order: Order, seen: Seen, moment: Moment) -> RoleLock:
    return RoleLock(
        role_id=order.role_id or seen.user.decision.role_id,
        reason=order.reason,
        owner=moment.by.label,
        created_at=moment.at,
        until=order.until,
    )


def _covers(ground: Ground, role_id: RoleId) -> bool:
    role = ground.roles.get(role_id)
    return ground.by.kind == "system" or (role is not None and role.permissions <= ground.by.reach)


def plan_for(order: Order, seen: Seen, ground: Ground, *, moment: Moment) -> Plan:
    """Plan what an action changes of one user: the same plan that the deed on this user alone has."""
    user, facts = seen.user, role_facts(seen.user, seen.group_ids)
    match order.deed:
        case "lock":
            return plan_lock(ground.policy, facts, _lock_of(order, seen, moment), at=moment.at)
        case "unlock":
            return plan_lock(ground.policy, facts, None, at=moment.at)
        case "redecide":
            return plan_decisions(ground.policy, [facts], at=moment.at)
        case "disable":
            if user.source_id is None:
                return _with_status(seen, active=False, moment=moment)
            return NOTHING if seen.block is not None else plan_block(user, reason=order.reason, moment=moment)
        case "enable":
            if seen.block is not None:
                return plan_allow(user, seen.block)
            return _with_status(seen, active=True, moment=moment)
        case _:
            assert_never(order.deed)


def _with_status(seen: Seen, *, active: bool, moment: Moment) -> Plan:
    def edit(attributes: UserAttributes) -> UserAttributes:
        return UserAttributes({**attributes.document, "active": active})

    return plan_user_edit(seen.user, edit, moment=moment, blocked=seen.block is not None, settles=True)


def next_hash(before: str, outlooks: Iterable[Outlook]) -> str:
    """Return the hash of everything that was shown: of the outlooks so far and these."""
    content = sha256(before.encode())
    for outlook in outlooks:
        content.update(f"\n{outlook.line()}".encode())
    return content.hexdigest()
