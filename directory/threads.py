"""Work on values that would keep the event loop from others, done on a thread."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

MANY = 2_000
"""From so many values on, working on them takes more than a few milliseconds."""


async def worked_out(work: Callable[[], Result], *, count: int) -> Result:
    """Return what ``work`` gives: done here, or on a thread where it goes over many values; it does no I/O."""
    return await asyncio.to_thread(work) if count >= MANY else work()
