"""Equipment: every item of the tenant with who has it, searched, filtered and paged by tag."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, get_args

from litestar import Response

from directory import equipment, exports, return_tasks
from directory.equipment import Due, Holding, ItemFilter
from directory.equipment_model import STATES
from directory.errors import AlreadyExistsError, InvalidError
from directory.model import TenantId
from portal.auth import does, shows
from portal.csv_export import Cell, send_csv
from portal.equipment_forms import DUE_WORDS, HOLDER_WORDS, STATE_WORDS, details_in
from portal.export_words import narrowed_by
from portal.forms import Form, read_form
from portal.list_search import ListSearch
from portal.rendering import asks_for, go, page
from portal.visit import PortalRequest, Visit

EQUIPMENT = "/t/{slug:str}/equipment"
ITEMS_MAX = 50
MORE = {"equipment-more": "equipment/_more.html"}
HOLDINGS: tuple[Holding, ...] = get_args(Holding)
DUES: tuple[Due, ...] = get_args(Due)
COLUMNS = (
    "Tag", "Name", "Category", "Serial", "Value", "Currency", "State", "Note", "Holder", "Due", "Holder name",
    "Holder status", "Out since", "Changed",
)  # fmt: skip


@shows(EQUIPMENT, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show one page of items; htmx asks for the rows that follow."""
    visit = request.auth
    tenant_id = visit.operator.tenant.tenant_id
    search = ListSearch(request.query_params)
    wanted = filter_from(search, visit)
    after = request.query_params.get("after") or None
    found = await equipment.list_items(tenant_id, wanted, after=after, limit=ITEMS_MAX)
    more = asks_for(request, MORE)
    return page(
        request,
        "equipment/page.html",
        fragments=MORE,
        found=found,
        count=None if more else await equipment.count_items(tenant_id, wanted),
        states={} if more else await equipment.count_states(tenant_id),
        categories=[] if more else await equipment.list_categories(tenant_id),
        return_count=0 if more else await return_tasks.count_tasks(tenant_id),
        return_max=return_tasks.COUNTED_MAX,
        counted_max=equipment.COUNTED_MAX,
        search=search,
        wanted=wanted,
        after=after,
        state_words=STATE_WORDS,
        holder_words=HOLDER_WORDS,
        due_words=DUE_WORDS,
        may_manage=visit.may("users:manage"),
    )


@shows(f"{EQUIPMENT}/export.csv", access="portal:view", fresh=True)
async def export(request: PortalRequest) -> Response[Any]:
    """Send the items of the filter as a file, which an import takes as it is."""
    visit = request.auth
    search = ListSearch(request.query_params)
    wanted = filter_from(search, visit)
    await exports.record_list("Equipment", narrowed_by(search.params), by=visit.by, now=visit.now)
    return await send_csv(request, "equipment.csv", COLUMNS, _rows(visit.operator.tenant.tenant_id, wanted))


@shows(f"{EQUIPMENT}/new", access="users:manage")
async def show_new(request: PortalRequest) -> Response[bytes]:
    """Show the form for an item."""
    return _form_page(request, Form({}))


@does(f"{EQUIPMENT}/new", access="users:manage")
async def create(request: PortalRequest) -> Response[bytes]:
    """Write an item down."""
    form, visit = await read_form(request), request.auth
    details = details_in(form)
    if details is None:
        return _form_page(request, form)
    try:
        item = await equipment.create_item(details, by=visit.by, now=visit.now)
    except (InvalidError, AlreadyExistsError) as error:
        form.errors[error.attribute] = f"{str(error).capitalize()}."
        return _form_page(request, form)
    return go(request, visit.path("equipment", item.item_id), done="item-created")


def filter_from(search: ListSearch, visit: Visit) -> ItemFilter:
    """Return which items are looked for."""
    return ItemFilter(
        text=search.text("q"),
        state=search.choice("state", STATES),
        category=search.text("category") or None,
        holder=search.choice("holder", HOLDINGS),
        due=search.choice("due", DUES),
        now=visit.now,
        soon_at=visit.now + equipment.SOON,
    )


async def _rows(tenant_id: TenantId, wanted: ItemFilter) -> AsyncIterator[Sequence[Cell]]:
    async for line in equipment.each_item(tenant_id, wanted):
        details = line.item.details
        yield (
            details.tag,
            details.name,
            details.category,
            details.serial,
            None if details.value is None else details.value.amount,
            None if details.value is None else details.value.currency,
            line.item.state,
            details.note,
            line.user_name,
            None if line.due_at is None else f"{line.due_at:%Y-%m-%d}",
            line.holder,
            None if line.user_id is None else "active" if line.holder_here else "disabled",
            line.out_at,
            line.item.modified_at,
        )


def _form_page(request: PortalRequest, form: Form) -> Response[bytes]:
    return page(request, "equipment/new.html", status_code=422 if form.errors else 200, form=form)


HANDLERS = (show, export, show_new, create)
