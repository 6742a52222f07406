"""Writes of the guard: what it holds, what overtakes it, what is approved, and what of the limits is used up."""

import msgspec

from directory.held_changes import HeldChange, Hold, Overtake, ReportUserGone, SettleHeld, SpendBudget
from directory.model import Actor
from directory.store.compiled import Statement
from directory.store.errors import ConcurrencyError
from directory.store.insert import ON_A_THREAD_ROWS, Insert, slices
from directory.store.tables import columns_of
from directory.store.tables_guard import HeldChangeRow
from directory.store.unit import execute

_HOLD = Insert("held_change_row", columns_of(HeldChangeRow))
# What an operator rejected stays told; what waited, or was approved and did not take effect yet, is overtaken.
_OVERTAKEN = (
    "UPDATE held_change_row SET in_force = false, ended_at = $3::timestamptz,"
    " state = CASE WHEN state IN ('waiting', 'approved') THEN 'overtaken' ELSE state END"
    " WHERE tenant_id = $1::uuid AND user_id = ANY($2::uuid[]) AND in_force AND kind = ANY($4::text[])"
)
_OVERTAKE = Statement(_OVERTAKEN)
_OVERTAKE_OF_GROUPS = Statement(f"{_OVERTAKEN} AND group_id = ANY($5::uuid[])")
_SETTLE = Statement(
    "UPDATE held_change_row SET in_force = false, ended_at = $3::timestamptz"
    " WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[]) AND in_force AND state = 'approved'"
)
_LEAVE = Statement(
    "DELETE FROM member_row WHERE tenant_id = $1::uuid AND group_id = $2::uuid AND user_id = ANY($3::uuid[]) AND gone"
)
_JOIN = Statement(
    "UPDATE member_row SET withheld = false"
    " WHERE tenant_id = $1::uuid AND group_id = $2::uuid AND user_id = ANY($3::uuid[])"
)
# No version of a group tells of it, since nothing changes for its source: so previews are told in another way.
_MOVED = Statement(
    "INSERT INTO tally_row (tenant_id, source_id, kind, shard, things, moves)"
    " VALUES ($1::uuid, '00000000-0000-0000-0000-000000000000', 'lock', 'guard', 0, 1)"
    " ON CONFLICT (tenant_id, source_id, kind, shard) DO UPDATE SET moves = tally_row.moves + 1"
)
_REPORT_GONE = Statement(
    "UPDATE user_row SET reported_deleted_at = $4::timestamptz, version = version + 1"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid AND version = $3::bigint"
)
_WITHHELD_NO_MORE = Statement("DELETE FROM member_row WHERE tenant_id = $1::uuid AND user_id = $2::uuid AND withheld")
_GONE_EVERYWHERE = Statement("UPDATE member_row SET gone = true WHERE tenant_id = $1::uuid AND user_id = $2::uuid")
_COUNT_DOWN = Statement(
    "UPDATE group_row SET member_count = member_count - 1, version = version + 1, modified_at = $3::timestamptz"
    " WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[])"
)
_SPEND = Statement(
    "INSERT INTO guard_spent_row (tenant_id, source_id, kind, hour, things)"
    " VALUES ($1::uuid, $2::uuid, $3::text, $4::timestamptz, $5::bigint)"
    " ON CONFLICT (tenant_id, source_id, kind, hour) DO UPDATE SET things = guard_spent_row.things + excluded.things"
)
_GIVE_BACK = Statement(
    "UPDATE guard_spent_row SET things = things + $5::bigint WHERE tenant_id = $1::uuid AND source_id = $2::uuid"
    " AND kind = $3::text AND hour = $4::timestamptz AND things + $5::bigint >= 0"
)
_USE_RAISED = Statement(
    "UPDATE guard_raise_row SET left_count = left_count - $4::bigint"
    " WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND kind = $3::text AND left_count >= $4::bigint"
)


async def hold(change: Hold, by: Actor) -> None:
    """Keep what is held."""
    del by
    await _HOLD([_values(held) for held in change.held])


def _values(held: HeldChange) -> tuple[object, ...]:
    return (
        held.tenant_id,
        held.held_id,
        held.batch_id,
        held.kind,
        held.source_id,
        held.user_id,
        held.group_id,
        held.from_role_id,
        held.to_role_id,
        held.request_id,
        msgspec.json.encode(held.why).decode(),
        held.at,
        held.expires_at,
        held.state,
        held.in_force,
        held.decided_by,
        held.decided_by_id,
        held.decided_at,
        held.ended_at,
        held.note,
    )


async def overtake(change: Overtake, by: Actor) -> None:
    """End what is held of these users; what it kept from taking effect is written by other changes."""
    for some in slices(change.user_ids):
        many = len(some) >= ON_A_THREAD_ROWS
        given = (by.tenant_id, some, change.at, list(change.kinds))
        if change.group_ids is None:
            await execute(_OVERTAKE, *given, unbounded=many)
        else:
            await execute(_OVERTAKE_OF_GROUPS, *given, list(change.group_ids), unbounded=many)


async def settle_held(change: SettleHeld, by: Actor) -> None:
    """Let approved changes take effect, as far as memberships go.

    Raises:
        ConcurrencyError: one of them is not in force any more, or nobody approved it.
    """
    count = await execute(_SETTLE, by.tenant_id, list(change.held_ids), change.at)
    if count != len(change.held_ids):
        raise ConcurrencyError(f"{len(change.held_ids) - count} held changes were settled meanwhile")
    for statement, pairs in ((_LEAVE, change.leave), (_JOIN, change.join)):
        for group_id in sorted({group_id for group_id, _ in pairs}):
            await execute(statement, by.tenant_id, group_id, [user for group, user in pairs if group == group_id])
    if change.leave or change.join:
        await execute(_MOVED, by.tenant_id)


async def report_user_gone(change: ReportUserGone, by: Actor) -> None:
    """Show a user to its source no more, and its groups without it; all else stays."""
    count = await execute(_REPORT_GONE, by.tenant_id, change.user_id, change.expected_version, change.at)
    if count != 1:
        raise ConcurrencyError(f"user {change.user_id} is no longer at version {change.expected_version}")
    await execute(_WITHHELD_NO_MORE, by.tenant_id, change.user_id)
    await execute(_GONE_EVERYWHERE, by.tenant_id, change.user_id)
    if change.left_group_ids:
        await execute(_COUNT_DOWN, by.tenant_id, list(change.left_group_ids), change.at)


async def spend_budget(change: SpendBudget, by: Actor) -> None:
    """Count what a source uses of its limits, and of what was raised; less than 0 is given back, as far as it counts.

    Raises:
        ConcurrencyError: less is left of what was raised than was read.
    """
    if change.spent_count:
        await execute(
            _SPEND if change.spent_count > 0 else _GIVE_BACK,
            by.tenant_id,
            change.source_id,
            change.measure,
            change.hour,
            change.spent_count,
        )
    if change.raised_count:
        used = await execute(_USE_RAISED, by.tenant_id, change.source_id, change.measure, change.raised_count)
        if used != 1:
            raise ConcurrencyError("what was raised of the guard's limits is used up")
