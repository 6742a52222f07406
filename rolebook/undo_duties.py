"""Undoing actions on many in the background, batch by batch."""

from datetime import datetime

from directory import undo_batches, undo_forgetting
from directory.errors import UnavailableError
from directory.leases import LeaseLostError


async def advance_undos(now: datetime) -> int:
    """Take back one batch of the oldest run; returns 1 while some are left."""
    async with Broken(now=now):
        return await undo_batches.advance_runs(now=now)


async def forget_undos(now: datetime) -> int:
    """Delete what changes found and left so long ago that they are not undone any more: one batch."""
    return await undo_forgetting.forget_steps(now=now)


class Broken:
    """Ends a run that fails in a way nobody foresaw, so that others come to their turn; the error goes on its way."""

    def __init__(self, *, now: datetime) -> None:
        """Remember when."""
        self._now = now

    async def __aenter__(self) -> None:
        """Begin."""

    async def __aexit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """A lost lease, a busy database, and a process that stops, are no failures of the run."""
        if isinstance(error, Exception) and not isinstance(error, LeaseLostError | UnavailableError):
            await undo_batches.end_broken(now=self._now)
