"""Role locks looked through again: which are there, which are due, and letting one stand."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from directory.commit import commit_plan, in_unit_of
from directory.errors import NotFoundError
from directory.model import Actor, RoleId, TenantId, UserId
from directory.page_keys import parse_key, render_key
from directory.plan import AttributeChange, Change, Event, InsertRow, Plan, UpdateRows
from directory.reach import checked_reason, role_within
from directory.store import lock_list, people
from directory.store.lock_list import COUNTED_MAX, DueTimes, LockFilter
from directory.store.unit import Row

LOOKED_AT_EVERY = timedelta(days=90)
"""A lock without an end is due when nobody has set or reviewed it for so long."""

ENDING_WITHIN = timedelta(days=14)
"""A lock that ends is due so long before."""

__all__ = ["COUNTED_MAX", "LockFilter", "LockLine", "LockPage", "count_locks", "is_due", "list_locks", "review_lock"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockLine:
    """A role lock with the person and what it hides."""

    user_id: UserId
    user_name: str
    display_name: str
    active: bool
    source_label: str | None
    """None for a local user."""
    role_id: RoleId
    unlocked_role_id: RoleId | None
    """What the role would be; None while that is still being worked out."""
    reason: str
    owner: str
    created_at: datetime
    until: datetime | None
    reviewed_at: datetime | None
    reviewed_by: str | None
    note: str | None
    due: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LockPage:
    """Some locks, the oldest first; ``next_after`` opens the next page."""

    locks: list[LockLine]
    next_after: str | None


def is_due(created_at: datetime, until: datetime | None, reviewed_at: datetime | None, *, now: datetime) -> bool:
    """Whether somebody should look at a lock: endless and unseen for 90 days, or ending within 14 and not seen since.

    A review from before the lock was set again counts for nothing.
    """
    reviewed = reviewed_at is not None and reviewed_at >= created_at
    looked_at = reviewed_at if reviewed and reviewed_at is not None else created_at
    if until is None:
        return looked_at < now - LOOKED_AT_EVERY
    return until <= now + ENDING_WITHIN and not (reviewed and looked_at >= now - ENDING_WITHIN)


async def list_locks(
    tenant_id: TenantId, wanted: LockFilter, *, after: str | None, limit: int, now: datetime
) -> LockPage:
    """Return a page of role locks, the oldest first.

    Raises:
        InvalidError: ``after`` was not made by an earlier page.
    """
    behind = None if after is None else parse_key(after, "time")
    rows = await lock_list.page_of_locks(tenant_id, wanted, _due_times(now), after=behind, limit=limit + 1)
    page = [_line_from(row, now) for row in rows[:limit]]
    more = len(rows) > limit
    return LockPage(locks=page, next_after=render_key(page[-1].created_at, page[-1].user_id) if more else None)


async def count_locks(tenant_id: TenantId, wanted: LockFilter, *, now: datetime) -> int:
    """Return how many locks the filter finds; ``COUNTED_MAX`` stands for so many or more."""
    return await lock_list.count_locks(tenant_id, wanted, _due_times(now))


async def review_lock(user_id: UserId, *, note: str, by: Actor, now: datetime) -> None:
    """Record that somebody looked at a user's lock and lets it stand.

    Raises:
        NotFoundError: no such user, or its role is not locked.
        InvalidError: no note.
        ForbiddenError: the actor may not manage users, or the locked role carries more than the actor's own.
    """
    by.require("users:manage")
    note = checked_reason(note, name="note")

    async def body() -> None:
        user = await people.find_user_to_change(by.tenant_id, user_id)
        if user is None or user.lock is None:
            raise NotFoundError("lock", user_id)
        await role_within(user.lock.role_id, by=by)
        told = Event(
            action="user:role:lock:reviewed",
            subject_kind="user",
            subject_id=user_id,
            subject_label=user.promoted.display_name,
            changes=(AttributeChange(name="note", old=None, new=note),),
        )
        again = await lock_list.is_reviewed(by.tenant_id, user_id)
        change = _review(user_id, note, again=again, by=by, now=now)
        await commit_plan(Plan(changes=(change,), events=(told,)), by=by, now=now)

    await in_unit_of(by, body)


def _review(user_id: UserId, note: str, *, again: bool, by: Actor, now: datetime) -> Change:
    key = {"tenant_id": by.tenant_id, "user_id": user_id}
    said = {"reviewed_at": now, "reviewed_by": by.label, "note": note}
    if again:
        return UpdateRows(table="lock_review_row", values=said, where=key, require=1)
    return InsertRow(table="lock_review_row", values={**key, **said})


def _due_times(now: datetime) -> DueTimes:
    return DueTimes(
        looked_before=now - LOOKED_AT_EVERY, ends_before=now + ENDING_WITHIN, reviewed_since=now - ENDING_WITHIN
    )


def _line_from(row: Row, now: datetime) -> LockLine:
    reviewed = row["reviewed_at"] is not None and row["reviewed_at"] >= row["created_at"]
    unlocked = row["unlocked_role_id"]
    return LockLine(
        user_id=UserId(row["user_id"]),
        user_name=row["user_name"],
        display_name=row["display_name"],
        active=row["active"],
        source_label=row["source_label"],
        role_id=RoleId(row["role_id"]),
        unlocked_role_id=None if unlocked is None else RoleId(unlocked),
        reason=row["reason"],
        owner=row["owner"],
        created_at=row["created_at"],
        until=row["until"],
        reviewed_at=row["reviewed_at"] if reviewed else None,
        reviewed_by=row["reviewed_by"] if reviewed else None,
        note=row["note"] if reviewed else None,
        due=is_due(row["created_at"], row["until"], row["reviewed_at"], now=now),
    )
