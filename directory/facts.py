"""What planners are told: the part of the directory that a change touches, never more."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from directory.held_changes import HeldChange, SpendBudget
from directory.model import Actor, Decision, GroupId, RequestId, RoleLock, User, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleFacts:
    """What the role of one user is decided by, and the decision that is stored."""

    user_id: UserId
    label: str
    active: bool
    decision: Decision
    lock: RoleLock | None
    group_ids: frozenset[GroupId]
    """The mapped groups that have the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """What the guard adds to a plan: what it holds, and what of the limits is used up."""

    held: tuple[HeldChange, ...] = ()
    spends: tuple[SpendBudget, ...] = ()


UNGUARDED = Guarded()


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipFacts:
    """What an edit of a group's members really changes; users already in, or not in, are left out."""

    joining: tuple[UserId, ...] = ()
    leaving: tuple[UserId, ...] = ()
    waiting: tuple[str, ...] = ()
    """Values that name no user yet and do not wait already."""
    no_longer_waiting: tuple[str, ...] = ()
    labels: Mapping[UserId, str] = field(default_factory=dict)
    """What the source calls those who join."""
    relabelled: Mapping[UserId, str] = field(default_factory=dict)
    """Members of before that the source now calls otherwise."""
    nesting: Mapping[GroupId, str | None] = field(default_factory=dict)
    """Groups that become members, with what the source calls them."""
    unnesting: tuple[GroupId, ...] = ()
    deciders: tuple[RoleFacts, ...] = ()
    """The joining and leaving users, if the group is mapped; with the memberships they had before."""
    deferred: bool = False
    """The group is mapped, but too many move to decide their roles in one transaction: a walk over them follows."""
    overtaking: tuple[UserId, ...] = ()
    """Joining users whose leaving is held, and leaving ones whose joining is: in effect nothing changes for them."""
    kept: frozenset[UserId] = frozenset()
    """Those of ``leaving`` whom the guard keeps as members in effect."""
    withheld: frozenset[UserId] = frozenset()
    """Those of ``joining`` whom the guard does not let become members in effect."""
    guarded: Guarded = UNGUARDED

    @property
    def decided_later(self) -> bool:
        """Whether a walk over those who move follows: not if the guard holds all of them back."""
        if not self.deferred:
            return False
        held = self.kept | self.withheld
        return not (held.issuperset(self.joining) and held.issuperset(self.leaving))

    @property
    def moved_count(self) -> int:
        """How many values change their place."""
        return len(self.joining) + len(self.leaving) + len(self.waiting) + len(self.no_longer_waiting)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What a user who arrives, comes back or changes its externalId meets."""

    waiting: tuple[tuple[GroupId, str], ...] = ()
    """Groups that wait for the user, with the value they wait under."""
    group_names: Mapping[GroupId, str] = field(default_factory=dict)
    """The names of these groups."""
    tombstone: User | None = None
    """The deleted user with the same externalId from the same source."""
    twin: User | None = None
    """The live user of the same source with the same user name or externalId."""
    withheld: frozenset[GroupId] = frozenset()
    """Those of the waiting groups that the guard does not let the user join in effect."""
    guarded: Guarded = UNGUARDED

    @property
    def joined_in_effect(self) -> frozenset[GroupId]:
        """The groups that the user joins and that its role is decided by."""
        return frozenset(group_id for group_id, _ in self.waiting) - self.withheld


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When and by whom: what every change is stamped with."""

    at: datetime
    by: Actor

    @property
    def request_id(self) -> RequestId | None:
        """The request that the change comes from."""
        return None if self.by.request is None else self.by.request.request_id


def role_facts(user: User, group_ids: frozenset[GroupId]) -> RoleFacts:
    """Return the facts of a user that is loaded whole."""
    return RoleFacts(
        user_id=user.user_id,
        label=user.promoted.display_name,
        active=user.active,
        decision=user.decision,
        lock=user.lock,
        group_ids=group_ids,
    )
