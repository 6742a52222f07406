"""Passwords, second factors, sign-ins half way, and counters of tries."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from directory.store.migration_sql import NewColumn, sql_migration

ID = "m0006_sign_in"
VERSION = "1.38.0"
DESCRIPTION = "passwords, second factors, throttling"

TABLES = """
CREATE TABLE IF NOT EXISTS password_row (
  tenant_id UUID NOT NULL,
  user_id UUID NOT NULL,
  hash TEXT NOT NULL,
  set_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant_id, user_id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES user_row (tenant_id, id)
);

CREATE TABLE IF NOT EXISTS factor_row (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  user_id UUID NOT NULL,
  sealed TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  confirmed_at TIMESTAMPTZ,
  last_step BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES user_row (tenant_id, id)
);
CREATE UNIQUE INDEX IF NOT EXISTS factor_of_user ON factor_row (tenant_id, user_id) WHERE confirmed_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS factor_begun ON factor_row (tenant_id, user_id) WHERE confirmed_at IS NULL;

CREATE TABLE IF NOT EXISTS recovery_code_row (
  tenant_id UUID NOT NULL,
  user_id UUID NOT NULL,
  digest TEXT NOT NULL,
  used_at TIMESTAMPTZ,
  PRIMARY KEY (tenant_id, user_id, digest),
  FOREIGN KEY (tenant_id, user_id) REFERENCES user_row (tenant_id, id)
);

CREATE TABLE IF NOT EXISTS signin_step_row (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  user_id UUID NOT NULL,
  digest TEXT NOT NULL,
  way TEXT NOT NULL,
  lands_at TEXT NOT NULL,
  permissions TEXT NOT NULL,
  factor_id UUID,
  created_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  used_at TIMESTAMPTZ,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES user_row (tenant_id, id)
);
CREATE UNIQUE INDEX IF NOT EXISTS signin_step_digest ON signin_step_row (digest);
CREATE INDEX IF NOT EXISTS signin_step_of_user ON signin_step_row (tenant_id, user_id);
CREATE INDEX IF NOT EXISTS signin_step_by_age ON signin_step_row (expires_at);

CREATE TABLE IF NOT EXISTS throttle_row (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  tries BIGINT NOT NULL,
  open_at TIMESTAMPTZ NOT NULL,
  tried_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (kind, key)
);
CREATE INDEX IF NOT EXISTS throttle_by_age ON throttle_row (tried_at);
"""

# How a session began, with how much proof, when that was last confirmed, the role it was begun with, and what that role
# carried: a way in that is older than a promotion does not lead to it. What a session or step is setting up is its own.
COLUMNS = (
    NewColumn("web_session_row", "way", "TEXT NOT NULL DEFAULT 'link'"),
    NewColumn("web_session_row", "second_factor", "BOOLEAN NOT NULL DEFAULT FALSE"),
    NewColumn("web_session_row", "confirmed_at", "TIMESTAMPTZ"),
    NewColumn("web_session_row", "role_id", "UUID"),
    NewColumn("web_session_row", "permissions", "TEXT NOT NULL DEFAULT '[]'"),
    NewColumn("web_session_row", "begun_factor_id", "UUID"),
    NewColumn("signin_link_row", "purpose", "TEXT NOT NULL DEFAULT 'sign in'"),
    NewColumn("signin_link_row", "permissions", "TEXT NOT NULL DEFAULT '[]'"),
)

# Whoever is deleted keeps no way in: neither now nor when a provider brings the same person back.
SQLITE = """
CREATE TRIGGER IF NOT EXISTS user_leaves_no_key AFTER UPDATE OF deleted_at ON user_row
  WHEN NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL BEGIN
  DELETE FROM password_row WHERE tenant_id = NEW.tenant_id AND user_id = NEW.id;
  DELETE FROM factor_row WHERE tenant_id = NEW.tenant_id AND user_id = NEW.id;
  DELETE FROM recovery_code_row WHERE tenant_id = NEW.tenant_id AND user_id = NEW.id;
END;
CREATE TRIGGER IF NOT EXISTS user_stops_half_way AFTER UPDATE OF active ON user_row
  WHEN OLD.active AND NOT NEW.active BEGIN
  DELETE FROM signin_step_row WHERE tenant_id = NEW.tenant_id AND user_id = NEW.id;
END;
"""
POSTGRES = """
CREATE OR REPLACE FUNCTION leave_no_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM password_row WHERE tenant_id = NEW.tenant_id AND user_id = NEW.id;
  DELETE FROM factor_row WHERE tenant_id = NEW.tenant_id AND user_id = NEW.id;
  DELETE FROM recovery_code_row WHERE tenant_id = NEW.tenant_id AND user_id = NEW.id;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER user_leaves_no_key AFTER UPDATE OF deleted_at ON user_row
  FOR EACH ROW WHEN (NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL) EXECUTE FUNCTION leave_no_key();
CREATE OR REPLACE FUNCTION stop_half_way() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM signin_step_row WHERE tenant_id = NEW.tenant_id AND user_id = NEW.id;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER user_stops_half_way AFTER UPDATE OF active ON user_row
  FOR EACH ROW WHEN (OLD.active AND NOT NEW.active) EXECUTE FUNCTION stop_half_way();
"""


async def forwards() -> MigrationManager:
    """Return the steps."""
    return sql_migration(ID, DESCRIPTION, postgres=TABLES + POSTGRES, sqlite=TABLES + SQLITE, columns=COLUMNS)
