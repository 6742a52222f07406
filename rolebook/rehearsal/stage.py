"""How a rehearsal goes on: acts one after the other, and the objects of an act side by side, each in its own order."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from rolebook.rehearsal.tally import Tally
from rolebook.rehearsal.wire import AbandonedError

Sequenced = Callable[[], Awaitable[None]]
"""What is done with one object: requests that follow each other."""


@dataclass(frozen=True, slots=True)
class Act:
    """Part of a rehearsal; the next one begins when every object of this one is done."""

    name: str
    objects: Sequence[Sequenced]


class Progress(Protocol):
    """Whoever is told how far a rehearsal is."""

    def begin(self, act: Act) -> None:
        """An act begins."""

    def advance(self) -> None:
        """One object is done."""

    def end(self) -> None:
        """The act is over, well or not."""


async def perform(acts: Sequence[Act], tally: Tally, progress: Progress, *, concurrency: int) -> None:
    """Play all acts, with as many objects at a time as the provider would.

    Raises:
        ExceptionGroup: of UnreachableError; nothing is sent after it.
    """
    for act in acts:
        progress.begin(act)
        # Workers share one iterator, so that each takes the next object as soon as it is free.
        waiting = iter(act.objects)
        try:
            async with asyncio.TaskGroup() as workers:
                for _ in range(min(concurrency, len(act.objects))):
                    workers.create_task(_work(waiting, tally, progress))
        finally:
            progress.end()


async def _work(waiting: Iterator[Sequenced], tally: Tally, progress: Progress) -> None:
    for play in waiting:
        try:
            await play()
        except AbandonedError:
            tally.abandoned += 1
        progress.advance()
