"""Sources that are pulled: how, their runs, how far each got, and what the directory elsewhere said last."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from directory.store.migration_sql import NewColumn, sql_migration

ID = "m0021_pulls"
VERSION = "1.38.0"
DESCRIPTION = "pulled sources, runs, cursors, what was seen, drift"

TABLES = """
CREATE TABLE IF NOT EXISTS pull_row (
  tenant_id UUID NOT NULL,
  source_id UUID NOT NULL,
  config TEXT NOT NULL,
  sealed TEXT,
  sealed_names TEXT NOT NULL DEFAULT '[]',
  sealed_at TIMESTAMPTZ,
  rules TEXT,
  mode TEXT NOT NULL DEFAULT 'provision',
  audits_source_id UUID,
  match_target TEXT,
  interval_min BIGINT NOT NULL DEFAULT 30,
  full_every_h BIGINT NOT NULL DEFAULT 24,
  paused BOOLEAN NOT NULL DEFAULT FALSE,
  next_at TIMESTAMPTZ,
  full_done_at TIMESTAMPTZ,
  identity TEXT,
  identity_name TEXT NOT NULL DEFAULT '',
  credential_expires_at TIMESTAMPTZ,
  failures BIGINT NOT NULL DEFAULT 0,
  first_failed_at TIMESTAMPTZ,
  last_ok_at TIMESTAMPTZ,
  error_kind TEXT,
  error_words TEXT NOT NULL DEFAULT '',
  error_remedy TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (tenant_id, source_id),
  FOREIGN KEY (tenant_id, source_id) REFERENCES source_row (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS pull_due ON pull_row (next_at) WHERE NOT paused;

CREATE TABLE IF NOT EXISTS run_row (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  source_id UUID NOT NULL,
  kind TEXT NOT NULL,
  dry BOOLEAN NOT NULL,
  user_key TEXT,
  cause TEXT NOT NULL,
  state TEXT NOT NULL,
  asked_at TIMESTAMPTZ NOT NULL,
  asked_by UUID,
  asked_label TEXT NOT NULL,
  not_before TIMESTAMPTZ,
  started_at TIMESTAMPTZ,
  ended_at TIMESTAMPTZ,
  beat_at TIMESTAMPTZ,
  phase TEXT NOT NULL DEFAULT '',
  page_count BIGINT NOT NULL DEFAULT 0,
  object_count BIGINT NOT NULL DEFAULT 0,
  expected_count BIGINT,
  request_count BIGINT NOT NULL DEFAULT 0,
  waited_ms BIGINT NOT NULL DEFAULT 0,
  waiting TEXT NOT NULL DEFAULT '',
  done_count BIGINT NOT NULL DEFAULT 0,
  to_do_count BIGINT NOT NULL DEFAULT 0,
  reached TEXT NOT NULL DEFAULT '',
  counts TEXT NOT NULL DEFAULT '{}',
  why TEXT,
  plan_hash TEXT NOT NULL DEFAULT '',
  steps TEXT NOT NULL DEFAULT '[]',
  timings TEXT NOT NULL DEFAULT '{}',
  error_kind TEXT,
  error_words TEXT NOT NULL DEFAULT '',
  error_remedy TEXT NOT NULL DEFAULT '',
  cancel_asked BOOLEAN NOT NULL DEFAULT FALSE,
  resumed_count BIGINT NOT NULL DEFAULT 0,
  stuck_count BIGINT NOT NULL DEFAULT 0,
  identity TEXT,
  identity_name TEXT NOT NULL DEFAULT '',
  credential_expires_at TIMESTAMPTZ,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, source_id) REFERENCES source_row (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS run_of_source ON run_row (tenant_id, source_id, id);
CREATE UNIQUE INDEX IF NOT EXISTS run_under_way ON run_row (source_id)
  WHERE state IN ('fetching', 'planning', 'applying');
CREATE INDEX IF NOT EXISTS run_open ON run_row (asked_at)
  WHERE state IN ('asked', 'fetching', 'planning', 'applying');

CREATE TABLE IF NOT EXISTS pull_cursor_row (
  tenant_id UUID NOT NULL,
  source_id UUID NOT NULL,
  stream TEXT NOT NULL,
  committed TEXT,
  committed_at TIMESTAMPTZ,
  run_id UUID,
  resume TEXT,
  begun_at TIMESTAMPTZ,
  done BOOLEAN NOT NULL DEFAULT FALSE,
  whole BOOLEAN NOT NULL DEFAULT FALSE,
  checkpoint TEXT,
  object_count BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, source_id, stream),
  FOREIGN KEY (tenant_id, source_id) REFERENCES source_row (tenant_id, id)
);

CREATE TABLE IF NOT EXISTS seen_row (
  tenant_id UUID NOT NULL,
  source_id UUID NOT NULL,
  kind TEXT NOT NULL,
  ext_id TEXT NOT NULL,
  op TEXT NOT NULL,
  reason TEXT NOT NULL DEFAULT '',
  said TEXT NOT NULL DEFAULT '{}',
  given TEXT,
  hash TEXT NOT NULL,
  applied_hash TEXT NOT NULL DEFAULT '',
  in_scope BOOLEAN NOT NULL DEFAULT TRUE,
  left_out BOOLEAN NOT NULL DEFAULT FALSE,
  run_id UUID NOT NULL,
  missing_run_id UUID,
  missing_at TIMESTAMPTZ,
  gone BOOLEAN NOT NULL DEFAULT FALSE,
  pending BOOLEAN NOT NULL,
  problem TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (tenant_id, source_id, kind, ext_id),
  FOREIGN KEY (tenant_id, source_id) REFERENCES source_row (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS seen_pending ON seen_row (tenant_id, source_id, kind, ext_id) WHERE pending;
CREATE INDEX IF NOT EXISTS seen_problem ON seen_row (tenant_id, source_id, kind, ext_id) WHERE problem <> '';
CREATE INDEX IF NOT EXISTS seen_missing ON seen_row (tenant_id, source_id, kind, ext_id)
  WHERE missing_run_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS seen_out_of_scope ON seen_row (tenant_id, source_id, kind, ext_id) WHERE NOT in_scope;
CREATE INDEX IF NOT EXISTS seen_given ON seen_row (tenant_id, source_id, kind, ext_id) WHERE given IS NOT NULL;

CREATE TABLE IF NOT EXISTS staged_edge_row (
  tenant_id UUID NOT NULL,
  run_id UUID NOT NULL,
  group_ext TEXT NOT NULL,
  seq BIGINT NOT NULL,
  edges TEXT NOT NULL,
  complete BOOLEAN NOT NULL DEFAULT FALSE,
  PRIMARY KEY (tenant_id, run_id, group_ext, seq),
  FOREIGN KEY (tenant_id, run_id) REFERENCES run_row (tenant_id, id)
);

CREATE TABLE IF NOT EXISTS staged_assigned_row (
  tenant_id UUID NOT NULL,
  run_id UUID NOT NULL,
  kind TEXT NOT NULL,
  ext_id TEXT NOT NULL,
  PRIMARY KEY (tenant_id, run_id, kind, ext_id),
  FOREIGN KEY (tenant_id, run_id) REFERENCES run_row (tenant_id, id)
);

CREATE TABLE IF NOT EXISTS run_reject_row (
  tenant_id UUID NOT NULL,
  run_id UUID NOT NULL,
  kind TEXT NOT NULL,
  ext_id TEXT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (tenant_id, run_id, kind, ext_id),
  FOREIGN KEY (tenant_id, run_id) REFERENCES run_row (tenant_id, id)
);

CREATE TABLE IF NOT EXISTS outer_edge_row (
  tenant_id UUID NOT NULL,
  source_id UUID NOT NULL,
  group_ext TEXT NOT NULL,
  member_ext TEXT NOT NULL,
  is_group BOOLEAN NOT NULL,
  PRIMARY KEY (tenant_id, source_id, group_ext, member_ext),
  FOREIGN KEY (tenant_id, source_id) REFERENCES source_row (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS outer_edge_inner ON outer_edge_row (tenant_id, source_id, member_ext) WHERE is_group;

CREATE TABLE IF NOT EXISTS run_item_row (
  tenant_id UUID NOT NULL,
  run_id UUID NOT NULL,
  seq BIGINT NOT NULL,
  kind TEXT NOT NULL,
  action TEXT NOT NULL,
  ext_id TEXT NOT NULL,
  subject_id UUID,
  label TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT '',
  changes TEXT NOT NULL DEFAULT '[]',
  PRIMARY KEY (tenant_id, run_id, seq),
  FOREIGN KEY (tenant_id, run_id) REFERENCES run_row (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS run_item_action ON run_item_row (tenant_id, run_id, action, seq);
CREATE INDEX IF NOT EXISTS run_item_subject ON run_item_row (tenant_id, subject_id) WHERE subject_id IS NOT NULL;

CREATE TABLE IF NOT EXISTS drift_row (
  tenant_id UUID NOT NULL,
  source_id UUID NOT NULL,
  kind TEXT NOT NULL,
  ext_id TEXT NOT NULL,
  target TEXT NOT NULL,
  audited_id UUID NOT NULL,
  drift TEXT NOT NULL,
  user_id UUID,
  label TEXT NOT NULL,
  here TEXT,
  there TEXT,
  newer TEXT NOT NULL DEFAULT '',
  run_id UUID NOT NULL,
  since TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant_id, source_id, kind, ext_id, target),
  FOREIGN KEY (tenant_id, source_id) REFERENCES source_row (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS drift_kind ON drift_row (tenant_id, source_id, drift, label, ext_id, target);
CREATE INDEX IF NOT EXISTS drift_of_audited ON drift_row (tenant_id, audited_id);
CREATE INDEX IF NOT EXISTS drift_of_user ON drift_row (tenant_id, user_id) WHERE user_id IS NOT NULL;

CREATE TABLE IF NOT EXISTS audit_pair_row (
  tenant_id UUID NOT NULL,
  source_id UUID NOT NULL,
  user_id UUID NOT NULL,
  ext_id TEXT NOT NULL,
  way TEXT NOT NULL,
  hash TEXT NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, source_id, user_id),
  FOREIGN KEY (tenant_id, source_id) REFERENCES source_row (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS audit_pair_ext ON audit_pair_row (tenant_id, source_id, ext_id);
CREATE INDEX IF NOT EXISTS audit_pair_user ON audit_pair_row (tenant_id, user_id);
"""

COLUMNS = (
    NewColumn("event_row", "run_id", "UUID"),
    NewColumn("source_row", "confirmed_at", "TIMESTAMPTZ"),
    NewColumn("source_row", "confirmed_by", "UUID"),
    NewColumn("source_row", "drift_count", "BIGINT NOT NULL DEFAULT 0"),
)


async def forwards() -> MigrationManager:
    """Return the steps."""
    return sql_migration(ID, DESCRIPTION, TABLES, columns=COLUMNS)
