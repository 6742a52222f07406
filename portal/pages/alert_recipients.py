"""Who is told of alerts: added, changed, tested and removed."""

from litestar import Response

from directory import alert_recipients, source_administrators
from directory.alert_recipients import Choice
from directory.alerts import ALERT_KINDS
from directory.digests import RHYTHMS, Recipient
from directory.errors import AlreadyExistsError, InvalidError
from directory.mail_addresses import ADDRESS_CHARS_MAX
from directory.model import UserId
from portal.alert_words import ALERT_CHOICES, RHYTHM_WORDS
from portal.auth import does, shows
from portal.forms import Form, parse_uuid, path_uuid, read_form
from portal.rendering import go, page
from portal.visit import PortalRequest, site_of

RECIPIENTS = "/t/{slug:str}/alerts/recipients"


@shows(RECIPIENTS, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show who is told of what, and how often."""
    return await _page(request, Form({"rhythm": "hour", **{_field(kind): "yes" for kind in ALERT_KINDS}}))


@does(RECIPIENTS, access="settings:manage")
async def add(request: PortalRequest) -> Response[bytes]:
    """Tell somebody from now on."""
    visit, form = request.auth, await read_form(request)
    user_id = parse_uuid(form.fields.get("user_id", ""))
    address = form.text("address", chars_max=ADDRESS_CHARS_MAX, required=user_id is None)
    choice = _choice(form)
    if not form.errors:
        try:
            await alert_recipients.add_recipient(
                choice,
                user_id=None if user_id is None else UserId(user_id),
                address=address,
                by=visit.by,
                now=visit.now,
            )
        except AlreadyExistsError:
            form.errors["address"] = "They are told already. Change them in the list."
        except InvalidError as error:
            form.errors[error.attribute] = f"It {error.reason}."
    if form.errors:
        return await _page(request, form)
    return go(request, visit.path("alerts", "recipients"), done="recipient-added")


@shows(f"{RECIPIENTS}/{{recipient_id:str}}", access="settings:manage")
async def ask(request: PortalRequest) -> Response[bytes]:
    """Show what one recipient is told."""
    recipient = await _recipient(request)
    chosen = {_field(kind): "yes" for kind in recipient.kinds}
    return _edit_page(request, recipient, Form({"rhythm": recipient.rhythm, **chosen}))


@does(f"{RECIPIENTS}/{{recipient_id:str}}", access="settings:manage")
async def edit(request: PortalRequest) -> Response[bytes]:
    """Tell a recipient of other things, or more or less often."""
    visit, recipient, form = request.auth, await _recipient(request), await read_form(request)
    choice = _choice(form)
    if form.errors:
        return _edit_page(request, recipient, form)
    await alert_recipients.edit_recipient(recipient.recipient_id, choice, by=visit.by, now=visit.now)
    return go(request, visit.path("alerts", "recipients"), done="recipient-changed")


@does(f"{RECIPIENTS}/{{recipient_id:str}}/test", access="settings:manage")
async def test(request: PortalRequest) -> Response[bytes]:
    """Send a mail that says that mails arrive."""
    visit, recipient = request.auth, await _recipient(request)
    try:
        await alert_recipients.send_test(recipient.recipient_id, by=visit.by, now=visit.now)
    except InvalidError as error:
        form = Form({"rhythm": "hour"})
        form.errors["address"] = f"{recipient.label} {error.reason}."
        return await _page(request, form)
    return go(request, visit.path("alerts", "mails"), done="mail-queued")


@does(f"{RECIPIENTS}/{{recipient_id:str}}/remove", access="settings:manage")
async def remove(request: PortalRequest) -> Response[bytes]:
    """Tell a recipient nothing more."""
    visit, recipient = request.auth, await _recipient(request)
    await alert_recipients.remove_recipient(recipient.recipient_id, by=visit.by, now=visit.now)
    return go(request, visit.path("alerts", "recipients"), done="recipient-removed")


async def _recipient(request: PortalRequest) -> Recipient:
    tenant_id = request.auth.operator.tenant.tenant_id
    return await alert_recipients.get_recipient(tenant_id, path_uuid(request, "recipient_id"))


async def _page(request: PortalRequest, form: Form) -> Response[bytes]:
    tenant_id = request.auth.operator.tenant.tenant_id
    may_change = request.auth.may("settings:manage")
    return page(
        request,
        "alert_recipients/list.html",
        status_code=422 if form.errors else 200,
        recipients=await alert_recipients.list_recipients(tenant_id),
        operators=await source_administrators.list_responsible(tenant_id) if may_change else [],
        form=form,
        choices=ALERT_CHOICES,
        rhythms=RHYTHM_WORDS,
        sends_mail=site_of(request).sends_mail,
    )


def _edit_page(request: PortalRequest, recipient: Recipient, form: Form) -> Response[bytes]:
    return page(
        request,
        "alert_recipients/edit.html",
        status_code=422 if form.errors else 200,
        recipient=recipient,
        form=form,
        choices=ALERT_CHOICES,
    )


def _choice(form: Form) -> Choice:
    kinds = frozenset(kind for kind in ALERT_KINDS if form.flag(_field(kind)))
    if not kinds:
        form.errors["kinds"] = "Choose at least one kind."
    return Choice(kinds=kinds, rhythm=form.choice("rhythm", RHYTHMS))


def _field(kind: str) -> str:
    return f"kind_{kind}"


HANDLERS = (show, add, ask, edit, test, remove)
