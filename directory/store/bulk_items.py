"""Reads and writes of single users of an action on many: what was shown of each, and what came of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from directory.model import RoleId, TenantId, UserId
from directory.plan_bulk import Effect, Outlook, Seen
from directory.plan_status import SigninBlock
from directory.store.bulk_jobs import BulkJob, Pair, count_done
from directory.store.compiled import Statement
from directory.store.holding import HeldRead
from directory.store.insert import ON_A_THREAD_ROWS, Insert
from directory.store.people import USER, mapped_groups_of
from directory.store.rows import user_from
from directory.store.tables import columns_of
from directory.store.tables_accounts import BulkItemRow
from directory.store.unit import Row, execute, fetch, fetch_one

Outcome = Effect | Literal["done", "changed since", "gone", "refused"]
"""``done``, or why a user who was to change was left alone after all."""

Kind = Literal["changes", "left", "skipped"]

_INSERT_ITEMS = Insert("bulk_item_row", columns_of(BulkItemRow))
_TALLY = Statement(
    "SELECT effect, from_role_id, to_role_id, from_active, to_active, count(*) AS people FROM bulk_item_row"
    " WHERE tenant_id = $1::uuid AND job_id = $2::uuid"
    " GROUP BY effect, from_role_id, to_role_id, from_active, to_active"
    " ORDER BY people DESC, effect, from_role_id, to_role_id"
)
_OPEN = Statement(
    "SELECT * FROM bulk_item_row WHERE tenant_id = $1::uuid AND job_id = $2::uuid AND effect = 'change'"
    " AND outcome IS NULL ORDER BY user_id LIMIT $3::bigint"
)
_SETTLE = Statement(
    "UPDATE bulk_item_row SET outcome = $3::text"
    " WHERE tenant_id = $1::uuid AND job_id = $2::uuid AND user_id = ANY($4::uuid[])"
)
_REFUSE = Statement(
    "UPDATE bulk_item_row SET effect = $3::text WHERE tenant_id = $1::uuid AND job_id = $2::uuid AND user_id = $4::uuid"
)
_ITEMS = Statement(
    "SELECT i.*, u.user_name, u.display_name FROM bulk_item_row i"
    " JOIN user_row u ON u.tenant_id = i.tenant_id AND u.id = i.user_id"
    " WHERE i.tenant_id = $1::uuid AND i.job_id = $2::uuid AND i.user_id > $3::uuid AND CASE $4::text"
    " WHEN 'changes' THEN i.effect = 'change'"
    " WHEN 'left' THEN i.effect <> 'change' ELSE i.outcome IS NOT NULL AND i.outcome <> 'done' END"
    " ORDER BY i.user_id LIMIT $5::bigint"
)
_SKIPPED = Statement(
    "SELECT outcome, count(*) AS people FROM bulk_item_row WHERE tenant_id = $1::uuid AND job_id = $2::uuid"
    " AND outcome IS NOT NULL AND outcome <> 'done' GROUP BY outcome ORDER BY people DESC, outcome"
)
# Whether an administrator stays whom the action does not touch; and the last one whom it would.
_ADMINISTRATOR_LEFT = Statement(
    "SELECT 1 AS found FROM user_row u WHERE u.tenant_id = $1::uuid AND u.role_id = $3::uuid AND u.active"
    " AND u.deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM bulk_item_row i WHERE i.tenant_id = u.tenant_id"
    " AND i.job_id = $2::uuid AND i.user_id = u.id AND i.effect = 'change'"
    " AND (i.to_role_id <> $3::uuid OR NOT i.to_active)) LIMIT 1"
)
_LAST_LOST = Statement(
    "SELECT * FROM bulk_item_row WHERE tenant_id = $1::uuid AND job_id = $2::uuid AND effect = 'change'"
    " AND from_role_id = $3::uuid AND from_active ORDER BY user_id DESC LIMIT 1"
)
_FIND = Statement(f"{USER} WHERE u.tenant_id = $1::uuid AND u.id = ANY($2::uuid[]) AND u.deleted_at IS NULL")
_HOLD = HeldRead(
    f"{USER} WHERE u.tenant_id = $1::uuid AND u.id = ANY($2::uuid[]) AND u.deleted_at IS NULL ORDER BY u.id", of="u"
)
_BLOCKS = Statement(
    "SELECT user_id, reason, owner, created_at FROM signin_block_row"
    " WHERE tenant_id = $1::uuid AND user_id = ANY($2::uuid[])"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkItem:
    """One user of such an action."""

    outlook: Outlook
    user_name: str
    display_name: str
    outcome: Outcome | None


async def add_items(job: BulkJob, outlooks: Sequence[Outlook]) -> None:
    """Keep outlooks of users who have none yet."""
    await _INSERT_ITEMS(
        (
            job.tenant_id,
            job.job_id,
            one.user_id,
            one.effect,
            one.from_role_id,
            one.to_role_id,
            one.from_active,
            one.to_active,
            one.locked,
            None,
        )
        for one in outlooks
    )


async def tally(job: BulkJob) -> tuple[Pair, ...]:
    """Return how many users have which outlook, the most frequent first."""
    rows = await fetch(_TALLY, job.tenant_id, job.job_id, unbounded=True)
    return tuple(_pair_from(row) for row in rows)


async def find_last_administrator(job: BulkJob, role_id: RoleId) -> Outlook | None:
    """Return whom the action has to leave alone, if otherwise no active administrator were left."""
    if await fetch_one(_ADMINISTRATOR_LEFT, job.tenant_id, job.job_id, role_id) is not None:
        return None
    row = await fetch_one(_LAST_LOST, job.tenant_id, job.job_id, role_id)
    return None if row is None else _outlook_from(row)


async def leave_alone(job: BulkJob, user_id: UserId, effect: Effect) -> None:
    """Say of one who was to change that it will not."""
    await execute(_REFUSE, job.tenant_id, job.job_id, effect, user_id)


async def list_open(job: BulkJob, *, limit: int) -> list[Outlook]:
    """Return the next users who are to change."""
    return [_outlook_from(row) for row in await fetch(_OPEN, job.tenant_id, job.job_id, limit)]


async def settle(job: BulkJob, outcomes: Iterable[tuple[UserId, Outcome]], *, now: datetime) -> None:
    """Note what came of users."""
    alike: dict[Outcome, list[UserId]] = {}
    for user_id, outcome in outcomes:
        alike.setdefault(outcome, []).append(user_id)
    for outcome, user_ids in alike.items():
        await execute(_SETTLE, job.tenant_id, job.job_id, outcome, user_ids)
    applied = len(alike.get("done", ()))
    await count_done(job, applied=applied, skipped=sum(map(len, alike.values())) - applied, now=now)


async def list_items(job: BulkJob, kind: Kind, *, after: UUID, limit: int) -> list[BulkItem]:
    """Return users who were to change, who were left alone, or who were skipped after all, behind ``after``."""
    rows = await fetch(_ITEMS, job.tenant_id, job.job_id, after, kind, limit, unbounded=True)
    return [
        BulkItem(
            outlook=_outlook_from(row),
            user_name=row["user_name"],
            display_name=row["display_name"],
            outcome=row["outcome"],
        )
        for row in rows
    ]


async def count_skipped(job: BulkJob) -> list[tuple[Outcome, int]]:
    """Return how many users were skipped for which reason."""
    rows = await fetch(_SKIPPED, job.tenant_id, job.job_id, unbounded=True)
    return [(row["outcome"], int(row["people"])) for row in rows]


async def find_seen(tenant_id: TenantId, user_ids: Sequence[UserId], *, hold: bool = False) -> dict[UserId, Seen]:
    """Return what the outlook of each of these users rests on; ``hold`` keeps their rows until the unit ends."""
    many = len(user_ids) >= ON_A_THREAD_ROWS
    ids = sorted(user_ids)
    rows = await (_HOLD(tenant_id, ids, unbounded=many) if hold else fetch(_FIND, tenant_id, ids, unbounded=many))
    groups = await mapped_groups_of(tenant_id, ids)
    blocks = {row["user_id"]: row for row in await fetch(_BLOCKS, tenant_id, ids, unbounded=many)}
    return {
        UserId(row["id"]): Seen(
            user=user_from(row),
            group_ids=groups.get(row["id"], frozenset()),
            block=_block_from(blocks.get(row["id"])),
        )
        for row in rows
    }


def _block_from(row: Row | None) -> SigninBlock | None:
    if row is None:
        return None
    return SigninBlock(reason=row["reason"], owner=row["owner"], created_at=row["created_at"])


def _outlook_from(row: Row) -> Outlook:
    return Outlook(
        user_id=UserId(row["user_id"]),
        effect=row["effect"],
        from_role_id=RoleId(row["from_role_id"]),
        to_role_id=RoleId(row["to_role_id"]),
        from_active=bool(row["from_active"]),
        to_active=bool(row["to_active"]),
        locked=bool(row["locked"]),
    )


def _pair_from(row: Row) -> Pair:
    return Pair(
        effect=row["effect"],
        from_role_id=row["from_role_id"],
        to_role_id=row["to_role_id"],
        from_active=bool(row["from_active"]),
        to_active=bool(row["to_active"]),
        count=int(row["people"]),
    )
