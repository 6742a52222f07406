"""Indexes that PostgreSQL may use behind row-level security, in place of two that it may not."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from directory.store.migration_sql import sql_migration

ID = "m0024_behind_walls"
VERSION = "1.38.0"
DESCRIPTION = "indexes of whole references and paths"

# Behind row-level security an index answers only what gives nothing away by failing (operators that are LEAKPROOF):
# substr is not. Equality of text is; a hash takes texts of any length, which an entry of a B-tree does not.
POSTGRES = """
CREATE INDEX IF NOT EXISTS user_by_manager_ref ON user_row USING hash (manager_ref)
  WHERE manager_ref IS NOT NULL AND deleted_at IS NULL;
DROP INDEX IF EXISTS user_by_manager;
CREATE INDEX IF NOT EXISTS request_failed_path ON request_row USING hash (path) WHERE status >= 400;
DROP INDEX IF EXISTS request_failed_at;
"""


async def forwards() -> MigrationManager:
    """Return the steps."""
    return sql_migration(ID, DESCRIPTION, postgres=POSTGRES)
