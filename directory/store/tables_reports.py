"""The tables of schedules and what they came to, as Piccolo knows them."""

from piccolo.columns import UUID, BigInt, Boolean, Text, Timestamptz
from piccolo.table import Table


class ScheduleRow(Table, tablename="schedule_row"):
    """Reports that are sent by mail again and again: ``options`` and ``recipients`` are JSON."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    name = Text()
    report = Text()
    options = Text()
    every = Text()
    minute = BigInt()
    weekday = BigInt()
    month_day = BigInt()
    zone = Text()
    recipients = Text()
    skips_empty = Boolean()
    next_at = Timestamptz(default=None)
    paused_at = Timestamptz(null=True, default=None)
    retry_at = Timestamptz(null=True, default=None)
    failure_count = BigInt()
    problem = Text()
    version = BigInt()
    created_by = Text()
    created_at = Timestamptz(default=None)


class ScheduleRunRow(Table, tablename="schedule_run_row"):
    """One sending of a schedule: of a due time, or one that somebody asked for."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    schedule_id = UUID(default=None)
    kind = Text()
    due_at = Timestamptz(default=None)
    missed_count = BigInt()
    asked_by = Text()
    address = Text()
    outcome = Text()
    problem = Text()
    things = BigInt()
    recipients = Text()
    failure_count = BigInt()
    retry_at = Timestamptz(null=True, default=None)
    done_at = Timestamptz(null=True, default=None)
