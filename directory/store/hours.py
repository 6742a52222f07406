"""Counts by hour and gaps in the record: written beside the facts, read by the overview."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from directory.model import SourceId, TenantId
from directory.store.compiled import Statement
from directory.store.insert import Insert
from directory.store.tables import columns_of
from directory.store.tables_activity import ActivityHourRow, RequestGapRow
from directory.store.unit import Row, execute, fetch
from directory.tallies import HourTally

_ADD = Insert(
    "activity_hour_row",
    columns_of(ActivityHourRow),
    "ON CONFLICT (tenant_id, hour, source_id, kind) DO UPDATE SET things = activity_hour_row.things + excluded.things",
)
_GAPS = Insert("request_gap_row", columns_of(RequestGapRow), "ON CONFLICT DO NOTHING")
_HOURS = Statement(
    "SELECT hour, source_id, kind, things FROM activity_hour_row"
    " WHERE tenant_id = $1::uuid AND hour >= $2::timestamptz ORDER BY hour"
)
_GAPS_SINCE = Statement(
    "SELECT id, from_at, until_at, lost_count FROM request_gap_row"
    " WHERE tenant_id = $1::uuid AND until_at >= $2::timestamptz AND from_at < $3::timestamptz"
    " ORDER BY id DESC LIMIT 50"
)
_OLD_HOURS = Statement(
    "DELETE FROM activity_hour_row WHERE (tenant_id, hour) IN"
    " (SELECT tenant_id, hour FROM activity_hour_row WHERE hour < $1::timestamptz LIMIT $2::bigint)",
    house=True,
)
_OLD_GAPS = Statement("DELETE FROM request_gap_row WHERE until_at < $1::timestamptz", house=True)


class GapRecord(NamedTuple):
    """Request records of a tenant that were lost."""

    tenant_id: TenantId
    gap_id: UUID
    from_at: datetime
    until_at: datetime
    lost_count: int


async def add_tallies(tallies: Iterable[HourTally]) -> None:
    """Add to the counts; in one order, so that processes that add at the same time wait but never block each other."""
    rows = [(one.tenant_id, one.hour, one.source_id, one.kind, one.things) for one in sorted(tallies)]
    if rows:
        await _ADD.count(rows)


async def list_hours(tenant_id: TenantId, *, since: datetime) -> list[HourTally]:
    """Return the counts of the hours since ``since``, the oldest first."""
    return [_tally_from(tenant_id, row) for row in await fetch(_HOURS, tenant_id, since)]


async def delete_hours(before: datetime, *, limit: int) -> int:
    """Delete counts of hours before ``before``; return how many."""
    return await execute(_OLD_HOURS, before, limit, unbounded=True)


async def insert_gaps(gaps: Iterable[GapRecord]) -> None:
    """Keep the bounds of gaps."""
    await _GAPS.count([tuple(gap) for gap in gaps])


async def list_gaps(tenant_id: TenantId, *, since: datetime, until: datetime) -> list[GapRecord]:
    """Return the gaps of a tenant that touch a time, the newest first."""
    return [
        GapRecord(tenant_id, row["id"], row["from_at"], row["until_at"], row["lost_count"])
        for row in await fetch(_GAPS_SINCE, tenant_id, since, until)
    ]


async def delete_gaps(before: datetime) -> int:
    """Delete gaps that are older than the records around them; return how many."""
    return await execute(_OLD_GAPS, before)


def _tally_from(tenant_id: TenantId, row: Row) -> HourTally:
    return HourTally(tenant_id, row["hour"], SourceId(row["source_id"]), row["kind"], row["things"])
