"""What follows a commit in the same unit of work: what a super tenant's users come to in the tenants below."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from directory.model import Actor
from directory.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """A plan that was committed in the open unit, by whom and when."""

    plan: Plan
    by: Actor
    now: datetime


Follower = Callable[[Sequence[Committed]], Awaitable[None]]
"""Does what follows, by statements of the open unit only; what it raises undoes the unit."""

_followers: list[Follower] = []
_committed: ContextVar[list[Committed] | None] = ContextVar("committed", default=None)


def use_follower(follower: Follower | None) -> None:
    """Have ``follower`` called at the end of every unit that committed something; the house hands it over at start."""
    _followers[:] = [] if follower is None else [follower]


def note_committed(plan: Plan, *, by: Actor, now: datetime) -> None:
    """Remember a plan for whoever follows this unit."""
    committed = _committed.get()
    if committed is not None and _followers:
        committed.append(Committed(plan=plan, by=by, now=now))


@contextmanager
def noting() -> Iterator[list[Committed]]:
    """Give the list of what the body commits."""
    committed: list[Committed] = []
    token = _committed.set(committed)
    try:
        yield committed
    finally:
        _committed.reset(token)


async def follow(committed: Sequence[Committed]) -> None:
    """Do what follows, if anything was committed."""
    if committed:
        for follower in _followers:
            await follower(committed)
