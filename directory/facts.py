"""What planners are told: the part of the directory that a change touches, never more."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

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
