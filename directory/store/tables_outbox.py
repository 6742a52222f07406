"""The tables of what is told outside, as Piccolo knows them."""

from piccolo.columns import UUID, BigInt, Boolean, Text, Timestamptz
from piccolo.table import Table


class OutboxRow(Table, tablename="outbox_row"):
    """Mails: ``attachments`` is a JSON list, ``message_ref`` the Message-ID that every try has."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    kind = Text()
    recipient = Text()
    subject = Text()
    body_text = Text()
    body_html = Text(null=True, default=None)
    attachments = Text()
    dedupe_key = Text(null=True, default=None)
    state = Text()
    tries = BigInt()
    next_at = Timestamptz(default=None)
    lease_until = Timestamptz(null=True, default=None)
    leased_by = Text(null=True, default=None)
    epoch = BigInt()
    message_ref = Text(null=True, default=None)
    error = Text()
    created_at = Timestamptz(default=None)
    settled_at = Timestamptz(null=True, default=None)


class AlertSignalRow(Table, tablename="alert_signal_row"):
    """What asks for an alert, or says that one is over, until it is looked at a moment later."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    kind = Text()
    subject_key = Text()
    label = Text()
    detail = Text()
    path = Text()
    level = BigInt()
    over = Boolean()
    at = Timestamptz(default=None)


class AlertRow(Table, tablename="alert_row"):
    """Alerts; ``mark`` counts what there was to tell of one, ``fresh`` says that somebody may not know yet."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    kind = Text()
    subject_key = Text()
    label = Text()
    detail = Text()
    path = Text()
    level = BigInt()
    state = Text()
    mark = BigInt()
    fresh = Boolean()
    opened_at = Timestamptz(default=None)
    changed_at = Timestamptz(default=None)
    seen_at = Timestamptz(default=None)
    recovered_at = Timestamptz(null=True, default=None)
    acknowledged_by = Text(null=True, default=None)
    acknowledged_at = Timestamptz(null=True, default=None)


class AlertRecipientRow(Table, tablename="alert_recipient_row"):
    """Who is told: an operator or an address; ``kinds`` is a JSON list."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    user_id = UUID(null=True, default=None)
    address = Text(null=True, default=None)
    kinds = Text()
    rhythm = Text()
    created_by = Text()
    created_at = Timestamptz(default=None)
    mailed_at = Timestamptz(null=True, default=None)


class AlertToldRow(Table, tablename="alert_told_row"):
    """How much of an alert a recipient was told: its ``mark`` then."""

    tenant_id = UUID(default=None)
    recipient_id = UUID(default=None)
    alert_id = UUID(primary_key=True, default=None)
    mark = BigInt()


class WebhookRow(Table, tablename="webhook_row"):
    """Where events are sent to: ``kinds`` is a JSON list, the secrets are sealed."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    label = Text()
    url = Text()
    kinds = Text()
    state = Text()
    sealed_secret = Text()
    former_sealed = Text(null=True, default=None)
    former_until = Timestamptz(null=True, default=None)
    rotated_at = Timestamptz(default=None)
    after_seq = BigInt()
    failing_since = Timestamptz(null=True, default=None)
    succeeded_at = Timestamptz(null=True, default=None)
    created_by = Text()
    created_at = Timestamptz(default=None)


class WebhookDeliveryRow(Table, tablename="webhook_delivery_row"):
    """One event on its way to one webhook; ``attempts`` is a JSON list."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    webhook_id = UUID(default=None)
    event_id = UUID(null=True, default=None)
    kind = Text()
    body = Text()
    state = Text()
    tries = BigInt()
    next_at = Timestamptz(default=None)
    lease_until = Timestamptz(null=True, default=None)
    leased_by = Text(null=True, default=None)
    epoch = BigInt()
    status = BigInt(null=True, default=None)
    duration_ms = BigInt(null=True, default=None)
    response = Text()
    error = Text()
    attempts = Text()
    created_at = Timestamptz(default=None)
    settled_at = Timestamptz(null=True, default=None)
