"""When the next try is allowed: at once for the first few, then after a pause that doubles, never for good."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

TryKind = Literal["account", "network", "device", "code"]

FREE_TRIES: dict[TryKind, int] = {"account": 5, "network": 50, "device": 5, "code": 5}
"""Many people share one network: it is slowed down much later than an account."""

PAUSE_MIN = timedelta(seconds=30)
PAUSE_MAX = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """How often something was tried since it last succeeded."""

    count: int
    open_at: datetime
    """Until then the next try is refused without being looked at."""
    tried_at: datetime


def tries_after(known: Tries | None, kind: TryKind, *, now: datetime) -> Tries | None:
    """Return the counter with one try more, or None when it is too early for one.

    A try that comes too early is not counted: whoever keeps knocking does not lock anybody out for longer.
    """
    if known is None or now - known.tried_at >= FORGOTTEN_AFTER:
        return Tries(count=1, open_at=now, tried_at=now)
    if now < known.open_at:
        return None
    count = known.count + 1
    return Tries(count=count, open_at=now + pause_after(count, kind), tried_at=now)


def pause_after(count: int, kind: TryKind) -> timedelta:
    """Return how long the try after ``count`` failures has to wait."""
    over = count - FREE_TRIES[kind]
    if over < 0:
        return timedelta(0)
    return min(PAUSE_MAX, PAUSE_MIN * (1 << min(over, 10)))


def tries_less_one(known: Tries) -> Tries:
    """Return the counter as if the last try had not been: of a shared network, when somebody came in."""
    return replace(known, count=max(0, known.count - 1), open_at=known.tried_at)
