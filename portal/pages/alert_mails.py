"""Mails of the tenant: what waits, what was sent, and what may not have arrived."""

from litestar import Response

from directory import mail_delivery
from directory.errors import InvalidError
from directory.mail_delivery import OPEN_STATES, MailState
from portal.alert_words import MAIL_STATES
from portal.auth import does, shows
from portal.forms import parse_uuid, path_uuid
from portal.rendering import go, page
from portal.visit import PortalRequest, site_of

MAILS_MAX = 50
MAILS = "/t/{slug:str}/alerts/mails"


@shows(MAILS, access="settings:manage")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show mails, the newest first: all of the last 30 days, or those of one state."""
    tenant_id = request.auth.operator.tenant.tenant_id
    state = _state(request.query_params.get("state", ""))
    before = parse_uuid(request.query_params.get("before", ""))
    mails = await mail_delivery.list_messages(tenant_id, state=state, before=before, limit=MAILS_MAX + 1)
    return page(
        request,
        "alert_mails/page.html",
        fragments={"alert-mails-more": "alert_mails/_more.html"},
        mails=mails[:MAILS_MAX],
        next_before=mails[MAILS_MAX - 1].message_id if len(mails) > MAILS_MAX else None,
        state=state,
        counts=await mail_delivery.count_open(tenant_id),
        counted_max=mail_delivery.COUNTED_MAX,
        states=MAIL_STATES,
        open_states=OPEN_STATES,
        is_later=before is not None,
        sends_mail=site_of(request).sends_mail,
    )


@does(f"{MAILS}/{{message_id:str}}/again", access="settings:manage")
async def send_again(request: PortalRequest) -> Response[bytes]:
    """Queue a mail again that failed, or of which nobody knows whether it arrived."""
    visit = request.auth
    try:
        await mail_delivery.send_again(path_uuid(request, "message_id"), by=visit.by, now=visit.now)
    except InvalidError:  # sent twice: the list says what it is now
        return go(request, visit.path("alerts", "mails"))
    return go(request, visit.path("alerts", "mails"), done="mail-queued")


@does(f"{MAILS}/{{message_id:str}}/leave", access="settings:manage")
async def leave(request: PortalRequest) -> Response[bytes]:
    """Leave a mail as it ended: no alert is of it any more."""
    visit = request.auth
    try:
        await mail_delivery.leave(path_uuid(request, "message_id"), by=visit.by, now=visit.now)
    except InvalidError:  # sent twice: the list says what it is now
        return go(request, visit.path("alerts", "mails"))
    return go(request, visit.path("alerts", "mails"), done="mail-left")


@does(f"{MAILS}/resend", access="settings:manage")
async def send_failed_again(request: PortalRequest) -> Response[bytes]:
    """Queue all mails again that failed."""
    visit = request.auth
    count = await mail_delivery.send_failed_again(by=visit.by, now=visit.now)
    return go(request, visit.path("alerts", "mails"), done="mails-queued" if count else None)


def _state(text: str) -> MailState | None:
    return next((state for state in OPEN_STATES if state == text), None)


HANDLERS = (show, send_again, leave, send_failed_again)
