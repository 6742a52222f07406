"""What is told to people and machines outside: mails, alerts with their recipients, and signed webhooks."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from directory.store.migration_sql import sql_migration

ID = "m0018_outbox"
VERSION = "1.38.0"
DESCRIPTION = "mails to be sent, alerts and who is told of them, webhooks and their deliveries"

# Signals are rows of their own that are only added: many pushes that hold changes at the same time never wait for one
# alert's row. A recipient refers to no user, so that nobody is kept because of it; whoever is gone is told nothing.
# outbox_once is what "not twice" rests on where a caller gives a message a key.
TABLES = """
CREATE TABLE IF NOT EXISTS outbox_row (
  tenant_id UUID NOT NULL REFERENCES tenant_row (id),
  id UUID NOT NULL,
  kind TEXT NOT NULL,
  recipient TEXT NOT NULL,
  subject TEXT NOT NULL,
  body_text TEXT NOT NULL,
  body_html TEXT,
  attachments TEXT NOT NULL,
  dedupe_key TEXT,
  state TEXT NOT NULL,
  tries BIGINT NOT NULL,
  next_at TIMESTAMPTZ NOT NULL,
  lease_until TIMESTAMPTZ,
  leased_by TEXT,
  epoch BIGINT NOT NULL,
  message_ref TEXT,
  error TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  settled_at TIMESTAMPTZ,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX IF NOT EXISTS outbox_once ON outbox_row (tenant_id, dedupe_key) WHERE dedupe_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS outbox_due ON outbox_row (next_at, id) WHERE state = 'queued';
CREATE INDEX IF NOT EXISTS outbox_leased ON outbox_row (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX IF NOT EXISTS outbox_open ON outbox_row (tenant_id, state, id) WHERE state <> 'sent';
CREATE INDEX IF NOT EXISTS outbox_troubled ON outbox_row (tenant_id) WHERE state IN ('failed', 'unknown');
CREATE INDEX IF NOT EXISTS outbox_age ON outbox_row (settled_at) WHERE settled_at IS NOT NULL;

CREATE TABLE IF NOT EXISTS alert_signal_row (
  tenant_id UUID NOT NULL REFERENCES tenant_row (id),
  id UUID NOT NULL,
  kind TEXT NOT NULL,
  subject_key TEXT NOT NULL,
  label TEXT NOT NULL,
  detail TEXT NOT NULL,
  path TEXT NOT NULL,
  level BIGINT NOT NULL,
  over BOOLEAN NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant_id, id)
);

CREATE TABLE IF NOT EXISTS alert_row (
  tenant_id UUID NOT NULL REFERENCES tenant_row (id),
  id UUID NOT NULL,
  kind TEXT NOT NULL,
  subject_key TEXT NOT NULL,
  label TEXT NOT NULL,
  detail TEXT NOT NULL,
  path TEXT NOT NULL,
  level BIGINT NOT NULL,
  state TEXT NOT NULL,
  mark BIGINT NOT NULL,
  fresh BOOLEAN NOT NULL,
  opened_at TIMESTAMPTZ NOT NULL,
  changed_at TIMESTAMPTZ NOT NULL,
  seen_at TIMESTAMPTZ NOT NULL,
  recovered_at TIMESTAMPTZ,
  acknowledged_by TEXT,
  acknowledged_at TIMESTAMPTZ,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX IF NOT EXISTS alert_open ON alert_row (tenant_id, kind, subject_key) WHERE state <> 'recovered';
CREATE INDEX IF NOT EXISTS alert_fresh ON alert_row (tenant_id, id) WHERE fresh;
CREATE INDEX IF NOT EXISTS alert_past ON alert_row (tenant_id, recovered_at, id) WHERE state = 'recovered';

CREATE TABLE IF NOT EXISTS alert_recipient_row (
  tenant_id UUID NOT NULL REFERENCES tenant_row (id),
  id UUID NOT NULL,
  user_id UUID,
  address TEXT,
  kinds TEXT NOT NULL,
  rhythm TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  mailed_at TIMESTAMPTZ,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX IF NOT EXISTS alert_recipient_user ON alert_recipient_row (tenant_id, user_id)
  WHERE user_id IS NOT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS alert_recipient_address ON alert_recipient_row (tenant_id, address)
  WHERE address IS NOT NULL;

CREATE TABLE IF NOT EXISTS alert_told_row (
  tenant_id UUID NOT NULL,
  recipient_id UUID NOT NULL,
  alert_id UUID NOT NULL,
  mark BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, recipient_id, alert_id),
  FOREIGN KEY (tenant_id, recipient_id) REFERENCES alert_recipient_row (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, alert_id) REFERENCES alert_row (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS alert_told_of ON alert_told_row (tenant_id, alert_id);

CREATE TABLE IF NOT EXISTS webhook_row (
  tenant_id UUID NOT NULL REFERENCES tenant_row (id),
  id UUID NOT NULL,
  label TEXT NOT NULL,
  url TEXT NOT NULL,
  kinds TEXT NOT NULL,
  state TEXT NOT NULL,
  sealed_secret TEXT NOT NULL,
  former_sealed TEXT,
  former_until TIMESTAMPTZ,
  rotated_at TIMESTAMPTZ NOT NULL,
  after_seq BIGINT NOT NULL,
  failing_since TIMESTAMPTZ,
  succeeded_at TIMESTAMPTZ,
  created_by TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX IF NOT EXISTS webhook_on ON webhook_row (tenant_id, after_seq) WHERE state = 'on';

CREATE TABLE IF NOT EXISTS webhook_delivery_row (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  webhook_id UUID NOT NULL,
  event_id UUID,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  state TEXT NOT NULL,
  tries BIGINT NOT NULL,
  next_at TIMESTAMPTZ NOT NULL,
  lease_until TIMESTAMPTZ,
  leased_by TEXT,
  epoch BIGINT NOT NULL,
  status BIGINT,
  duration_ms BIGINT,
  response TEXT NOT NULL,
  error TEXT NOT NULL,
  attempts TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  settled_at TIMESTAMPTZ,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhook_row (tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX IF NOT EXISTS webhook_delivery_once ON webhook_delivery_row (tenant_id, webhook_id, event_id)
  WHERE event_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS webhook_delivery_due ON webhook_delivery_row (next_at, id) WHERE state = 'queued';
CREATE INDEX IF NOT EXISTS webhook_delivery_leased ON webhook_delivery_row (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX IF NOT EXISTS webhook_delivery_of ON webhook_delivery_row (tenant_id, webhook_id, id);
CREATE INDEX IF NOT EXISTS webhook_delivery_age ON webhook_delivery_row (settled_at) WHERE settled_at IS NOT NULL;
"""


async def forwards() -> MigrationManager:
    """Return the steps."""
    return sql_migration(ID, DESCRIPTION, TABLES)
