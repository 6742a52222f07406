"""Reads of groups as people look through them: filtered, in the order of a column, page by page."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from uuid import UUID

from directory.model import GroupId, SourceId, TenantId
from directory.names import name_key
from directory.store.compiled import Statement
from directory.store.conditions import Values
from directory.store.unit import Row, fetch, fetch_one

Order = Literal["name", "members", "pushed"]
SORT_COLUMNS: dict[Order, tuple[str, str]] = {
    "name": ("g.display_name_key", "text"),
    "members": ("g.member_count", "bigint"),
    "pushed": ("g.modified_at", "timestamptz"),
}
"""The column of each order, and its type."""

_FROM = " FROM group_row g LEFT JOIN mapping_row p ON p.tenant_id = g.tenant_id AND p.group_id = g.id"
_COLUMNS = (
    "SELECT g.id, g.display_name, g.display_name_key, g.document, g.member_count, g.waiting_count, g.nested_count,"
    " g.modified_at, s.id AS source_id, s.label AS source_label, p.position, r.name AS role_name"
    " FROM group_row g JOIN source_row s ON s.tenant_id = g.tenant_id AND s.id = g.source_id"
    " LEFT JOIN mapping_row p ON p.tenant_id = g.tenant_id AND p.group_id = g.id"
    " LEFT JOIN role_row r ON r.tenant_id = p.tenant_id AND r.id = p.role_id"
)
_STATES = {"empty": "g.member_count = 0", "waiting": "g.waiting_count > 0", "nested": "g.nested_count > 0"}

_FORMER_NAMES = Statement(
    "SELECT name, until FROM group_name_row WHERE tenant_id = $1::uuid AND group_id = $2::uuid"
    " ORDER BY until DESC LIMIT $3::bigint"
)
_FEEDS = Statement(
    "SELECT p.position, r.name AS role_name, (SELECT count(*) FROM user_row u"
    " WHERE u.tenant_id = p.tenant_id AND u.origin = 'mapping' AND u.decided_group_id = p.group_id"
    " AND u.deleted_at IS NULL) AS decided_count"
    " FROM mapping_row p JOIN role_row r ON r.tenant_id = p.tenant_id AND r.id = p.role_id"
    " WHERE p.tenant_id = $1::uuid AND p.group_id = $2::uuid"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFilter:
    """Which groups are wanted; None and empty text want all."""

    text: str = ""
    """Part of the name."""
    source_id: SourceId | None = None
    mapped: Literal["yes", "no"] | None = None
    state: Literal["empty", "waiting", "nested"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOrder:
    """By which column, and which way."""

    column: Order = "name"
    descending: bool = False


def _conditions(wanted: GroupFilter, values: Values) -> str:
    tests = ["g.tenant_id = $1::uuid", "g.deleted_at IS NULL"]
    if wanted.text.strip():
        place = values.place(name_key(wanted.text), "text")
        tests.append(f"replace(g.display_name_key, {place}, '') <> g.display_name_key")
    if wanted.source_id is not None:
        tests.append(f"g.source_id = {values.place(wanted.source_id, 'uuid')}")
    if wanted.mapped is not None:
        tests.append("p.group_id IS NOT NULL" if wanted.mapped == "yes" else "p.group_id IS NULL")
    if wanted.state is not None:
        tests.append(_STATES[wanted.state])
    return " AND ".join(tests)


async def page_of_groups(
    tenant_id: TenantId, wanted: GroupFilter, order: GroupOrder, *, after: tuple[object, UUID] | None, limit: int
) -> list[Row]:
    """Return rows of groups behind ``after`` (value of the order's column, id)."""
    values = Values(tenant_id)
    where = _conditions(wanted, values)
    column, declared_type = SORT_COLUMNS[order.column]
    way, sign = ("DESC", "<") if order.descending else ("ASC", ">")
    if after is not None:
        value, group_id = values.place(after[0], declared_type), values.place(after[1], "uuid")
        where += f" AND ({column}, g.id) {sign} ({value}, {group_id})"
    by = f"ORDER BY {column} {way}, g.id {way}"
    # Their ids first: sorting drags along whatever is selected, documents too.
    ids = f"SELECT g.id{_FROM} WHERE {where} {by} LIMIT {values.place(limit, 'bigint')}"
    text = f"{_COLUMNS} WHERE g.tenant_id = $1::uuid AND g.id IN ({ids}) {by}"
    return await fetch(_statement(text), *values.values, unbounded=True)


async def count_groups(tenant_id: TenantId, wanted: GroupFilter) -> int:
    """Return how many groups are wanted."""
    values = Values(tenant_id)
    text = f"SELECT count(*) AS total{_FROM} WHERE {_conditions(wanted, values)}"
    (row,) = await fetch(_statement(text), *values.values, unbounded=True)
    return int(row["total"])


async def list_former_names(tenant_id: TenantId, group_id: GroupId, *, limit: int) -> list[Row]:
    """Return rows of the names that a group had before, the last one first."""
    return await fetch(_FORMER_NAMES, tenant_id, group_id, limit)


async def find_mapping(tenant_id: TenantId, group_id: GroupId) -> Row | None:
    """Return the row of the mapping that a group feeds, with how many users it decides."""
    return await fetch_one(_FEEDS, tenant_id, group_id)


@lru_cache(maxsize=256)
def _statement(text: str) -> Statement:
    """Return a statement, put together once per shape of filter."""
    return Statement(text)
