"""What was sent to a webhook: one entry in full, tests and replays."""

from datetime import UTC, datetime, timedelta

from litestar import Response

from directory import webhook_feed, webhooks
from directory.errors import InvalidError
from directory.webhook_model import WEBHOOK_KINDS
from portal.alert_words import DELIVERY_STATES
from portal.auth import does, shows
from portal.forms import path_uuid, read_form
from portal.rendering import go, page
from portal.visit import PortalRequest

WEBHOOK = "/t/{slug:str}/webhooks/{webhook_id:str}"
DELIVERY = f"{WEBHOOK}/log/{{delivery_id:str}}"
DAYS_MAX = 30


@shows(DELIVERY, access="settings:manage")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show what was sent, and how each try went."""
    tenant_id = request.auth.operator.tenant.tenant_id
    webhook = await webhooks.get_webhook(tenant_id, path_uuid(request, "webhook_id"))
    one = await webhook_feed.get_delivery(tenant_id, webhook.webhook_id, path_uuid(request, "delivery_id"))
    return page(
        request,
        "webhook_log/page.html",
        webhook=webhook,
        delivery=one,
        states=DELIVERY_STATES,
        kind_words=WEBHOOK_KINDS,
    )


@does(f"{WEBHOOK}/test", access="settings:manage")
async def test(request: PortalRequest) -> Response[bytes]:
    """Send an event that says nothing."""
    visit, webhook_id = request.auth, path_uuid(request, "webhook_id")
    try:
        delivery_id = await webhook_feed.send_test(webhook_id, by=visit.by, now=visit.now)
    except InvalidError:  # it was turned off meanwhile: its page says so
        return go(request, visit.path("webhooks", webhook_id), done="webhook-is-off")
    return go(request, visit.path("webhooks", webhook_id, "log", delivery_id), done="delivery-queued")


@does(f"{DELIVERY}/replay", access="settings:manage")
async def replay(request: PortalRequest) -> Response[bytes]:
    """Send one thing again."""
    visit = request.auth
    webhook_id, delivery_id = path_uuid(request, "webhook_id"), path_uuid(request, "delivery_id")
    try:
        await webhook_feed.replay(webhook_id, delivery_id, by=visit.by, now=visit.now)
    except InvalidError:  # sent twice, or turned off: the page says what it is now
        return go(request, visit.path("webhooks", webhook_id, "log", delivery_id))
    return go(request, visit.path("webhooks", webhook_id, "log", delivery_id), done="delivery-queued")


@does(f"{WEBHOOK}/replay", access="settings:manage")
async def replay_failed(request: PortalRequest) -> Response[bytes]:
    """Send again what failed in the last days."""
    visit, form = request.auth, await read_form(request)
    webhook_id = path_uuid(request, "webhook_id")
    days = form.number("days", low=1, high=DAYS_MAX)
    since = max(visit.now - timedelta(days=days), datetime(2000, 1, 1, tzinfo=UTC))
    try:
        await webhook_feed.replay_failed(webhook_id, since=since, by=visit.by, now=visit.now)
    except InvalidError:
        return go(request, visit.path("webhooks", webhook_id), done="webhook-is-off")
    return go(request, visit.path("webhooks", webhook_id), done="delivery-queued")


HANDLERS = (show, test, replay, replay_failed)
