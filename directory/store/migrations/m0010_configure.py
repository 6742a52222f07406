"""What setting a source up shows: evidence, attributes seen, refused requests, use by day; and turning SCIM off."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from directory.store.migration_sql import sql_migration

ID = "m0010_configure"
VERSION = "1.38.0"
DESCRIPTION = "evidence of a set-up, attributes seen, refused requests, use by day, sources turned off"

# usage_row refers to no secret: what was counted in memory is written in one transaction for all tenants, and a row
# that cannot be written would hold back everybody else's.
TABLES = """
CREATE TABLE IF NOT EXISTS evidence_row (
  tenant_id UUID NOT NULL,
  source_id UUID NOT NULL,
  step TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  reference TEXT NOT NULL,
  PRIMARY KEY (tenant_id, source_id, step),
  FOREIGN KEY (tenant_id, source_id) REFERENCES source_row (tenant_id, id)
);

CREATE TABLE IF NOT EXISTS evidence_walk_row (
  tenant_id UUID NOT NULL,
  source_id UUID NOT NULL,
  after_request_id UUID NOT NULL,
  PRIMARY KEY (tenant_id, source_id),
  FOREIGN KEY (tenant_id, source_id) REFERENCES source_row (tenant_id, id)
);

CREATE TABLE IF NOT EXISTS coverage_row (
  tenant_id UUID NOT NULL,
  source_id UUID NOT NULL,
  counted_at TIMESTAMPTZ,
  document TEXT NOT NULL,
  began_at TIMESTAMPTZ,
  after_user_id UUID,
  partial TEXT NOT NULL,
  PRIMARY KEY (tenant_id, source_id),
  FOREIGN KEY (tenant_id, source_id) REFERENCES source_row (tenant_id, id)
);

CREATE TABLE IF NOT EXISTS refusal_row (
  id UUID NOT NULL PRIMARY KEY,
  tenant_id UUID REFERENCES tenant_row (id),
  source_id UUID,
  secret_id UUID,
  cause TEXT NOT NULL,
  network TEXT NOT NULL,
  software TEXT NOT NULL,
  path TEXT NOT NULL,
  first_at TIMESTAMPTZ NOT NULL,
  last_at TIMESTAMPTZ NOT NULL,
  things BIGINT NOT NULL,
  FOREIGN KEY (tenant_id, source_id) REFERENCES source_row (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS refusal_of_source ON refusal_row (tenant_id, source_id, last_at);
CREATE INDEX IF NOT EXISTS refusal_age ON refusal_row (last_at);

CREATE TABLE IF NOT EXISTS usage_row (
  tenant_id UUID NOT NULL,
  secret_id UUID NOT NULL,
  day TEXT NOT NULL,
  things BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, secret_id, day)
);

CREATE TABLE IF NOT EXISTS closing_row (
  tenant_id UUID NOT NULL,
  source_id UUID NOT NULL,
  deed TEXT NOT NULL,
  asked_at TIMESTAMPTZ NOT NULL,
  asked_by TEXT NOT NULL,
  asked_by_id UUID,
  after_user_id UUID,
  done_count BIGINT NOT NULL,
  kept_count BIGINT NOT NULL,
  total_count BIGINT NOT NULL,
  finished_at TIMESTAMPTZ,
  PRIMARY KEY (tenant_id, source_id),
  FOREIGN KEY (tenant_id, source_id) REFERENCES source_row (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS closing_open ON closing_row (tenant_id, source_id) WHERE finished_at IS NULL;
"""

# A user that changes its source, or becomes local, is counted where it is. Who is deleted was counted out before.
SQLITE = """
CREATE TRIGGER IF NOT EXISTS user_changes_source AFTER UPDATE OF source_id ON user_row
  WHEN OLD.source_id IS NOT NEW.source_id AND OLD.deleted_at IS NULL AND NEW.deleted_at IS NULL BEGIN
  UPDATE tally_row SET things = things - 1 WHERE tenant_id = OLD.tenant_id AND source_id = OLD.source_id
  AND kind = 'user' AND shard = substr(OLD.id, 35, 2);
  INSERT INTO tally_row (tenant_id, source_id, kind, shard, things)
  SELECT NEW.tenant_id, NEW.source_id, 'user', substr(NEW.id, 35, 2), 1 WHERE NEW.source_id IS NOT NULL
  ON CONFLICT (tenant_id, source_id, kind, shard) DO UPDATE SET things = things + 1;
END;
"""

POSTGRES = """
CREATE OR REPLACE FUNCTION tally_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE tally_row SET things = things - 1 WHERE tenant_id = OLD.tenant_id AND source_id = OLD.source_id
  AND kind = 'user' AND shard = right(OLD.id::text, 2);
  INSERT INTO tally_row AS t (tenant_id, source_id, kind, shard, things)
  SELECT NEW.tenant_id, NEW.source_id, 'user', right(NEW.id::text, 2), 1 WHERE NEW.source_id IS NOT NULL
  ON CONFLICT (tenant_id, source_id, kind, shard) DO UPDATE SET things = t.things + 1;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER user_changes_source AFTER UPDATE OF source_id ON user_row
  FOR EACH ROW WHEN (OLD.source_id IS DISTINCT FROM NEW.source_id AND OLD.deleted_at IS NULL
  AND NEW.deleted_at IS NULL) EXECUTE FUNCTION tally_move();
"""


async def forwards() -> MigrationManager:
    """Return the steps."""
    return sql_migration(ID, DESCRIPTION, TABLES, postgres=POSTGRES, sqlite=SQLITE)
