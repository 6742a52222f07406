"""When something that could not be handed over is tried again."""

from collections.abc import Sequence
from datetime import datetime, timedelta

MAIL_DELAYS_S: Sequence[int] = (30, 60, 120, 300, 600, 1_800, 3_600, 10_800, 21_600)
"""Greylisting servers let one in after minutes; a server that is down over a night is there again by the last one."""

WEBHOOK_DELAYS_S: Sequence[int] = (5, 30, 120, 300, 900, 1_800, 3_600, 10_800, 21_600, 43_200)
"""About a day in all, as the Standard Webhooks specification proposes."""

SPREAD = 0.2
"""Delays are made up to a fifth longer, so that what failed together does not come back together."""


def next_try_at(delays_s: Sequence[int], tries: int, *, now: datetime, chance: float) -> datetime | None:
    """Return when to try again after ``tries`` tries; None when there were enough.

    ``chance`` is any number from 0 to 1.
    """
    if tries > len(delays_s):
        return None
    return now + timedelta(seconds=delays_s[max(tries, 1) - 1] * (1 + SPREAD * chance))


def tries_max(delays_s: Sequence[int]) -> int:
    """Return how often something is tried at most."""
    return len(delays_s) + 1
