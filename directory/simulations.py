"""A pasted request and what would come of it, as values that doors and the house share."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from directory.model import SourceId, TenantId, User
from directory.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedRequest:
    """What a source would send."""

    tenant_id: TenantId
    source_id: SourceId
    method: str
    path: str
    """With its query; below the base URL, or the whole address."""
    body: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """What would come of a request; nothing of it was kept."""

    status: int
    answer: str
    """The body of the answer, indented JSON."""
    path: str
    """As it was asked for."""
    leniencies: tuple[str, ...]
    scim_type: str | None
    detail: str | None
    plans: tuple[Plan, ...]
    user: User | None
    """The user whom the path names, as before the request."""
    duration_us: int


Simulate = Callable[[SimulatedRequest], Awaitable[Simulated]]
"""Tries a request out; the house makes one from the door that the request would come through."""
