"""Former user names that still match, the conversion of user names to e-mail, and fields read from attributes."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from directory.store.migration_sql import sql_migration

ID = "m0019_conversion"
VERSION = "1.38.0"
DESCRIPTION = "former user names, conversion to e-mail, attribute fields"

TABLES = """
CREATE TABLE IF NOT EXISTS alias_row (
  tenant_id UUID NOT NULL,
  user_name_key TEXT NOT NULL,
  user_name TEXT NOT NULL,
  user_id UUID NOT NULL,
  until TIMESTAMPTZ NOT NULL,
  reason TEXT NOT NULL,
  words TEXT NOT NULL,
  PRIMARY KEY (tenant_id, user_name_key),
  FOREIGN KEY (tenant_id, user_id) REFERENCES user_row (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS alias_of_user ON alias_row (tenant_id, user_id, words);
CREATE INDEX IF NOT EXISTS alias_until ON alias_row (until);

CREATE TABLE IF NOT EXISTS left_name_row (
  tenant_id UUID NOT NULL,
  user_name_key TEXT NOT NULL,
  user_id UUID NOT NULL,
  PRIMARY KEY (tenant_id, user_name_key, user_id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES user_row (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS left_name_of_user ON left_name_row (tenant_id, user_id);

CREATE TABLE IF NOT EXISTS conversion_row (
  tenant_id UUID NOT NULL REFERENCES tenant_row (id),
  id UUID NOT NULL,
  state TEXT NOT NULL,
  asked_by UUID,
  asked_label TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  reached UUID,
  alias_days BIGINT NOT NULL,
  item_count BIGINT NOT NULL,
  settled_count BIGINT NOT NULL,
  applied_count BIGINT NOT NULL,
  restored_count BIGINT NOT NULL,
  total_count BIGINT NOT NULL,
  confirmed_by TEXT,
  started_at TIMESTAMPTZ,
  ended_at TIMESTAMPTZ,
  undo_until TIMESTAMPTZ,
  undone_by TEXT,
  undone_at TIMESTAMPTZ,
  advanced_at TIMESTAMPTZ,
  failure_count BIGINT NOT NULL,
  failure TEXT NOT NULL,
  decision_count BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS conversion_open ON conversion_row (advanced_at)
  WHERE state IN ('scanning', 'judging', 'running', 'undoing');
CREATE UNIQUE INDEX IF NOT EXISTS conversion_alone ON conversion_row (tenant_id)
  WHERE state IN ('scanning', 'judging', 'scanned', 'running', 'stopped', 'undoing', 'undo stopped');

CREATE TABLE IF NOT EXISTS conversion_item_row (
  tenant_id UUID NOT NULL,
  job_id UUID NOT NULL,
  user_id UUID NOT NULL,
  old_name TEXT NOT NULL,
  email TEXT,
  email_key TEXT,
  kind TEXT NOT NULL,
  reason TEXT NOT NULL,
  other_id UUID,
  new_name TEXT,
  new_key TEXT,
  chosen BOOLEAN NOT NULL,
  outcome TEXT,
  former_name TEXT,
  former_until TIMESTAMPTZ,
  PRIMARY KEY (tenant_id, job_id, user_id),
  FOREIGN KEY (tenant_id, job_id) REFERENCES conversion_row (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS conversion_item_email ON conversion_item_row (tenant_id, job_id, email_key, user_id);
CREATE INDEX IF NOT EXISTS conversion_item_kind ON conversion_item_row (tenant_id, job_id, kind, user_id, reason);
CREATE INDEX IF NOT EXISTS conversion_item_outcome ON conversion_item_row (tenant_id, job_id, outcome, user_id);
CREATE UNIQUE INDEX IF NOT EXISTS conversion_item_new ON conversion_item_row (tenant_id, job_id, new_key)
  WHERE new_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS conversion_item_open ON conversion_item_row (tenant_id, job_id, user_id)
  WHERE new_key IS NOT NULL AND outcome IS NULL;

CREATE TABLE IF NOT EXISTS field_row (
  tenant_id UUID NOT NULL REFERENCES tenant_row (id),
  key TEXT NOT NULL,
  label TEXT NOT NULL,
  scim_path TEXT NOT NULL,
  parts TEXT NOT NULL,
  position BIGINT NOT NULL,
  listed BOOLEAN NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  reached UUID,
  looked_count BIGINT NOT NULL,
  filled_at TIMESTAMPTZ,
  removed_at TIMESTAMPTZ,
  PRIMARY KEY (tenant_id, key)
);
CREATE UNIQUE INDEX IF NOT EXISTS field_path ON field_row (tenant_id, parts) WHERE removed_at IS NULL;
CREATE INDEX IF NOT EXISTS field_open ON field_row (tenant_id, key) WHERE filled_at IS NULL OR removed_at IS NOT NULL;

CREATE TABLE IF NOT EXISTS field_value_row (
  tenant_id UUID NOT NULL,
  user_id UUID NOT NULL,
  field_key TEXT NOT NULL,
  value TEXT NOT NULL,
  value_key TEXT NOT NULL,
  PRIMARY KEY (tenant_id, user_id, field_key),
  FOREIGN KEY (tenant_id, user_id) REFERENCES user_row (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, field_key) REFERENCES field_row (tenant_id, key)
);
"""

# A name is somebody's, as the user name or as a former one: what the unique index of user names says for the first,
# these say for both. They come after the row: whoever waited for the index looks again behind the wait. A former name
# is only ever added by the unit that renames its user, so that nobody else can have taken it before.
SQLITE_ALIASES = """
CREATE TRIGGER IF NOT EXISTS user_name_is_former AFTER INSERT ON user_row WHEN NEW.deleted_at IS NULL BEGIN
  SELECT RAISE(ABORT, 'UNIQUE constraint failed: user_row.tenant_id, user_row.user_name_key')
  FROM alias_row WHERE tenant_id = NEW.tenant_id AND user_name_key = NEW.user_name_key;
END;
CREATE TRIGGER IF NOT EXISTS user_name_becomes_former AFTER UPDATE OF user_name_key, deleted_at ON user_row
  WHEN NEW.deleted_at IS NULL AND (NEW.user_name_key <> OLD.user_name_key OR OLD.deleted_at IS NOT NULL) BEGIN
  DELETE FROM alias_row WHERE tenant_id = NEW.tenant_id AND user_name_key = NEW.user_name_key AND user_id = NEW.id;
  SELECT RAISE(ABORT, 'UNIQUE constraint failed: user_row.tenant_id, user_row.user_name_key')
  FROM alias_row WHERE tenant_id = NEW.tenant_id AND user_name_key = NEW.user_name_key;
END;
CREATE TRIGGER IF NOT EXISTS user_leaves_former_names AFTER UPDATE OF deleted_at ON user_row
  WHEN NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL BEGIN
  INSERT INTO left_name_row (tenant_id, user_name_key, user_id) SELECT tenant_id, user_name_key, user_id
  FROM alias_row WHERE tenant_id = NEW.tenant_id AND user_id = NEW.id ON CONFLICT DO NOTHING;
  DELETE FROM alias_row WHERE tenant_id = NEW.tenant_id AND user_id = NEW.id;
END;
CREATE TRIGGER IF NOT EXISTS user_is_back AFTER UPDATE OF deleted_at ON user_row
  WHEN NEW.deleted_at IS NULL AND OLD.deleted_at IS NOT NULL BEGIN
  DELETE FROM left_name_row WHERE tenant_id = NEW.tenant_id AND user_id = NEW.id;
END;
CREATE TRIGGER IF NOT EXISTS former_name_is_taken AFTER INSERT ON alias_row BEGIN
  SELECT RAISE(ABORT, 'UNIQUE constraint failed: user_row.tenant_id, user_row.user_name_key')
  FROM user_row WHERE tenant_id = NEW.tenant_id AND user_name_key = NEW.user_name_key AND deleted_at IS NULL;
END;
"""
POSTGRES_ALIASES = """
CREATE OR REPLACE FUNCTION refuse_former_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    DELETE FROM alias_row WHERE tenant_id = NEW.tenant_id AND user_name_key = NEW.user_name_key AND user_id = NEW.id;
  END IF;
  IF EXISTS (SELECT 1 FROM alias_row WHERE tenant_id = NEW.tenant_id AND user_name_key = NEW.user_name_key) THEN
    RAISE EXCEPTION 'a former user name' USING ERRCODE = 'unique_violation', CONSTRAINT = 'user_name_unique',
      TABLE = 'user_row';
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION forget_former_names() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.deleted_at IS NULL THEN
    DELETE FROM left_name_row WHERE tenant_id = NEW.tenant_id AND user_id = NEW.id;
  ELSE
    INSERT INTO left_name_row (tenant_id, user_name_key, user_id) SELECT tenant_id, user_name_key, user_id
      FROM alias_row WHERE tenant_id = NEW.tenant_id AND user_id = NEW.id ON CONFLICT DO NOTHING;
    DELETE FROM alias_row WHERE tenant_id = NEW.tenant_id AND user_id = NEW.id;
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION refuse_taken_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM user_row WHERE tenant_id = NEW.tenant_id AND user_name_key = NEW.user_name_key
    AND deleted_at IS NULL) THEN
    RAISE EXCEPTION 'a user name' USING ERRCODE = 'unique_violation', CONSTRAINT = 'user_name_unique',
      TABLE = 'user_row';
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER user_name_is_former AFTER INSERT ON user_row
  FOR EACH ROW WHEN (NEW.deleted_at IS NULL) EXECUTE FUNCTION refuse_former_name();
CREATE OR REPLACE TRIGGER user_name_becomes_former AFTER UPDATE OF user_name_key, deleted_at ON user_row
  FOR EACH ROW WHEN (NEW.deleted_at IS NULL AND (NEW.user_name_key <> OLD.user_name_key
  OR OLD.deleted_at IS NOT NULL)) EXECUTE FUNCTION refuse_former_name();
CREATE OR REPLACE TRIGGER user_leaves_former_names AFTER UPDATE OF deleted_at ON user_row
  FOR EACH ROW WHEN ((NEW.deleted_at IS NULL) <> (OLD.deleted_at IS NULL)) EXECUTE FUNCTION forget_former_names();
CREATE OR REPLACE TRIGGER former_name_is_taken AFTER INSERT ON alias_row
  FOR EACH ROW EXECUTE FUNCTION refuse_taken_name();
"""

# Values are cut where an entry of PostgreSQL's index could not hold them. Of a list or an object there is no value.
# The key of a value stands at the same place of the folded document. ``parts`` are the names on the way to a value,
# joined by U+001F.
_PLACES = (
    "(SELECT key, '$.\"' || replace(parts, char(31), '\".\"') || '\"' AS place FROM field_row"
    " WHERE tenant_id = NEW.tenant_id AND removed_at IS NULL) AS f"
)
_SAID = f"""
  INSERT INTO field_value_row (tenant_id, user_id, field_key, value, value_key)
  SELECT NEW.tenant_id, NEW.id, f.key, substr(NEW.document ->> f.place, 1, 400),
  substr(NEW.document_key ->> f.place, 1, 400) FROM {_PLACES}
  WHERE NEW.deleted_at IS NULL AND json_type(NEW.document, f.place) IN ('text', 'integer', 'real')
  AND NEW.document ->> f.place <> ''
  ON CONFLICT (tenant_id, user_id, field_key) DO NOTHING;
"""
SQLITE_FIELDS = f"""
CREATE INDEX IF NOT EXISTS field_value_found ON field_value_row (tenant_id, field_key, value_key, user_id);
CREATE TRIGGER IF NOT EXISTS user_fields_arrive AFTER INSERT ON user_row BEGIN {_SAID} END;
CREATE TRIGGER IF NOT EXISTS user_fields_change AFTER UPDATE OF document, deleted_at ON user_row
  WHEN NEW.document <> OLD.document OR (NEW.deleted_at IS NULL) <> (OLD.deleted_at IS NULL) BEGIN
  DELETE FROM field_value_row WHERE tenant_id = NEW.tenant_id AND user_id = NEW.id AND NOT EXISTS (
  SELECT 1 FROM {_PLACES} WHERE NEW.deleted_at IS NULL AND f.key = field_value_row.field_key
  AND substr(NEW.document ->> f.place, 1, 400) = field_value_row.value
  AND json_type(NEW.document, f.place) IN ('text', 'integer', 'real')); {_SAID} END;
"""
POSTGRES_FIELDS = """
CREATE INDEX IF NOT EXISTS field_value_found ON field_value_row (tenant_id, field_key, value_key COLLATE "C", user_id);
CREATE OR REPLACE FUNCTION put_user_fields() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  said jsonb;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM field_row WHERE tenant_id = NEW.tenant_id AND removed_at IS NULL) THEN
    RETURN NULL;
  END IF;
  said := NEW.document::jsonb;
  IF TG_OP = 'UPDATE' THEN
    DELETE FROM field_value_row v WHERE v.tenant_id = NEW.tenant_id AND v.user_id = NEW.id AND NOT EXISTS (
      SELECT 1 FROM field_row f WHERE NEW.deleted_at IS NULL AND f.removed_at IS NULL
      AND f.tenant_id = NEW.tenant_id AND f.key = v.field_key
      AND left(said #>> string_to_array(f.parts, chr(31)), 400) = v.value
      AND jsonb_typeof(said #> string_to_array(f.parts, chr(31))) IN ('string', 'number'));
  END IF;
  INSERT INTO field_value_row (tenant_id, user_id, field_key, value, value_key)
  SELECT NEW.tenant_id, NEW.id, f.key, left(said #>> f.place, 400), left(NEW.document_key #>> f.place, 400)
  FROM (SELECT key, string_to_array(parts, chr(31)) AS place FROM field_row
    WHERE tenant_id = NEW.tenant_id AND removed_at IS NULL) AS f
  WHERE NEW.deleted_at IS NULL AND jsonb_typeof(said #> f.place) IN ('string', 'number') AND said #>> f.place <> ''
  ON CONFLICT (tenant_id, user_id, field_key) DO NOTHING;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER user_fields_arrive AFTER INSERT ON user_row
  FOR EACH ROW EXECUTE FUNCTION put_user_fields();
CREATE OR REPLACE TRIGGER user_fields_change AFTER UPDATE OF document, deleted_at ON user_row
  FOR EACH ROW WHEN (NEW.document <> OLD.document OR (NEW.deleted_at IS NULL) <> (OLD.deleted_at IS NULL))
  EXECUTE FUNCTION put_user_fields();
"""

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
DEFAULTS = "".join(
    f"""
INSERT INTO field_row (tenant_id, key, label, scim_path, parts, position, listed, created_at, looked_count)
  SELECT id, '{key}', '{label}', '{ENTERPRISE}:{name}', '{ENTERPRISE}\x1f{name}', {position}, FALSE, created_at, 0
  FROM tenant_row WHERE true ON CONFLICT DO NOTHING;
"""
    for position, (key, label, name) in enumerate(
        (
            ("department", "Department", "department"),
            ("cost-centre", "Cost centre", "costCenter"),
            ("employee-number", "Employee number", "employeeNumber"),
            ("division", "Division", "division"),
            ("organization", "Organization", "organization"),
        ),
        1,
    )
)
"""The fields that every tenant begins with; those who are there already get them, and their values by a walk."""


async def forwards() -> MigrationManager:
    """Return the steps."""
    return sql_migration(
        ID,
        DESCRIPTION,
        postgres=TABLES + POSTGRES_ALIASES + POSTGRES_FIELDS + DEFAULTS,
        sqlite=TABLES + SQLITE_ALIASES + SQLITE_FIELDS + DEFAULTS,
    )
