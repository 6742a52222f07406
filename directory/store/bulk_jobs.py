"""Reads and writes of actions on many users: what was asked, and how far it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from directory.model import RoleId, TenantId, UserId
from directory.plan_bulk import Deed, Effect, Order, Outlook
from directory.store.account_filters import AccountFilter
from directory.store.compiled import Statement
from directory.store.insert import Insert
from directory.store.resting import awake
from directory.store.tables import columns_of
from directory.store.tables_accounts import BulkJobRow
from directory.store.unit import Row, execute, fetch, fetch_one

State = Literal["drafting", "draft", "running", "done", "cancelled", "forgotten"]
EndReason = Literal["", "operator", "failures"]
"""Why an action was stopped: by hand, since its operator may no longer ask for it, or since it failed too often."""

_INSERT_JOB = Insert("bulk_job_row", columns_of(BulkJobRow))
_FIND = "SELECT * FROM bulk_job_row WHERE tenant_id = $1::uuid AND id = $2::uuid AND state <> 'forgotten'"
_JOB = Statement(_FIND)
_JOB_TO_CHANGE = Statement(f"{_FIND} FOR NO KEY UPDATE")
_JOBS = Statement(
    "SELECT * FROM bulk_job_row WHERE tenant_id = $1::uuid AND state <> 'forgotten'"
    " AND (started_at IS NOT NULL OR asked_by = $2::uuid) ORDER BY id DESC LIMIT $3::bigint"
)
# Tenants take turns, and within a tenant its actions: one with a hundred of them holds nobody up.
_UNDER_WAY = Statement(
    "SELECT tenant_id, id, state FROM (SELECT tenant_id, id, state, coalesce(advanced_at, created_at) AS own_turn,"
    " max(coalesce(advanced_at, created_at)) OVER (PARTITION BY tenant_id) AS turn"
    f" FROM bulk_job_row WHERE state IN ('drafting', 'running') AND {awake('tenant_id')}) AS waiting"
    " ORDER BY turn, own_turn, id LIMIT $1::bigint",
    house=True,
)
# Nothing of the row is read: a row that cannot be read is what may have failed.
_PASS_TURN = Statement(
    "UPDATE bulk_job_row SET advanced_at = $3::timestamptz WHERE tenant_id = $1::uuid AND id = $2::uuid"
)
_COUNT_FAILURE = Statement(
    "UPDATE bulk_job_row SET advanced_at = $3::timestamptz, failure_count = failure_count + 1,"
    " state = CASE WHEN failure_count + 1 < $4::bigint THEN state ELSE 'cancelled' END,"
    " ended_at = CASE WHEN failure_count + 1 < $4::bigint THEN ended_at ELSE $3::timestamptz END,"
    " end_reason = CASE WHEN failure_count + 1 < $4::bigint THEN end_reason ELSE 'failures' END"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid AND state IN ('drafting', 'running')"
)
_FORGET_DRAFTS = Statement(
    "UPDATE bulk_job_row SET state = 'forgotten' WHERE tenant_id = $1::uuid AND id IN"
    " (SELECT id FROM bulk_job_row WHERE tenant_id = $1::uuid AND asked_by = $2::uuid"
    " AND state IN ('drafting', 'draft') ORDER BY id DESC LIMIT 1000 OFFSET $3::bigint)"
)
_ADVANCE_DRAFT = Statement(
    "UPDATE bulk_job_row SET reached = $3::uuid, plan_hash = $4::text, item_count = item_count + $5::bigint,"
    " change_count = change_count + $6::bigint, advanced_at = $7::timestamptz, failure_count = 0"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid"
)
_END_DRAFT = Statement(
    "UPDATE bulk_job_row SET state = 'draft', plan_hash = $3::text, change_count = $4::bigint, tally = $5::text"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid"
)
_START = Statement(
    "UPDATE bulk_job_row SET state = 'running', started_at = $3::timestamptz"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid"
)
_COUNT_DONE = Statement(
    "UPDATE bulk_job_row SET applied_count = applied_count + $3::bigint, skipped_count = skipped_count + $4::bigint,"
    " advanced_at = $5::timestamptz, failure_count = 0 WHERE tenant_id = $1::uuid AND id = $2::uuid"
)
_END = Statement(
    "UPDATE bulk_job_row SET state = $3::text, ended_at = $4::timestamptz, end_reason = $5::text"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid"
)
_OLD = Statement(
    "SELECT tenant_id, id FROM bulk_job_row WHERE (state IN ('drafting', 'draft') AND created_at < $1::timestamptz)"
    " OR state = 'forgotten' OR ended_at < $2::timestamptz ORDER BY created_at LIMIT 1",
    house=True,
)
_FORGET_ITEMS = Statement(
    "DELETE FROM bulk_item_row WHERE tenant_id = $1::uuid AND job_id = $2::uuid AND user_id IN"
    " (SELECT user_id FROM bulk_item_row WHERE tenant_id = $1::uuid AND job_id = $2::uuid LIMIT $3::bigint)"
)
_FORGET_JOB = Statement("DELETE FROM bulk_job_row WHERE tenant_id = $1::uuid AND id = $2::uuid")


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """How many users have the same outlook."""

    effect: Effect
    from_role_id: UUID
    to_role_id: UUID
    from_active: bool
    to_active: bool
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkJob:
    """An action on many users: asked for, shown, applied in batches."""

    tenant_id: TenantId
    job_id: UUID
    state: State
    order: Order
    wanted: AccountFilter
    words: str
    """The users who were asked for, in words."""
    asked_by: UserId
    asked_label: str
    created_at: datetime
    reached: UUID | None
    plan_hash: str
    pairs: tuple[Pair, ...]
    """What was shown, once everybody was looked at."""
    item_count: int
    change_count: int
    applied_count: int
    skipped_count: int
    started_at: datetime | None
    ended_at: datetime | None
    carried: Mapping[UUID, frozenset[str]]
    """What each role carried when the action was asked for."""
    failure_count: int = 0
    """How often in a row it could not be gone on with."""
    end_reason: EndReason = ""

    @property
    def settled_count(self) -> int:
        """How many of those who were to change are done with."""
        return self.applied_count + self.skipped_count


async def insert_job(job: BulkJob) -> None:
    """Keep a new action."""
    order = job.order
    await _INSERT_JOB(
        [
            (
                job.tenant_id,
                job.job_id,
                job.state,
                order.deed,
                order.role_id,
                order.reason,
                order.until,
                msgspec.json.encode(job.wanted).decode(),
                job.words,
                job.asked_by,
                job.asked_label,
                job.created_at,
                job.reached,
                job.plan_hash,
                msgspec.json.encode(job.pairs).decode(),
                job.item_count,
                job.change_count,
                job.applied_count,
                job.skipped_count,
                job.started_at,
                job.ended_at,
                msgspec.json.encode({str(key): sorted(role) for key, role in job.carried.items()}).decode(),
                job.created_at,
                job.failure_count,
                job.end_reason,
            )
        ]
    )


async def find_job(tenant_id: TenantId, job_id: UUID, *, hold: bool = False) -> BulkJob | None:
    """Return an action; ``hold`` keeps it as it is until the unit ends."""
    row = await fetch_one(_JOB_TO_CHANGE if hold else _JOB, tenant_id, job_id)
    return None if row is None else _job_from(row)


async def list_jobs(tenant_id: TenantId, user_id: UserId, *, limit: int) -> list[BulkJob]:
    """Return the newest actions; of those that were not applied yet, the user's own."""
    return [_job_from(row) for row in await fetch(_JOBS, tenant_id, user_id, limit)]


async def list_under_way(*, limit: int) -> list[tuple[TenantId, UUID, State]]:
    """Return the actions of all tenants that wait to be gone on with, in the order of their turns."""
    return [(TenantId(row["tenant_id"]), row["id"], row["state"]) for row in await fetch(_UNDER_WAY, limit)]


async def advance_draft(job: BulkJob, outlooks: Sequence[Outlook], *, plan_hash: str, now: datetime) -> None:
    """Note how far the draft is: these outlooks were kept."""
    changes = sum(one.effect == "change" for one in outlooks)
    reached = outlooks[-1].user_id if outlooks else job.reached
    await execute(_ADVANCE_DRAFT, job.tenant_id, job.job_id, reached, plan_hash, len(outlooks), changes, now)


async def end_draft(job: BulkJob, pairs: tuple[Pair, ...], *, plan_hash: str) -> None:
    """Everybody has been looked at: keep what is shown."""
    changes = sum(pair.count for pair in pairs if pair.effect == "change")
    tally = msgspec.json.encode(pairs).decode()
    await execute(_END_DRAFT, job.tenant_id, job.job_id, plan_hash, changes, tally)


async def start(job: BulkJob, *, now: datetime) -> None:
    """Let the action be applied."""
    await execute(_START, job.tenant_id, job.job_id, now)


async def end(job: BulkJob, state: Literal["done", "cancelled"], *, now: datetime, reason: EndReason = "") -> None:
    """Let nothing more of the action be applied."""
    await execute(_END, job.tenant_id, job.job_id, state, now, reason)


async def pass_turn(tenant_id: TenantId, job_id: UUID, *, now: datetime) -> None:
    """Let the others come first."""
    await execute(_PASS_TURN, tenant_id, job_id, now)


async def count_failure(tenant_id: TenantId, job_id: UUID, *, failures_max: int, now: datetime) -> None:
    """Let the others come first, and end an action that has failed so often in a row."""
    await execute(_COUNT_FAILURE, tenant_id, job_id, now, failures_max)


async def forget_drafts(tenant_id: TenantId, user_id: UserId, *, kept: int) -> None:
    """Forget all but the newest drafts of an operator; ``forget_oldest`` deletes what they hold."""
    await execute(_FORGET_DRAFTS, tenant_id, user_id, kept)


async def count_done(job: BulkJob, *, applied: int, skipped: int, now: datetime) -> None:
    """Count users who are done with."""
    await execute(_COUNT_DONE, job.tenant_id, job.job_id, applied, skipped, now)


async def forget_oldest(*, drafted_before: datetime, ended_before: datetime, limit: int) -> int:
    """Delete a part of one old action; returns how much, 0 when none is old enough."""
    row = await fetch_one(_OLD, drafted_before, ended_before)
    if row is None:
        return 0
    count = await execute(_FORGET_ITEMS, row["tenant_id"], row["id"], limit)
    return count or await execute(_FORGET_JOB, row["tenant_id"], row["id"])


def _job_from(row: Row) -> BulkJob:
    deed: Deed = row["deed"]
    role_id = row["role_id"]
    return BulkJob(
        tenant_id=TenantId(row["tenant_id"]),
        job_id=row["id"],
        state=row["state"],
        order=Order(
            deed=deed,
            role_id=None if role_id is None else RoleId(role_id),
            reason=row["reason"],
            until=row["until"],
        ),
        wanted=msgspec.json.decode(row["wanted"], type=AccountFilter),
        words=row["words"],
        asked_by=UserId(row["asked_by"]),
        asked_label=row["asked_label"],
        created_at=row["created_at"],
        reached=row["reached"],
        plan_hash=row["plan_hash"],
        pairs=msgspec.json.decode(row["tally"], type=tuple[Pair, ...]),
        item_count=row["item_count"],
        change_count=row["change_count"],
        applied_count=row["applied_count"],
        skipped_count=row["skipped_count"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        carried=msgspec.json.decode(row["carried"], type=dict[UUID, frozenset[str]]),
        failure_count=row["failure_count"],
        end_reason=row["end_reason"],
    )
