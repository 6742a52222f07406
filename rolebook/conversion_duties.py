"""Conversions of user names in the background: scanned, converted and undone batch by batch; former names ended."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from directory import aliases, conversion_runs, conversion_scans, conversions, fields
from directory.errors import UnavailableError
from directory.leases import LeaseLostError
from directory.model import TenantId
from directory.store import conversions as rows


async def has_open_conversions(_now: datetime) -> bool:
    """Whether a conversion waits to be gone on with."""
    return bool(await rows.list_under_way(limit=1))


async def advance_conversions(now: datetime) -> int:
    """Do one batch of the conversion whose turn it is; returns 1 while some are left.

    Where that fails, so does this run of the duty, and the next one begins with the others.
    """
    for tenant_id, job_id, state in await rows.list_under_way(limit=1):
        async with _Turn(tenant_id, job_id, now):
            await _advance(tenant_id, job_id, state, now=now)
        return 1
    return 0


class _Turn(NamedTuple):
    """The turn of one conversion: if it fails, the others come first, and the failure is counted."""

    tenant_id: TenantId
    job_id: UUID
    now: datetime

    async def __aenter__(self) -> None:
        """Begin."""

    async def __aexit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Let the error go on its way; a lost lease, and a process that stops, are no failures of the conversion."""
        if isinstance(error, Exception) and not isinstance(error, LeaseLostError):
            failed = not isinstance(error, UnavailableError)
            await conversion_runs.note_failure(self.tenant_id, self.job_id, failed=failed, now=self.now)


async def _advance(tenant_id: TenantId, job_id: UUID, state: rows.State, *, now: datetime) -> None:
    match state:
        case "running":
            await conversion_runs.run_batch(tenant_id, job_id, now=now)
        case "undoing":
            await conversion_runs.undo_batch(tenant_id, job_id, now=now)
        case _:
            await conversion_scans.go_on(tenant_id, job_id, now=now)


async def forget_conversions(now: datetime) -> int:
    """Delete scans nobody confirmed, and reports nobody looks at any more."""
    return await conversions.forget_old(now=now)


async def advance_fields(now: datetime) -> int:
    """Read the values of some users into a new field, or delete some of a removed one."""
    return await fields.advance_fields(now=now)


async def end_aliases(now: datetime) -> int:
    """Let former user names match no more whose time is over."""
    return await aliases.end_aliases(now=now)
