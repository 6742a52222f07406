"""Groups as members of groups, and keys that the processes of an installation share."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from directory.store.migration_sql import sql_migration

ID = "m0004_nested_groups"
VERSION = "1.38.0"
DESCRIPTION = "groups as members of groups, shared keys"

TABLES = """
CREATE TABLE IF NOT EXISTS nested_row (
  tenant_id UUID NOT NULL,
  group_id UUID NOT NULL,
  nested_id UUID NOT NULL,
  since TIMESTAMPTZ NOT NULL,
  label TEXT,
  PRIMARY KEY (tenant_id, group_id, nested_id),
  FOREIGN KEY (tenant_id, group_id) REFERENCES group_row (tenant_id, id),
  FOREIGN KEY (tenant_id, nested_id) REFERENCES group_row (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS nested_in ON nested_row (tenant_id, nested_id);

CREATE TABLE IF NOT EXISTS server_key_row (
  purpose TEXT NOT NULL PRIMARY KEY,
  key TEXT NOT NULL
);
"""


async def forwards() -> MigrationManager:
    """Return the steps."""
    return sql_migration(ID, DESCRIPTION, TABLES)
