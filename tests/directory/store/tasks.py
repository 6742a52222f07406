"""Start callers side by side, and see how each of them fared."""

import asyncio
from collections.abc import Coroutine
from typing import Any


def start(*callers: Coroutine[Any, Any, object]) -> list[asyncio.Task[object]]:
    loop = asyncio.get_running_loop()
    return [loop.create_task(caller) for caller in callers]


async def results(*tasks: asyncio.Task[object]) -> list[BaseException | None]:
    """Wait for all and return the error of each, or None."""
    await asyncio.wait(tasks)
    return [asyncio.CancelledError() if task.cancelled() else task.exception() for task in tasks]
