"""Events are added and sealed, never changed; and the index of failed requests."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from directory.store.migration_sql import sql_migration

ID = "m0002_append_only"
VERSION = "1.38.0"
DESCRIPTION = "events are append-only; index of failed requests"

BOTH = """
CREATE INDEX IF NOT EXISTS request_failed ON request_row (tenant_id, id) WHERE status >= 400;
"""

SQLITE = """
CREATE TRIGGER IF NOT EXISTS event_stays BEFORE DELETE ON event_row BEGIN
  SELECT RAISE(ABORT, 'events are append-only');
END;
CREATE TRIGGER IF NOT EXISTS event_content_stays BEFORE UPDATE OF
  tenant_id, id, at, actor_kind, actor_id, action, subject_kind, subject_id, request_id, commitment, content_hash
ON event_row BEGIN
  SELECT RAISE(ABORT, 'events are append-only');
END;
CREATE TRIGGER IF NOT EXISTS event_sealed_once BEFORE UPDATE OF seq, chain_hash ON event_row
WHEN OLD.seq IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'events are sealed once');
END;
CREATE TRIGGER IF NOT EXISTS event_member_stays BEFORE DELETE ON event_member_row BEGIN
  SELECT RAISE(ABORT, 'events are append-only');
END;
CREATE TRIGGER IF NOT EXISTS event_member_unchanged BEFORE UPDATE ON event_member_row BEGIN
  SELECT RAISE(ABORT, 'events are append-only');
END;
CREATE TRIGGER IF NOT EXISTS event_value_unchanged BEFORE UPDATE ON event_value_row BEGIN
  SELECT RAISE(ABORT, 'values of events are erased, never changed');
END;
"""

# TRUNCATE is a matter of rights: the application's role has none to it.
POSTGRES = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'events are append-only';
END $$;
CREATE OR REPLACE TRIGGER event_stays BEFORE DELETE ON event_row
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER event_content_stays BEFORE UPDATE OF
  tenant_id, id, at, actor_kind, actor_id, action, subject_kind, subject_id, request_id, commitment, content_hash
ON event_row FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER event_sealed_once BEFORE UPDATE OF seq, chain_hash ON event_row
  FOR EACH ROW WHEN (OLD.seq IS NOT NULL) EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER event_member_stays BEFORE UPDATE OR DELETE ON event_member_row
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER event_value_unchanged BEFORE UPDATE ON event_value_row
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""


async def forwards() -> MigrationManager:
    """Return the steps."""
    return sql_migration(ID, DESCRIPTION, BOTH, postgres=POSTGRES, sqlite=SQLITE)
