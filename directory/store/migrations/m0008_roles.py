"""Sign-in blocks, reviews of role locks, roles that were deleted, and indexes of a person's page."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from directory.store.migration_sql import sql_migration

ID = "m0008_roles"
VERSION = "1.38.0"
DESCRIPTION = "sign-in blocks, reviews of locks, retired roles, indexes of a person's page"

# A manager reference and a path can be longer than an index entry of PostgreSQL takes: their beginnings are indexed.
BOTH = """
CREATE TABLE IF NOT EXISTS signin_block_row (
  tenant_id UUID NOT NULL,
  user_id UUID NOT NULL,
  reason TEXT NOT NULL,
  owner TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant_id, user_id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES user_row (tenant_id, id)
);

CREATE TABLE IF NOT EXISTS lock_review_row (
  tenant_id UUID NOT NULL,
  user_id UUID NOT NULL,
  reviewed_at TIMESTAMPTZ NOT NULL,
  reviewed_by TEXT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (tenant_id, user_id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES lock_row (tenant_id, user_id) ON DELETE CASCADE
);

CREATE TABLE IF NOT EXISTS retired_role_row (
  tenant_id UUID NOT NULL,
  role_id UUID NOT NULL,
  moved_to UUID NOT NULL,
  retired_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant_id, role_id),
  FOREIGN KEY (tenant_id, role_id) REFERENCES role_row (tenant_id, id),
  FOREIGN KEY (tenant_id, moved_to) REFERENCES role_row (tenant_id, id)
);

CREATE INDEX IF NOT EXISTS lock_by_age ON lock_row (tenant_id, created_at, user_id);
CREATE INDEX IF NOT EXISTS lock_by_role ON lock_row (tenant_id, role_id);
CREATE INDEX IF NOT EXISTS user_by_manager ON user_row (tenant_id, substr(manager_ref, 1, 200), id)
  WHERE manager_ref IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS event_of_session ON event_row (tenant_id, actor_id, id) WHERE subject_kind = 'session';
CREATE INDEX IF NOT EXISTS request_failed_at ON request_row (tenant_id, substr(path, 1, 200), id) WHERE status >= 400;
"""


async def forwards() -> MigrationManager:
    """Return the steps."""
    return sql_migration(ID, DESCRIPTION, BOTH)
