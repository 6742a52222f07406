"""Reads of deleted users who can still come back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from directory.model import SourceId, TenantId, User, UserId
from directory.names import name_key
from directory.store.compiled import Statement
from directory.store.conditions import Values
from directory.store.holding import HeldRead
from directory.store.people import LOCK_COLUMNS, LOCK_JOIN
from directory.store.rows import USER_COLUMNS, user_from
from directory.store.unit import Row, fetch, fetch_one

COUNTED_MAX = 5_000

_GONE = "u.tenant_id = $1::uuid AND u.deleted_at IS NOT NULL AND u.erased_at IS NULL"
_GRAVE = f"SELECT {USER_COLUMNS}, {LOCK_COLUMNS} FROM user_row u {LOCK_JOIN} WHERE {_GONE} AND u.id = $2::uuid"
_GET = Statement(_GRAVE)
_GET_TO_CHANGE = HeldRead(_GRAVE, of="u")
_LINE = (
    "u.id, u.user_name, u.display_name, u.email, u.source_id, u.deleted_at, u.role_id, s.label AS source_label,"
    " r.name AS role_name, l.role_id AS lock_role_id, b.user_id AS blocked_id"
)
# SQLite is told the index: without statistics it would begin with all users of the tenant.
_TABLE = {"postgres": "user_row u", "sqlite": "user_row u INDEXED BY user_deleted"}
_JOINS = (
    " JOIN role_row r ON r.tenant_id = u.tenant_id AND r.id = u.role_id"
    " LEFT JOIN source_row s ON s.tenant_id = u.tenant_id AND s.id = u.source_id"
    " LEFT JOIN lock_row l ON l.tenant_id = u.tenant_id AND l.user_id = u.id"
    " LEFT JOIN signin_block_row b ON b.tenant_id = u.tenant_id AND b.user_id = u.id"
)
_DELETIONS = Statement(
    "SELECT e.subject_id, e.id, e.actor_kind, e.request_id, v.document FROM event_row e"
    " LEFT JOIN event_value_row v ON v.tenant_id = e.tenant_id AND v.event_id = e.id"
    " WHERE e.tenant_id = $1::uuid AND e.subject_id = ANY($2::uuid[]) AND e.action = 'user:deleted'"
)
_TENANTS = Statement(
    "SELECT t.id FROM tenant_row t WHERE t.id > $1::uuid AND EXISTS (SELECT 1 FROM user_row u WHERE u.tenant_id = t.id"
    " AND u.deleted_at IS NOT NULL AND u.erased_at IS NULL AND u.deleted_at < $2::timestamptz)"
    " ORDER BY t.id LIMIT 1",
    house=True,
)
_OLDEST = (
    "SELECT u.id, u.source_id, u.deleted_at FROM {} WHERE u.tenant_id = $1::uuid AND u.deleted_at IS NOT NULL"
    " AND u.erased_at IS NULL AND (u.deleted_at, u.id) > ($2::timestamptz, $3::uuid)"
    " AND u.deleted_at < $4::timestamptz ORDER BY u.deleted_at, u.id LIMIT $5::bigint"
)
_DUE = Statement(_OLDEST.format(_TABLE["postgres"]), sqlite=_OLDEST.format(_TABLE["sqlite"]))
_TOLD = Statement(
    "SELECT count(*) AS things FROM (SELECT 1 AS one FROM event_row e"
    " JOIN event_value_row v ON v.tenant_id = e.tenant_id AND v.event_id = e.id"
    " WHERE e.tenant_id = $1::uuid AND e.subject_id = $2::uuid LIMIT $3::bigint) AS few"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GraveFilter:
    """Which deleted users are wanted; None, False and empty text want all."""

    text: str = ""
    """Part of the name, the user name or the e-mail."""
    source_id: SourceId | None = None
    local: bool = False


async def find_grave(tenant_id: TenantId, user_id: UserId) -> User | None:
    """Return a deleted user who is not erased."""
    row = await fetch_one(_GET, tenant_id, user_id)
    return None if row is None else user_from(row)


async def find_grave_to_change(tenant_id: TenantId, user_id: UserId) -> tuple[User, datetime] | None:
    """Return a deleted user with when that was, and hold the row until the unit ends."""
    row = await _GET_TO_CHANGE.one(tenant_id, user_id)
    return None if row is None else (user_from(row), row["deleted_at"])


async def page_of_graves(
    tenant_id: TenantId, wanted: GraveFilter, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[Row]:
    """Return deleted users behind ``after`` (deleted at, id), the last deleted first."""
    values = Values(tenant_id)
    where = _conditions(wanted, values)
    if after is not None:
        at, user_id = values.place(after[0], "timestamptz"), values.place(after[1], "uuid")
        where += f" AND (u.deleted_at, u.id) < ({at}, {user_id})"
    tail = f"{_JOINS} WHERE {where} ORDER BY u.deleted_at DESC, u.id DESC LIMIT {values.place(limit, 'bigint')}"
    return await fetch(_statement(f"SELECT {_LINE} FROM {{}}{tail}"), *values.values, unbounded=True)


async def count_graves(tenant_id: TenantId, wanted: GraveFilter) -> int:
    """Return how many deleted users are wanted, or ``COUNTED_MAX`` if they are more."""
    values = Values(tenant_id)
    where = _conditions(wanted, values)
    text = f"SELECT count(*) AS things FROM (SELECT 1 AS one FROM {{}} WHERE {where} LIMIT {COUNTED_MAX}) AS few"
    (row,) = await fetch(_statement(text), *values.values, unbounded=True)
    return int(row["things"])


async def find_line(tenant_id: TenantId, user_id: UserId) -> Row | None:
    """Return one deleted user as a line of the list."""
    text = f"SELECT {_LINE} FROM user_row u{_JOINS} WHERE {_GONE} AND u.id = $2::uuid"
    return await fetch_one(_statement(text), tenant_id, user_id)


async def list_deletions(tenant_id: TenantId, user_ids: Sequence[UserId]) -> dict[UserId, Row]:
    """Return the event of the last deletion of each user: by whom, and in which request."""
    rows = await fetch(_DELETIONS, tenant_id, list(user_ids), unbounded=True)
    # Sorted here: asked for an order, SQLite walks along it over all events.
    return {UserId(row["subject_id"]): row for row in sorted(rows, key=lambda row: row["id"])}


async def next_tenant(after: UUID, deleted_before: datetime) -> TenantId | None:
    """Return the next tenant, in the order of ids, with somebody deleted before then."""
    row = await fetch_one(_TENANTS, after, deleted_before)
    return None if row is None else TenantId(row["id"])


async def list_oldest(
    tenant_id: TenantId, after: tuple[datetime, UUID], *, deleted_before: datetime, limit: int
) -> list[Row]:
    """Return deleted users behind ``after``, the first deleted first."""
    return await fetch(_DUE, tenant_id, *after, deleted_before, limit, unbounded=True)


async def count_told(tenant_id: TenantId, user_id: UserId, *, at_most: int) -> int:
    """Return how many events of a user still say something."""
    (row,) = await fetch(_TOLD, tenant_id, user_id, at_most, unbounded=True)
    return int(row["things"])


def _conditions(wanted: GraveFilter, values: Values) -> str:
    tests = [_GONE]
    if wanted.text.strip():
        place = values.place(name_key(wanted.text), "text")
        tests.append(f"replace(u.search_key, {place}, '') <> u.search_key")
    if wanted.source_id is not None:
        tests.append(f"u.source_id = {values.place(wanted.source_id, 'uuid')}")
    if wanted.local:
        tests.append("u.source_id IS NULL")
    return " AND ".join(tests)


@lru_cache(maxsize=64)
def _statement(text: str) -> Statement:
    """Return a statement, put together once per shape of filter."""
    return Statement(text.replace("{}", _TABLE["postgres"]), sqlite=text.replace("{}", _TABLE["sqlite"]))
