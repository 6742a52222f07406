"""What follows a commit in the same unit of work: what a super tenant's users come to in the tenants below."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, TypeVar
from uuid import UUID

from directory.model import Actor, TenantId
from directory.plan import Plan

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """A plan that was committed in the open unit, by whom and when."""

    plan: Plan
    by: Actor
    now: datetime


class Place(NamedTuple):
    """How a tenant stands to others, as it was read with something else in the open unit."""

    routing_mark: UUID | None
    """Which rules it routes by; None: it has no tenants below."""
    parent_id: UUID | None
    is_held: bool = False
    """Whether the policy was held when it was read, so that nobody changes the rules until the unit ends."""


@dataclass(slots=True)
class Noted:
    """What one unit committed so far, and how its tenants stand to others as far as that was read anyway."""

    committed: list[Committed] = field(default_factory=list)
    places: dict[TenantId, Place] = field(default_factory=dict)


Follower = Callable[[Noted], Awaitable[None]]
"""Does what follows, by statements of the open unit only; what it raises undoes the unit."""

_followers: list[Follower] = []
_noted: ContextVar[Noted | None] = ContextVar("noted", default=None)
_unfollowed: ContextVar[bool] = ContextVar("unfollowed", default=False)


def use_follower(follower: Follower | None) -> None:
    """Have ``follower`` called at the end of every unit that committed something; the house hands it over at start."""
    _followers[:] = [] if follower is None else [follower]


def note_committed(plan: Plan, *, by: Actor, now: datetime) -> None:
    """Remember a plan for whoever follows this unit."""
    noted = _noted.get()
    if noted is not None and _followers:
        noted.committed.append(Committed(plan=plan, by=by, now=now))


def note_place(tenant_id: TenantId, place: Place) -> None:
    """Remember how a tenant stands to others: whoever reads that along with something else spares another look."""
    noted = _noted.get()
    if noted is not None and not (tenant_id in noted.places and noted.places[tenant_id].is_held):
        noted.places[tenant_id] = place


async def followed(body: Callable[[], Awaitable[Result]]) -> Result:
    """Run the body of a unit, and then what follows what it committed; of a unit in a unit the outer one sees to it."""
    outer, noted = _noted.get(), Noted()
    token = _noted.set(noted)
    try:
        result = await body()
    finally:
        _noted.reset(token)
    if outer is not None:
        outer.committed += noted.committed
        outer.places |= noted.places
    elif noted.committed and not _unfollowed.get():
        for follower in _followers:
            await follower(noted)
    return result


@contextmanager
def unfollowed() -> Iterator[None]:
    """Let nothing follow what the body commits: it is what follows."""
    tokens = _unfollowed.set(True), _noted.set(None)
    try:
        yield
    finally:
        _unfollowed.reset(tokens[0])
        _noted.reset(tokens[1])
