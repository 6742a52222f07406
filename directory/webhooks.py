"""Webhooks of a tenant: where they lead, what they are told, and their secrets."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from directory.alerts import recovery_change
from directory.commit import commit_plan, in_unit_of
from directory.errors import InvalidError, NotFoundError
from directory.ids import new_id
from directory.model import Actor, TenantId
from directory.plan import AttributeChange, Change, DeleteRows, Event, InsertRow, Plan, UpdateRows
from directory.sealing_keys import current_key_ring
from directory.store import webhooks
from directory.store.unit import Row
from directory.webhook_model import TURNED_OFF, WEBHOOK_KINDS, Webhook, sealed_place, webhook_from
from directory.webhook_signing import new_webhook_secret
from directory.webhook_urls import parse_webhook_url

LABEL_CHARS_MAX = 100
WEBHOOKS_MAX = 20
OVERLAPS_H: tuple[int, ...] = (0, 1, 24)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedWebhookSecret:
    """A secret that nobody can read again."""

    webhook_id: UUID
    secret_text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDraft:
    """What an operator says of a webhook."""

    label: str
    url: str
    kinds: frozenset[str]


async def list_webhooks(tenant_id: TenantId) -> list[Webhook]:
    """Return the webhooks of a tenant, the oldest first."""
    return [webhook_from(row) for row in await webhooks.list_webhooks(tenant_id)]


async def get_webhook(tenant_id: TenantId, webhook_id: UUID) -> Webhook:
    """Return a webhook.

    Raises:
        NotFoundError: the tenant has no such webhook.
    """
    return webhook_from(await _row(tenant_id, webhook_id))


async def create_webhook(draft: WebhookDraft, *, allow_private: bool, by: Actor, now: datetime) -> IssuedWebhookSecret:
    """Send chosen events to an address from now on, and return the secret that signs them.

    Raises:
        InvalidError: no such address or kinds, no name, or too many webhooks.
        NoKeysError: this server cannot keep a secret.
        ForbiddenError: the actor may not manage settings.
    """
    by.require("settings:manage")
    draft = _checked(draft, allow_private=allow_private)
    webhook_id, secret_text = new_id(now), new_webhook_secret()
    values: dict[str, object] = {
        "tenant_id": by.tenant_id,
        "id": webhook_id,
        **_values(draft),
        "state": "on",
        "sealed_secret": _sealed(secret_text, by.tenant_id, webhook_id, "sealed_secret"),
        "rotated_at": now,
        "created_by": by.label,
        "created_at": now,
    }

    async def body() -> None:
        if len(await webhooks.list_webhooks(by.tenant_id)) >= WEBHOOKS_MAX:
            raise InvalidError("address", f"is one too many: {WEBHOOKS_MAX} webhooks can be kept")
        values["after_seq"] = await webhooks.find_head(by.tenant_id)
        event = _event("created", webhook_id, draft.label, told=draft)
        await commit_plan(
            Plan(changes=(InsertRow(table="webhook_row", values=values),), events=(event,)), by=by, now=now
        )

    await in_unit_of(by, body)
    return IssuedWebhookSecret(webhook_id=webhook_id, secret_text=secret_text)


async def edit_webhook(webhook_id: UUID, draft: WebhookDraft, *, allow_private: bool, by: Actor, now: datetime) -> None:
    """Send other events, or elsewhere.

    Raises:
        NotFoundError: the tenant has no such webhook.
        InvalidError, ForbiddenError: as for ``create_webhook``.
    """
    by.require("settings:manage")
    draft = _checked(draft, allow_private=allow_private)

    async def body() -> None:
        await _row(by.tenant_id, webhook_id)
        event = _event("changed", webhook_id, draft.label, told=draft)
        await commit_plan(Plan(changes=(_put(webhook_id, _values(draft), by=by),), events=(event,)), by=by, now=now)

    await in_unit_of(by, body)


async def turn_on(webhook_id: UUID, *, by: Actor, now: datetime) -> None:
    """Send events from now on again; what failed meanwhile can be replayed.

    Raises:
        NotFoundError, ForbiddenError: as for ``edit_webhook``.
    """
    by.require("settings:manage")

    async def body() -> None:
        webhook = webhook_from(await _row(by.tenant_id, webhook_id))
        if webhook.state == "on":
            return
        values = {"state": "on", "failing_since": None, "after_seq": await webhooks.find_head(by.tenant_id)}
        event = _event("opened", webhook_id, webhook.label)
        changes = (_put(webhook_id, values, by=by), _recovered(webhook_id, by, now))
        await commit_plan(Plan(changes=changes, events=(event,)), by=by, now=now)

    await in_unit_of(by, body)


async def turn_off(webhook_id: UUID, *, by: Actor, now: datetime) -> None:
    """Send nothing more; what waits fails, and can be replayed.

    Raises:
        NotFoundError, ForbiddenError: as for ``edit_webhook``.
    """
    by.require("settings:manage")

    async def body() -> None:
        webhook = webhook_from(await _row(by.tenant_id, webhook_id))
        if webhook.state == "off":
            return
        event = _event("closed", webhook_id, webhook.label)
        changes = (_put(webhook_id, {"state": "off", "failing_since": None}, by=by), _recovered(webhook_id, by, now))
        await commit_plan(Plan(changes=changes, events=(event,)), by=by, now=now)
        await webhooks.give_up_waiting(by.tenant_id, webhook_id, now, TURNED_OFF)

    await in_unit_of(by, body)


async def rotate_secret(webhook_id: UUID, *, overlap: timedelta, by: Actor, now: datetime) -> IssuedWebhookSecret:
    """Sign with a new secret from now on, and for ``overlap`` with the one before as well.

    Raises:
        NotFoundError, NoKeysError, ForbiddenError: as for ``create_webhook``.
    """
    by.require("settings:manage")
    secret_text = new_webhook_secret()

    async def body() -> None:
        row = await _row(by.tenant_id, webhook_id)
        former = None
        if overlap:
            place = sealed_place(by.tenant_id, webhook_id, "sealed_secret")
            opened = current_key_ring().open(row["sealed_secret"], place)
            former = _sealed(opened, by.tenant_id, webhook_id, "former_sealed")
        values = {
            "sealed_secret": _sealed(secret_text, by.tenant_id, webhook_id, "sealed_secret"),
            "former_sealed": former,
            "former_until": now + overlap if overlap else None,
            "rotated_at": now,
        }
        event = _event("rotated", webhook_id, row["label"])
        await commit_plan(Plan(changes=(_put(webhook_id, values, by=by),), events=(event,)), by=by, now=now)

    await in_unit_of(by, body)
    return IssuedWebhookSecret(webhook_id=webhook_id, secret_text=secret_text)


async def delete_webhook(webhook_id: UUID, *, by: Actor, now: datetime) -> None:
    """Forget a webhook with everything that was sent to it.

    Raises:
        NotFoundError, ForbiddenError: as for ``edit_webhook``.
    """
    by.require("settings:manage")

    async def body() -> None:
        row = await _row(by.tenant_id, webhook_id)
        where = {"tenant_id": by.tenant_id, "id": webhook_id}
        event = _event("deleted", webhook_id, row["label"])
        changes = (DeleteRows(table="webhook_row", where=where), _recovered(webhook_id, by, now))
        await commit_plan(Plan(changes=changes, events=(event,)), by=by, now=now)

    await in_unit_of(by, body)


def _checked(draft: WebhookDraft, *, allow_private: bool) -> WebhookDraft:
    label = draft.label.strip()
    if not label or len(label) > LABEL_CHARS_MAX or not label.isprintable():
        raise InvalidError("label", f"must be one line of 1 to {LABEL_CHARS_MAX} characters")
    if not draft.kinds or not draft.kinds <= WEBHOOK_KINDS.keys():
        raise InvalidError("kinds", "are needed: choose at least one")
    url = draft.url.strip()
    parse_webhook_url(url, allow_private=allow_private)
    return WebhookDraft(label=label, url=url, kinds=draft.kinds)


def _values(draft: WebhookDraft) -> dict[str, object]:
    return {"label": draft.label, "url": draft.url, "kinds": _kinds_text(draft.kinds)}


def _kinds_text(kinds: Collection[str]) -> str:
    return msgspec.json.encode(sorted(kinds)).decode()


def _sealed(secret_text: str, tenant_id: TenantId, webhook_id: UUID, column: str) -> str:
    return current_key_ring().seal(secret_text, sealed_place(tenant_id, webhook_id, column))


def _put(webhook_id: UUID, values: Mapping[str, object], *, by: Actor) -> UpdateRows:
    where = {"tenant_id": by.tenant_id, "id": webhook_id}
    return UpdateRows(table="webhook_row", values=values, where=where, require=1)


def _recovered(webhook_id: UUID, by: Actor, now: datetime) -> Change:
    return recovery_change("webhook_failing", str(webhook_id), tenant_id=by.tenant_id, now=now)


def _site(url: str) -> str:
    """Return an address without its path, which is a secret at many receivers."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}"


async def _row(tenant_id: TenantId, webhook_id: UUID) -> Row:
    row = await webhooks.find_webhook(tenant_id, webhook_id)
    if row is None:
        raise NotFoundError("webhook", webhook_id)
    return row


def _event(deed: str, webhook_id: UUID, label: str, *, told: WebhookDraft | None = None) -> Event:
    changes: tuple[AttributeChange, ...] = ()
    if told is not None:
        changes = (
            AttributeChange(name="address", old=None, new=_site(told.url)),
            AttributeChange(name="kinds", old=None, new=[*sorted(told.kinds)]),
        )
    return Event(
        action=f"webhook:{deed}", subject_kind="webhook", subject_id=webhook_id, subject_label=label, changes=changes
    )
