"""What the list of users is filtered and sorted by, in one index; saved views; actions on many users."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from directory.store.migration_sql import NewColumn, add_column, sql_migration
from directory.store.unit import current_engine

ID = "m0007_accounts"
VERSION = "1.38.0"
DESCRIPTION = "index of the list of users, saved views, actions on many users"

TABLES = """
CREATE TABLE IF NOT EXISTS saved_view_row (
  tenant_id UUID NOT NULL REFERENCES tenant_row (id),
  id UUID NOT NULL,
  owner_id UUID NOT NULL,
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  query TEXT NOT NULL,
  shared BOOLEAN NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX IF NOT EXISTS saved_view_name ON saved_view_row (tenant_id, owner_id, name_key);

CREATE TABLE IF NOT EXISTS bulk_job_row (
  tenant_id UUID NOT NULL REFERENCES tenant_row (id),
  id UUID NOT NULL,
  state TEXT NOT NULL,
  deed TEXT NOT NULL,
  role_id UUID,
  reason TEXT NOT NULL,
  until TIMESTAMPTZ,
  wanted TEXT NOT NULL,
  words TEXT NOT NULL,
  asked_by UUID NOT NULL,
  asked_label TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  reached UUID,
  plan_hash TEXT NOT NULL,
  tally TEXT NOT NULL,
  item_count BIGINT NOT NULL,
  change_count BIGINT NOT NULL,
  applied_count BIGINT NOT NULL,
  skipped_count BIGINT NOT NULL,
  started_at TIMESTAMPTZ,
  ended_at TIMESTAMPTZ,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS bulk_job_open ON bulk_job_row (created_at) WHERE state IN ('drafting', 'running');

CREATE TABLE IF NOT EXISTS bulk_item_row (
  tenant_id UUID NOT NULL,
  job_id UUID NOT NULL,
  user_id UUID NOT NULL,
  effect TEXT NOT NULL,
  from_role_id UUID NOT NULL,
  to_role_id UUID NOT NULL,
  from_active BOOLEAN NOT NULL,
  to_active BOOLEAN NOT NULL,
  locked BOOLEAN NOT NULL,
  outcome TEXT,
  PRIMARY KEY (tenant_id, job_id, user_id),
  FOREIGN KEY (tenant_id, job_id) REFERENCES bulk_job_row (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS bulk_item_open ON bulk_item_row (tenant_id, job_id, user_id)
  WHERE effect = 'change' AND outcome IS NULL;
"""

# Words begin after a blank: a search for the beginning of a word is a search for a blank and that text.
MARKS = "\n.,-_@'\"()+/&"

# Bounded, since an entry of an index of PostgreSQL holds 2,704 bytes, and a character takes four at most.
LISTED = {
    "list_name": "substr(display_name_key, 1, 120)",
    "list_user_name": "substr(user_name_key, 1, 120)",
    "list_department": "lower(substr(coalesce(department, ''), 1, 80))",
}


def blanked(expression: str, *, sqlite: bool) -> str:
    """Return the SQL of a text whose marks are blanks."""
    if not sqlite:
        return f"translate({expression}, {quoted(MARKS)}, {quoted(' ' * len(MARKS))})"
    for mark in MARKS:
        expression = f"replace({expression}, {quoted(mark)}, ' ')"
    return expression


def quoted(text: str) -> str:
    """Return a text as SQL writes it."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


# A row has a document of a kilobyte or more. Counting 100,000 rows by one status read all of them and took 90 ms; from
# this index it takes 15 ms. In the order of ids: a new user's entry comes last, where the one before was written too.
_COLUMNS = "active, role_id, origin, source_id, modified_at, list_name, list_user_name, list_department, list_words"
INDEX = {
    "sqlite": f"CREATE INDEX IF NOT EXISTS user_listed ON user_row (tenant_id, id, {_COLUMNS})"
    " WHERE deleted_at IS NULL",
    "postgres": f"CREATE INDEX IF NOT EXISTS user_listed ON user_row (tenant_id, id) INCLUDE ({_COLUMNS})"
    " WHERE deleted_at IS NULL",
}

# Such a read looks into the row after all where a page was written since the last VACUUM: so let that come sooner.
VACUUM_SOONER = (
    "ALTER TABLE user_row SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05)"
)


async def list_columns_and_index() -> None:
    """Add what is derived from the columns there are, and the index of it."""
    engine = current_engine()
    sqlite = engine.engine_type == "sqlite"
    words = "' ' || " + blanked("substr(search_key, 1, 250)", sqlite=sqlite)
    for name, expression in {**LISTED, "list_words": words}.items():
        kept = "VIRTUAL" if sqlite else "STORED"
        await add_column(engine, NewColumn("user_row", name, f"TEXT GENERATED ALWAYS AS ({expression}) {kept}"))
    await engine.run_ddl(INDEX["sqlite" if sqlite else "postgres"])
    if not sqlite:
        await engine.run_ddl(VACUUM_SOONER)


async def forwards() -> MigrationManager:
    """Return the steps."""
    manager = sql_migration(ID, DESCRIPTION, TABLES)
    manager.add_raw(list_columns_and_index)
    return manager
