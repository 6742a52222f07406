"""Indexes by which duties find, in passing, the tenants that rest, and those to be erased."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from directory.store.migration_sql import sql_migration

ID = "m0025_tenant_states"
VERSION = "1.38.0"
DESCRIPTION = "tenants that are suspended or deleted"

INDEXES = """
CREATE INDEX IF NOT EXISTS tenant_resting ON tenant_row (id) WHERE suspended_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS tenant_ending ON tenant_row (deleted_at, id)
  WHERE deleted_at IS NOT NULL AND erased_at IS NULL;
"""


async def forwards() -> MigrationManager:
    """Return the steps."""
    return sql_migration(ID, DESCRIPTION, INDEXES)
