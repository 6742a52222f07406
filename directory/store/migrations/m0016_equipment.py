"""Equipment: items, who has them, what leavers still have to give back, files of items, and keys of asset systems."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from directory.store.migration_sql import sql_migration

ID = "m0016_equipment"
VERSION = "1.38.0"
DESCRIPTION = "items, loans, return tasks, imports, keys of asset systems"

# loan_row and return_task_row refer to no user: what was on loan outlives a person who is purged.
TABLES = """
CREATE TABLE IF NOT EXISTS equipment_row (
  tenant_id UUID NOT NULL REFERENCES tenant_row (id),
  id UUID NOT NULL,
  tag TEXT NOT NULL,
  tag_key TEXT NOT NULL,
  name TEXT NOT NULL,
  category TEXT NOT NULL,
  category_key TEXT NOT NULL,
  serial TEXT NOT NULL,
  value_minor BIGINT,
  currency TEXT,
  state TEXT NOT NULL,
  note TEXT NOT NULL,
  words TEXT NOT NULL,
  version BIGINT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  modified_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX IF NOT EXISTS equipment_tag ON equipment_row (tenant_id, tag_key);
CREATE INDEX IF NOT EXISTS equipment_listed ON equipment_row (tenant_id, tag_key, state, category_key, words, id);
CREATE INDEX IF NOT EXISTS equipment_category ON equipment_row (tenant_id, category_key, category);

CREATE TABLE IF NOT EXISTS loan_row (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  item_id UUID NOT NULL,
  user_id UUID NOT NULL,
  out_at TIMESTAMPTZ NOT NULL,
  out_by TEXT NOT NULL,
  due_at TIMESTAMPTZ,
  condition_out TEXT NOT NULL,
  note TEXT NOT NULL,
  returned_at TIMESTAMPTZ,
  returned_by TEXT,
  condition_in TEXT,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, item_id) REFERENCES equipment_row (tenant_id, id)
);
CREATE UNIQUE INDEX IF NOT EXISTS loan_open ON loan_row (tenant_id, item_id) WHERE returned_at IS NULL;
CREATE INDEX IF NOT EXISTS loan_held ON loan_row (tenant_id, user_id, item_id) WHERE returned_at IS NULL;
CREATE INDEX IF NOT EXISTS loan_due ON loan_row (tenant_id, due_at, item_id) WHERE returned_at IS NULL;
CREATE INDEX IF NOT EXISTS loan_of_item ON loan_row (tenant_id, item_id, id);
CREATE INDEX IF NOT EXISTS loan_of_user ON loan_row (tenant_id, user_id, id);

CREATE TABLE IF NOT EXISTS return_task_row (
  tenant_id UUID NOT NULL REFERENCES tenant_row (id),
  id UUID NOT NULL,
  user_id UUID NOT NULL,
  since TIMESTAMPTZ NOT NULL,
  opened_at TIMESTAMPTZ NOT NULL,
  manager_id UUID,
  sent_to TEXT,
  told_at TIMESTAMPTZ,
  told_count BIGINT NOT NULL,
  closed_at TIMESTAMPTZ,
  outcome TEXT,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX IF NOT EXISTS return_task_open ON return_task_row (tenant_id, user_id) WHERE closed_at IS NULL;
CREATE INDEX IF NOT EXISTS return_task_listed ON return_task_row (tenant_id, since, id) WHERE closed_at IS NULL;
CREATE INDEX IF NOT EXISTS return_task_untold ON return_task_row (opened_at)
  WHERE closed_at IS NULL AND told_at IS NULL;
CREATE INDEX IF NOT EXISTS return_task_of_user ON return_task_row (tenant_id, user_id, id);

CREATE TABLE IF NOT EXISTS equipment_import_row (
  tenant_id UUID NOT NULL REFERENCES tenant_row (id),
  id UUID NOT NULL,
  state TEXT NOT NULL,
  file_name TEXT NOT NULL,
  unknown_columns TEXT NOT NULL,
  asked_by UUID,
  asked_label TEXT NOT NULL,
  plan_hash TEXT NOT NULL,
  line_count BIGINT NOT NULL,
  new_count BIGINT NOT NULL,
  changed_count BIGINT NOT NULL,
  same_count BIGINT NOT NULL,
  wrong_count BIGINT NOT NULL,
  applied_count BIGINT NOT NULL,
  failed_count BIGINT NOT NULL,
  reached BIGINT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  started_at TIMESTAMPTZ,
  ended_at TIMESTAMPTZ,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS equipment_import_open ON equipment_import_row (started_at) WHERE state = 'running';

CREATE TABLE IF NOT EXISTS equipment_import_line_row (
  tenant_id UUID NOT NULL,
  import_id UUID NOT NULL,
  number BIGINT NOT NULL,
  verdict TEXT NOT NULL,
  document TEXT NOT NULL,
  reason TEXT NOT NULL,
  outcome TEXT,
  PRIMARY KEY (tenant_id, import_id, number),
  FOREIGN KEY (tenant_id, import_id) REFERENCES equipment_import_row (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS equipment_import_by_verdict
  ON equipment_import_line_row (tenant_id, import_id, verdict, number);

CREATE TABLE IF NOT EXISTS equipment_key_row (
  tenant_id UUID NOT NULL REFERENCES tenant_row (id),
  id UUID NOT NULL,
  public_id TEXT NOT NULL,
  digest TEXT NOT NULL,
  last_four TEXT NOT NULL,
  label TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  retiring_until TIMESTAMPTZ,
  revoked_at TIMESTAMPTZ,
  last_used_at TIMESTAMPTZ,
  last_used_from TEXT,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX IF NOT EXISTS equipment_key_public ON equipment_key_row (public_id);
"""


async def forwards() -> MigrationManager:
    """Return the steps."""
    return sql_migration(ID, DESCRIPTION, TABLES)
