"""Reads of webhooks and their deliveries, and the marks that delivering leaves."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from directory.ids import first_id_at
from directory.model import TenantId
from directory.store.compiled import Statement
from directory.store.insert import Insert
from directory.store.leased import LeasedTable, pruning
from directory.store.resting import awake
from directory.store.tables import columns_of
from directory.store.tables_outbox import WebhookDeliveryRow
from directory.store.unit import Row, execute, fetch, fetch_one

DELIVERIES = LeasedTable("webhook_delivery_row")
PRUNE = pruning("webhook_delivery_row")

_LIST = Statement("SELECT * FROM webhook_row WHERE tenant_id = $1::uuid ORDER BY id")
_FIND = Statement("SELECT * FROM webhook_row WHERE tenant_id = $1::uuid AND id = $2::uuid FOR UPDATE")
_OF = Statement("SELECT * FROM webhook_row WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[])")
_HEAD = Statement("SELECT seq FROM chain_row WHERE tenant_id = $1::uuid")
_BEHIND = Statement(
    "SELECT w.tenant_id, w.id FROM webhook_row w JOIN chain_row c ON c.tenant_id = w.tenant_id"
    f" WHERE w.state = 'on' AND c.seq > w.after_seq AND {awake('w.tenant_id')} LIMIT $1::bigint",
    house=True,
)
_EVENTS = Statement(
    "SELECT e.*, v.document FROM event_row e"
    " LEFT JOIN event_value_row v ON v.tenant_id = e.tenant_id AND v.event_id = e.id"
    " WHERE e.tenant_id = $1::uuid AND e.seq > $2::bigint AND e.seq <= $3::bigint AND e.action = ANY($4::text[])"
    " ORDER BY e.seq"
)
_GO_ON = Statement("UPDATE webhook_row SET after_seq = $3::bigint WHERE tenant_id = $1::uuid AND id = $2::uuid")
_COLUMNS = ("tenant_id", "id", "webhook_id", "event_id", "kind", "body", "state", "tries", "next_at", "epoch")
_ADD = Insert(
    "webhook_delivery_row",
    columns_of(WebhookDeliveryRow, *_COLUMNS, "response", "error", "attempts", "created_at"),
    "ON CONFLICT DO NOTHING",
)
_SETTLE = Statement(
    "UPDATE webhook_delivery_row SET state = $4::text, next_at = $5::timestamptz, settled_at = $6::timestamptz,"
    " status = $7::bigint, duration_ms = $8::bigint, response = $9::text, error = $10::text, attempts = $11::text,"
    " lease_until = NULL, leased_by = NULL"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid AND epoch = $3::bigint AND state = 'sending'"
)
_ATTEMPTS = Statement("SELECT attempts FROM webhook_delivery_row WHERE tenant_id = $1::uuid AND id = $2::uuid")
_SUCCEEDED = Statement(
    "UPDATE webhook_row SET failing_since = NULL, succeeded_at = $3::timestamptz"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid"
)
_FAILED = Statement(
    "UPDATE webhook_row SET failing_since = coalesce(failing_since, $3::timestamptz)"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid"
)
_BREAK = Statement(
    "UPDATE webhook_row SET state = 'broken' WHERE tenant_id = $1::uuid AND id = $2::uuid AND state = 'on'"
)
_GIVE_UP = Statement(
    "UPDATE webhook_delivery_row SET state = 'failed', settled_at = $3::timestamptz, error = $4::text"
    " WHERE tenant_id = $1::uuid AND webhook_id = $2::uuid AND state = 'queued'"
)
_LOG = Statement(
    "SELECT * FROM webhook_delivery_row WHERE tenant_id = $1::uuid AND webhook_id = $2::uuid AND id < $3::uuid"
    " ORDER BY id DESC LIMIT $4::bigint"
)
_DELIVERY = Statement("SELECT * FROM webhook_delivery_row WHERE tenant_id = $1::uuid AND id = $2::uuid FOR UPDATE")
_AGAIN = (
    "UPDATE webhook_delivery_row SET state = 'queued', tries = 0, next_at = {now}, settled_at = NULL, error = '',"
    " epoch = epoch + 1 WHERE tenant_id = $1::uuid AND "
)
_REPLAY_ONE = Statement(_AGAIN.format(now="$3::timestamptz") + "id = $2::uuid AND state IN ('delivered', 'failed')")
_REPLAY_SINCE = Statement(
    _AGAIN.format(now="$5::timestamptz")
    + "id IN (SELECT id FROM webhook_delivery_row WHERE tenant_id = $1::uuid AND webhook_id = $2::uuid"
    " AND id >= $3::uuid AND created_at >= $6::timestamptz AND state = 'failed' ORDER BY id LIMIT $4::bigint)"
)


class NewDelivery(NamedTuple):
    """An event that is to be sent to a webhook."""

    delivery_id: UUID
    event_id: UUID | None
    kind: str
    body: str


class DeliveryEnd(NamedTuple):
    """How a try ended, and when; of a delivery that is queued again, when it is tried again."""

    state: str
    next_at: datetime
    settled_at: datetime | None
    status: int | None
    duration_ms: int
    response: str
    error: str
    attempts: str


async def list_webhooks(tenant_id: TenantId) -> list[Row]:
    """Return the webhooks of a tenant, the oldest first."""
    return await fetch(_LIST, tenant_id)


async def find_webhook(tenant_id: TenantId, webhook_id: UUID) -> Row | None:
    """Return a webhook, and hold it until the unit ends."""
    return await fetch_one(_FIND, tenant_id, webhook_id)


async def list_webhooks_of(tenant_id: TenantId, webhook_ids: Sequence[UUID]) -> list[Row]:
    """Return webhooks by id."""
    return await fetch(_OF, tenant_id, list(webhook_ids))


async def find_head(tenant_id: TenantId) -> int:
    """Return the place of the newest event in the tenant's chain."""
    row = await fetch_one(_HEAD, tenant_id)
    return 0 if row is None else int(row["seq"])


async def list_behind(*, limit: int) -> list[tuple[TenantId, UUID]]:
    """Return webhooks, of whichever tenant, that have not been given the newest events."""
    return [(TenantId(row["tenant_id"]), row["id"]) for row in await fetch(_BEHIND, limit)]


async def list_events(tenant_id: TenantId, after_seq: int, until_seq: int, actions: Sequence[str]) -> list[Row]:
    """Return the events of these kinds in a part of the chain, with their values."""
    return await fetch(_EVENTS, tenant_id, after_seq, until_seq, list(actions))


async def go_on(tenant_id: TenantId, webhook_id: UUID, seq: int) -> None:
    """Note how far a webhook was given events."""
    await execute(_GO_ON, tenant_id, webhook_id, seq)


async def add_deliveries(
    tenant_id: TenantId, webhook_id: UUID, deliveries: Sequence[NewDelivery], now: datetime
) -> None:
    """Queue deliveries; an event that a webhook was given before is left out."""
    fixed = ("queued", 0, now, 0, "", "", "[]", now)
    if deliveries:
        await _ADD([(tenant_id, one[0], webhook_id, *one[1:], *fixed) for one in deliveries])


async def settle(tenant_id: TenantId, delivery_id: UUID, epoch: int, end: DeliveryEnd) -> bool:
    """Note how a try ended; False when somebody else has the delivery by now."""
    return await execute(_SETTLE, tenant_id, delivery_id, epoch, *end) == 1


async def find_attempts(tenant_id: TenantId, delivery_id: UUID) -> str:
    """Return the tries there were, as their column has them."""
    row = await fetch_one(_ATTEMPTS, tenant_id, delivery_id)
    return "[]" if row is None else row["attempts"]


async def note_success(tenant_id: TenantId, webhook_id: UUID, now: datetime) -> None:
    """Note that a webhook answered."""
    await execute(_SUCCEEDED, tenant_id, webhook_id, now)


async def note_failure(tenant_id: TenantId, webhook_id: UUID, now: datetime) -> None:
    """Note that a webhook did not answer, if it is not noted already."""
    await execute(_FAILED, tenant_id, webhook_id, now)


async def break_off(tenant_id: TenantId, webhook_id: UUID) -> bool:
    """Turn a webhook off that nobody answers; False when it is off already."""
    return await execute(_BREAK, tenant_id, webhook_id) == 1


async def give_up_waiting(tenant_id: TenantId, webhook_id: UUID, now: datetime, why: str) -> None:
    """Let everything fail that still waits to be sent to a webhook."""
    await execute(_GIVE_UP, tenant_id, webhook_id, now, why)


async def list_deliveries(tenant_id: TenantId, webhook_id: UUID, before: UUID, *, limit: int) -> list[Row]:
    """Return what was sent to a webhook, the newest first."""
    return await fetch(_LOG, tenant_id, webhook_id, before, limit)


async def find_delivery(tenant_id: TenantId, delivery_id: UUID) -> Row | None:
    """Return a delivery, and hold it until the unit ends."""
    return await fetch_one(_DELIVERY, tenant_id, delivery_id)


async def replay_one(tenant_id: TenantId, delivery_id: UUID, now: datetime) -> bool:
    """Queue a delivery again; False when it is on its way."""
    return await execute(_REPLAY_ONE, tenant_id, delivery_id, now) == 1


async def replay_failed(tenant_id: TenantId, webhook_id: UUID, since: datetime, now: datetime, *, limit: int) -> int:
    """Queue what failed since a time again; return how many."""
    return await execute(_REPLAY_SINCE, tenant_id, webhook_id, first_id_at(since), limit, now, since)
