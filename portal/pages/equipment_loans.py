"""Equipment out and in: an item goes to a person, and comes back alone or with others."""

from collections.abc import Sequence

from litestar import Response

from directory import accounts, equipment, loans
from directory.accounts import AccountFilter, AccountOrder
from directory.equipment import ItemLine
from directory.equipment_model import KEPT_STATES, TAG_CHARS_MAX, TEXT_CHARS_MAX, ItemId, Terms
from directory.errors import InvalidError, NotFoundError
from directory.loans import CHECKED_IN_MAX, Holder
from directory.model import TenantId
from directory.plan_equipment import HandIn
from portal.auth import does, shows
from portal.equipment_forms import STATE_WORDS
from portal.forms import Form, parse_uuid, read_form
from portal.rendering import DIALOG_ID, go, page
from portal.visit import PortalRequest, form_pairs

CHECK_OUT = "/t/{slug:str}/equipment/check-out"
CHECK_IN = "/t/{slug:str}/equipment/check-in"
OFFERED_MAX = 10
_TOO_MANY = f"These are more than {CHECKED_IN_MAX} items: take them back in several steps."


@shows(CHECK_OUT, access="users:manage")
async def show_out(request: PortalRequest) -> Response[bytes]:
    """Ask which item goes to whom; an address may name either."""
    named = {name: request.query_params.get(name, "") for name in ("tag", "holder")}
    return await _out_page(request, Form(named), await _known(request, named["holder"]))


@does(CHECK_OUT, access="users:manage")
async def check_out(request: PortalRequest) -> Response[bytes]:
    """Give the item to the person, or offer people when the text does not say who is meant."""
    form, visit = await read_form(request), request.auth
    tenant_id = visit.operator.tenant.tenant_id
    tag = form.text("tag", chars_max=TAG_CHARS_MAX)
    text = form.text("holder", chars_max=TEXT_CHARS_MAX)
    condition = form.text("condition", chars_max=TEXT_CHARS_MAX, required=False)
    note = form.text("note", chars_max=500, required=False)
    due_at = form.end_of_day("due", after=visit.now)
    found = await _meant(tenant_id, text, form) if text else []
    if form.errors:
        return await _out_page(request, form, found)
    try:
        item = await equipment.get_tagged(tenant_id, tag)
        terms = Terms(due_at=due_at, condition=condition, note=note)
        await loans.check_out(item.item_id, found[0].user_id, terms, by=visit.by, now=visit.now)
    except NotFoundError:
        form.errors["tag"] = "There is no item of this tag."
    except InvalidError as error:
        form.errors["tag"] = f"The {error.attribute} {error.reason}."
    else:
        return go(request, visit.path("equipment", item.item_id), done="item-out")
    return await _out_page(request, form, found)


@shows(CHECK_IN, access="users:manage")
async def show_in(request: PortalRequest) -> Response[bytes]:
    """Show what is to come back: items that were picked, or tags to be scanned."""
    form = Form({})
    lines = await _picked(request, request.query_params.getall("item_id", []), form)
    return await _in_page(request, form, lines)


@does(CHECK_IN, access="users:manage")
async def check_in(request: PortalRequest) -> Response[bytes]:
    """Take the items back; with tags, whatever of them is known, or nothing."""
    visit, pairs = request.auth, await form_pairs(request)
    form = Form(dict(pairs))
    lines = await _picked(request, [value for name, value in pairs if name == "item_id"], form)
    lines += await _scanned(request, form)
    condition = form.text("condition", chars_max=TEXT_CHARS_MAX, required=False)
    state = form.choice("state", KEPT_STATES)
    if not lines and not form.errors:
        form.errors["tags"] = "Scan or type at least one tag."
    if form.errors:
        return await _in_page(request, form, lines)
    wanted = list(dict.fromkeys(line.item.item_id for line in lines))
    if len(wanted) > CHECKED_IN_MAX:
        form.errors["tags"] = _TOO_MANY
        return await _in_page(request, form, lines)
    try:
        await loans.check_in(wanted, HandIn(condition=condition, state=state), by=visit.by, now=visit.now)
    except InvalidError as error:
        form.errors["condition"] = f"The {error.attribute} {error.reason}."
        return await _in_page(request, form, lines)
    path = visit.path("equipment", wanted[0]) if len(wanted) == 1 else visit.path("equipment")
    return go(request, path, done="item-in" if len(wanted) == 1 else "items-in")


async def _known(request: PortalRequest, text: str) -> list[Holder]:
    return await loans.find_holders(request.auth.operator.tenant.tenant_id, text) if text else []


async def _meant(tenant_id: TenantId, text: str, form: Form) -> list[Holder]:
    """Return who is meant, or those whom the text may mean, with a word in the form.

    Somebody who was picked counts only for the text that they were offered for: it may have been typed anew.
    """
    named = await loans.find_holders(tenant_id, text)
    offered = named or await _offered(tenant_id, text)
    picked = form.fields.get("user_id", "")
    if not picked and len(named) == 1:
        return named
    if chosen := [one for one in offered if str(one.user_id) == picked]:
        return chosen
    if not offered:
        form.errors["holder"] = "Nobody is called like this."
    elif named:
        form.errors["holder"] = "Choose who is meant."
    else:
        form.errors["holder"] = "Nobody has this name, address or id. Choose below."
    return offered


async def _offered(tenant_id: TenantId, text: str) -> list[Holder]:
    """Return people whose names have words that begin like those of the text."""
    wanted = AccountFilter(text=text)
    found = await accounts.list_accounts(tenant_id, wanted, order=AccountOrder(), after=None, limit=OFFERED_MAX)
    return [
        Holder(
            user_id=one.user_id,
            user_name=one.user_name,
            name=one.display_name or one.user_name,
            email=one.email,
            active=one.active,
        )
        for one in found.accounts
    ]


async def _picked(request: PortalRequest, texts: Sequence[str], form: Form) -> list[ItemLine]:
    """Return the items of ids, none if there are too many; what is no item of the tenant is not found.

    Raises:
        NotFoundError: one of them is none.
    """
    tenant_id = request.auth.operator.tenant.tenant_id
    lines: list[ItemLine] = []
    wanted = list(dict.fromkeys(texts))
    if len(wanted) > CHECKED_IN_MAX:
        form.errors["tags"] = _TOO_MANY
        return []
    for text in wanted:
        item_id = parse_uuid(text)
        if item_id is None:
            raise NotFoundError("item", text)
        lines.append(await equipment.get_line(tenant_id, ItemId(item_id)))
    return lines


async def _scanned(request: PortalRequest, form: Form) -> list[ItemLine]:
    tags = (tag.strip() for tag in form.fields.get("tags", "").split("\n"))
    wanted = list(dict.fromkeys(tag for tag in tags if tag))
    if len(wanted) > CHECKED_IN_MAX:
        form.errors["tags"] = _TOO_MANY
        return []
    tenant_id, unknown = request.auth.operator.tenant.tenant_id, []
    lines: list[ItemLine] = []
    for tag in wanted:
        try:
            item = await equipment.get_tagged(tenant_id, tag)
        except (NotFoundError, InvalidError):
            unknown.append(tag[:TAG_CHARS_MAX])
        else:
            lines.append(await equipment.get_line(tenant_id, item.item_id))
    if unknown:
        form.errors["tags"] = f"There is no item of the tag {', '.join(unknown[:5])}."
    return lines


async def _out_page(request: PortalRequest, form: Form, found: Sequence[Holder]) -> Response[bytes]:
    return page(
        request,
        "equipment_loans/out.html",
        status_code=422 if form.errors else 200,
        form=form,
        found=found,
        chosen=parse_uuid(form.fields.get("user_id", "")),
    )


async def _in_page(request: PortalRequest, form: Form, lines: Sequence[ItemLine]) -> Response[bytes]:
    out = [line for line in lines if line.item.state == "out"]
    return page(
        request,
        "equipment_loans/in.html",
        fragments={DIALOG_ID: "equipment_loans/_in.html"},
        status_code=422 if form.errors else 200,
        form=form,
        lines=lines,
        out=out,
        state_words=STATE_WORDS,
    )


HANDLERS = (show_out, check_out, show_in, check_in)
