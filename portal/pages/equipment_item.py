"""One item: what is written down of it, who has it, who had it, and what changed."""

from litestar import Response

from directory import access_roles, equipment, events, loans
from directory.equipment_model import KEPT_STATES, ItemId, LoanId
from directory.errors import AlreadyExistsError, InvalidError, StaleError
from directory.model import EventId
from portal.auth import does, shows
from portal.equipment_forms import STATE_WORDS, details_in, fields_of
from portal.forms import Form, parse_uuid, path_uuid, read_form
from portal.rendering import go, page
from portal.visit import PortalRequest

LOANS_MAX = 20
EVENTS_MAX = 20
ITEM = "/t/{slug:str}/equipment/{item_id:str}"
FRAGMENTS = {
    "equipment-item-loans": "equipment_item/_loans.html",
    "equipment-item-history": "equipment_item/_history.html",
}


@shows(ITEM, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show the item with one page of its loans and one of its changes."""
    tenant_id, item_id = request.auth.operator.tenant.tenant_id, ItemId(path_uuid(request, "item_id"))
    line = await equipment.get_line(tenant_id, item_id)
    loans_before = parse_uuid(request.query_params.get("loans", ""))
    before = parse_uuid(request.query_params.get("before", ""))
    past = await loans.list_loans(
        tenant_id, item_id, before=None if loans_before is None else LoanId(loans_before), limit=LOANS_MAX + 1
    )
    told = await events.list_events(
        tenant_id, subject_id=item_id, before=None if before is None else EventId(before), limit=EVENTS_MAX + 1
    )
    names = await access_roles.names_of_roles(tenant_id)
    return page(
        request,
        "equipment_item/page.html",
        fragments=FRAGMENTS,
        line=line,
        item=line.item,
        past=past[:LOANS_MAX],
        next_loans=past[LOANS_MAX - 1].loan.loan_id if len(past) > LOANS_MAX else None,
        loans_before=loans_before,
        events=told[:EVENTS_MAX],
        next_before=told[EVENTS_MAX - 1].event_id if len(told) > EVENTS_MAX else None,
        before=before,
        names={str(role_id): name for role_id, name in names.items()},
        state_words=STATE_WORDS,
        may_manage=request.auth.may("users:manage"),
    )


@shows(f"{ITEM}/edit", access="users:manage")
async def show_edit(request: PortalRequest) -> Response[bytes]:
    """Show what is written down of the item, to be changed."""
    item = await equipment.get_item(request.auth.operator.tenant.tenant_id, ItemId(path_uuid(request, "item_id")))
    return await _form_page(request, Form(fields_of(item)))


@does(f"{ITEM}/edit", access="users:manage")
async def edit(request: PortalRequest) -> Response[bytes]:
    """Change what is written down of the item."""
    visit, item_id = request.auth, ItemId(path_uuid(request, "item_id"))
    item = await equipment.get_item(visit.operator.tenant.tenant_id, item_id)
    form = await read_form(request)
    details = details_in(form)
    state = None if item.state == "out" else form.choice("state", KEPT_STATES)
    version = form.number("version", low=1, high=10**9 - 1)
    if details is None or form.errors:
        return await _form_page(request, form)
    try:
        await equipment.edit_item(
            item_id, details, state, expect=lambda stored: stored == version, by=visit.by, now=visit.now
        )
    except StaleError:
        form.errors["tag"] = "Somebody changed this item meanwhile. Reload the page and look again."
    except (InvalidError, AlreadyExistsError) as error:
        form.errors[error.attribute] = f"{str(error).capitalize()}."
    if form.errors:
        return await _form_page(request, form)
    return go(request, visit.path("equipment", item_id), done="item-changed")


async def _form_page(request: PortalRequest, form: Form) -> Response[bytes]:
    item = await equipment.get_item(request.auth.operator.tenant.tenant_id, ItemId(path_uuid(request, "item_id")))
    return page(request, "equipment_item/edit.html", status_code=422 if form.errors else 200, form=form, item=item)


HANDLERS = (show, show_edit, edit)
