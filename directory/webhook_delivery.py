"""Delivering to webhooks: who has which delivery now, what became of it, and what follows for the webhook."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from directory.alerts import AlertCase, alert_change, recovery_change
from directory.commit import commit_plan, in_unit_of
from directory.key_ring import KeyRingError
from directory.model import Actor, TenantId
from directory.plan import Event, Plan
from directory.retries import WEBHOOK_DELAYS_S, next_try_at
from directory.sealing_keys import current_key_ring
from directory.store import leased, webhook_turns, webhooks
from directory.store.unit import Row, in_unit
from directory.store.webhooks import DELIVERIES, DeliveryEnd
from directory.webhook_model import (
    ALERTED_AFTER,
    BROKEN_AFTER,
    TURNED_OFF,
    Attempt,
    Webhook,
    WebhookClaim,
    attempts_from,
    message_ref_for,
    sealed_place,
    webhook_from,
)

LEASE = timedelta(minutes=3)
KEPT = timedelta(days=30)
BATCH = 500
ATTEMPTS_KEPT = 12
BROKEN = "The webhook was turned off, since nothing could be delivered for days."
GONE_STATUS = 410


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one try went."""

    at: datetime
    """When it ended."""
    duration_ms: int
    status: int | None = None
    response: str = ""
    """The beginning of the answer, without what could be a secret."""
    error: str = ""
    """Empty: it was delivered."""


async def has_due_deliveries(now: datetime) -> bool:
    """Whether something is to be delivered now, or was left by somebody who is not there any more."""
    return await DELIVERIES.waits(now)


async def take_due(holder: str, *, now: datetime, limit: int) -> list[WebhookClaim]:
    """Take what is due; nobody else has it until ``LEASE`` is over.

    Of each webhook a few at a time, of one that fails a single one, so that none holds up another.

    Raises:
        NoKeysError: this server has no keys to open secrets with.
    """

    async def body() -> list[WebhookClaim]:
        await webhook_turns.give_back(now, why_not=TURNED_OFF)
        rows = await webhook_turns.take(holder, now=now, until=now + LEASE, limit=limit)
        hooks = await _webhooks_of(rows)
        return [_claim_of(row, hooks[row["webhook_id"]], now) for row in rows]

    return await in_unit(None, body)


async def settle(claim: WebhookClaim, outcome: Outcome, *, chance: float = 0.0) -> bool:
    """Note how a try went, and what follows; False when somebody else has the delivery by now."""
    by = Actor(tenant_id=claim.tenant_id, kind="system", label="webhooks")

    async def body() -> bool:
        row = await webhooks.find_webhook(claim.tenant_id, claim.webhook_id)
        kept = attempts_from(await webhooks.find_attempts(claim.tenant_id, claim.delivery_id))
        end = _end(claim, outcome, kept, chance)
        if row is None or row["state"] != "on":  # turned off meanwhile: nothing waits for it
            end = end._replace(state="failed" if outcome.error else end.state, settled_at=outcome.at)
        if not await webhooks.settle(claim.tenant_id, claim.delivery_id, claim.epoch, end) or row is None:
            return False
        if not outcome.error:
            await _note_success(claim, row, outcome.at, by=by)
        elif row["state"] == "on":
            await _note_failure(claim, webhook_from(row), outcome, by=by)
        return True

    return await in_unit_of(by, body)


async def prune_deliveries(*, now: datetime) -> int:
    """Delete what was settled 30 days ago; return how many deliveries."""
    return await in_unit(None, lambda: leased.prune_settled(webhooks.PRUNE, now - KEPT, limit=BATCH))


async def _webhooks_of(rows: list[Row]) -> dict[UUID, Row]:
    wanted: dict[TenantId, set[UUID]] = {}
    for row in rows:
        wanted.setdefault(TenantId(row["tenant_id"]), set()).add(row["webhook_id"])
    found: dict[UUID, Row] = {}
    for tenant_id, ids in wanted.items():
        found |= {row["id"]: row for row in await webhooks.list_webhooks_of(tenant_id, sorted(ids))}
    return found


def _claim_of(row: Row, webhook: Row, now: datetime) -> WebhookClaim:
    return WebhookClaim(
        tenant_id=TenantId(row["tenant_id"]),
        delivery_id=row["id"],
        webhook_id=row["webhook_id"],
        epoch=row["epoch"],
        tries=row["tries"],
        message_ref=message_ref_for(row),
        url=webhook["url"],
        body=row["body"],
        secret_texts=_secret_texts(webhook, now),
    )


def _secret_texts(webhook: Row, now: datetime) -> tuple[str, ...]:
    """Return what signs now; none where the key ring does not open it."""
    columns = ["sealed_secret"]
    if webhook["former_until"] is not None and webhook["former_until"] > now:
        columns.append("former_sealed")
    ring = current_key_ring()
    try:
        return tuple(
            ring.open(webhook[column], sealed_place(TenantId(webhook["tenant_id"]), webhook["id"], column))
            for column in columns
        )
    except KeyRingError:
        return ()


def _end(claim: WebhookClaim, outcome: Outcome, kept: tuple[Attempt, ...], chance: float) -> DeliveryEnd:
    attempt = Attempt(at=outcome.at, status=outcome.status, duration_ms=outcome.duration_ms, error=outcome.error)
    attempts = (*kept, attempt)[-ATTEMPTS_KEPT:]
    at = next_try_at(WEBHOOK_DELAYS_S, claim.tries, now=outcome.at, chance=chance) if outcome.error else None
    end = DeliveryEnd(
        state="delivered" if not outcome.error else "failed",
        next_at=outcome.at,
        settled_at=outcome.at,
        status=outcome.status,
        duration_ms=outcome.duration_ms,
        response=outcome.response,
        error=outcome.error,
        attempts=msgspec.json.encode(attempts).decode(),
    )
    return end if at is None else end._replace(state="queued", next_at=at, settled_at=None)


async def _note_success(claim: WebhookClaim, row: Row, now: datetime, *, by: Actor) -> None:
    if row["failing_since"] is not None:
        over = recovery_change("webhook_failing", str(claim.webhook_id), tenant_id=claim.tenant_id, now=now)
        await commit_plan(Plan(changes=(over,)), by=by, now=now)
    await webhooks.note_success(claim.tenant_id, claim.webhook_id, now)


async def _note_failure(claim: WebhookClaim, webhook: Webhook, outcome: Outcome, *, by: Actor) -> None:
    now = outcome.at
    await webhooks.note_failure(claim.tenant_id, claim.webhook_id, now)
    span = now - (webhook.failing_since or now)
    gone = outcome.status == GONE_STATUS
    case = AlertCase(
        kind="webhook_failing",
        subject=str(webhook.webhook_id),
        label=webhook.label,
        detail=f"Nothing can be delivered: {outcome.error}",
        path=f"webhooks/{webhook.webhook_id}",
    )
    if gone or span >= BROKEN_AFTER:
        why = "It answered that it is gone (410)." if gone else BROKEN
        told = replace(case, detail=f"{why} Turn it on again when it answers.", level=2)
        await webhooks.break_off(claim.tenant_id, claim.webhook_id)
        await webhooks.give_up_waiting(claim.tenant_id, claim.webhook_id, now, why)
        await commit_plan(_plan(told, webhook.webhook_id, webhook.label, by=by, now=now), by=by, now=now)
    elif span >= ALERTED_AFTER:
        change = alert_change(case, tenant_id=claim.tenant_id, now=now)
        await commit_plan(Plan(changes=(change,)), by=by, now=now)


def _plan(case: AlertCase, webhook_id: UUID, label: str, *, by: Actor, now: datetime) -> Plan:
    event = Event(action="webhook:broken", subject_kind="webhook", subject_id=webhook_id, subject_label=label)
    return Plan(changes=(alert_change(case, tenant_id=by.tenant_id, now=now),), events=(event,))
