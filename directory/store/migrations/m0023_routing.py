"""Tenants below others: how they are, which rules lead users there, who is where, and who looks in from above."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from directory.store.migration_sql import NewColumn, sql_migration

ID = "m0023_routing"
VERSION = "1.38.0"
DESCRIPTION = "states of tenants, routing rules, routes, scoped views"

TABLES = """
CREATE TABLE IF NOT EXISTS routing_rule_row (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  kind TEXT NOT NULL,
  position BIGINT NOT NULL,
  label TEXT NOT NULL,
  condition TEXT NOT NULL,
  goes_to TEXT NOT NULL,
  role_key TEXT,
  stops BOOLEAN NOT NULL DEFAULT TRUE,
  consented_by TEXT,
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id) REFERENCES tenant_row (id)
);

CREATE TABLE IF NOT EXISTS route_row (
  tenant_id UUID NOT NULL,
  user_id UUID NOT NULL,
  to_tenant_id UUID NOT NULL,
  rule_id UUID,
  role_key TEXT,
  copy_user_id UUID,
  state TEXT NOT NULL,
  problem TEXT NOT NULL DEFAULT '',
  since TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant_id, user_id, to_tenant_id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES user_row (tenant_id, id),
  FOREIGN KEY (to_tenant_id, copy_user_id) REFERENCES user_row (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS route_to ON route_row (tenant_id, to_tenant_id, user_id);
CREATE INDEX IF NOT EXISTS route_copy ON route_row (to_tenant_id, copy_user_id) WHERE copy_user_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS route_problem ON route_row (tenant_id, since, user_id) WHERE state <> 'there';

CREATE TABLE IF NOT EXISTS group_route_row (
  tenant_id UUID NOT NULL,
  group_id UUID NOT NULL,
  to_tenant_id UUID NOT NULL,
  rule_id UUID,
  copy_group_id UUID NOT NULL,
  since TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant_id, group_id, to_tenant_id),
  FOREIGN KEY (tenant_id, group_id) REFERENCES group_row (tenant_id, id),
  FOREIGN KEY (to_tenant_id, copy_group_id) REFERENCES group_row (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS group_route_to ON group_route_row (tenant_id, to_tenant_id, group_id);
CREATE INDEX IF NOT EXISTS group_route_copy ON group_route_row (to_tenant_id, copy_group_id);

CREATE TABLE IF NOT EXISTS unrouted_row (
  tenant_id UUID NOT NULL,
  user_id UUID NOT NULL,
  since TIMESTAMPTZ NOT NULL,
  reason TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (tenant_id, user_id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES user_row (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS unrouted_since ON unrouted_row (tenant_id, since, user_id);

CREATE TABLE IF NOT EXISTS route_due_row (
  tenant_id UUID NOT NULL,
  kind TEXT NOT NULL,
  subject_id UUID NOT NULL,
  asked_at TIMESTAMPTZ NOT NULL,
  lets_pass BOOLEAN NOT NULL DEFAULT FALSE,
  asks BIGINT NOT NULL DEFAULT 1,
  tries BIGINT NOT NULL DEFAULT 0,
  not_before TIMESTAMPTZ,
  PRIMARY KEY (tenant_id, kind, subject_id)
);
CREATE INDEX IF NOT EXISTS route_due_stuck ON route_due_row (tenant_id, tries) WHERE tries >= 5;

CREATE TABLE IF NOT EXISTS route_walk_row (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  asked_at TIMESTAMPTZ NOT NULL,
  asked_by TEXT NOT NULL,
  lets_pass BOOLEAN NOT NULL DEFAULT FALSE,
  phase TEXT NOT NULL,
  after_id UUID,
  done_count BIGINT NOT NULL DEFAULT 0,
  moved_count BIGINT NOT NULL DEFAULT 0,
  total_count BIGINT NOT NULL DEFAULT 0,
  ended_at TIMESTAMPTZ,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id) REFERENCES tenant_row (id)
);
CREATE INDEX IF NOT EXISTS route_walk_open ON route_walk_row (asked_at) WHERE ended_at IS NULL;

CREATE TABLE IF NOT EXISTS scoped_view_row (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  to_tenant_id UUID NOT NULL,
  user_id UUID NOT NULL,
  session_id UUID,
  user_label TEXT NOT NULL,
  reason TEXT NOT NULL,
  level TEXT NOT NULL,
  state TEXT NOT NULL,
  asked_at TIMESTAMPTZ NOT NULL,
  decided_at TIMESTAMPTZ,
  decided_by TEXT,
  begun_at TIMESTAMPTZ,
  until TIMESTAMPTZ NOT NULL,
  ended_at TIMESTAMPTZ,
  changed_count BIGINT,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES user_row (tenant_id, id),
  FOREIGN KEY (to_tenant_id) REFERENCES tenant_row (id)
);
CREATE INDEX IF NOT EXISTS scoped_view_session ON scoped_view_row (session_id, id) WHERE session_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS scoped_view_to ON scoped_view_row (tenant_id, to_tenant_id, id);
CREATE INDEX IF NOT EXISTS scoped_view_live ON scoped_view_row (until) WHERE ended_at IS NULL;

CREATE INDEX IF NOT EXISTS tenant_parent ON tenant_row (parent_id, slug) WHERE parent_id IS NOT NULL;
"""

COLUMNS = (
    NewColumn("tenant_row", "suspended_at", "TIMESTAMPTZ"),
    NewColumn("tenant_row", "deleted_at", "TIMESTAMPTZ"),
    NewColumn("tenant_row", "ended_by", "TEXT"),
    NewColumn("tenant_row", "erased_at", "TIMESTAMPTZ"),
    NewColumn("tenant_row", "routing_mark", "UUID"),
    NewColumn("tenant_row", "routing", "TEXT NOT NULL DEFAULT '{}'"),
    NewColumn("tenant_row", "scoped_views", "TEXT NOT NULL DEFAULT 'open'"),
    NewColumn("tenant_row", "own_sources", "BOOLEAN NOT NULL DEFAULT TRUE"),
    NewColumn("tenant_row", "grace_days", "BIGINT NOT NULL DEFAULT 30"),
)


async def forwards() -> MigrationManager:
    """Return the steps."""
    return sql_migration(ID, DESCRIPTION, TABLES, columns=COLUMNS)
