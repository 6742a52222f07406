"""Walking through a check: each step timed and put in words, nothing tried any more once one has failed."""

import time
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from connectors.connector import Finding, Step
from connectors.errors import SourceError
from connectors.records import Record


class Steps:
    """The steps of a check so far."""

    def __init__(self) -> None:
        self.taken: list[Step] = []

    @property
    def failed(self) -> bool:
        """Whether a step has failed."""
        return any(one.outcome == "failed" for one in self.taken)

    async def take(self, key: str, words: str, deed: Callable[[], Awaitable[Step | str]]) -> None:
        """Do one step: ``deed`` gives what it found in words, or a Step with another outcome, or raises SourceError."""
        if self.failed:
            self.taken.append(Step(key=key, words=words, outcome="skipped"))
            return
        begun = time.monotonic()
        try:
            made = await deed()
        except SourceError as error:
            made = Step(outcome="failed", detail=error.words, remedy=error.remedy, kind=error.kind)
        if isinstance(made, str):
            made = Step(outcome="passed", detail=made)
        latency_ms = round((time.monotonic() - begun) * 1000)
        self.taken.append(msgspec.structs.replace(made, key=key, words=words, latency_ms=latency_ms))


def failed(detail: str, *, remedy: str = "", missing: tuple[str, ...] = ()) -> Step:
    """Return a step that failed; whoever takes it gives it its name."""
    return Step(outcome="failed", detail=detail, remedy=remedy, missing=missing)


def warned(detail: str, *, remedy: str) -> Step:
    """Return a step that passed, but."""
    return Step(outcome="warned", detail=detail, remedy=remedy)


class Look(Protocol):
    """A look for one person: what each step does, and what they found out."""

    record: Record | None
    groups: tuple[str, ...]

    async def connected(self) -> Step | str:
        """Get in."""

    async def found(self) -> Step | str:
        """Read the user, and the groups that have them."""

    async def scoped(self) -> Step | str:
        """Tell whether the user is meant."""


async def looked_for(look: Look, *, connect: str | None) -> Finding:
    """Return what a look found; ``connect`` words the first step, None leaves it out."""
    steps = Steps()
    if connect is not None:
        await steps.take("connect", connect, look.connected)
    await steps.take("find", "Find the user", look.found)
    if look.record is not None:
        await steps.take("scope", "In scope", look.scoped)
    taken = tuple(steps.taken)
    in_scope = taken[-1].key == "scope" and not steps.failed
    return Finding(steps=taken, record=look.record, groups=look.groups, in_scope=in_scope)
