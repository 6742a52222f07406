"""Reads of role locks as a list to be looked through, the oldest first."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal
from uuid import UUID

from directory.model import RoleId, TenantId, UserId
from directory.names import name_key
from directory.store.compiled import Statement
from directory.store.conditions import Values
from directory.store.unit import Row, fetch, fetch_one

# CROSS JOIN: SQLite would begin with everybody, and look for a lock of each; so it looks for the user of each lock.
_FROM = (
    " FROM lock_row l LEFT JOIN lock_review_row v ON v.tenant_id = l.tenant_id AND v.user_id = l.user_id"
    " CROSS JOIN user_row u"
)
_COLUMNS = (
    "SELECT l.user_id, u.user_name, u.display_name, u.active, l.role_id, u.unlocked_role_id, l.reason, l.owner,"
    " l.created_at, l.until, v.reviewed_at, v.reviewed_by, v.note, s.label AS source_label"
    f"{_FROM} LEFT JOIN source_row s ON s.tenant_id = u.tenant_id AND s.id = u.source_id"
)
COUNTED_MAX = 5_000
"""Locks are counted so far: about 10 ms."""

_REVIEW = Statement("SELECT reviewed_at FROM lock_review_row WHERE tenant_id = $1::uuid AND user_id = $2::uuid")


@dataclass(frozen=True, slots=True, kw_only=True)
class LockFilter:
    """Which locks are wanted; None and empty text want all."""

    text: str = ""
    """Part of the user's display name, user name or e-mail."""
    role_id: RoleId | None = None
    expiry: Literal["none", "set"] | None = None
    due: bool = False
    """Only those that somebody should look at."""
    people: Literal["provisioned", "local"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DueTimes:
    """What makes a lock due for review, as moments."""

    looked_before: datetime
    """Without an expiry: nobody has looked since then."""
    ends_before: datetime
    """With one: it ends before this."""
    reviewed_since: datetime
    """… unless somebody has looked since then."""


def _conditions(wanted: LockFilter, due: DueTimes, values: Values) -> str:
    tests = ["l.tenant_id = $1::uuid", "u.tenant_id = l.tenant_id", "u.id = l.user_id", "u.deleted_at IS NULL"]
    if wanted.text.strip():
        place = values.place(name_key(wanted.text), "text")
        tests.append(f"replace(u.search_key, {place}, '') <> u.search_key")
    if wanted.role_id is not None:
        tests.append(f"l.role_id = {values.place(wanted.role_id, 'uuid')}")
    if wanted.expiry is not None:
        tests.append("l.until IS NULL" if wanted.expiry == "none" else "l.until IS NOT NULL")
    if wanted.people is not None:
        tests.append("u.source_id IS NULL" if wanted.people == "local" else "u.source_id IS NOT NULL")
    if wanted.due:
        looked = values.place(due.looked_before, "timestamptz")
        ends = values.place(due.ends_before, "timestamptz")
        reviewed = values.place(due.reviewed_since, "timestamptz")
        tests.append(
            f"((l.until IS NULL AND l.created_at < {looked}"
            f" AND (v.reviewed_at IS NULL OR v.reviewed_at < {looked}))"
            f" OR (l.until <= {ends} AND (v.reviewed_at IS NULL OR v.reviewed_at < {reviewed}"
            " OR v.reviewed_at < l.created_at)))"
        )
    return " AND ".join(tests)


async def page_of_locks(
    tenant_id: TenantId, wanted: LockFilter, due: DueTimes, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[Row]:
    """Return rows of locks behind ``after`` (since, user), the oldest first."""
    values = Values(tenant_id)
    where = _conditions(wanted, due, values)
    if after is not None:
        since, user_id = values.place(after[0], "timestamptz"), values.place(after[1], "uuid")
        where += f" AND (l.created_at, l.user_id) > ({since}, {user_id})"
    text = f"{_COLUMNS} WHERE {where} ORDER BY l.created_at, l.user_id LIMIT {values.place(limit, 'bigint')}"
    return await fetch(_statement(text), *values.values, unbounded=True)


async def count_locks(tenant_id: TenantId, wanted: LockFilter, due: DueTimes) -> int:
    """Return how many locks are wanted, or ``COUNTED_MAX`` if they are more."""
    values = Values(tenant_id)
    found = f"SELECT 1 AS one{_FROM} WHERE {_conditions(wanted, due, values)} LIMIT {COUNTED_MAX}"
    text = f"SELECT count(*) AS total FROM ({found}) AS found"
    (row,) = await fetch(_statement(text), *values.values, unbounded=True)
    return int(row["total"])


async def is_reviewed(tenant_id: TenantId, user_id: UserId) -> bool:
    """Whether anybody has looked at the lock that a user has now."""
    return await fetch_one(_REVIEW, tenant_id, user_id) is not None


@lru_cache(maxsize=256)
def _statement(text: str) -> Statement:
    """Return a statement, put together once per shape of filter."""
    return Statement(text)
