"""Events to webhooks: each event of the chain once to each webhook that asked for its kind, and tests and replays."""

from datetime import datetime
from uuid import UUID

import msgspec

from directory.chain import parse_values
from directory.commit import commit_plan, in_unit_of
from directory.errors import InvalidError, NotFoundError
from directory.ids import new_id
from directory.model import Actor, JsonObject, TenantId
from directory.plan import Event, Plan
from directory.store import webhooks
from directory.store.unit import Row, in_unit
from directory.store.webhooks import NewDelivery
from directory.webhook_model import Delivery, delivery_from, webhook_from

WEBHOOKS = 20
EVENTS = 2_000
"""Looked through in one transaction; few are of the kinds that were asked for."""

REPLAYED_MAX = 1_000
CHANGES_MAX = 50
TOLD_VALUES = frozenset(
    {"role", "origin", "group", "active", "kind", "detail", "reason", "until", "position", "count", "label"}
)
"""Attributes of which a webhook is told the values; of others, which may be personal, the names alone."""

TEST_KIND = "webhook:tested"
LAST_ID = UUID(int=(1 << 128) - 1)


async def has_events_to_feed(_now: datetime) -> bool:
    """Whether a webhook has not been given the newest events."""
    return bool(await webhooks.list_behind(limit=1))


async def feed_events(*, now: datetime) -> int:
    """Queue new events for the webhooks that asked for them; returns how many webhooks were behind."""
    behind = await webhooks.list_behind(limit=WEBHOOKS)
    for tenant_id, webhook_id in behind:
        await _feed(tenant_id, webhook_id, now=now)
    return len(behind)


async def list_deliveries(
    tenant_id: TenantId, webhook_id: UUID, *, before: UUID | None = None, limit: int
) -> list[Delivery]:
    """Return what was sent to a webhook, the newest first, before the given one."""
    rows = await webhooks.list_deliveries(tenant_id, webhook_id, before or LAST_ID, limit=limit)
    return [delivery_from(row) for row in rows]


async def get_delivery(tenant_id: TenantId, webhook_id: UUID, delivery_id: UUID) -> Delivery:
    """Return one of them.

    Raises:
        NotFoundError: the webhook has no such delivery, or no longer.
    """
    row = await webhooks.find_delivery(tenant_id, delivery_id)
    if row is None or row["webhook_id"] != webhook_id:
        raise NotFoundError("delivery", delivery_id)
    return delivery_from(row)


async def send_test(webhook_id: UUID, *, by: Actor, now: datetime) -> UUID:
    """Queue an event that says nothing, and return its delivery.

    Raises:
        NotFoundError: the tenant has no such webhook.
        InvalidError: it is turned off.
        ForbiddenError: the actor may not manage settings.
    """
    by.require("settings:manage")
    delivery_id = new_id(now)
    told: JsonObject = {"type": _wire_kind(TEST_KIND), "timestamp": now.isoformat(), "data": {"by": by.label}}
    body = msgspec.json.encode(told).decode()

    async def unit() -> None:
        row = await _row(by.tenant_id, webhook_id)
        if row["state"] != "on":
            raise InvalidError("webhook", "is turned off: turn it on first")
        test = NewDelivery(delivery_id, None, TEST_KIND, body)
        await webhooks.add_deliveries(by.tenant_id, webhook_id, [test], now)
        await commit_plan(Plan(events=(_event("tested", webhook_id, row["label"]),)), by=by, now=now)

    await in_unit_of(by, unit)
    return delivery_id


async def replay(webhook_id: UUID, delivery_id: UUID, *, by: Actor, now: datetime) -> None:
    """Send something again that was delivered or failed; it keeps its id, by which receivers know it.

    Raises:
        NotFoundError: the webhook has no such delivery, or no longer.
        InvalidError: it is on its way, or the webhook is turned off.
        ForbiddenError: the actor may not manage settings.
    """
    by.require("settings:manage")

    async def unit() -> None:
        row = await _on_row(by.tenant_id, webhook_id)
        await get_delivery(by.tenant_id, webhook_id, delivery_id)
        if not await webhooks.replay_one(by.tenant_id, delivery_id, now):
            raise InvalidError("delivery", "is on its way already")
        await commit_plan(Plan(events=(_event("replayed", webhook_id, row["label"]),)), by=by, now=now)

    await in_unit_of(by, unit)


async def replay_failed(webhook_id: UUID, *, since: datetime, by: Actor, now: datetime) -> int:
    """Send again what failed since a time, up to 1,000 things; return how many.

    Raises:
        NotFoundError, InvalidError, ForbiddenError: as for ``replay``.
    """
    by.require("settings:manage")

    async def unit() -> int:
        row = await _on_row(by.tenant_id, webhook_id)
        count = await webhooks.replay_failed(by.tenant_id, webhook_id, since, now, limit=REPLAYED_MAX)
        await commit_plan(Plan(events=(_event("replayed", webhook_id, row["label"]),)), by=by, now=now)
        return count

    return await in_unit_of(by, unit)


async def _feed(tenant_id: TenantId, webhook_id: UUID, *, now: datetime) -> None:
    async def body() -> None:
        row = await webhooks.find_webhook(tenant_id, webhook_id)
        if row is None or row["state"] != "on":
            return
        after, head = row["after_seq"], await webhooks.find_head(tenant_id)
        until = min(head, after + EVENTS)
        events = await webhooks.list_events(tenant_id, after, until, webhook_from(row).kinds)
        deliveries = [NewDelivery(new_id(now), event["id"], event["action"], body_of(event)) for event in events]
        await webhooks.add_deliveries(tenant_id, webhook_id, deliveries, now)
        await webhooks.go_on(tenant_id, webhook_id, until)

    await in_unit(tenant_id, body)


def body_of(event: Row) -> str:
    """Return what a webhook is told of an event: type, time and data, as the Standard Webhooks specification has it."""
    values = None if event["document"] is None else parse_values(event["document"])
    changes = () if values is None else values.changes[:CHANGES_MAX]
    data: JsonObject = {
        "event": str(event["id"]),
        "subject": {
            "kind": event["subject_kind"],
            "id": str(event["subject_id"]),
            "label": None if values is None else values.subject,
        },
        "actor": {"kind": event["actor_kind"], "label": None if values is None else values.actor},
        "changed": [change.name for change in changes],
        "values": {change.name: change.new for change in changes if change.name in TOLD_VALUES},
    }
    told = {"type": _wire_kind(event["action"]), "timestamp": event["at"].isoformat(), "data": data}
    return msgspec.json.encode(told).decode()


def _wire_kind(action: str) -> str:
    """Return a kind as the specification writes it: ``user.role.granted``."""
    return action.replace(":", ".").replace("-", "_")


async def _row(tenant_id: TenantId, webhook_id: UUID) -> Row:
    row = await webhooks.find_webhook(tenant_id, webhook_id)
    if row is None:
        raise NotFoundError("webhook", webhook_id)
    return row


async def _on_row(tenant_id: TenantId, webhook_id: UUID) -> Row:
    row = await _row(tenant_id, webhook_id)
    if row["state"] != "on":
        raise InvalidError("webhook", "is turned off: turn it on first")
    return row


def _event(deed: str, webhook_id: UUID, label: str) -> Event:
    return Event(action=f"webhook:{deed}", subject_kind="webhook", subject_id=webhook_id, subject_label=label)
