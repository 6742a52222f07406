"""What tells that a preview may be out of date: counts that only grow; and the names that groups had before."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from directory.store.migration_sql import sql_migration, statements
from directory.store.unit import Engine, current_engine

ID = "m0005_previews"
VERSION = "1.38.0"
DESCRIPTION = "moves of users and locks counted, former names of groups"

TABLE = """
CREATE TABLE IF NOT EXISTS group_name_row (
  tenant_id UUID NOT NULL,
  group_id UUID NOT NULL,
  until TIMESTAMPTZ NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (tenant_id, group_id, until),
  FOREIGN KEY (tenant_id, group_id) REFERENCES group_row (tenant_id, id)
);
"""

NOBODY = "'00000000-0000-0000-0000-000000000000'"
"""The source of what has none, in a row that counts."""


def _counted(user_id: str, kind: str) -> str:
    """Return SQLite's upsert of a move; the last two digits of ``NEW.id`` or the like choose the row."""
    row = user_id.partition(".")[0]
    return (
        "INSERT INTO tally_row (tenant_id, source_id, kind, shard, things, moves)"
        f" VALUES ({row}.tenant_id, {NOBODY}, '{kind}', substr({user_id}, 35, 2), 0, 1)"
        " ON CONFLICT (tenant_id, source_id, kind, shard) DO UPDATE SET moves = moves + 1;"
    )


_GOES_OR_COMES = "CASE WHEN NEW.deleted_at IS NULL THEN 1 ELSE -1 END"
SQLITE = f"""
DROP TRIGGER IF EXISTS user_arrives;
CREATE TRIGGER user_arrives AFTER INSERT ON user_row WHEN NEW.source_id IS NOT NULL AND NEW.deleted_at IS NULL BEGIN
  INSERT INTO tally_row (tenant_id, source_id, kind, shard, things, moves)
  VALUES (NEW.tenant_id, NEW.source_id, 'user', substr(NEW.id, 35, 2), 1, 1)
  ON CONFLICT (tenant_id, source_id, kind, shard) DO UPDATE SET things = things + 1, moves = moves + 1;
END;
DROP TRIGGER IF EXISTS user_leaves_or_returns;
CREATE TRIGGER user_leaves_or_returns AFTER UPDATE OF deleted_at ON user_row
  WHEN NEW.source_id IS NOT NULL AND (OLD.deleted_at IS NULL) <> (NEW.deleted_at IS NULL) BEGIN
  UPDATE tally_row SET things = things + {_GOES_OR_COMES}, moves = moves + 1
  WHERE tenant_id = NEW.tenant_id AND source_id = NEW.source_id AND kind = 'user' AND shard = substr(NEW.id, 35, 2);
END;
CREATE TRIGGER IF NOT EXISTS local_user_arrives AFTER INSERT ON user_row WHEN NEW.source_id IS NULL BEGIN
  {_counted("NEW.id", "local")}
END;
CREATE TRIGGER IF NOT EXISTS local_user_leaves_or_returns AFTER UPDATE OF deleted_at ON user_row
  WHEN NEW.source_id IS NULL AND (OLD.deleted_at IS NULL) <> (NEW.deleted_at IS NULL) BEGIN
  {_counted("NEW.id", "local")}
END;
CREATE TRIGGER IF NOT EXISTS lock_is_set AFTER INSERT ON lock_row BEGIN
  {_counted("NEW.user_id", "lock")}
END;
CREATE TRIGGER IF NOT EXISTS lock_is_replaced AFTER UPDATE ON lock_row BEGIN
  {_counted("NEW.user_id", "lock")}
END;
CREATE TRIGGER IF NOT EXISTS lock_is_lifted AFTER DELETE ON lock_row BEGIN
  {_counted("OLD.user_id", "lock")}
END;
CREATE TRIGGER IF NOT EXISTS group_is_renamed AFTER UPDATE OF display_name ON group_row
  WHEN OLD.display_name <> NEW.display_name BEGIN
  INSERT INTO group_name_row (tenant_id, group_id, until, name)
  VALUES (NEW.tenant_id, NEW.id, NEW.modified_at, OLD.display_name) ON CONFLICT DO NOTHING;
END;
"""

POSTGRES = f"""
ALTER TABLE tally_row ADD COLUMN IF NOT EXISTS moves BIGINT NOT NULL DEFAULT 0;
CREATE OR REPLACE FUNCTION tally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO tally_row AS t (tenant_id, source_id, kind, shard, things, moves)
  VALUES (NEW.tenant_id, NEW.source_id, TG_ARGV[0], right(NEW.id::text, 2), 1, 1)
  ON CONFLICT (tenant_id, source_id, kind, shard)
  DO UPDATE SET things = t.things + {_GOES_OR_COMES}, moves = t.moves + 1;
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION count_move() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  moved record;
  moved_id UUID;
BEGIN
  IF TG_OP = 'DELETE' THEN moved := OLD; ELSE moved := NEW; END IF;
  IF TG_ARGV[0] = 'lock' THEN moved_id := moved.user_id; ELSE moved_id := moved.id; END IF;
  INSERT INTO tally_row AS t (tenant_id, source_id, kind, shard, things, moves)
  VALUES (moved.tenant_id, {NOBODY}, TG_ARGV[0], right(moved_id::text, 2), 0, 1)
  ON CONFLICT (tenant_id, source_id, kind, shard) DO UPDATE SET moves = t.moves + 1;
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION keep_group_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO group_name_row (tenant_id, group_id, until, name)
  VALUES (NEW.tenant_id, NEW.id, NEW.modified_at, OLD.display_name) ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER local_user_arrives AFTER INSERT ON user_row
  FOR EACH ROW WHEN (NEW.source_id IS NULL) EXECUTE FUNCTION count_move('local');
CREATE OR REPLACE TRIGGER local_user_leaves_or_returns AFTER UPDATE OF deleted_at ON user_row
  FOR EACH ROW WHEN (NEW.source_id IS NULL AND (OLD.deleted_at IS NULL) <> (NEW.deleted_at IS NULL))
  EXECUTE FUNCTION count_move('local');
CREATE OR REPLACE TRIGGER lock_moves AFTER INSERT OR UPDATE OR DELETE ON lock_row
  FOR EACH ROW EXECUTE FUNCTION count_move('lock');
CREATE OR REPLACE TRIGGER group_is_renamed AFTER UPDATE OF display_name ON group_row
  FOR EACH ROW WHEN (OLD.display_name <> NEW.display_name) EXECUTE FUNCTION keep_group_name();
"""

HAS_MOVES = "SELECT 1 FROM pragma_table_info('tally_row') WHERE name = 'moves'"


async def forwards() -> MigrationManager:
    """Return the steps."""
    manager = sql_migration(ID, DESCRIPTION, TABLE, postgres=TABLE + POSTGRES)

    async def run() -> None:
        engine = current_engine()
        if engine.engine_type == "sqlite":
            await _on_sqlite(engine)

    manager.add_raw(run)
    return manager


async def _on_sqlite(engine: Engine) -> None:
    """Add the column, which SQLite cannot do "if not exists", and then the triggers that write it."""
    if not await engine.fetch(HAS_MOVES):
        await engine.run_ddl("ALTER TABLE tally_row ADD COLUMN moves BIGINT NOT NULL DEFAULT 0")
    for statement in statements(SQLITE):
        await engine.run_ddl(statement)
