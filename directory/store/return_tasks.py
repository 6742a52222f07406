"""Reads of return tasks: what leavers still have to give back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from directory.model import TenantId, UserId
from directory.store.compiled import Statement
from directory.store.resting import awake
from directory.store.unit import Row, fetch, fetch_one

COUNTED_MAX = 1_000
"""Open tasks are counted so far; the overview counts them for each page."""

_TASK = (
    "r.tenant_id, r.id, r.user_id, r.since, r.opened_at, r.manager_id, r.sent_to, r.told_at, r.told_count,"
    " r.closed_at, r.outcome"
)
_PERSON = (
    "u.user_name, u.display_name, u.email, u.department, u.source_id, u.manager_ref, u.deleted_at,"
    " m.display_name AS manager_name, m.user_name AS manager_user_name, m.email AS manager_email"
)
_LISTED = Statement(
    f"SELECT {_TASK}, {_PERSON} FROM return_task_row r"
    " LEFT JOIN user_row u ON u.tenant_id = r.tenant_id AND u.id = r.user_id"
    " LEFT JOIN user_row m ON m.tenant_id = r.tenant_id AND m.id = r.manager_id AND m.deleted_at IS NULL"
    " WHERE r.tenant_id = $1::uuid AND r.closed_at IS NULL"
    " AND (r.since, r.id) > ($2::timestamptz, $3::uuid) ORDER BY r.since, r.id LIMIT $4::bigint"
)
_OF_USER = Statement(
    f"SELECT {_TASK}, {_PERSON} FROM return_task_row r"
    " LEFT JOIN user_row u ON u.tenant_id = r.tenant_id AND u.id = r.user_id"
    " LEFT JOIN user_row m ON m.tenant_id = r.tenant_id AND m.id = r.manager_id AND m.deleted_at IS NULL"
    " WHERE r.tenant_id = $1::uuid AND r.user_id = $2::uuid AND r.closed_at IS NULL"
)
_OPEN_OF = Statement(
    "SELECT r.user_id, r.id FROM return_task_row r"
    " WHERE r.tenant_id = $1::uuid AND r.user_id = ANY($2::uuid[]) AND r.closed_at IS NULL"
)
_COUNT = Statement(
    "SELECT count(*) AS total FROM (SELECT 1 AS one FROM return_task_row r"
    " WHERE r.tenant_id = $1::uuid AND r.closed_at IS NULL LIMIT $2::bigint) AS found"
)
_UNTOLD = Statement(
    "SELECT r.tenant_id, r.id, r.user_id FROM return_task_row r WHERE r.closed_at IS NULL AND r.told_at IS NULL"
    f" AND {awake('r.tenant_id')}"
    " ORDER BY r.opened_at LIMIT $1::bigint",
    house=True,
)
_HOLD = Statement(
    "SELECT r.id FROM return_task_row r WHERE r.tenant_id = $1::uuid AND r.id = $2::uuid AND r.closed_at IS NULL"
    " FOR UPDATE"
)
# Whoever has something out and is not here any more, or is again: with whether a task says so.
_MOVED = Statement(
    "SELECT u.id, (u.active AND u.deleted_at IS NULL)::boolean AS here, (SELECT r.id FROM return_task_row r"
    " WHERE r.tenant_id = u.tenant_id AND r.user_id = u.id AND r.closed_at IS NULL)::uuid AS task_id,"
    " (SELECT e.at FROM event_row e WHERE e.tenant_id = u.tenant_id AND e.subject_id = u.id AND e.action IN"
    " ('user:disabled', 'user:deleted', 'user:sign-in:blocked', 'user:created', 'user:returned',"
    " 'user:restored')"
    " ORDER BY e.id DESC LIMIT 1)::timestamptz AS left_at FROM user_row u"
    " WHERE u.tenant_id = $1::uuid AND u.id = ANY($2::uuid[]) AND EXISTS (SELECT 1 FROM loan_row l"
    " WHERE l.tenant_id = u.tenant_id AND l.user_id = u.id AND l.returned_at IS NULL)"
)
_CONTRADICTIONS = Statement(
    "SELECT l.user_id FROM loan_row l JOIN user_row u ON u.tenant_id = l.tenant_id AND u.id = l.user_id"
    " WHERE l.tenant_id = $1::uuid AND l.returned_at IS NULL AND (NOT u.active OR u.deleted_at IS NOT NULL)"
    " AND NOT EXISTS (SELECT 1 FROM return_task_row r WHERE r.tenant_id = l.tenant_id AND r.user_id = l.user_id"
    " AND r.closed_at IS NULL) UNION SELECT r.user_id FROM return_task_row r"
    " JOIN user_row u ON u.tenant_id = r.tenant_id AND u.id = r.user_id WHERE r.tenant_id = $1::uuid"
    " AND r.closed_at IS NULL AND ((u.active AND u.deleted_at IS NULL) OR NOT EXISTS (SELECT 1 FROM loan_row l"
    " WHERE l.tenant_id = r.tenant_id AND l.user_id = r.user_id AND l.returned_at IS NULL))"
)
_ADDRESS = Statement("SELECT u.email FROM user_row u WHERE u.tenant_id = $1::uuid AND u.id = $2::uuid AND u.active")
_RECIPIENTS = Statement(
    "SELECT coalesce(a.address, u.email) AS email, a.kinds FROM alert_recipient_row a"
    " LEFT JOIN user_row u ON u.tenant_id = a.tenant_id AND u.id = a.user_id AND u.active AND u.deleted_at IS NULL"
    " WHERE a.tenant_id = $1::uuid ORDER BY a.id LIMIT $2::bigint"
)
FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnTask:
    """What somebody who left still has to give back, and who was asked to see to it."""

    tenant_id: TenantId
    task_id: UUID
    user_id: UserId
    user_name: str
    display_name: str
    email: str | None
    department: str | None
    gone: bool
    """Deleted, and not disabled alone."""
    since: datetime
    """When the person was disabled or deleted."""
    manager_id: UserId | None
    manager: str
    """The manager who was asked; empty where there is none."""
    manager_email: str | None
    sent_to: str | None
    """Whom the mails went to."""
    told_at: datetime | None
    """When somebody was last asked; None in the second before."""
    told_count: int
    person: Row
    """The row, for who looks for the manager."""


class Moved(NamedTuple):
    """Somebody with equipment whose status may have changed."""

    user_id: UserId
    here: bool
    task_id: UUID | None
    left_at: datetime | None


async def list_open(tenant_id: TenantId, *, after: tuple[datetime, UUID], limit: int) -> list[ReturnTask]:
    """Return open tasks behind (since, id), those who left first at the beginning."""
    return [_task_from(row) for row in await fetch(_LISTED, tenant_id, *after, limit)]


async def find_open(tenant_id: TenantId, user_id: UserId) -> ReturnTask | None:
    """Return the open task of a user, or None."""
    row = await fetch_one(_OF_USER, tenant_id, user_id)
    return None if row is None else _task_from(row)


async def open_of(tenant_id: TenantId, user_ids: Sequence[UserId]) -> dict[UserId, UUID]:
    """Return the open tasks of these users by user."""
    return {UserId(row["user_id"]): row["id"] for row in await fetch(_OPEN_OF, tenant_id, list(user_ids))}


async def count_open(tenant_id: TenantId) -> int:
    """Return how many tasks are open; ``COUNTED_MAX`` stands for so many or more."""
    (row,) = await fetch(_COUNT, tenant_id, COUNTED_MAX)
    return int(row["total"])


async def list_untold(limit: int) -> list[tuple[TenantId, UUID, UserId]]:
    """Return tasks of all tenants of which nobody was told yet, the oldest first."""
    return [(TenantId(row["tenant_id"]), row["id"], UserId(row["user_id"])) for row in await fetch(_UNTOLD, limit)]


async def hold_task(tenant_id: TenantId, task_id: UUID) -> bool:
    """Hold an open task until the unit ends; False if it is closed by now."""
    return await fetch_one(_HOLD, tenant_id, task_id) is not None


async def find_address(tenant_id: TenantId, user_id: UserId) -> str | None:
    """Return the e-mail address of an active user, if it has one."""
    row = await fetch_one(_ADDRESS, tenant_id, user_id)
    return None if row is None else row["email"]


async def list_recipients(tenant_id: TenantId, *, limit: int) -> list[tuple[str, frozenset[str]]]:
    """Return the addresses of those who are told of alerts, with the kinds that they chose."""
    rows = [row for row in await fetch(_RECIPIENTS, tenant_id, limit) if row["email"]]
    return [(row["email"], frozenset(msgspec.json.decode(row["kinds"], type=list[str]))) for row in rows]


async def list_moved(tenant_id: TenantId, user_ids: Sequence[UserId]) -> list[Moved]:
    """Return those of these users who have equipment, with whether they are here and have a task."""
    return [
        Moved(UserId(row["id"]), row["here"], row["task_id"], row["left_at"])
        for row in await fetch(_MOVED, tenant_id, list(user_ids))
    ]


async def list_contradictions(tenant_id: TenantId) -> list[UserId]:
    """Return users whose tasks are not what their status and loans say; for checks and tests, it reads all loans."""
    return [UserId(row["user_id"]) for row in await fetch(_CONTRADICTIONS, tenant_id, unbounded=True)]


def _task_from(row: Row) -> ReturnTask:
    manager_id = row["manager_id"]
    return ReturnTask(
        tenant_id=TenantId(row["tenant_id"]),
        task_id=row["id"],
        user_id=UserId(row["user_id"]),
        user_name=row["user_name"] or "",
        display_name=row["display_name"] or row["user_name"] or "",
        email=row["email"],
        department=row["department"],
        gone=row["user_name"] is None or row["deleted_at"] is not None,
        since=row["since"],
        manager_id=None if manager_id is None else UserId(manager_id),
        manager=row["manager_name"] or row["manager_user_name"] or "",
        manager_email=row["manager_email"],
        sent_to=row["sent_to"],
        told_at=row["told_at"],
        told_count=row["told_count"],
        person=row,
    )
