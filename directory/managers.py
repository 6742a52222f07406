"""References to managers and members that wait: settled as people arrive, rename and leave, and shown until then."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from directory.errors import InvalidError
from directory.model import GroupId, SourceId, TenantId, UserId
from directory.page_keys import parse_key, render_key
from directory.store import manager_refs, waiting_refs
from directory.store.manager_refs import Asked
from directory.store.unit import Row, in_unit
from directory.store.waiting_refs import KnownRef, Walk

BATCH = 200
"""Events of one pass: about 10 ms of SQLite's writer where all of them are of newcomers."""

COUNTED_MAX = 1_000
"""What waits is counted up to here."""

PEOPLE_MAX = 100
"""Those who name one manager are counted up to here."""

FORGOTTEN_BATCH = 200
_START = (datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))
_RELEASED = "source:users:released"
_NAMES = "user:name:"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingManager:
    """A manager whom users of a source name, and who is not here."""

    ref: str
    source_id: SourceId | None
    source_label: str | None
    """None for local users."""
    since: datetime
    people_count: int
    """Who names it, counted up to 100."""
    user_id: UserId
    """One of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingManagerPage:
    """Some of them, the oldest first; ``next_after`` opens the next page."""

    waiting: list[WaitingManager]
    next_after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingMemberLine:
    """A member whom a group was given, and who is not here."""

    value: str
    group_id: GroupId
    group_name: str
    source_id: SourceId
    source_label: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingMemberPage:
    """As ``WaitingManagerPage``."""

    waiting: list[WaitingMemberLine]
    next_after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingCounts:
    """How many references wait, each counted up to ``COUNTED_MAX``."""

    managers: int
    members: int


async def has_unsettled(_now: datetime) -> bool:
    """Whether a chain of events is ahead of its references."""
    return await waiting_refs.next_walk() is not None


async def settle_references(*, now: datetime) -> int:
    """Follow the next events of one tenant; returns how many, 0 when nothing is left.

    What it costs follows what changed: a manager who arrives settles one reference, however many people make it.
    Facts are read before the unit of work: whoever changes meanwhile makes another event, which is followed next.
    """
    walk = await waiting_refs.next_walk()
    if walk is None:
        return 0
    events = await waiting_refs.list_told(walk, limit=BATCH)
    if not events:
        return 0
    changed_at = await _changed_at(walk.tenant_id, events)
    await _settle(walk, changed_at, upto=events[-1]["seq"], now=now)
    return len(events)


async def forget_references(*, now: datetime) -> int:
    """Delete references that nobody makes any more; returns how many."""
    del now
    unused = await waiting_refs.list_unused((UUID(int=0), UUID(int=0)), limit=FORGOTTEN_BATCH)
    by_tenant: dict[TenantId, list[UUID]] = {}
    for tenant_id, row_id in unused:
        by_tenant.setdefault(tenant_id, []).append(row_id)
    return sum([await _forget(tenant_id, row_ids) for tenant_id, row_ids in by_tenant.items()])


async def _forget(tenant_id: TenantId, row_ids: list[UUID]) -> int:
    async def body() -> int:
        return await waiting_refs.forget_refs(tenant_id, row_ids)

    return await in_unit(tenant_id, body)


async def _changed_at(tenant_id: TenantId, events: list[Row]) -> dict[UserId, datetime]:
    """Return the users whom events changed, with when it was first."""
    changed: dict[UserId, datetime] = {}
    lists = {row["id"]: row["at"] for row in events if row["action"] == _RELEASED}
    if lists:
        for event_id, user_id in await waiting_refs.list_moved(tenant_id, list(lists)):
            changed.setdefault(user_id, lists[event_id])
    for row in events:
        # "user:created", but not "user:role:granted": of what has a part in its name only that part changes a name.
        plain = row["action"].count(":") == 1 or row["action"].startswith(_NAMES)
        if row["subject_kind"] == "user" and plain:
            changed.setdefault(UserId(row["subject_id"]), row["at"])
    return changed


async def _settle(walk: Walk, changed_at: dict[UserId, datetime], *, upto: int, now: datetime) -> None:
    tenant_id, user_ids = walk.tenant_id, list(changed_at)
    newcomers = await waiting_refs.read_newcomers(tenant_id, user_ids)
    touched = await waiting_refs.list_touched(tenant_id, newcomers, user_ids) if user_ids else []
    known = {one.asked for one in touched}
    fresh = {one: min(changed_at[user_id] for user_id in made_by) for one, made_by in newcomers.asked.items()
             if one not in known}  # fmt: skip
    meant = await manager_refs.resolve(tenant_id, [*known, *fresh])
    moved = [one for one in touched if meant.get(one.asked) != one.meant]

    async def body() -> None:
        await waiting_refs.add_refs(tenant_id, {one: (since, meant.get(one)) for one, since in fresh.items()})
        for one in moved:
            await _move(tenant_id, one, meant, now=now)
        if told := [one.asked for one in moved] + [one for one in fresh if _is_other(meant.get(one))]:
            await waiting_refs.queue_naming(tenant_id, told, now=now)
        await waiting_refs.put_walk(tenant_id, upto)

    await in_unit(tenant_id, body)


def _is_other(meant: manager_refs.Meant | None) -> bool:
    """Whether a reference names somebody who is here by anything but the id."""
    return meant is not None and meant.way != "id"


async def _move(tenant_id: TenantId, one: KnownRef, meant: dict[Asked, manager_refs.Meant], *, now: datetime) -> None:
    await waiting_refs.settle_ref(tenant_id, one.row_id, meant.get(one.asked), now=now)


async def count_waiting(tenant_id: TenantId) -> WaitingCounts:
    """Return how many references to managers and members wait."""
    return WaitingCounts(
        managers=await waiting_refs.count_managers(tenant_id, at_most=COUNTED_MAX),
        members=await waiting_refs.count_members(tenant_id, at_most=COUNTED_MAX),
    )


async def list_waiting_managers(tenant_id: TenantId, *, after: str | None, limit: int) -> WaitingManagerPage:
    """Return the managers who are named and not here, the oldest reference first.

    Raises:
        InvalidError: ``after`` was not made by an earlier page.
    """
    behind = _START if after is None else parse_key(after, "time")
    rows = await waiting_refs.page_of_managers(tenant_id, behind, people_max=PEOPLE_MAX, limit=limit + 1)
    page = rows[:limit]
    more = len(rows) > limit
    return WaitingManagerPage(
        waiting=[_manager_from(row) for row in page],
        next_after=render_key(page[-1]["since"], page[-1]["id"]) if more else None,
    )


async def list_waiting_members(tenant_id: TenantId, *, after: str | None, limit: int) -> WaitingMemberPage:
    """Return the members whom groups wait for, the oldest first.

    Raises:
        InvalidError: as for ``list_waiting_managers``.
    """
    behind = (_START[0], GroupId(UUID(int=0)), "") if after is None else _parse_place(after)
    rows = await waiting_refs.page_of_members(tenant_id, behind, limit=limit + 1)
    page = rows[:limit]
    more = len(rows) > limit
    return WaitingMemberPage(
        waiting=[_member_from(row) for row in page],
        next_after=_render_place(page[-1]) if more else None,
    )


def _render_place(row: Row) -> str:
    text = msgspec.json.encode((row["since"], row["group_id"], row["value"]))
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def _parse_place(text: str) -> tuple[datetime, GroupId, str]:
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        since, group_id, value = msgspec.json.decode(raw, type=tuple[datetime, UUID, str])
    except (ValueError, binascii.Error, msgspec.DecodeError) as error:
        raise InvalidError("after", "is not a place in this list") from error
    if since.tzinfo is None or "\0" in value:
        raise InvalidError("after", "is not a place in this list")
    return since, GroupId(group_id), value


def _manager_from(row: Row) -> WaitingManager:
    local = row["source_id"] == manager_refs.NO_SOURCE
    return WaitingManager(
        ref=row["said"],
        source_id=None if local else SourceId(row["source_id"]),
        source_label=row["label"],
        since=row["since"],
        people_count=int(row["people"]),
        user_id=UserId(row["user_id"]),
    )


def _member_from(row: Row) -> WaitingMemberLine:
    return WaitingMemberLine(
        value=row["value"],
        group_id=GroupId(row["group_id"]),
        group_name=row["display_name"],
        source_id=SourceId(row["source_id"]),
        source_label=row["label"],
        since=row["since"],
    )
