"""Webhooks and what was sent to them, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal
from uuid import UUID

import msgspec

from directory.key_ring import Place
from directory.model import TenantId

WebhookState = Literal["on", "off", "broken"]
"""Broken: turned off by us, since nobody answered for days."""

DeliveryState = Literal["queued", "sending", "delivered", "failed"]

ALERTED_AFTER = timedelta(hours=1)
BROKEN_AFTER = timedelta(days=5)
"""How long nothing may be delivered before somebody is told, and before it is turned off."""

TURNED_OFF = "The webhook was turned off before this was sent."

WEBHOOK_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "alert:raised": "Alert raised",
        "alert:worsened": "Alert got worse",
        "alert:recovered": "Alert is over",
        "held:waiting": "Change held by the guard",
        "held:approved": "Held changes approved",
        "held:rejected": "Held changes rejected",
        "held:expired": "Held changes expired",
        "user:created": "User created",
        "user:disabled": "User disabled",
        "user:enabled": "User enabled",
        "user:deleted": "User deleted",
        "user:returned": "User came back",
        "user:role:granted": "Access role granted",
        "user:role:locked": "Role locked",
        "user:role:unlocked": "Role lock removed",
        "user:sign-in:blocked": "Sign-in disabled here",
        "mapping:added": "Group mapping added",
        "mapping:changed": "Group mapping changed",
        "mapping:removed": "Group mapping removed",
        "source:secret:issued": "Secret created",
        "source:secret:revoked": "Secret revoked",
    }
)
"""Events that can be sent, by action, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where chosen events are sent to."""

    webhook_id: UUID
    tenant_id: TenantId
    label: str
    url: str
    kinds: tuple[str, ...]
    state: WebhookState
    rotated_at: datetime
    former_until: datetime | None
    """Until when the secret before the last rotation signs too."""
    failing_since: datetime | None
    succeeded_at: datetime | None
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to deliver."""

    at: datetime
    status: int | None
    duration_ms: int
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event on its way to one webhook, with how it went."""

    delivery_id: UUID
    webhook_id: UUID
    message_ref: str
    """The ``webhook-id`` that every try and every replay has."""
    kind: str
    body: str
    state: DeliveryState
    tries: int
    next_at: datetime
    status: int | None
    duration_ms: int | None
    response: str
    error: str
    attempts: tuple[Attempt, ...]
    created_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookClaim:
    """A delivery in the hands of one holder."""

    tenant_id: TenantId
    delivery_id: UUID
    webhook_id: UUID
    epoch: int
    tries: int
    message_ref: str
    url: str
    body: str
    secret_texts: tuple[str, ...] = field(repr=False)
    """The secret, and the one before while both sign."""


def webhook_from(row: Mapping[str, Any]) -> Webhook:
    """Return a webhook from its row; the secrets stay behind."""
    names = ("label", "url", "state", "rotated_at", "former_until", "failing_since", "succeeded_at")
    return Webhook(
        webhook_id=row["id"],
        tenant_id=TenantId(row["tenant_id"]),
        kinds=tuple(msgspec.json.decode(row["kinds"], type=list[str])),
        created_by=row["created_by"],
        created_at=row["created_at"],
        **{name: row[name] for name in names},
    )


def delivery_from(row: Mapping[str, Any]) -> Delivery:
    """Return a delivery from its row."""
    names = ("webhook_id", "kind", "body", "state", "tries", "next_at", "status", "duration_ms", "response", "error")
    return Delivery(
        delivery_id=row["id"],
        message_ref=message_ref_for(row),
        attempts=attempts_from(row["attempts"]),
        created_at=row["created_at"],
        settled_at=row["settled_at"],
        **{name: row[name] for name in names},
    )


def message_ref_for(row: Mapping[str, Any]) -> str:
    """Return what the receiver knows a delivery by: the event's, so that a replay is known for one."""
    return f"msg_{row['event_id'] or row['id']}"


def attempts_from(text: str) -> tuple[Attempt, ...]:
    """Return the tries from their column, the oldest first."""
    return tuple(msgspec.json.decode(text, type=list[Attempt]))


def sealed_place(tenant_id: TenantId, webhook_id: UUID, column: str) -> Place:
    """Return where a sealed secret of a webhook belongs."""
    return Place(table="webhook_row", tenant=tenant_id, row=webhook_id, column=column)
