"""What the guard held, and why, as values; and the changes of a plan that hold it and let it go."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from directory.model import GroupId, RequestId, RoleId, SourceId, TenantId, UserId

HeldKind = Literal["disable", "delete", "leave", "join"]
"""``join`` is one that grants administration, or takes permissions away because its mapping comes first."""

HeldState = Literal["waiting", "approved", "rejected", "expired", "overtaken"]

Measure = Literal["users", "roles"]
"""What the limits count: users who lose access, and roles that lose permissions or grant administration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why the guard held a change: the numbers as they were then."""

    rule: Literal["users", "roles", "emptied"]
    wanted: int
    """In the measure of the limit; of an emptied group the members that it would have lost."""
    limit: int
    """Of an emptied group how many members it had."""
    spent: int
    """In the 24 hours before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldChange:
    """One change of one user that a source reported and that has no effect; ``in_force`` as long as that is so."""

    held_id: UUID
    batch_id: UUID
    """The same for all that one request or one run brought."""
    tenant_id: TenantId
    source_id: SourceId
    kind: HeldKind
    user_id: UserId
    group_id: GroupId | None = None
    from_role_id: RoleId | None = None
    to_role_id: RoleId | None = None
    """The role that would have followed; None if that was not worked out, since very many moved at once."""
    request_id: RequestId | None
    why: Why
    at: datetime
    expires_at: datetime
    state: HeldState = "waiting"
    in_force: bool = True
    decided_by: str | None = None
    decided_by_id: UserId | None = None
    decided_at: datetime | None = None
    ended_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldFilter:
    """Which held changes are meant; None is any."""

    state: HeldState = "waiting"
    source_id: SourceId | None = None
    batch_id: UUID | None = None
    group_id: GroupId | None = None
    kind: HeldKind | None = None
    user_id: UserId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLine:
    """A held change with what people want to know of it."""

    held: HeldChange
    user_name: str | None
    """None: the user was purged since."""
    display_name: str | None
    active: bool
    role_id: RoleId | None
    """The role that the user has now."""
    group_name: str | None
    reference: str | None
    """Of the request that brought it, as long as its record is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldSum:
    """What tells one set of held changes from another."""

    count: int
    newest: UUID | None
    oldest: str | None
    batch_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldHeap:
    """What waits of one source, one kind and one group."""

    newest: HeldLine
    """The last of them, with the reason."""
    count: int
    batch_count: int
    """In how many requests or runs they came."""
    first_at: datetime
    last_at: datetime
    expires_at: datetime
    """When the first of them expires."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Keep what a source reported from taking effect; who stays a member is said by ``ChangeMembers`` and its like."""

    held: tuple[HeldChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overtake:
    """The source reports otherwise by now, or somebody did it here: the held changes of these users end."""

    user_ids: tuple[UserId, ...]
    group_ids: tuple[GroupId, ...] | None = None
    """Only those that concern one of these groups; None for all of the kinds."""
    kinds: tuple[HeldKind, ...] = ("disable", "delete", "leave", "join")
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleHeld:
    """What was held takes effect: its rows are approved, and memberships become what was reported."""

    held_ids: tuple[UUID, ...]
    leave: tuple[tuple[GroupId, UserId], ...] = ()
    join: tuple[tuple[GroupId, UserId], ...] = ()
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportUserGone:
    """The source deleted a user that stays: it is shown to the source no more, and its memberships are not reported."""

    user_id: UserId
    expected_version: int
    left_group_ids: tuple[GroupId, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendBudget:
    """Count what a source took away or granted; what an operator lets pass is used up first.

    A count below 0 is given back: who came back within the hours that count took nothing away.
    """

    source_id: SourceId
    measure: Measure
    spent_count: int
    raised_count: int
    hour: datetime
