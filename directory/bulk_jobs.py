"""Actions on many users, applied as they were shown: in batches, each whole, and resumed after any interruption."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from directory.bulk_ground import ground_for, may_ask, roles_as_shown
from directory.commit import commit_plan, in_followed_unit, in_unit_of
from directory.errors import (
    AlreadyExistsError,
    ForbiddenError,
    InvalidError,
    LastAdministratorError,
    NotFoundError,
    RefusedError,
    StaleError,
)
from directory.facts import Moment
from directory.model import Actor, TenantId, UserId
from directory.plan import joined_plan
from directory.plan_bulk import Ground, Outlook, Seen, outlook_for, plan_for
from directory.store import bulk_items, bulk_jobs
from directory.store.bulk_items import BulkItem, Kind, Outcome
from directory.store.bulk_jobs import BulkJob, EndReason, Pair
from directory.store.policy import read_policy
from directory.store.unit import in_unit, savepoint

__all__ = [
    "BulkItem",
    "BulkJob",
    "EndReason",
    "Kind",
    "Outcome",
    "Pair",
    "apply_draft",
    "cancel_job",
    "count_skipped",
    "each_item",
    "forget_old",
    "get_job",
    "list_items",
    "list_jobs",
    "pass_turn",
    "run_batch",
]

BATCH_USERS = 20
"""Users of one unit of work: about 10 ms, so that SCIM writers hardly wait."""

AT_ONCE_USERS = 60
"""So many are changed while the operator waits; more become a job of the background."""

DRAFT_LIFETIME = timedelta(hours=1)
DRAFTS_KEPT = timedelta(days=1)
JOBS_KEPT = timedelta(days=90)
LISTED_MAX = 50
FORGOTTEN_ITEMS = 1_000
EXPORT_PAGE = 500
REFUSALS = (RefusedError, AlreadyExistsError, ForbiddenError, InvalidError)
FAILURES_MAX = 5
"""Failures in a row after which an action is ended."""

_FIRST = UUID(int=0)
_Settled = list[tuple[UserId, Outcome]]


class OldDraftError(RefusedError):
    """What was shown is too long ago to be applied."""

    def __init__(self) -> None:
        super().__init__("this preview is more than an hour old: look at it anew")


async def get_job(job_id: UUID, *, by: Actor) -> BulkJob:
    """Return an action; before it is applied, only to whoever asked for it.

    Raises:
        NotFoundError: there is none.
        ForbiddenError: the actor may not manage users.
    """
    by.require("users:manage")
    job = await bulk_jobs.find_job(by.tenant_id, job_id)
    if job is None or (job.started_at is None and job.asked_by != by.user_id):
        raise NotFoundError("action", job_id)
    return job


async def list_jobs(*, by: Actor) -> list[BulkJob]:
    """Return the newest actions; drafts are shown to whoever made them."""
    by.require("users:manage")
    return [] if by.user_id is None else await bulk_jobs.list_jobs(by.tenant_id, by.user_id, limit=LISTED_MAX)


async def list_items(job: BulkJob, kind: Kind, *, after: UUID | None, limit: int) -> list[BulkItem]:
    """Return users who are to change, who are left alone, or who were skipped after all, in the order of their ids."""
    return await bulk_items.list_items(job, kind, after=after or _FIRST, limit=limit)


async def each_item(job: BulkJob, kind: Kind) -> AsyncIterator[BulkItem]:
    """Yield all of them, reading a page at a time."""
    after = _FIRST
    while found := await bulk_items.list_items(job, kind, after=after, limit=EXPORT_PAGE):
        for item in found:
            yield item
        after = found[-1].outlook.user_id


async def count_skipped(job: BulkJob) -> list[tuple[Outcome, int]]:
    """Return how many users were skipped, by reason."""
    return await bulk_items.count_skipped(job)


async def apply_draft(job_id: UUID, plan_hash: str, *, by: Actor, now: datetime) -> BulkJob:
    """Apply what was shown: a few users at once, many in the background. Asking again changes nothing more.

    Raises:
        NotFoundError, ForbiddenError: as for ``get_job``.
        StaleError: something else was shown.
        OldDraftError: it was shown too long ago.
    """
    await get_job(job_id, by=by)

    async def body() -> BulkJob:
        job = await _held(by.tenant_id, job_id)
        if job.state == "draft":
            if job.plan_hash != plan_hash:
                raise StaleError("preview", job_id, actual=job.item_count)
            if now - job.created_at > DRAFT_LIFETIME:
                raise OldDraftError
            await bulk_jobs.start(job, now=now)
        return job

    job = await in_unit_of(by, body)
    if job.change_count <= AT_ONCE_USERS:
        while await run_batch(by.tenant_id, job_id, now=now):
            pass
    return await get_job(job_id, by=by)


async def cancel_job(job_id: UUID, *, by: Actor, now: datetime) -> None:
    """Stop an action behind the batch that is under way; what it did stays done.

    Raises:
        NotFoundError, ForbiddenError: as for ``get_job``.
    """
    await get_job(job_id, by=by)

    async def body() -> None:
        job = await _held(by.tenant_id, job_id)
        if job.state in {"drafting", "draft", "running"}:
            await bulk_jobs.end(job, "cancelled", now=now)

    await in_unit_of(by, body)


async def run_batch(tenant_id: TenantId, job_id: UUID, *, now: datetime) -> int:
    """Change the next users of an action that runs; returns how many were settled.

    Changes and what came of them are of one unit of work: whoever dies in between has done none of it, and the next
    one begins with the same users.
    """
    found = await bulk_jobs.find_job(tenant_id, job_id)
    if found is None or found.state != "running":
        return 0

    async def body() -> int:
        job = await _held(tenant_id, job_id)
        if job.state != "running":
            return 0
        await read_policy(tenant_id, hold="to decide")
        ground = await ground_for(job)
        if not may_ask(ground.by):
            await bulk_jobs.end(job, "cancelled", now=now, reason="operator")
            return 0
        shown = await bulk_items.list_open(job, limit=BATCH_USERS)
        if shown:
            await bulk_items.settle(job, await _settled(job, shown, ground, now=now), now=now)
        if len(shown) < BATCH_USERS:
            await bulk_jobs.end(job, "done", now=now)
        return len(shown)

    return await in_followed_unit(tenant_id, body)


async def pass_turn(tenant_id: TenantId, job_id: UUID, *, failed: bool, now: datetime) -> None:
    """Let other actions come before this one, which could not be gone on with; end it if it failed too often."""

    async def body() -> None:
        if failed:
            await bulk_jobs.count_failure(tenant_id, job_id, failures_max=FAILURES_MAX, now=now)
        else:
            await bulk_jobs.pass_turn(tenant_id, job_id, now=now)

    await in_unit(tenant_id, body)


async def forget_old(*, now: datetime) -> int:
    """Delete a part of one action that is old enough; returns how much, 0 when none is left."""
    return await bulk_jobs.forget_oldest(
        drafted_before=now - DRAFTS_KEPT, ended_before=now - JOBS_KEPT, limit=FORGOTTEN_ITEMS
    )


async def _settled(job: BulkJob, shown: Sequence[Outlook], ground: Ground, *, now: datetime) -> _Settled:
    """Change those who are as they were shown, all by one plan; one by one if that is refused."""
    stand, by = await roles_as_shown(job), ground.by
    seen = await bulk_items.find_seen(job.tenant_id, [one.user_id for one in shown], hold=True)
    skipped: _Settled = []
    same: list[Seen] = []
    for one in shown:
        reason = _reason_to_skip(job, one, seen.get(one.user_id), ground)
        if reason is None and job.order.deed != "disable" and one.to_role_id not in stand:
            reason = "changed since"  # the role is gone, or carries something else than when it was shown
        if reason is None:
            same.append(seen[one.user_id])
        else:
            skipped.append((one.user_id, reason))
    # Moves of locks are counted in a row for each ending of an id: two actions at once take these in the same order.
    same.sort(key=lambda seen: str(seen.user.user_id)[-2:])
    moment = Moment(at=now, by=by)
    try:
        async with savepoint():
            plan = joined_plan(*(plan_for(job.order, user, ground, moment=moment) for user in same))
            await commit_plan(plan, by=by, now=now, job_id=job.job_id)
    except REFUSALS:
        return skipped + [(one.user.user_id, await _apart(job, one, ground, moment)) for one in same]
    return skipped + [(one.user.user_id, "done") for one in same]


def _reason_to_skip(job: BulkJob, shown: Outlook, seen: Seen | None, ground: Ground) -> Outcome | None:
    if seen is None:
        return "gone"
    outlook = outlook_for(job.order, seen, ground)
    if outlook == shown:
        return None
    return outlook.effect if outlook.effect in {"beyond you", "last administrator"} else "changed since"


async def _apart(job: BulkJob, one: Seen, ground: Ground, moment: Moment) -> Outcome:
    try:
        async with savepoint():
            plan = plan_for(job.order, one, ground, moment=moment)
            await commit_plan(plan, by=moment.by, now=moment.at, job_id=job.job_id)
    except LastAdministratorError:
        return "last administrator"
    except REFUSALS:
        return "refused"
    return "done"


async def _held(tenant_id: TenantId, job_id: UUID) -> BulkJob:
    job = await bulk_jobs.find_job(tenant_id, job_id, hold=True)
    if job is None:
        raise NotFoundError("action", job_id)
    return job
