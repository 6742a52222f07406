"""How much of the organisation's rate limits a pull may use: a part is always left to others."""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.okta.answers import number_in, reset_in_s


@dataclass(slots=True)
class _Window:
    limit: float
    remaining: float
    resets_at: float


class RateBudget:
    """What is known of each limit, by the group of addresses that shares it."""

    def __init__(self, reserve_pct: int) -> None:
        self._reserve = reserve_pct / 100
        self._windows: dict[str, _Window] = {}

    def wait_s(self, bucket: str, now: float) -> float:
        """Return how long to wait before the next request; ``now`` is of a clock that only goes forward."""
        window = self._windows.get(bucket)
        if window is None or now >= window.resets_at or window.remaining > window.limit * self._reserve:
            return 0.0
        return window.resets_at - now + 1

    def spend(self, bucket: str) -> None:
        """Count a request that is about to be made."""
        if window := self._windows.get(bucket):
            window.remaining -= 1

    def note(self, bucket: str, headers: Mapping[str, str], now: float) -> None:
        """Take in what an answer says; answers of one window may come in any order."""
        limit, remaining = number_in(headers, "x-rate-limit-limit"), number_in(headers, "x-rate-limit-remaining")
        reset_s = reset_in_s(headers)
        if not limit or remaining is None or reset_s is None:
            return
        known = self._windows.get(bucket)
        if known is not None and now < known.resets_at and known.remaining < remaining:
            remaining = known.remaining
        self._windows[bucket] = _Window(limit, remaining, now + reset_s)
