"""Items and their loans as JSON: read by page, put by tag, given out and taken back."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import TypeVar, get_args
from urllib.parse import quote

from litestar import Response, delete, get, post, put

from directory import equipment, loans
from directory.equipment import Due, Holding, ItemFilter
from directory.equipment_model import STATES, Item, LoanId, Terms
from directory.model import Actor, TenantId, UserId
from directory.plan_equipment import HandIn
from portal.api.gate import actor_of, expected, read_body, read_params
from portal.api.problems import json_answer, refused
from portal.api.shapes import (
    CheckInBody,
    CheckOutBody,
    HolderBody,
    ItemBody,
    ItemsShape,
    LoansShape,
    item_shape,
    past_loan_shape,
)
from portal.auth import clock
from portal.forms import parse_uuid
from portal.visit import PortalRequest

ITEMS = "/api/v1/equipment"
ITEM = f"{ITEMS}/{{tag:str}}"
PAGE = 50
PAGE_MAX = 200
HOLDERS: tuple[Holding, ...] = get_args(Holding)
DUES: tuple[Due, ...] = get_args(Due)
ChoiceT = TypeVar("ChoiceT", bound=str)
LIST_PARAMS = ("cursor", "limit", "q", "state", "category", "holder", "due")


@get(ITEMS)
async def list_items(request: PortalRequest) -> Response[bytes]:
    """Send a page of items by tag."""
    params = read_params(request, LIST_PARAMS)
    found = await equipment.list_items(
        actor_of(request).tenant_id,
        _filter_from(params),
        after=params.get("cursor") or None,
        limit=_limit_from(params),
    )
    return json_answer(ItemsShape(items=[item_shape(line) for line in found.lines], next_cursor=found.next_after))


@get(ITEM)
async def get_item(request: PortalRequest) -> Response[bytes]:
    """Send one item with who has it."""
    read_params(request, ())
    return await _item_answer(actor_of(request), await _item_of(request))


@put(ITEM)
async def put_item(request: PortalRequest) -> Response[bytes]:
    """Write an item down, or make it so; the same once more changes nothing."""
    by = actor_of(request)
    body = await read_body(request, ItemBody)
    details = body.details(str(request.path_params["tag"]))
    item, created = await equipment.put_item(details, body.state, expect=expected(request), by=by, now=clock())
    return await _item_answer(by, item, status=201 if created else 200)


@delete(ITEM, status_code=200)  # the framework wants no answer of ours under 204
async def retire_item(request: PortalRequest) -> Response[bytes]:
    """Retire an item: it stays with its history, and goes to nobody any more."""
    by, item = actor_of(request), await _item_of(request)
    await equipment.retire_item(item.item_id, expect=expected(request), by=by, now=clock())
    return Response(b"", status_code=204, headers={"Cache-Control": "no-store"}, media_type="application/json")


@post(f"{ITEM}/check-out", status_code=200)
async def check_out(request: PortalRequest) -> Response[bytes]:
    """Give an item to a user; whoever has it already keeps it."""
    by, item = actor_of(request), await _item_of(request)
    body = await read_body(request, CheckOutBody)
    user_id = await _holder_of(by.tenant_id, body.holder)
    due_at = None if body.due is None else datetime.combine(body.due, time.max, tzinfo=UTC)
    terms = Terms(due_at=due_at, condition=body.condition, note=body.note)
    await loans.check_out(item.item_id, user_id, terms, by=by, now=clock())
    return await _item_answer(by, item)


@post(f"{ITEM}/check-in", status_code=200)
async def check_in(request: PortalRequest) -> Response[bytes]:
    """Take an item back; one that nobody has stays as it is."""
    by, item = actor_of(request), await _item_of(request)
    body = await read_body(request, CheckInBody)
    given = HandIn(condition=body.condition, state=body.state)
    await loans.check_in([item.item_id], given, by=by, now=clock())
    return await _item_answer(by, item)


@get(f"{ITEM}/loans")
async def list_loans(request: PortalRequest) -> Response[bytes]:
    """Send who has and had an item, the newest first."""
    params = read_params(request, ("cursor", "limit"))
    item, limit = await _item_of(request), _limit_from(params)
    cursor = params.get("cursor")
    before = None if cursor is None else parse_uuid(cursor)
    if cursor is not None and before is None:
        raise refused(400, "The cursor was not made by an earlier page.", "cursor")
    found = await loans.list_loans(
        item.tenant_id, item.item_id, before=None if before is None else LoanId(before), limit=limit + 1
    )
    more = str(found[limit - 1].loan.loan_id) if len(found) > limit else None
    return json_answer(LoansShape(loans=[past_loan_shape(past) for past in found[:limit]], next_cursor=more))


async def _item_of(request: PortalRequest) -> Item:
    return await equipment.get_tagged(actor_of(request).tenant_id, str(request.path_params["tag"]))


async def _item_answer(by: Actor, item: Item, *, status: int = 200) -> Response[bytes]:
    line = await equipment.get_line(by.tenant_id, item.item_id)
    location = {"Location": f"{ITEMS}/{quote(item.details.tag, safe='')}"} if status == 201 else {}
    return json_answer(item_shape(line), status=status, ETag=f'"{line.item.version}"', **location)


async def _holder_of(tenant_id: TenantId, body: HolderBody) -> UserId:
    named = body.named()
    if len(named) != 1:
        raise refused(422, "Name the holder by exactly one of id, user_name, email and external_id.", "holder")
    ((by_what, text),) = named
    found = await loans.find_holders(tenant_id, text, by_what=by_what)
    if len(found) != 1:
        problem = "Several people have" if found else "Nobody here has"
        raise refused(422, f"{problem} this {by_what}.", f"holder.{by_what}")
    return found[0].user_id


def _filter_from(params: dict[str, str]) -> ItemFilter:
    now = clock()
    return ItemFilter(
        text=params.get("q", "")[:200],
        state=_choice(params, "state", STATES),
        category=params.get("category"),
        holder=_choice(params, "holder", HOLDERS),
        due=_choice(params, "due", DUES),
        now=now,
        soon_at=now + equipment.SOON,
    )


def _choice(params: dict[str, str], name: str, allowed: Sequence[ChoiceT]) -> ChoiceT | None:
    value = params.get(name)
    if value is None:
        return None
    for option in allowed:
        if option == value:
            return option
    raise refused(400, f"The parameter {name} is one of {', '.join(allowed)}.", name)


def _limit_from(params: dict[str, str]) -> int:
    text = params.get("limit", str(PAGE))
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= PAGE_MAX):
        raise refused(400, f"The parameter limit is a number from 1 to {PAGE_MAX}.", "limit")
    return int(text)


HANDLERS = (list_items, get_item, put_item, retire_item, check_out, check_in, list_loans)
