"""Indexes by which each webhook has its turn, however much waits for another."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from directory.store.migration_sql import sql_migration

ID = "m0020_webhook_turns"
VERSION = "1.38.0"
DESCRIPTION = "what waits for, and what is on its way to, one webhook"

INDEXES = """
CREATE INDEX IF NOT EXISTS webhook_delivery_turn ON webhook_delivery_row (tenant_id, webhook_id, next_at, id)
  WHERE state = 'queued';
CREATE INDEX IF NOT EXISTS webhook_delivery_sending ON webhook_delivery_row (tenant_id, webhook_id)
  WHERE state = 'sending';
"""


async def forwards() -> MigrationManager:
    """Return the steps."""
    return sql_migration(ID, DESCRIPTION, INDEXES)
