"""Webhooks: where events are sent to, which ones, and the secrets that sign them."""

from datetime import timedelta
from typing import Literal

from litestar import Response

from directory import webhook_feed, webhooks
from directory.errors import InvalidError
from directory.webhook_model import WEBHOOK_KINDS, Webhook
from directory.webhook_urls import URL_CHARS_MAX
from directory.webhooks import LABEL_CHARS_MAX, IssuedWebhookSecret, WebhookDraft
from portal.alert_words import DELIVERY_STATES, WEBHOOK_STATES
from portal.auth import does, shows
from portal.forms import Form, parse_uuid, path_uuid, read_form
from portal.rendering import go, page
from portal.visit import PortalRequest, site_of

LOG_MAX = 25
Overlap = Literal["0", "1", "24"]
OVERLAPS_H: tuple[Overlap, ...] = ("0", "1", "24")
WEBHOOKS = "/t/{slug:str}/webhooks"
WEBHOOK = f"{WEBHOOKS}/{{webhook_id:str}}"


@shows(WEBHOOKS, access="settings:manage")
async def show_all(request: PortalRequest) -> Response[bytes]:
    """List the webhooks."""
    found = await webhooks.list_webhooks(request.auth.operator.tenant.tenant_id)
    return page(request, "webhooks/list.html", webhooks=found, states=WEBHOOK_STATES)


@shows(f"{WEBHOOKS}/new", access="settings:manage")
async def ask(request: PortalRequest) -> Response[bytes]:
    """Ask where to, and what."""
    return _new_page(request, Form({_field("alert:raised"): "yes", _field("alert:recovered"): "yes"}))


@does(f"{WEBHOOKS}/new", access="settings:manage", fresh=True)
async def create(request: PortalRequest) -> Response[bytes]:
    """Make a webhook, and show its secret once."""
    visit, form = request.auth, await read_form(request)
    draft, allowed = _draft(form), site_of(request).private_webhooks
    if not form.errors:
        try:
            issued = await webhooks.create_webhook(draft, allow_private=allowed, by=visit.by, now=visit.now)
            return _shown_once(request, issued, draft.label)
        except InvalidError as error:
            form.errors[error.attribute] = f"It {error.reason}."
    return _new_page(request, form)


@shows(WEBHOOK, access="settings:manage")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show a webhook with what was sent."""
    webhook = await _webhook(request)
    chosen = {_field(kind): "yes" for kind in webhook.kinds}
    return await _page(request, webhook, Form({"label": webhook.label, "address": webhook.url, **chosen}))


@does(WEBHOOK, access="settings:manage", fresh=True)
async def edit(request: PortalRequest) -> Response[bytes]:
    """Send other events, or elsewhere."""
    visit, webhook, form = request.auth, await _webhook(request), await read_form(request)
    draft, allowed = _draft(form), site_of(request).private_webhooks
    if not form.errors:
        try:
            await webhooks.edit_webhook(webhook.webhook_id, draft, allow_private=allowed, by=visit.by, now=visit.now)
        except InvalidError as error:
            form.errors[error.attribute] = f"It {error.reason}."
    if form.errors:
        return await _page(request, webhook, form)
    return go(request, visit.path("webhooks", webhook.webhook_id), done="webhook-changed")


@does(f"{WEBHOOK}/on", access="settings:manage")
async def turn_on(request: PortalRequest) -> Response[bytes]:
    """Send events from now on again."""
    visit, webhook = request.auth, await _webhook(request)
    await webhooks.turn_on(webhook.webhook_id, by=visit.by, now=visit.now)
    return go(request, visit.path("webhooks", webhook.webhook_id), done="webhook-on")


@does(f"{WEBHOOK}/off", access="settings:manage")
async def turn_off(request: PortalRequest) -> Response[bytes]:
    """Send nothing more."""
    visit, webhook = request.auth, await _webhook(request)
    await webhooks.turn_off(webhook.webhook_id, by=visit.by, now=visit.now)
    return go(request, visit.path("webhooks", webhook.webhook_id), done="webhook-off")


@shows(f"{WEBHOOK}/rotate", access="settings:manage")
async def ask_rotate(request: PortalRequest) -> Response[bytes]:
    """Ask what becomes of the present secret."""
    return _rotate_page(request, await _webhook(request), Form({"overlap": "24"}))


@does(f"{WEBHOOK}/rotate", access="settings:manage", fresh=True)
async def rotate(request: PortalRequest) -> Response[bytes]:
    """Sign with a new secret, and show it once."""
    visit, webhook, form = request.auth, await _webhook(request), await read_form(request)
    overlap = timedelta(hours=int(form.choice("overlap", OVERLAPS_H)))
    if form.errors:
        return _rotate_page(request, webhook, form)
    issued = await webhooks.rotate_secret(webhook.webhook_id, overlap=overlap, by=visit.by, now=visit.now)
    return _shown_once(request, issued, webhook.label)


@shows(f"{WEBHOOK}/delete", access="settings:manage")
async def ask_delete(request: PortalRequest) -> Response[bytes]:
    """Say what deleting takes along."""
    fragments = {"dialog-body": "webhooks/_delete.html"}
    return page(request, "webhooks/delete.html", fragments=fragments, webhook=await _webhook(request))


@does(f"{WEBHOOK}/delete", access="settings:manage", fresh=True)
async def delete(request: PortalRequest) -> Response[bytes]:
    """Forget a webhook with its log."""
    visit, webhook = request.auth, await _webhook(request)
    await webhooks.delete_webhook(webhook.webhook_id, by=visit.by, now=visit.now)
    return go(request, visit.path("webhooks"), done="webhook-deleted")


async def _webhook(request: PortalRequest) -> Webhook:
    tenant_id = request.auth.operator.tenant.tenant_id
    return await webhooks.get_webhook(tenant_id, path_uuid(request, "webhook_id"))


def _draft(form: Form) -> WebhookDraft:
    kinds = frozenset(kind for kind in WEBHOOK_KINDS if form.flag(_field(kind)))
    if not kinds:
        form.errors["kinds"] = "Choose at least one kind of event."
    return WebhookDraft(
        label=form.text("label", chars_max=LABEL_CHARS_MAX),
        url=form.text("address", chars_max=URL_CHARS_MAX),
        kinds=kinds,
    )


def _field(kind: str) -> str:
    return "kind_" + kind.replace(":", "_").replace("-", "_")


def _new_page(request: PortalRequest, form: Form) -> Response[bytes]:
    return page(request, "webhooks/new.html", status_code=422 if form.errors else 200, form=form, kinds=_kinds())


async def _page(request: PortalRequest, webhook: Webhook, form: Form) -> Response[bytes]:
    before = parse_uuid(request.query_params.get("before", ""))
    sent = await webhook_feed.list_deliveries(webhook.tenant_id, webhook.webhook_id, before=before, limit=LOG_MAX + 1)
    return page(
        request,
        "webhooks/page.html",
        fragments={"webhooks-more": "webhooks/_more.html"},
        status_code=422 if form.errors else 200,
        webhook=webhook,
        form=form,
        kinds=_kinds(),
        sent=sent[:LOG_MAX],
        next_before=sent[LOG_MAX - 1].delivery_id if len(sent) > LOG_MAX else None,
        states=WEBHOOK_STATES,
        delivery_states=DELIVERY_STATES,
        kind_words=WEBHOOK_KINDS,
    )


def _kinds() -> list[tuple[str, str]]:
    return [(_field(kind), words) for kind, words in WEBHOOK_KINDS.items()]


def _rotate_page(request: PortalRequest, webhook: Webhook, form: Form) -> Response[bytes]:
    return page(request, "webhooks/rotate.html", status_code=422 if form.errors else 200, webhook=webhook, form=form)


def _shown_once(request: PortalRequest, issued: IssuedWebhookSecret, label: str) -> Response[bytes]:
    return page(
        request, "webhooks/shown.html", webhook_id=issued.webhook_id, label=label, secret_text=issued.secret_text
    )


HANDLERS = (
    show_all,
    ask,
    create,
    show,
    edit,
    turn_on,
    turn_off,
    ask_rotate,
    rotate,
    ask_delete,
    delete,
)
