"""What becomes of people who are given away or forgotten: values for plans."""

from dataclasses import dataclass
from datetime import datetime

from directory.model import GroupId, SourceId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveGroups:
    """End the memberships of a user in some groups."""

    user_id: UserId
    group_ids: tuple[GroupId, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkGone:
    """Have a source know a deleted user by another externalId: under it the user comes back."""

    user_id: UserId
    source_id: SourceId
    external_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseUser:
    """Forget a deleted user: the row stays without a word of the person, since others name its id."""

    user_id: UserId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseEvents:
    """Erase what some of the events of a user say, and the bodies of the requests behind them.

    The events stay, and so does their chain: it covers what was said by a commitment only, whose salt is gone.
    """

    user_id: UserId
    limit: int
