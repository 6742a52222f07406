"""Actions on many users are drafted first: everybody who is meant is looked at, and what is shown is kept."""

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple
from uuid import UUID

from directory.bulk_ground import ground_for, may_ask
from directory.commit import in_unit_of
from directory.errors import InvalidError, NotFoundError
from directory.ids import new_id
from directory.model import Actor, TenantId, UserId
from directory.plan_bulk import Ground, Order, Outlook, next_hash, outlook_for
from directory.reach import checked_reason, role_within
from directory.store import access, accounts, bulk_items, bulk_jobs
from directory.store.account_filters import AccountFilter
from directory.store.bulk_jobs import BulkJob, Pair
from directory.store.unit import in_unit

DRAFT_USERS = 500
"""Users looked at between two writes; keeping their outlooks takes the writer for some milliseconds."""

DRAFTS_MAX = 5
"""Drafts that one operator has open; a newer one takes the place of the oldest."""

AT_ONCE: Final = 7
"""So many times are users looked at while the operator waits; a background duty goes on from there."""

WORDS_MAX = 500
_FIRST = UserId(UUID(int=0))


async def draft(order: Order, wanted: AccountFilter, words: str, *, by: Actor, now: datetime) -> BulkJob:
    """Look at everybody who is meant and keep what the action would come to; nobody is changed.

    Raises:
        InvalidError: a role, reason or time that cannot be.
        ForbiddenError: the actor may not manage users, or the role carries more than the actor's own.
    """
    by.require("users:manage")
    if by.user_id is None:
        raise NotFoundError("operator", by.label)
    job = BulkJob(
        tenant_id=by.tenant_id,
        job_id=new_id(now),
        state="drafting",
        order=await _checked(order, by=by, now=now),
        wanted=wanted,
        words=words[:WORDS_MAX],
        asked_by=by.user_id,
        asked_label=by.label,
        created_at=now,
        reached=None,
        plan_hash="",
        pairs=(),
        item_count=0,
        change_count=0,
        applied_count=0,
        skipped_count=0,
        started_at=None,
        ended_at=None,
        carried={role.role_id: frozenset(role.permissions) for role in await access.list_roles(by.tenant_id)},
    )
    await in_unit_of(by, partial(_keep, job))
    for _ in range(AT_ONCE):
        if not await go_on(job.tenant_id, job.job_id, now=now):
            break
    return await bulk_jobs.find_job(job.tenant_id, job.job_id) or job


async def _keep(job: BulkJob) -> None:
    await bulk_jobs.insert_job(job)
    await bulk_jobs.forget_drafts(job.tenant_id, job.asked_by, kept=DRAFTS_MAX)


async def _checked(order: Order, *, by: Actor, now: datetime) -> Order:
    if order.deed == "lock":
        if order.role_id is None:
            raise InvalidError("role", "is needed")
        await role_within(order.role_id, by=by)
        if order.until is not None and order.until <= now:
            raise InvalidError("until", "must lie in the future")
    if order.deed in {"lock", "disable"}:
        return replace(order, reason=checked_reason(order.reason))
    return order


async def go_on(tenant_id: TenantId, job_id: UUID, *, now: datetime) -> bool:
    """Look at the next users of a draft; returns whether some are left.

    They are read before the writer is taken. Where somebody else was faster, what this one saw is dropped.
    """
    job = await bulk_jobs.find_job(tenant_id, job_id)
    if job is None or job.state != "drafting":
        return False
    after = _FIRST if job.reached is None else UserId(job.reached)
    user_ids = await accounts.ids_of_accounts(tenant_id, job.wanted, after=after, limit=DRAFT_USERS)
    ground = await ground_for(job)
    seen = await bulk_items.find_seen(tenant_id, user_ids)
    outlooks = [outlook_for(job.order, seen[user_id], ground) for user_id in user_ids if user_id in seen]
    plan_hash = next_hash(job.plan_hash, outlooks)
    ending = None if user_ids else await _ending(job, ground)

    async def body() -> bool:
        held = await bulk_jobs.find_job(tenant_id, job_id, hold=True)
        if held is None or (held.state, held.reached) != ("drafting", job.reached):
            return held is not None and held.state == "drafting"
        if not may_ask(ground.by):
            await bulk_jobs.end(held, "cancelled", now=now, reason="operator")
            return False
        if ending is not None:
            await _end(held, ending, plan_hash)
            return False
        await bulk_items.add_items(held, outlooks)
        await bulk_jobs.advance_draft(held, outlooks, plan_hash=plan_hash, now=now)
        return True

    return await in_unit(tenant_id, body)


class _Ending(NamedTuple):
    last_administrator: Outlook | None
    pairs: tuple[Pair, ...]


async def _ending(job: BulkJob, ground: Ground) -> _Ending:
    """Go over all that was looked at: before the writer is taken, since nobody but the next step adds to it."""
    last = await bulk_items.find_last_administrator(job, ground.policy.administrator_role_id)
    return _Ending(last, await bulk_items.tally(job))


async def _end(job: BulkJob, ending: _Ending, plan_hash: str) -> None:
    """Leave an administrator, if nobody else would be one; then keep the numbers that are shown."""
    last, pairs = ending
    if last is not None:
        await bulk_items.leave_alone(job, last.user_id, "last administrator")
        plan_hash = next_hash(plan_hash, [replace(last, effect="last administrator")])
        pairs = await bulk_items.tally(job)
    await bulk_jobs.end_draft(job, pairs, plan_hash=plan_hash)
