"""On what terms a directory elsewhere is pulled: patience, budgets, and whom to tell about waits."""

import asyncio
import random
import ssl
import time
from dataclasses import dataclass, field
from typing import Protocol

from connectors.errors import SourceError

BACKOFF_MAX_S = 16.0


class Clock(Protocol):
    """Time as pulls need it: how much of it passed, and letting some pass."""

    def monotonic(self) -> float:
        """Seconds since some moment."""

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""

    def jitter(self, most: float) -> float:
        """Give a random number between nothing and ``most``."""


class SystemClock:
    """The machine's own."""

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)

    def jitter(self, most: float) -> float:
        """Give a random number between nothing and ``most``."""
        return random.uniform(0, most)  # noqa: S311 spreads retries, keeps no secret


@dataclass(frozen=True, slots=True)
class Wait:
    """A pause that the source asked for, or that we make before trying again."""

    seconds: float
    throttled: bool
    words: str
    """As a person reads it: "Microsoft Graph asked us to wait 27 s"."""


class Progress(Protocol):
    """Who wants to know how a pull gets on; called between requests, so answer at once."""

    def waiting(self, wait: Wait) -> None:
        """A pause begins."""

    def requested(self) -> None:
        """A request was answered."""


class Silent:
    """Nobody wants to know."""

    def waiting(self, wait: Wait) -> None:
        """A pause begins."""

    def requested(self) -> None:
        """A request was answered."""


def public_tls() -> ssl.SSLContext:
    """Trust who everybody trusts."""
    return ssl.create_default_context()


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """How the outside is reached. No proxy or trust of the environment's is used."""

    tls: ssl.SSLContext = field(default_factory=public_tls)
    private_addresses: bool = False
    """Whether addresses that are not global may be reached: for directories on the own network, and tests."""
    graph_at: tuple[str, str] | None = None
    """Where Microsoft signs in and where its Graph is, instead of the clouds that are known."""
    timeout_s: float = 30
    """Of one request; reading a page counts as part of it."""
    body_bytes_max: int = 32 << 20
    """Of one answer, unpacked."""


@dataclass(slots=True, kw_only=True)
class Terms:
    """One pull's terms, and what it has used of them."""

    network: Network
    progress: Progress = field(default_factory=Silent)
    clock: Clock = field(default_factory=SystemClock)
    wait_max_s: float = 120
    """A longer wait ends the pull; it goes on later from the page where it was."""
    requests_max: int = 200_000
    seconds_max: float = 4 * 3600
    requests: int = 0
    waited_s: float = 0
    begun: float = field(init=False)

    def __post_init__(self) -> None:
        self.begun = self.clock.monotonic()

    def spend(self) -> None:
        """Count a request.

        Raises:
            SourceError: the pull has used up its requests or its time.
        """
        if self.requests >= self.requests_max:
            raise SourceError("transient", f"the pull made {self.requests} requests, and ended there", final=True)
        if self.clock.monotonic() - self.begun > self.seconds_max:
            raise SourceError("transient", f"the pull took over {self.seconds_max / 60:.0f} minutes", final=True)
        self.requests += 1
        self.progress.requested()

    async def pause(self, seconds: float, *, who: str, throttled: bool) -> None:
        """Wait, and tell who wants to know."""
        words = f"{who} asked us to wait {seconds:.0f} s" if throttled else f"trying {who} again in {seconds:.0f} s"
        self.progress.waiting(Wait(seconds, throttled, words))
        self.waited_s += seconds
        await self.clock.sleep(seconds)
