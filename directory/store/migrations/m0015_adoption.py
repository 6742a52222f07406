"""Tombstones that are erased, the queue of those who meet somebody, and references to managers."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from directory.store.migration_sql import NewColumn, add_column, sql_migration, statements
from directory.store.unit import current_engine

ID = "m0015_adoption"
VERSION = "1.38.0"
DESCRIPTION = "grace, adoption queue, references to managers"

TABLES = """
CREATE TABLE IF NOT EXISTS adoption_row (
  tenant_id UUID NOT NULL REFERENCES tenant_row (id),
  id UUID NOT NULL,
  source_id UUID NOT NULL,
  known_as TEXT NOT NULL,
  external_id TEXT,
  user_id UUID NOT NULL,
  matched TEXT NOT NULL,
  own_user_id UUID,
  incoming TEXT NOT NULL,
  state TEXT NOT NULL,
  first_seen_at TIMESTAMPTZ NOT NULL,
  last_seen_at TIMESTAMPTZ NOT NULL,
  seen_count BIGINT NOT NULL,
  decided_at TIMESTAMPTZ,
  decided_by TEXT,
  applied_at TIMESTAMPTZ,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, source_id) REFERENCES source_row (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES user_row (tenant_id, id)
);
CREATE UNIQUE INDEX IF NOT EXISTS adoption_pair ON adoption_row (tenant_id, source_id, known_as, user_id);
CREATE INDEX IF NOT EXISTS adoption_by_state ON adoption_row (tenant_id, state, id);
CREATE INDEX IF NOT EXISTS adoption_of_user ON adoption_row (tenant_id, user_id);

CREATE TABLE IF NOT EXISTS reference_row (
  tenant_id UUID NOT NULL REFERENCES tenant_row (id),
  id UUID NOT NULL,
  source_id UUID NOT NULL,
  mark TEXT NOT NULL,
  said TEXT NOT NULL,
  ref_key TEXT NOT NULL,
  since TIMESTAMPTZ NOT NULL,
  manager_id UUID,
  way TEXT,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX IF NOT EXISTS reference_mark ON reference_row (tenant_id, source_id, mark);
CREATE INDEX IF NOT EXISTS reference_waiting ON reference_row (tenant_id, since, id) WHERE manager_id IS NULL;
CREATE INDEX IF NOT EXISTS reference_key ON reference_row (tenant_id, ref_key);
CREATE INDEX IF NOT EXISTS reference_manager ON reference_row (tenant_id, manager_id) WHERE manager_id IS NOT NULL;

CREATE TABLE IF NOT EXISTS reference_walk_row (
  tenant_id UUID NOT NULL PRIMARY KEY REFERENCES tenant_row (id),
  seq BIGINT NOT NULL
);

CREATE INDEX IF NOT EXISTS waiting_since ON waiting_row (tenant_id, since, group_id, value);
"""

ERASED = NewColumn("user_row", "erased_at", "TIMESTAMPTZ")

# Two small indexes of tombstones only: whoever is here costs them nothing.
INDEXES = """
CREATE INDEX IF NOT EXISTS user_deleted ON user_row (tenant_id, deleted_at, id)
  WHERE deleted_at IS NOT NULL AND erased_at IS NULL;
CREATE INDEX IF NOT EXISTS user_deleted_name ON user_row (tenant_id, user_name_key)
  WHERE deleted_at IS NOT NULL AND erased_at IS NULL;
"""


async def column_and_indexes() -> None:
    """Add when a tombstone was erased, and the indexes of those that are not."""
    engine = current_engine()
    await add_column(engine, ERASED)
    for statement in statements(INDEXES):
        await engine.run_ddl(statement)


async def forwards() -> MigrationManager:
    """Return the steps."""
    manager = sql_migration(ID, DESCRIPTION, TABLES)
    manager.add_raw(column_and_indexes)
    return manager
