"""Pages of what a filter finds, by index or by cursor, of one type or of several (RFC 7644 3.4.2, RFC 9865)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from directory.errors import InvalidError
from directory.model import JsonObject
from directory.query import Found, Order, Place, Query, Window
from directory.server_keys import get_server_key
from scim.attributes import Vocabulary
from scim.bodies import run
from scim.cursors import TIMEOUT_S, Mark, cursor_for, list_key_for, mark_from
from scim.errors import InvalidFilterError, InvalidValueError
from scim.filters import parse_filter
from scim.gate import Exchange
from scim.kinds import Kind
from scim.projection import Projection, projection_from
from scim.queries import COUNT_DEFAULT, cursor_count, order_from, page_from
from scim.quirks import Reading
from scim.responses import list_body

_ON_LOOP_MAX = 1000
"""A page with more members is written on a thread."""


@dataclass(frozen=True, slots=True)
class _List:
    """What is asked of one resource type."""

    kind: Kind
    query: Query | None
    order: Order | None
    projection: Projection


@dataclass(slots=True)
class _Page:
    """What was found so far, how many there are in all, and where the next page begins: in which type, behind what."""

    resources: list[JsonObject]
    total: int = 0
    following: tuple[int, Place | None] | None = None


async def list_page(exchange: Exchange, kinds: Sequence[Kind], parameters: Mapping[str, str]) -> bytes:
    """Return a ListResponse: the resources of the first type before those of the next, each in its own order.

    Raises:
        ScimError: a parameter, the filter or the cursor is not what it should be.
    """
    lists = _lists(exchange, kinds, parameters)
    if "cursor" in parameters:
        return await _by_cursor(exchange, lists, parameters)
    asked = page_from(parameters)
    page = _Page([])
    skipped = 0
    for one in lists:
        offset = max(asked.start - 1 - skipped, 0)
        window = Window(offset=offset, limit=asked.count - len(page.resources), order=one.order)
        found = await _search(exchange, one, window)
        page.resources += await one.kind.render(exchange, found.things, one.projection)
        page.total += found.total
        skipped = page.total
    body = partial(list_body, page.resources, total=page.total, start=asked.start)
    return await run(body, on_thread=_is_large(page))


def _lists(exchange: Exchange, kinds: Sequence[Kind], parameters: Mapping[str, str]) -> list[_List]:
    names = [kind.names_for(exchange) for kind in kinds]
    # Searched together, types need not have all attributes that are named: the others do.
    reading = exchange.reading if len(kinds) == 1 else _patient(exchange.reading)
    found: list[_List] = []
    for kind, own in zip(kinds, names, strict=True):
        others = tuple(other for other in names if other is not own)
        text = parameters.get("filter")
        query = parse_filter(text, own, exchange.reading, others) if text is not None else None
        order = _order(parameters, own, others)
        found.append(_List(kind, query, order, projection_from(parameters, own, reading)))
    return found


def _patient(reading: Reading) -> Reading:
    return Reading(replace(reading.settings, lenient_reader=True), [])


def _order(parameters: Mapping[str, str], names: Vocabulary, others: Sequence[Vocabulary]) -> Order | None:
    """Return how one type is sorted; by what only others have, it stays in the order in which its resources came."""
    if "sortby" not in parameters and "sortorder" not in parameters:
        return None
    try:
        return order_from(parameters, names)
    except InvalidValueError:
        for other in others:
            order_from(parameters, other)
        if not others:
            raise
    return None


async def _search(exchange: Exchange, one: _List, window: Window) -> Found[Any]:
    try:
        return await one.kind.search(exchange, one.query, window, one.projection)
    except InvalidError as error:
        raise InvalidFilterError(f"The filter cannot be used: {error.attribute} {error.reason}.") from error


def _is_large(page: _Page) -> bool:
    members = (resource.get("members") for resource in page.resources)
    return sum(len(listed) for listed in members if isinstance(listed, list)) > _ON_LOOP_MAX


async def _by_cursor(exchange: Exchange, lists: Sequence[_List], parameters: Mapping[str, str]) -> bytes:
    """Return a page by cursor at a cost that does not depend on how far it is from the start."""
    key = await get_server_key("cursor")
    list_key = _list_key(exchange, lists, parameters)
    count, text = cursor_count(parameters), parameters["cursor"]
    mark = mark_from(text, key, list_key=list_key, count=count, now=exchange.now) if text else None
    size = mark.count if mark is not None else COUNT_DEFAULT if count is None else count
    page = await _cursor_page(exchange, lists, mark, size)
    cursor: str | None = None
    if page.following is not None:
        endpoint, place = page.following
        following = Mark(
            list_key=list_key,
            count=size,
            total=page.total,
            endpoint=endpoint,
            key=None if place is None else place.key,
            ident=None if place is None else place.ident,
            until_s=int(exchange.now.timestamp()) + TIMEOUT_S,
        )
        cursor = cursor_for(following, key)
    body = partial(list_body, page.resources, total=page.total, cursor=cursor)
    return await run(body, on_thread=_is_large(page))


async def _cursor_page(exchange: Exchange, lists: Sequence[_List], mark: Mark | None, size: int) -> _Page:
    """Return the page behind the mark; what there is in all is counted once, for the first page."""
    page = _Page([], total=0 if mark is None else mark.total)
    for at, one in enumerate(lists):
        if mark is not None and (at < mark.endpoint or page.following is not None):
            continue
        left = size - len(page.resources)
        if page.following is not None:
            window = Window(limit=0)
        else:
            # A page that is full already looks whether the next type has anybody.
            after = mark.place if mark is not None and at == mark.endpoint else None
            window = Window(limit=left or min(size, 1), order=one.order, after=after, total=None if mark is None else 0)
        found = await _search(exchange, one, window)
        page.total += found.total
        if left == 0:
            page.following = page.following or ((at, None) if found.things else None)
        else:
            page.resources += await one.kind.render(exchange, found.things, one.projection)
            page.following = page.following or (None if found.ended is None else (at, found.ended))
    return page


def _list_key(exchange: Exchange, lists: Sequence[_List], parameters: Mapping[str, str]) -> str:
    names = [one.kind.names.resource_type.name for one in lists]
    asked = [parameters.get(name, "").strip() for name in ("filter", "sortby", "sortorder")]
    return list_key_for([str(exchange.caller.source.source_id), *names, *asked])
