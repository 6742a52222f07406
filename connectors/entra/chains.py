"""Delta chains of Microsoft Graph: from a start or a checkpoint, page by page, to the delta link that ends them."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Any

import msgspec

from connectors.addresses import check_same_origin
from connectors.entra.client import GraphClient, decoded
from connectors.errors import SourceError
from connectors.records import Done, Page


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a chain, or its end."""

    key: str
    """What the chain tracks: another selection or scope needs another chain."""
    url: str
    whole: bool
    """Whether the chain began at the start: then it gives everything, and absence may mean something."""
    ended: bool = False
    """Whether ``url`` is the delta link, and all pages before it were given."""


class DeltaPage(msgspec.Struct):
    """One answer of a delta query; exactly one of the links is there."""

    value: list[msgspec.Raw]
    next_link: str | None = msgspec.field(default=None, name="@odata.nextLink")
    delta_link: str | None = msgspec.field(default=None, name="@odata.deltaLink")


Reader = Callable[[list[msgspec.Raw], bool], Awaitable[Page]]
"""Makes a page of objects; told whether the chain began at the start. Its ``resume`` is filled in here."""


def chain_key(*parts: object) -> str:
    """Return a short text that changes with what a chain tracks."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()


def cursor_from(text: str, key: str) -> Cursor:
    """Return the place in a chain that a text stands for.

    Raises:
        SourceError: the chain tracked something else, or the text is of an older version.
    """
    try:
        cursor = msgspec.json.decode(text, type=Cursor)
    except msgspec.MsgspecError as error:
        raise SourceError("cursor_expired", "the last pull left no place to go on from") from error
    if cursor.key != key:
        raise SourceError("cursor_expired", "mapping or scope changed since the last pull")
    return cursor


async def each_chain_page(
    client: GraphClient, start: str, *, key: str, cursor: str | None, read: Reader
) -> AsyncIterator[Page | Done]:
    """Yield the pages of a chain, and Done behind the page with the delta link.

    Raises:
        SourceError: the chain broke off, went elsewhere or in a circle.
    """
    at = Cursor(key=key, url=start, whole=True) if cursor is None else cursor_from(cursor, key)
    seen: set[str] = set()
    objects = 0
    while not at.ended:
        seen.add(at.url)
        checked = partial(_checked, seen=seen, root=client.root)
        answer = await client.read(at.url, checked)
        page = await read(answer.value, at.whole)
        objects += len(page.records)
        link = answer.delta_link or answer.next_link or ""
        at = Cursor(key=key, url=link, whole=at.whole, ended=answer.delta_link is not None)
        yield msgspec.structs.replace(page, resume=text_of(at))
    checkpoint = Cursor(key=key, url=at.url, whole=False)
    yield Done(whole=at.whole, checkpoint=text_of(checkpoint), objects=objects)


def text_of(cursor: Cursor) -> str:
    """Return a place as the text that is stored."""
    return msgspec.json.encode(cursor).decode()


def _checked(body: bytes, *, seen: AbstractSet[str], root: str) -> DeltaPage:
    page = decoded(body, DeltaPage)
    if page.delta_link is None and page.next_link is None:
        raise SourceError("protocol", "Microsoft Graph sent a page that leads nowhere")
    check_same_origin(page.delta_link or page.next_link or "", root)
    if page.delta_link is None and page.next_link in seen:
        raise SourceError("protocol", "Microsoft Graph leads us round in circles")
    return page


def objects_of(value: list[msgspec.Raw]) -> list[dict[str, Any]]:
    """Return the objects of a page that have an id.

    Raises:
        SourceError: one has none.
    """
    found = [decoded(bytes(one), dict[str, Any]) for one in value]
    if any(not isinstance(one.get("id"), str) for one in found):
        raise SourceError("protocol", "Microsoft Graph sent an object without an id")
    return found
