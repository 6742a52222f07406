"""The pull that a change comes from."""

from dataclasses import dataclass
from datetime import datetime
from typing import NewType
from uuid import UUID

RunId = NewType("RunId", UUID)


@dataclass(frozen=True, slots=True, kw_only=True)
class OverLimits:
    """By how much a whole run is beyond the guard's limits: what it wants, the limit, and what was spent before."""

    users: tuple[int, int, int] | None = None
    roles: tuple[int, int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What a pull found that compared what a source pushed with its directory."""

    confirmed_at: datetime | None = None
    """When it did that last."""
    confirmed_by: UUID | None = None
    """The source that was pulled for it."""
    drift_count: int = 0
    """How many people it found missing, extra or of another status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRun:
    """The pull that a change comes from."""

    run_id: RunId
    over: OverLimits = OverLimits()
    """A measure that is set: the run as a whole is beyond it, and all of it that counts there is held."""
    active_count: int = 0
    """How many active users the source had when the run was judged: its limits do not shrink while it is applied."""
