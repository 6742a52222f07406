"""Schedules of reports, the runs they came to, and an index of the roles that changed hands."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from directory.store.migration_sql import sql_migration

ID = "m0017_reports"
VERSION = "1.38.0"
DESCRIPTION = "schedules of reports and their runs; roles that changed hands"

# schedule_run_once is what "exactly once" rests on: whatever two processes believe, a due time is run once.
TABLES = """
CREATE TABLE IF NOT EXISTS schedule_row (
  tenant_id UUID NOT NULL REFERENCES tenant_row (id),
  id UUID NOT NULL,
  name TEXT NOT NULL,
  report TEXT NOT NULL,
  options TEXT NOT NULL,
  every TEXT NOT NULL,
  minute BIGINT NOT NULL,
  weekday BIGINT NOT NULL,
  month_day BIGINT NOT NULL,
  zone TEXT NOT NULL,
  recipients TEXT NOT NULL,
  skips_empty BOOLEAN NOT NULL,
  next_at TIMESTAMPTZ NOT NULL,
  paused_at TIMESTAMPTZ,
  retry_at TIMESTAMPTZ,
  failure_count BIGINT NOT NULL,
  problem TEXT NOT NULL,
  version BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS schedule_due ON schedule_row (next_at) WHERE paused_at IS NULL;

CREATE TABLE IF NOT EXISTS schedule_run_row (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  schedule_id UUID NOT NULL,
  kind TEXT NOT NULL,
  due_at TIMESTAMPTZ NOT NULL,
  missed_count BIGINT NOT NULL,
  asked_by TEXT NOT NULL,
  address TEXT NOT NULL,
  outcome TEXT NOT NULL,
  problem TEXT NOT NULL,
  things BIGINT NOT NULL,
  recipients TEXT NOT NULL,
  failure_count BIGINT NOT NULL,
  retry_at TIMESTAMPTZ,
  done_at TIMESTAMPTZ,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, schedule_id) REFERENCES schedule_row (tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX IF NOT EXISTS schedule_run_once ON schedule_run_row (tenant_id, schedule_id, due_at)
  WHERE kind = 'due';
CREATE INDEX IF NOT EXISTS schedule_run_of ON schedule_run_row (tenant_id, schedule_id, id);
CREATE INDEX IF NOT EXISTS schedule_run_open ON schedule_run_row (id) WHERE done_at IS NULL;
CREATE INDEX IF NOT EXISTS schedule_run_age ON schedule_run_row (done_at) WHERE done_at IS NOT NULL;

CREATE INDEX IF NOT EXISTS event_of_roles ON event_row (tenant_id, id) WHERE action = 'user:role:granted';
"""


async def forwards() -> MigrationManager:
    """Return the steps."""
    return sql_migration(ID, DESCRIPTION, TABLES)
