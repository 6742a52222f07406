"""An index by which the events of one pull are found."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from directory.store.migration_sql import sql_migration

ID = "m0022_run_events"
VERSION = "1.38.0"
DESCRIPTION = "events of one run"

INDEXES = """
CREATE INDEX IF NOT EXISTS event_of_run ON event_row (tenant_id, run_id, id) WHERE run_id IS NOT NULL;
"""


async def forwards() -> MigrationManager:
    """Return the steps."""
    return sql_migration(ID, DESCRIPTION, INDEXES)
