"""Actions on many users in the background: drafts are finished and what was confirmed is applied, batch by batch."""

from datetime import datetime
from uuid import UUID

from directory import bulk_drafts, bulk_jobs
from directory.errors import UnavailableError
from directory.leases import LeaseLostError
from directory.model import TenantId
from directory.store import bulk_jobs as rows


async def has_open_actions(_now: datetime) -> bool:
    """Whether a draft or an action waits to be gone on with."""
    return bool(await rows.list_under_way(limit=1))


async def advance_actions(now: datetime) -> int:
    """Do one batch of the action whose turn it is; returns 1 while some are left.

    Where that fails, so does this run of the duty, and the next one begins with the others.
    """
    for tenant_id, job_id, state in await rows.list_under_way(limit=1):
        async with Turn(tenant_id, job_id, now=now):
            await _advance(tenant_id, job_id, state, now=now)
        return 1
    return 0


class Turn:
    """The turn of one action: if it fails, the others come first, and the failure is counted."""

    def __init__(self, tenant_id: TenantId, job_id: UUID, *, now: datetime) -> None:
        """Remember whose turn it is."""
        self._tenant_id = tenant_id
        self._job_id = job_id
        self._now = now

    async def __aenter__(self) -> None:
        """Begin."""

    async def __aexit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Let the error go on its way; a lost lease, and a process that stops, are no failures of the action."""
        if isinstance(error, Exception) and not isinstance(error, LeaseLostError):
            failed = not isinstance(error, UnavailableError)
            await bulk_jobs.pass_turn(self._tenant_id, self._job_id, failed=failed, now=self._now)


async def _advance(tenant_id: TenantId, job_id: UUID, state: rows.State, *, now: datetime) -> None:
    if state == "drafting":
        await bulk_drafts.go_on(tenant_id, job_id, now=now)
    else:
        await bulk_jobs.run_batch(tenant_id, job_id, now=now)


async def forget_actions(now: datetime) -> int:
    """Delete old drafts, and actions whose results nobody looks at any more."""
    return await bulk_jobs.forget_old(now=now)
