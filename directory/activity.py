"""What happened, searched and told: changes, requests, and one of them with everything around it."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal, TypeVar
from uuid import UUID

from directory import events, traffic
from directory.chain import GENESIS
from directory.errors import NotFoundError
from directory.events import EventView, is_link_of
from directory.ids import time_of_id
from directory.model import EventId, TenantId, UserId
from directory.names import name_key
from directory.store import activity, event_details, hours, records
from directory.store.activity import ChangeFilter, Found, RequestFilter
from directory.store.event_details import MovedCounts
from directory.store.hours import GapRecord
from directory.traffic import RequestView

__all__ = [
    "ActivityPage",
    "ChainState",
    "ChangeDetail",
    "ChangeFilter",
    "GapRecord",
    "MovedUser",
    "RequestFilter",
    "each_change",
    "each_request",
    "find_subjects",
    "get_chain_state",
    "get_change",
    "list_changes",
    "list_gaps",
    "list_moved",
    "list_requests",
    "newest_mark",
]

Entry = TypeVar("Entry")

EXPORTED_AT_ONCE = 500
SIBLINGS_MAX = 50
VERIFIED_MOVES_MAX = 2_000
"""Events that moved more users are verified by the self-check only: their hash covers each of them."""

SUBJECTS_MAX = 8
NAME_LENGTH_MAX = 320


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityPage(Generic[Entry]):
    """One page of a search, the newest first."""

    entries: list[Entry]
    next_before: UUID | None
    """Opens the next page; None at the end."""
    searched_to: datetime | None = None
    """How far back was looked, where the page is not full although there is more behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedUser:
    """Somebody whom an event of membership moved."""

    user_id: UserId
    joined: bool
    name: str | None
    """As the user is called today; None of one who is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeDetail:
    """One event with what caused it, and what that caused besides."""

    event: EventView
    moved: MovedCounts
    siblings: list[EventView]
    """Other events of the same request, the oldest first."""
    seal: Literal["open", "fits", "broken", "unchecked"]
    """Whether its hashes, computed anew, are those that were sealed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainState:
    """The chain of a tenant as a whole."""

    length: int
    unsealed_since: datetime | None
    """When the oldest event happened that is not sealed yet."""


async def list_changes(
    tenant_id: TenantId, wanted: ChangeFilter, *, before: UUID | None, limit: int
) -> ActivityPage[EventView]:
    """Return a page of events."""
    found = await activity.search_events(tenant_id, wanted, before=before, limit=limit + 1)
    return _page(found, [events.view_of(row) for row in found.rows[:limit]], limit)


async def list_requests(
    tenant_id: TenantId, wanted: RequestFilter, *, before: UUID | None, limit: int
) -> ActivityPage[RequestView]:
    """Return a page of request records, without their bodies."""
    found = await activity.search_requests(tenant_id, wanted, before=before, limit=limit + 1)
    return _page(found, [traffic.view_of(row) for row in found.rows[:limit]], limit)


def each_change(tenant_id: TenantId, wanted: ChangeFilter) -> AsyncIterator[EventView]:
    """Yield every event that is wanted, the newest first."""

    async def more(before: UUID | None) -> ActivityPage[EventView]:
        return await list_changes(tenant_id, wanted, before=before, limit=EXPORTED_AT_ONCE)

    return _each(more)


def each_request(tenant_id: TenantId, wanted: RequestFilter) -> AsyncIterator[RequestView]:
    """Yield every request record that is wanted, the newest first, without bodies."""

    async def more(before: UUID | None) -> ActivityPage[RequestView]:
        return await list_requests(tenant_id, wanted, before=before, limit=EXPORTED_AT_ONCE)

    return _each(more)


async def newest_mark(tenant_id: TenantId, kind: Literal["changes", "requests"]) -> str:
    """Return a mark of the newest entries: the same for as long as nothing came."""
    return mark_of(await activity.list_newest_ids(tenant_id, "event_row" if kind == "changes" else "request_row"))


def mark_of(ids: Sequence[UUID]) -> str:
    """Return a short text that is another one for other ids."""
    return hashlib.sha256(b"".join(one.bytes for one in ids)).hexdigest()[:16]


async def find_subjects(tenant_id: TenantId, text: str) -> tuple[UUID, ...]:
    """Return the users and groups that somebody means: by id, or by exactly that name, address or user name."""
    try:
        return (UUID(text),)
    except ValueError:
        pass
    if not text or len(text) > NAME_LENGTH_MAX:
        return ()
    return tuple(await event_details.list_named(tenant_id, name_key(text), limit=SUBJECTS_MAX))


async def get_change(tenant_id: TenantId, event_id: EventId) -> ChangeDetail:
    """Return one event with everything around it.

    Raises:
        NotFoundError: the tenant has no such event.
    """
    row = await event_details.find_event(tenant_id, event_id)
    if row is None:
        raise NotFoundError("change", event_id)
    event = events.view_of(row)
    siblings: list[EventView] = []
    if event.request_id is not None:
        siblings = await events.list_events_of_request(tenant_id, event.request_id, limit=SIBLINGS_MAX)
    moved = await event_details.count_moved(tenant_id, event_id)
    return ChangeDetail(
        event=event,
        moved=moved,
        siblings=[one for one in siblings if one.event_id != event_id],
        seal=await _seal_of(tenant_id, event, moved),
    )


async def list_moved(
    tenant_id: TenantId, event_id: EventId, *, after: UserId | None, limit: int
) -> tuple[list[MovedUser], UserId | None]:
    """Return whom an event moved, in the order of ids, and whom to go on after."""
    rows = await event_details.list_moved(tenant_id, event_id, after=after, limit=limit + 1)
    people = [
        MovedUser(
            user_id=UserId(row["user_id"]), joined=bool(row["joined"]), name=row["display_name"] or row["user_name"]
        )
        for row in rows[:limit]
    ]
    return people, people[-1].user_id if len(rows) > limit else None


async def list_gaps(tenant_id: TenantId, *, since: datetime, until: datetime) -> list[GapRecord]:
    """Return when request records were lost in a time, the newest first."""
    return await hours.list_gaps(tenant_id, since=since, until=until)


async def get_chain_state(tenant_id: TenantId) -> ChainState:
    """Return how long the tenant's chain is, and whether events wait to be sealed."""
    head = await records.find_chain_head(tenant_id)
    return ChainState(
        length=0 if head is None else head.seq,
        unsealed_since=await event_details.find_oldest_unsealed(tenant_id),
    )


async def count_missing_links(tenant_id: TenantId, shown: Sequence[EventView]) -> int:
    """Return how many places of the chain between the shown events have no event: a hole that somebody made."""
    places = sorted(event.seq for event in shown if event.seq is not None)
    if not places:
        return 0
    first, last = places[0], places[-1]
    return last - first + 1 - await event_details.count_links(tenant_id, first, last)


async def _seal_of(
    tenant_id: TenantId, event: EventView, moved: MovedCounts
) -> Literal["open", "fits", "broken", "unchecked"]:
    if event.seq is None:
        return "open"
    if moved.joined + moved.left > VERIFIED_MOVES_MAX:
        return "unchecked"
    links = {link.seq: link for link in await records.list_chained(tenant_id, after_seq=event.seq - 2, limit=2)}
    before = links.get(event.seq - 1)
    if event.seq not in links or (before is None and event.seq > 1):
        return "broken"
    previous = GENESIS if before is None else before.chain_hash
    return "fits" if is_link_of(links[event.seq], previous, seq=event.seq) else "broken"


def _page(found: Found, entries: list[Entry], limit: int) -> ActivityPage[Entry]:
    if len(found.rows) > limit:
        return ActivityPage(entries=entries, next_before=found.rows[limit - 1]["id"])
    searched_to = None if found.floor is None else time_of_id(found.floor)
    return ActivityPage(entries=entries, next_before=found.floor, searched_to=searched_to)


async def _each(more: Callable[[UUID | None], Awaitable[ActivityPage[Entry]]]) -> AsyncIterator[Entry]:
    before: UUID | None = None
    while True:
        page = await more(before)
        for entry in page.entries:
            yield entry
        before = page.next_before
        if before is None:
            return
