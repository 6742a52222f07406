"""The tables of counts by hour and of gaps in the record, as Piccolo knows them."""

from piccolo.columns import UUID, BigInt, Text, Timestamptz
from piccolo.table import Table


class ActivityHourRow(Table, tablename="activity_hour_row"):
    """How much happened in an hour; no source is written as the id of zeros."""

    tenant_id = UUID(default=None)
    hour = Timestamptz(default=None)
    source_id = UUID(default=None)
    kind = Text(primary_key=True)
    things = BigInt()


class RequestGapRow(Table, tablename="request_gap_row"):
    """When request records were lost, and how many."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    from_at = Timestamptz(default=None)
    until_at = Timestamptz(default=None)
    lost_count = BigInt()


class JobRow(Table, tablename="job_row"):
    """Who does which duty, until when."""

    duty = Text(primary_key=True)
    holder = Text(null=True, default=None)
    epoch = BigInt()
    expires_at = Timestamptz(null=True, default=None)
    next_at = Timestamptz(default=None)
    done_at = Timestamptz(null=True, default=None)
    failures = BigInt()
