"""The index of references goes: a reference leads to the key of its request (``directory.references``)."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from directory.store.migration_sql import sql_migration

ID = "m0011_speed"
VERSION = "1.38.0"
DESCRIPTION = "no index of references"


async def forwards() -> MigrationManager:
    """Return the steps."""
    return sql_migration(ID, DESCRIPTION, "DROP INDEX IF EXISTS request_reference;")
