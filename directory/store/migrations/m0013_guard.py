"""The guard: changes that are held, what of the limits is spent, and members that are reported but not in effect."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from directory.store.migration_sql import NewColumn, sql_migration

ID = "m0013_guard"
VERSION = "1.38.0"
DESCRIPTION = "changes held by the guard, its limits and what of them is spent"

# A held change outlives its user and its group: it is part of the record, and names neither.
TABLES = """
CREATE TABLE IF NOT EXISTS held_change_row (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  batch_id UUID NOT NULL,
  kind TEXT NOT NULL,
  source_id UUID NOT NULL,
  user_id UUID NOT NULL,
  group_id UUID,
  from_role_id UUID,
  to_role_id UUID,
  request_id UUID,
  why TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  state TEXT NOT NULL,
  in_force BOOLEAN NOT NULL,
  decided_by TEXT,
  decided_by_id UUID,
  decided_at TIMESTAMPTZ,
  ended_at TIMESTAMPTZ,
  note TEXT NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, source_id) REFERENCES source_row (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS held_waiting ON held_change_row (tenant_id, id, source_id, at) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS held_by_state ON held_change_row (tenant_id, state, id);
CREATE INDEX IF NOT EXISTS held_by_kind ON held_change_row (tenant_id, state, kind, id);
CREATE INDEX IF NOT EXISTS held_by_source ON held_change_row (tenant_id, state, source_id, id);
CREATE INDEX IF NOT EXISTS held_by_group ON held_change_row (tenant_id, group_id, state, id) WHERE group_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS held_by_user ON held_change_row (tenant_id, user_id, id);
CREATE INDEX IF NOT EXISTS held_by_batch ON held_change_row (tenant_id, batch_id, id);
CREATE INDEX IF NOT EXISTS held_of_user ON held_change_row (tenant_id, user_id) WHERE in_force;
CREATE INDEX IF NOT EXISTS held_of_group ON held_change_row (tenant_id, group_id, user_id) WHERE in_force;
CREATE INDEX IF NOT EXISTS held_approved ON held_change_row (tenant_id, decided_at, id)
  WHERE state = 'approved' AND in_force;
CREATE INDEX IF NOT EXISTS held_expiry ON held_change_row (expires_at) WHERE state = 'waiting';

CREATE TABLE IF NOT EXISTS guard_spent_row (
  tenant_id UUID NOT NULL,
  source_id UUID NOT NULL,
  kind TEXT NOT NULL,
  hour TIMESTAMPTZ NOT NULL,
  things BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, source_id, kind, hour),
  FOREIGN KEY (tenant_id, source_id) REFERENCES source_row (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS guard_spent_age ON guard_spent_row (hour);

CREATE TABLE IF NOT EXISTS guard_raise_row (
  tenant_id UUID NOT NULL,
  source_id UUID NOT NULL,
  kind TEXT NOT NULL,
  given_count BIGINT NOT NULL,
  left_count BIGINT NOT NULL,
  given_by TEXT NOT NULL,
  given_at TIMESTAMPTZ NOT NULL,
  until TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant_id, source_id, kind),
  FOREIGN KEY (tenant_id, source_id) REFERENCES source_row (tenant_id, id)
);
"""

COLUMNS = (
    NewColumn("tenant_row", "guard", "TEXT NOT NULL DEFAULT '{}'"),
    NewColumn("user_row", "reported_deleted_at", "TIMESTAMPTZ"),
    NewColumn("member_row", "gone", "BOOLEAN NOT NULL DEFAULT FALSE"),
    NewColumn("member_row", "withheld", "BOOLEAN NOT NULL DEFAULT FALSE"),
)

# With the two flags, so that what a source is shown of a user's groups, and what decides a role, come from the index.
INDEXES = """
CREATE INDEX IF NOT EXISTS membership_of_user ON member_row (tenant_id, user_id, group_id, gone, withheld);
DROP INDEX IF EXISTS member_of_user;
CREATE INDEX IF NOT EXISTS user_reported_deleted ON user_row (tenant_id, source_id, id)
  WHERE reported_deleted_at IS NOT NULL AND deleted_at IS NULL;
"""


def _idle(row: str) -> str:
    return f"({row}.source_id IS NOT NULL AND {row}.deleted_at IS NULL AND NOT {row}.active)"


_MOVED = f"({_idle('OLD')} OR {_idle('NEW')}) AND (OLD.active <> NEW.active"
# The limits are shares of the active users: those who are not are counted as they come and go.
SQLITE = f"""
CREATE TRIGGER IF NOT EXISTS user_arrives_inactive AFTER INSERT ON user_row WHEN {_idle("NEW")} BEGIN
  INSERT INTO tally_row (tenant_id, source_id, kind, shard, things, moves)
  VALUES (NEW.tenant_id, NEW.source_id, 'inactive', substr(NEW.id, 35, 2), 1, 0)
  ON CONFLICT (tenant_id, source_id, kind, shard) DO UPDATE SET things = things + 1;
END;
CREATE TRIGGER IF NOT EXISTS user_changes_activity AFTER UPDATE OF active, deleted_at, source_id ON user_row
  WHEN {_MOVED} OR OLD.deleted_at IS NOT NEW.deleted_at OR OLD.source_id IS NOT NEW.source_id) BEGIN
  UPDATE tally_row SET things = things - 1 WHERE {_idle("OLD")} AND tenant_id = OLD.tenant_id
  AND source_id = OLD.source_id AND kind = 'inactive' AND shard = substr(OLD.id, 35, 2);
  INSERT INTO tally_row (tenant_id, source_id, kind, shard, things, moves)
  SELECT NEW.tenant_id, NEW.source_id, 'inactive', substr(NEW.id, 35, 2), 1, 0 WHERE {_idle("NEW")}
  ON CONFLICT (tenant_id, source_id, kind, shard) DO UPDATE SET things = things + 1;
END;
"""

POSTGRES = f"""
CREATE OR REPLACE FUNCTION tally_inactive() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND {_idle("OLD")} THEN
    UPDATE tally_row SET things = things - 1 WHERE tenant_id = OLD.tenant_id AND source_id = OLD.source_id
    AND kind = 'inactive' AND shard = right(OLD.id::text, 2);
  END IF;
  IF {_idle("NEW")} THEN
    INSERT INTO tally_row AS t (tenant_id, source_id, kind, shard, things, moves)
    VALUES (NEW.tenant_id, NEW.source_id, 'inactive', right(NEW.id::text, 2), 1, 0)
    ON CONFLICT (tenant_id, source_id, kind, shard) DO UPDATE SET things = t.things + 1;
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER user_arrives_inactive AFTER INSERT ON user_row
  FOR EACH ROW WHEN {_idle("NEW")} EXECUTE FUNCTION tally_inactive();
CREATE OR REPLACE TRIGGER user_changes_activity AFTER UPDATE OF active, deleted_at, source_id ON user_row
  FOR EACH ROW WHEN ({_MOVED} OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at
  OR OLD.source_id IS DISTINCT FROM NEW.source_id)) EXECUTE FUNCTION tally_inactive();
"""


def _counted(shard: str) -> str:
    return (
        "INSERT INTO tally_row (tenant_id, source_id, kind, shard, things, moves)"
        f" SELECT u.tenant_id, u.source_id, 'inactive', {shard}, count(*), 0 FROM user_row u WHERE {_idle('u')}"
        " GROUP BY 1, 2, 3, 4 ON CONFLICT (tenant_id, source_id, kind, shard) DO UPDATE SET things = excluded.things;"
    )


async def forwards() -> MigrationManager:
    """Return the steps."""
    manager = sql_migration(ID, DESCRIPTION, TABLES, columns=COLUMNS)
    later = sql_migration(
        ID,
        DESCRIPTION,
        INDEXES,
        postgres=POSTGRES + _counted("right(u.id::text, 2)"),
        sqlite=SQLITE + _counted("substr(u.id, 35, 2)"),
    )
    manager.raw += later.raw
    return manager
