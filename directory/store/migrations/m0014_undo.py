"""What operators' changes found and left, and undoing all of an action on many."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from directory.store.migration_sql import sql_migration

ID = "m0014_undo"
VERSION = "1.38.0"
DESCRIPTION = "what changes found and left, and runs that undo many of them"

BOTH = """
CREATE TABLE IF NOT EXISTS undo_deed_row (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  job_id UUID,
  action TEXT NOT NULL,
  obstacle TEXT NOT NULL,
  undone_by UUID,
  undoes UUID,
  left_reason TEXT NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, id) REFERENCES event_row (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS undo_deed_of_job ON undo_deed_row (tenant_id, job_id, id) WHERE job_id IS NOT NULL;

CREATE TABLE IF NOT EXISTS undo_step_row (
  tenant_id UUID NOT NULL,
  deed_id UUID NOT NULL,
  place BIGINT NOT NULL,
  table_name TEXT NOT NULL,
  row_key TEXT NOT NULL,
  before TEXT,
  after TEXT,
  user_id UUID,
  PRIMARY KEY (tenant_id, deed_id, place),
  FOREIGN KEY (tenant_id, deed_id) REFERENCES undo_deed_row (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS undo_step_of_user ON undo_step_row (tenant_id, user_id) WHERE user_id IS NOT NULL;

CREATE TABLE IF NOT EXISTS undo_event_row (
  tenant_id UUID NOT NULL,
  event_id UUID NOT NULL,
  deed_id UUID NOT NULL,
  PRIMARY KEY (tenant_id, event_id),
  FOREIGN KEY (tenant_id, event_id) REFERENCES event_row (tenant_id, id),
  FOREIGN KEY (tenant_id, deed_id) REFERENCES undo_deed_row (tenant_id, id)
);

CREATE TABLE IF NOT EXISTS undo_run_row (
  tenant_id UUID NOT NULL REFERENCES tenant_row (id),
  id UUID NOT NULL,
  job_id UUID NOT NULL,
  asked_by UUID NOT NULL,
  asked_label TEXT NOT NULL,
  asked_at TIMESTAMPTZ NOT NULL,
  before_id UUID,
  total_count BIGINT NOT NULL,
  done_count BIGINT NOT NULL,
  left_count BIGINT NOT NULL,
  ended_at TIMESTAMPTZ,
  end_reason TEXT NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS undo_run_open ON undo_run_row (asked_at) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX IF NOT EXISTS undo_run_open_of_job ON undo_run_row (tenant_id, job_id) WHERE ended_at IS NULL;
CREATE INDEX IF NOT EXISTS undo_run_of_job ON undo_run_row (tenant_id, job_id, id);
"""


async def forwards() -> MigrationManager:
    """Return the steps."""
    return sql_migration(ID, DESCRIPTION, BOTH)
