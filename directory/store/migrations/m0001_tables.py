"""The tables of the first release."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from directory.store.migration_sql import sql_migration

ID = "m0001_tables"
VERSION = "1.38.0"
DESCRIPTION = "tenants, users, groups, roles, mappings, events, requests"

TABLES = """
CREATE TABLE IF NOT EXISTS tenant_row (
  id UUID NOT NULL PRIMARY KEY,
  slug TEXT NOT NULL,
  name TEXT NOT NULL,
  parent_id UUID REFERENCES tenant_row (id),
  default_role_id UUID NOT NULL,
  administrator_role_id UUID NOT NULL,
  policy_version BIGINT NOT NULL,
  policy_mark UUID NOT NULL,
  created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS tenant_slug ON tenant_row (slug);

CREATE TABLE IF NOT EXISTS role_row (
  tenant_id UUID NOT NULL REFERENCES tenant_row (id),
  id UUID NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  shipped TEXT,
  permissions TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX IF NOT EXISTS role_name ON role_row (tenant_id, name_key);

CREATE TABLE IF NOT EXISTS source_row (
  tenant_id UUID NOT NULL REFERENCES tenant_row (id),
  id UUID NOT NULL,
  kind TEXT NOT NULL,
  preset TEXT NOT NULL,
  label TEXT NOT NULL,
  settings TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  last_request_at TIMESTAMPTZ,
  last_change_at TIMESTAMPTZ,
  PRIMARY KEY (tenant_id, id)
);

CREATE TABLE IF NOT EXISTS secret_row (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  source_id UUID NOT NULL,
  public_id TEXT NOT NULL,
  digest TEXT NOT NULL,
  last_four TEXT NOT NULL,
  label TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  retiring_until TIMESTAMPTZ,
  revoked_at TIMESTAMPTZ,
  last_used_at TIMESTAMPTZ,
  last_used_from TEXT,
  last_used_software TEXT,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, source_id) REFERENCES source_row (tenant_id, id)
);
CREATE UNIQUE INDEX IF NOT EXISTS secret_public_id ON secret_row (public_id);
CREATE UNIQUE INDEX IF NOT EXISTS secret_one_active ON secret_row (tenant_id, source_id)
  WHERE revoked_at IS NULL AND retiring_until IS NULL;

CREATE TABLE IF NOT EXISTS user_row (
  tenant_id UUID NOT NULL REFERENCES tenant_row (id),
  id UUID NOT NULL,
  source_id UUID,
  user_name TEXT NOT NULL,
  user_name_key TEXT NOT NULL,
  display_name TEXT NOT NULL,
  display_name_key TEXT NOT NULL,
  search_key TEXT NOT NULL,
  email TEXT,
  department TEXT,
  title TEXT,
  manager_ref TEXT,
  document TEXT NOT NULL,
  document_key JSONB NOT NULL,
  reported_active BOOLEAN NOT NULL,
  active BOOLEAN NOT NULL,
  role_id UUID NOT NULL,
  origin TEXT NOT NULL,
  decided_group_id UUID,
  unlocked_role_id UUID,
  unlocked_group_id UUID,
  decided_at TIMESTAMPTZ NOT NULL,
  decided_request_id UUID,
  version BIGINT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  modified_at TIMESTAMPTZ NOT NULL,
  deleted_at TIMESTAMPTZ,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, source_id) REFERENCES source_row (tenant_id, id),
  FOREIGN KEY (tenant_id, role_id) REFERENCES role_row (tenant_id, id)
);
CREATE UNIQUE INDEX IF NOT EXISTS user_name_unique ON user_row (tenant_id, user_name_key) WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS user_of_source ON user_row (tenant_id, source_id, id, deleted_at)
  WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS user_by_name ON user_row (tenant_id, display_name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS user_by_role ON user_row (tenant_id, role_id, id) WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS user_by_decision ON user_row (tenant_id, origin, decided_group_id, id)
  WHERE deleted_at IS NULL;

CREATE TABLE IF NOT EXISTS email_row (
  tenant_id UUID NOT NULL,
  user_id UUID NOT NULL,
  position BIGINT NOT NULL,
  kind TEXT,
  value_key TEXT NOT NULL,
  PRIMARY KEY (tenant_id, user_id, position),
  FOREIGN KEY (tenant_id, user_id) REFERENCES user_row (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS email_value ON email_row (tenant_id, value_key);

CREATE TABLE IF NOT EXISTS lock_row (
  tenant_id UUID NOT NULL,
  user_id UUID NOT NULL,
  role_id UUID NOT NULL,
  reason TEXT NOT NULL,
  owner TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  until TIMESTAMPTZ,
  PRIMARY KEY (tenant_id, user_id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES user_row (tenant_id, id),
  FOREIGN KEY (tenant_id, role_id) REFERENCES role_row (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS lock_expiry ON lock_row (until) WHERE until IS NOT NULL;

CREATE TABLE IF NOT EXISTS group_row (
  tenant_id UUID NOT NULL REFERENCES tenant_row (id),
  id UUID NOT NULL,
  source_id UUID NOT NULL,
  display_name TEXT NOT NULL,
  display_name_key TEXT NOT NULL,
  claims_name BOOLEAN NOT NULL,
  document TEXT NOT NULL,
  document_key JSONB NOT NULL,
  member_count BIGINT NOT NULL,
  waiting_count BIGINT NOT NULL,
  nested_count BIGINT NOT NULL,
  version BIGINT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  modified_at TIMESTAMPTZ NOT NULL,
  deleted_at TIMESTAMPTZ,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, source_id) REFERENCES source_row (tenant_id, id)
);
CREATE UNIQUE INDEX IF NOT EXISTS group_name_unique ON group_row (tenant_id, source_id, display_name_key)
  WHERE claims_name AND deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS group_of_source ON group_row (tenant_id, source_id, id, deleted_at)
  WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS group_by_name ON group_row (tenant_id, display_name_key, id) WHERE deleted_at IS NULL;

CREATE TABLE IF NOT EXISTS user_link_row (
  tenant_id UUID NOT NULL,
  source_id UUID NOT NULL,
  external_id TEXT NOT NULL,
  user_id UUID NOT NULL,
  PRIMARY KEY (tenant_id, source_id, external_id),
  FOREIGN KEY (tenant_id, source_id) REFERENCES source_row (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES user_row (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS link_of_user ON user_link_row (tenant_id, user_id);

CREATE TABLE IF NOT EXISTS group_link_row (
  tenant_id UUID NOT NULL,
  source_id UUID NOT NULL,
  external_id TEXT NOT NULL,
  group_id UUID NOT NULL,
  PRIMARY KEY (tenant_id, source_id, external_id),
  FOREIGN KEY (tenant_id, source_id) REFERENCES source_row (tenant_id, id),
  FOREIGN KEY (tenant_id, group_id) REFERENCES group_row (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS link_of_group ON group_link_row (tenant_id, group_id);

CREATE TABLE IF NOT EXISTS member_row (
  tenant_id UUID NOT NULL,
  group_id UUID NOT NULL,
  user_id UUID NOT NULL,
  since TIMESTAMPTZ NOT NULL,
  label TEXT,
  PRIMARY KEY (tenant_id, group_id, user_id),
  FOREIGN KEY (tenant_id, group_id) REFERENCES group_row (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES user_row (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS member_of_user ON member_row (tenant_id, user_id, group_id);

CREATE TABLE IF NOT EXISTS waiting_row (
  tenant_id UUID NOT NULL,
  group_id UUID NOT NULL,
  value TEXT NOT NULL,
  since TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant_id, group_id, value),
  FOREIGN KEY (tenant_id, group_id) REFERENCES group_row (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS waiting_value ON waiting_row (tenant_id, value);

CREATE TABLE IF NOT EXISTS mapping_row (
  tenant_id UUID NOT NULL,
  group_id UUID NOT NULL,
  role_id UUID NOT NULL,
  position BIGINT NOT NULL,
  consented_by TEXT,
  PRIMARY KEY (tenant_id, group_id),
  FOREIGN KEY (tenant_id, group_id) REFERENCES group_row (tenant_id, id),
  FOREIGN KEY (tenant_id, role_id) REFERENCES role_row (tenant_id, id)
);

CREATE TABLE IF NOT EXISTS redecision_row (
  tenant_id UUID NOT NULL REFERENCES tenant_row (id),
  id UUID NOT NULL,
  group_id UUID,
  event_id UUID,
  after_user_id UUID,
  asked_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, group_id) REFERENCES group_row (tenant_id, id)
);

CREATE TABLE IF NOT EXISTS event_row (
  tenant_id UUID NOT NULL REFERENCES tenant_row (id),
  id UUID NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  actor_kind TEXT NOT NULL,
  actor_id UUID,
  action TEXT NOT NULL,
  subject_kind TEXT NOT NULL,
  subject_id UUID NOT NULL,
  request_id UUID,
  commitment TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  seq BIGINT,
  chain_hash TEXT,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS event_of_subject ON event_row (tenant_id, subject_id, id);
CREATE INDEX IF NOT EXISTS event_of_request ON event_row (tenant_id, request_id, id) WHERE request_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS event_unsealed ON event_row (tenant_id, id) WHERE seq IS NULL;
CREATE UNIQUE INDEX IF NOT EXISTS event_seq ON event_row (tenant_id, seq) WHERE seq IS NOT NULL;

CREATE TABLE IF NOT EXISTS event_value_row (
  tenant_id UUID NOT NULL,
  event_id UUID NOT NULL,
  salt TEXT NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (tenant_id, event_id),
  FOREIGN KEY (tenant_id, event_id) REFERENCES event_row (tenant_id, id)
);

CREATE TABLE IF NOT EXISTS event_member_row (
  tenant_id UUID NOT NULL,
  event_id UUID NOT NULL,
  user_id UUID NOT NULL,
  joined BOOLEAN NOT NULL,
  PRIMARY KEY (tenant_id, event_id, user_id),
  FOREIGN KEY (tenant_id, event_id) REFERENCES event_row (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS event_of_member ON event_member_row (tenant_id, user_id, event_id);

CREATE TABLE IF NOT EXISTS chain_row (
  tenant_id UUID NOT NULL PRIMARY KEY REFERENCES tenant_row (id),
  seq BIGINT NOT NULL,
  hash TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS request_row (
  tenant_id UUID NOT NULL REFERENCES tenant_row (id),
  id UUID NOT NULL,
  source_id UUID,
  secret_id UUID,
  reference TEXT NOT NULL,
  method TEXT NOT NULL,
  path TEXT NOT NULL,
  status BIGINT NOT NULL,
  scim_type TEXT,
  detail TEXT,
  request_body TEXT,
  software TEXT NOT NULL,
  network TEXT NOT NULL,
  leniencies TEXT NOT NULL,
  started_at TIMESTAMPTZ NOT NULL,
  duration_us BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS request_reference ON request_row (tenant_id, reference, id);
CREATE INDEX IF NOT EXISTS request_of_source ON request_row (tenant_id, source_id, id);
CREATE INDEX IF NOT EXISTS request_age ON request_row (started_at);

CREATE TABLE IF NOT EXISTS signin_link_row (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  user_id UUID NOT NULL,
  digest TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  used_at TIMESTAMPTZ,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES user_row (tenant_id, id)
);
CREATE UNIQUE INDEX IF NOT EXISTS signin_link_digest ON signin_link_row (digest);
CREATE INDEX IF NOT EXISTS signin_link_of_user ON signin_link_row (tenant_id, user_id);

CREATE TABLE IF NOT EXISTS web_session_row (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  user_id UUID NOT NULL,
  digest TEXT NOT NULL,
  csrf_key TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  last_used_at TIMESTAMPTZ NOT NULL,
  network TEXT NOT NULL,
  software TEXT NOT NULL,
  ended_at TIMESTAMPTZ,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES user_row (tenant_id, id)
);
CREATE UNIQUE INDEX IF NOT EXISTS web_session_digest ON web_session_row (digest);
CREATE INDEX IF NOT EXISTS web_session_of_user ON web_session_row (tenant_id, user_id);

CREATE TABLE IF NOT EXISTS job_row (
  duty TEXT NOT NULL PRIMARY KEY,
  holder TEXT,
  epoch BIGINT NOT NULL,
  expires_at TIMESTAMPTZ,
  next_at TIMESTAMPTZ NOT NULL,
  done_at TIMESTAMPTZ,
  failures BIGINT NOT NULL
);
"""


async def forwards() -> MigrationManager:
    """Return the steps."""
    return sql_migration(ID, DESCRIPTION, TABLES)
