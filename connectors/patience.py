"""Trying again: how long to wait after which error, and when to give up."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from connectors.errors import SourceError
from connectors.terms import BACKOFF_MAX_S, Terms

Result = TypeVar("Result")


async def patiently(attempt: Callable[[], Awaitable[Result]], *, terms: Terms, who: str) -> Result:
    """Return what ``attempt`` gives, tried again after errors that may pass.

    Raises:
        SourceError: the error did not pass in as many tries as its kind deserves, or asks for a longer wait than
            the terms allow.
    """
    tried = 0
    while True:
        tried += 1
        try:
            return await attempt()
        except SourceError as error:
            seconds = wait_s_for(error, tried, jitter=terms.clock.jitter)
            if tried >= error.tries or seconds > terms.wait_max_s:
                raise
            throttled = error.kind == "throttled"
        if seconds:
            await terms.pause(seconds, who=who, throttled=throttled)


def wait_s_for(error: SourceError, tried: int, *, jitter: Callable[[float], float]) -> float:
    """Return how long to wait after the ``tried``-th try; what the source says wins over our own back-off."""
    if error.retry_after_s is not None:
        return max(0.0, error.retry_after_s)
    if error.kind == "auth":
        return 0.0
    return min(BACKOFF_MAX_S, 2.0 ** (tried - 1)) / 2 + jitter(min(BACKOFF_MAX_S, 2.0 ** (tried - 1)) / 2)
