"""Actions on many users take turns, end after failures, and know what roles carried when they were shown."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from directory.store.migration_sql import NewColumn, sql_migration

ID = "m0012_bulk_turns"
VERSION = "1.38.0"
DESCRIPTION = "turns, failures and ends of actions on many users"

COLUMNS = (
    NewColumn("bulk_job_row", "carried", "TEXT NOT NULL DEFAULT '{}'"),
    NewColumn("bulk_job_row", "advanced_at", "TIMESTAMPTZ"),
    NewColumn("bulk_job_row", "failure_count", "BIGINT NOT NULL DEFAULT 0"),
    NewColumn("bulk_job_row", "end_reason", "TEXT NOT NULL DEFAULT ''"),
)


async def forwards() -> MigrationManager:
    """Return the steps."""
    return sql_migration(ID, DESCRIPTION, columns=COLUMNS)
