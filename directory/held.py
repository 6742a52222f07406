"""What the guard held: shown, approved or rejected by operators, and closed when nobody decided in time."""

import hashlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal
from uuid import UUID

from directory.commit import in_unit_of
from directory.errors import InvalidError, MovedError, NotFoundError
from directory.held_changes import HeldChange, HeldFilter, HeldHeap, HeldKind, HeldLine, HeldState, Why
from directory.held_effects import apply_batch, tell
from directory.model import Actor, GroupId, TenantId, UserId
from directory.store import held

__all__ = [
    "Decided",
    "Decision",
    "HeldChange",
    "HeldFilter",
    "HeldHeap",
    "HeldKind",
    "HeldLine",
    "HeldState",
    "Selection",
    "Shown",
    "Why",
    "count_held",
    "count_of_group",
    "count_on_their_way",
    "count_waiting",
    "decide",
    "each_held",
    "expire_held",
    "has_expired",
    "list_heaps",
    "list_held",
    "list_lines_of_user",
    "show",
]

AT_ONCE_BATCHES = 3
"""Batches that are done while the operator waits; a background duty does the rest."""

SLICE_CHANGES = 500
"""Held changes rejected in one unit of work: some 20 ms of SQLite's writer."""

PICKED_MAX = 500
EXPIRED_BATCH = 500
EXPORT_PAGE = 500
COUNTED_MAX = held.COUNTED_MAX
HEAPS_SHOWN_MAX = 20

Decision = Literal["approved", "rejected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which held changes a decision is about: picked ones, or all that a filter finds."""

    held_ids: tuple[UUID, ...] = ()
    wanted: HeldFilter | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a decision would be about, as the operator is shown it."""

    count: int
    newest: UUID | None
    plan_hash: str
    lines: list[HeldLine]
    """The first of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What came of a decision."""

    decided_count: int
    refused_count: int
    """Of those that were to take effect at once: they wait again, and say why."""
    left_count: int
    """Approved, and taking effect in the background."""


async def list_held(tenant_id: TenantId, wanted: HeldFilter, *, after: UUID | None, limit: int) -> list[HeldLine]:
    """Return held changes, the newest first, behind the one of that id."""
    return await held.list_page(tenant_id, wanted, after=after, limit=limit)


async def each_held(tenant_id: TenantId, wanted: HeldFilter) -> AsyncIterator[HeldLine]:
    """Yield all of them, reading a page at a time."""
    after: UUID | None = None
    while found := await held.list_page(tenant_id, wanted, after=after, limit=EXPORT_PAGE):
        for line in found:
            yield line
        after = found[-1].held.held_id


async def count_held(tenant_id: TenantId, wanted: HeldFilter) -> int:
    """Return how many held changes are meant, counted up to 10,000."""
    return await held.count(tenant_id, wanted)


async def count_waiting(tenant_id: TenantId) -> int:
    """Return how many held changes wait for somebody, counted up to 10,000."""
    return await held.count_waiting(tenant_id)


async def count_on_their_way(tenant_id: TenantId) -> int:
    """Return how many approved changes did not take effect yet, up to 10,000."""
    return await held.count_approved(tenant_id)


async def list_heaps(tenant_id: TenantId) -> list[HeldHeap]:
    """Return what waits by source, kind and group, the newest first."""
    return await held.list_heaps(tenant_id, limit=HEAPS_SHOWN_MAX)


async def list_lines_of_user(tenant_id: TenantId, user_id: UserId) -> list[HeldLine]:
    """Return what is held of a user and in force, with what people want to know of it."""
    found = await held.list_of_user(tenant_id, user_id)
    return await held.list_lines(tenant_id, [one.held_id for one in found]) if found else []


async def count_of_group(tenant_id: TenantId, group_id: GroupId) -> dict[HeldKind, int]:
    """Return how many leave, or join, a group as its source reports, and not in effect."""
    return await held.count_of_group(tenant_id, group_id)


async def show(selection: Selection, *, by: Actor, limit: int) -> Shown:
    """Return what a decision would be about; the hash is of exactly this set.

    Raises:
        ForbiddenError: the actor may not manage users.
        NotFoundError: a picked change is not of this tenant.
        InvalidError: too many are picked one by one.
    """
    by.require("users:manage")
    if selection.wanted is None:
        return await _picked(selection.held_ids, by=by, limit=limit)
    found = await held.sum_up(by.tenant_id, selection.wanted)
    lines = await held.list_page(by.tenant_id, selection.wanted, after=None, limit=limit, in_force=True)
    plan_hash = _hash((repr(selection.wanted), repr(found)))
    return Shown(count=found.count, newest=found.newest, plan_hash=plan_hash, lines=lines)


async def _picked(held_ids: tuple[UUID, ...], *, by: Actor, limit: int) -> Shown:
    if not held_ids or len(held_ids) > PICKED_MAX:
        raise InvalidError("changes", f"pick 1 to {PICKED_MAX}, or decide on all at once")
    found = await held.list_lines(by.tenant_id, held_ids)
    if len(found) != len(set(held_ids)):
        raise NotFoundError("held change", held_ids[0])
    open_lines = [line for line in found if line.held.in_force and line.held.state != "approved"]
    told = sorted(f"{line.held.held_id} {line.held.state}" for line in open_lines)
    return Shown(count=len(open_lines), newest=None, plan_hash=_hash(told), lines=open_lines[:limit])


def _hash(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


async def decide(selection: Selection, decision: Decision, plan_hash: str, *, by: Actor, now: datetime) -> Decided:
    """Approve or reject what was shown, exactly that.

    Approved changes take effect: a few at once, many in the background. Rejected ones stay without effect until the
    source reports otherwise.

    Raises:
        MovedError: it is another set by now.
        ForbiddenError, NotFoundError, InvalidError: as for ``show``.
    """
    by.require("users:manage")
    count, shown = await in_unit_of(by, partial(_decided, selection, decision, plan_hash, by=by, now=now))
    while decision == "rejected" and count < shown.count:
        done = await in_unit_of(by, partial(_reject_some, selection, shown, shown.count - count, by=by, now=now))
        if not done:
            break
        count += done
    if decision == "rejected" or not count:
        return Decided(decided_count=count, refused_count=0, left_count=0)
    refused = 0
    for _ in range(AT_ONCE_BATCHES):
        done, kept = await apply_batch(by.tenant_id, now=now)
        refused += kept
        if not done:
            break
    left = await held.count_approved(by.tenant_id)
    return Decided(decided_count=count, refused_count=refused, left_count=left)


async def _decided(
    selection: Selection, decision: Decision, plan_hash: str, *, by: Actor, now: datetime
) -> tuple[int, Shown]:
    """Decide on what was shown; of very many that are rejected on the first."""
    shown = await show(selection, by=by, limit=1)
    if shown.plan_hash != plan_hash:
        raise MovedError
    if selection.wanted is None:
        found = await held.list_these(by.tenant_id, selection.held_ids)
        decidable = [one for one in found if one.in_force and one.state != "approved"]
        return await _note(decidable, decision, by=by, now=now), shown
    if decision == "rejected":
        return await _reject_some(selection, shown, shown.count, by=by, now=now), shown
    # What came in after it was shown may have a lower id: approved is the whole set, or nothing.
    count = await held.approve_all(by.tenant_id, selection.wanted, label=by.label, user_id=by.user_id, at=now)
    if count != shown.count:
        raise MovedError
    return count, shown


async def _reject_some(selection: Selection, shown: Shown, left: int, *, by: Actor, now: datetime) -> int:
    """Reject the next of all that a filter finds, never more than were shown; those are found by it no more."""
    if selection.wanted is None or shown.newest is None:
        return 0
    limit = min(left, SLICE_CHANGES)
    found = await held.list_up_to(by.tenant_id, selection.wanted, shown.newest, limit=limit)
    return await _note(found, "rejected", by=by, now=now)


async def _note(changes: list[HeldChange], decision: Decision, *, by: Actor, now: datetime) -> int:
    if not changes:
        return 0
    count = await held.decide_these(by.tenant_id, changes, decision, label=by.label, user_id=by.user_id, at=now)
    if count != len(changes):
        raise MovedError
    if decision == "rejected":
        await tell("rejected", changes, by=by, now=now)
    return count


async def has_expired(now: datetime) -> bool:
    """Whether held changes waited too long for somebody to decide."""
    return bool(await held.list_expired(now, limit=1))


async def expire_held(*, now: datetime) -> int:
    """Ask nobody any more about changes that waited too long: they stay without effect; returns how many."""
    found = await held.list_expired(now, limit=EXPIRED_BATCH)
    for tenant_id in sorted({owner for owner, _, _ in found}):
        ids = [held_id for owner, held_id, _ in found if owner == tenant_id]
        by = Actor(tenant_id=tenant_id, kind="system", label="expiry of held changes")
        await in_unit_of(by, partial(_expire, ids, by=by, now=now))
    return len(found)


async def _expire(held_ids: list[UUID], *, by: Actor, now: datetime) -> None:
    waiting = [one for one in await held.list_these(by.tenant_id, held_ids) if one.state == "waiting"]
    await held.expire(by.tenant_id, [one.held_id for one in waiting], now)
    await tell("expired", waiting, by=by, now=now)
