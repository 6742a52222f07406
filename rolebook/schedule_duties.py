"""Reports sent in the background, one after the other: what was asked for first, then what is due."""

from collections.abc import Awaitable
from datetime import datetime
from functools import partial
from typing import Protocol

from directory import schedule_runs
from directory.errors import UnavailableError
from directory.leases import LeaseLostError


class Note(Protocol):
    """Writes down that a sending failed."""

    def __call__(self, *, counts: bool) -> Awaitable[None]:
        """``counts``: whether the sending itself is to blame."""


async def has_reports_to_send(now: datetime) -> bool:
    """Whether a schedule is due, or somebody asked for a sending."""
    return bool(await schedule_runs.list_asked(now=now) or await schedule_runs.list_due(now=now))


async def send_reports(now: datetime) -> int:
    """Send the first report that can be sent; returns 1 while there may be more.

    Where one fails, this run of the duty goes on with the others, and fails at its end.
    """
    failures: list[Exception] = []
    sent = await _send_one_asked(failures, now) or await _send_one_due(failures, now)
    if len(failures) > 1:
        raise ExceptionGroup("reports could not be sent", failures)
    if failures:
        raise failures[0]
    return int(sent)


async def _send_one_asked(failures: list[Exception], now: datetime) -> bool:
    for tenant_id, run_id in await schedule_runs.list_asked(now=now):
        async with Passing(failures), Trying(partial(schedule_runs.note_asked_failure, tenant_id, run_id, now=now)):
            await schedule_runs.send_asked(tenant_id, run_id, now=now)
            return True
    return False


async def _send_one_due(failures: list[Exception], now: datetime) -> bool:
    for tenant_id, schedule_id in await schedule_runs.list_due(now=now):
        async with Passing(failures), Trying(partial(schedule_runs.note_due_failure, tenant_id, schedule_id, now=now)):
            await schedule_runs.send_due(tenant_id, schedule_id, now=now)
            return True
    return False


class Passing:
    """Goes on with the others after one that failed, even if that could not be written down."""

    def __init__(self, failures: list[Exception]) -> None:
        """Remember where failures are kept."""
        self._failures = failures

    async def __aenter__(self) -> None:
        """Begin."""

    async def __aexit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        """Keep what failed; a lost lease, no database, and a process that stops end this run of the duty."""
        if isinstance(error, Exception) and not isinstance(error, LeaseLostError | UnavailableError):
            self._failures.append(error)
            return True
        return False


class Trying:
    """One sending: if it fails that is noted, so that the others come first and five failures end it."""

    def __init__(self, note: Note) -> None:
        """Remember how a failure is noted."""
        self._note = note

    async def __aenter__(self) -> None:
        """Begin."""

    async def __aexit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Let the error go on its way; a lost lease, and a process that stops, are no failures of the sending."""
        if isinstance(error, Exception) and not isinstance(error, LeaseLostError):
            await self._note(counts=not isinstance(error, UnavailableError))
