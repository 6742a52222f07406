"""Searches of users and groups by a query tree, page by page in the order in which they came."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, TypeGuard, TypeVar

from directory.errors import InvalidError
from directory.model import Group, SourceId, TenantId, UserId, UserView
from directory.query import And, Element, Found, Order, Place, Query, Term, Window
from directory.store.compiled import Statement
from directory.store.conditions import Field, Fields, Searcher, Values
from directory.store.json_paths import READERS, JsonReader
from directory.store.rows import group_from
from directory.store.unit import Row, current_engine, fetch
from directory.store.views import find_named_view, view_columns, view_from

Thing = TypeVar("Thing")

_USER_LINK = (
    "t.id IN (SELECT k.user_id FROM user_link_row k WHERE k.tenant_id = $1::uuid AND k.source_id = $2::uuid AND {})"
)
# Somebody has the name, or had it and is found by it still: a name is never both.
_NAMED = (
    "t.id IN (SELECT u.id FROM user_row u WHERE u.tenant_id = $1::uuid AND u.user_name_key = {0}"
    " AND u.deleted_at IS NULL UNION ALL SELECT a.user_id FROM alias_row a WHERE a.tenant_id = $1::uuid"
    " AND a.user_name_key = {0})"
)
# PostgreSQL reads all users for two such lists in an OR, and follows its indexes for columns; SQLite the other way.
_NAMED_BY_COLUMN = (
    "(t.user_name_key = {0}"
    " OR t.id = (SELECT a.user_id FROM alias_row a WHERE a.tenant_id = $1::uuid AND a.user_name_key = {0}))"
)
_EMAIL = "t.id IN (SELECT e.user_id FROM email_row e WHERE e.tenant_id = $1::uuid AND {})"
_GROUP_OF_USER = "t.id IN (SELECT m.user_id FROM member_row m WHERE m.tenant_id = $1::uuid AND NOT m.gone AND {})"
_TENANT_OF_USER = "t.id IN (SELECT r.user_id FROM route_row r WHERE r.tenant_id = $1::uuid AND {})"
_GROUP_LINK = (
    "t.id IN (SELECT k.group_id FROM group_link_row k WHERE k.tenant_id = $1::uuid AND k.source_id = $2::uuid AND {})"
)
_MEMBER = (
    "EXISTS (SELECT 1 FROM member_row m WHERE m.tenant_id = t.tenant_id AND m.group_id = t.id AND NOT m.gone AND {})"
)
_INDEXED_USERS: Final = frozenset({"id", "userName", "externalId", "emails", "value", "groups"})
_INDEXED_GROUPS: Final = frozenset({"id", "displayName", "externalId", "members", "value"})
_CLOSED: Final = frozenset({"id", "meta", "schemas", "groups", "members", "tenants", "password"})
_TIMES: dict[tuple[str, str | None], Field] = {
    ("meta", "created"): Field("t.created_at", "time", required=True),
    ("meta", "lastModified"): Field("t.modified_at", "time", required=True),
}

USER_FIELDS: Final[Fields] = {
    ("id", None): Field("t.id", "id", required=True),
    ("userName", None): Field("t.user_name_key", "name", required=True, same=_NAMED),
    ("active", None): Field("t.reported_active", "flag", required=True),
    ("externalId", None): Field("k.external_id", "exact", _USER_LINK),
    ("emails", None): Field("e.value_key", "name", _EMAIL),
    ("emails", "value"): Field("e.value_key", "name", _EMAIL),
    ("emails", "type"): Field("e.kind", "name", _EMAIL),
    ("manager", None): Field("t.manager_ref", "exact"),
    ("manager", "value"): Field("t.manager_ref", "exact"),
    ("groups", None): Field("m.group_id", "id", _GROUP_OF_USER),
    ("groups", "value"): Field("m.group_id", "id", _GROUP_OF_USER),
    ("tenants", None): Field("r.to_tenant_id", "id", _TENANT_OF_USER),
    ("tenants", "value"): Field("r.to_tenant_id", "id", _TENANT_OF_USER),
    **_TIMES,
}
_USER_FIELDS_BY_COLUMN: Final[Fields] = {
    **USER_FIELDS,
    ("userName", None): Field("t.user_name_key", "name", required=True, same=_NAMED_BY_COLUMN),
}
GROUP_FIELDS: Final[Fields] = {
    ("id", None): Field("t.id", "id", required=True),
    ("displayName", None): Field("t.display_name_key", "name", required=True),
    ("externalId", None): Field("k.external_id", "exact", _GROUP_LINK),
    ("members", None): Field("m.user_id", "id", _MEMBER),
    ("members", "value"): Field("m.user_id", "id", _MEMBER),
    **_TIMES,
}

_OF_SOURCE: Final = (
    "t.tenant_id = $1::uuid AND t.source_id = $2::uuid AND t.deleted_at IS NULL AND t.reported_deleted_at IS NULL"
)
_TALLY_USERS: Final = (
    "SELECT coalesce(sum(things), 0)::bigint - (SELECT count(*) FROM user_row WHERE tenant_id = $1::uuid"
    " AND source_id = $2::uuid AND reported_deleted_at IS NOT NULL AND deleted_at IS NULL) AS total FROM tally_row"
    " WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND kind = 'user'"
)
_TALLY_GROUPS: Final = (
    "SELECT coalesce(sum(things), 0)::bigint AS total FROM tally_row"
    " WHERE tenant_id = $1::uuid AND coalesce(source_id = $2::uuid, $2::uuid IS NULL) AND kind = 'group'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorting:
    """How rows are ordered: an expression, then the id."""

    expression: str | None
    descending: bool
    collation: str
    required: bool = False
    """Whether everybody has a value: then an index can be followed."""

    def order_by(self) -> str:
        """Return what follows ORDER BY: without a value last if ascending, first if descending."""
        if self.expression is None:
            return "t.id DESC" if self.descending else "t.id"
        direction = " DESC" if self.descending else ""
        unset = "" if self.required else f"({self.expression} IS NULL){direction}, "
        return f"{unset}{self.expression}{self.collation}{direction}, t.id"

    def behind(self, place: Place, values: Values) -> str:
        """Return the condition of being behind a place in this order."""
        ident = values.place(place.ident, "uuid")
        if self.expression is None:
            return f"t.id {'<' if self.descending else '>'} {ident}"
        if place.key is None:
            behind = f"({self.expression} IS NULL AND t.id > {ident})"
            return f"({behind} OR {self.expression} IS NOT NULL)" if self.descending else behind
        key = values.place(place.key, "text")
        further = f"{self.expression}{self.collation} {'<' if self.descending else '>'} {key}"
        same = f"({self.expression} = {key} AND t.id > {ident})"
        unset = "" if self.descending else f" OR {self.expression} IS NULL"
        return f"({further} OR {same}{unset})"


async def list_users(
    tenant_id: TenantId, source_id: SourceId, query: Query | None, window: Window, *, with_groups: bool
) -> Found[UserView]:
    """Return a page of a source's users."""
    if is_of_name(query, window):
        view = await find_named_view(tenant_id, str(query.operand), source_id, with_groups=with_groups)
        return Found(things=[] if view is None else [view], total=int(view is not None), ended=None)
    values = Values(tenant_id, source_id)
    lists = current_engine().engine_type == "sqlite"
    test = _test(query, USER_FIELDS if lists else _USER_FIELDS_BY_COLUMN, values)
    where = f"{_OF_SOURCE}{test}"
    select = f"SELECT {view_columns(current_engine().engine_type, with_groups=with_groups)}"
    count = _TALLY_USERS if query is None else f"SELECT count(*) AS total FROM user_row t WHERE {where}"
    return await _page(
        Search(select, "user_row t", where, count, is_quick(query, _INDEXED_USERS)), values, window, _view_of
    )


def is_of_name(query: Query | None, window: Window) -> TypeGuard[Term]:
    """Whether the first page is wanted of whoever has a user name: what providers ask before each of their changes."""
    return (
        type(query) is Term
        and (query.attribute, query.part, query.comparison) == ("userName", None, "eq")
        and isinstance(query.operand, str)
        and window.limit > 0
        and not window.offset
        and window.after is None
        and window.total is None
    )


def _view_of(row: Row) -> UserView:
    return view_from(row, UserId(row["id"]))


async def list_groups(
    tenant_id: TenantId, source_id: SourceId | None, query: Query | None, window: Window
) -> Found[Group]:
    """Return a page of groups, of one source or of all."""
    values = Values(tenant_id, source_id)
    owned = "t.source_id = $2::uuid" if source_id is not None else "$2::uuid IS NULL"
    where = f"t.tenant_id = $1::uuid AND {owned} AND t.deleted_at IS NULL{_test(query, GROUP_FIELDS, values)}"
    count = _TALLY_GROUPS if query is None else f"SELECT count(*) AS total FROM group_row t WHERE {where}"
    return await _page(
        Search("SELECT t.*", "group_row t", where, count, is_quick(query, _INDEXED_GROUPS)), values, window, group_from
    )


class Search(NamedTuple):
    """The pieces of a search, put together page by page."""

    select: str
    table: str
    where: str
    total: str
    quick: bool


def _reader() -> JsonReader:
    return READERS[current_engine().engine_type]


def _test(query: Query | None, fields: Fields, values: Values) -> str:
    """Return the condition in parentheses of its own: whatever it says, it stays within tenant and source."""
    if query is None:
        return ""
    return f" AND ({Searcher(fields, _CLOSED, _reader()).condition(query, values)})"


def sorting_for(order: Order | None, reader: JsonReader) -> Sorting:
    """Return how a search is sorted; ids are in the order of arrival, which ends every sort anyhow.

    Raises:
        InvalidError: the attribute cannot be sorted by.
    """
    if order is None:
        return Sorting(expression=None, descending=False, collation=reader.collation)
    return Sorting(
        expression=_expression(order, reader),
        descending=order.descending,
        collation=reader.collation,
        required=order.attribute in {"userName", "meta"},
    )


def _expression(order: Order, reader: JsonReader) -> str | None:
    match order.attribute, order.part:
        case ("id", _) | ("meta", "created"):
            return None
        case "meta", "lastModified":
            return reader.moment("t.modified_at")
        case "userName", None:
            return "t.user_name_key"
        case _:
            return _document_expression(order, reader)


def _document_expression(order: Order, reader: JsonReader) -> str:
    if order.attribute in _CLOSED:
        raise InvalidError(order.attribute, "cannot be sorted by")
    urn, _, name = order.attribute.rpartition(":")
    path = (urn, name) if urn else (order.attribute,)
    column = "t.document" if order.exact else "t.document_key"
    if order.multi:
        return reader.first(column, path, order.part)
    return reader.text(column, path if order.part is None else (*path, order.part))


def is_quick(query: Query | None, indexed: frozenset[str]) -> bool:
    """Whether an index leads to what is searched for; everything else may walk through all rows."""
    match query:
        case None:
            return True
        case And(parts):
            return any(is_quick(part, indexed) for part in parts)
        case Term(attribute, _, "eq"):
            return attribute in indexed
        case Element(attribute, inner):
            return attribute in indexed and is_quick(inner, indexed)
        case _:
            return False


async def _page(search: Search, values: Values, window: Window, found: Callable[[Row], Thing]) -> Found[Thing]:
    counted = list(values.values)
    scans = window.order is not None or not search.quick
    rows: list[Row] = []
    if window.limit > 0:
        sorting = sorting_for(window.order, _reader())
        where = search.where if window.after is None else f"{search.where} AND {sorting.behind(window.after, values)}"
        key = "NULL" if sorting.expression is None else sorting.expression
        limit, offset = values.place(window.limit + 1, "bigint"), values.place(window.offset, "bigint")
        page_of = f"WHERE {where} ORDER BY {sorting.order_by()} LIMIT {limit} OFFSET {offset}"
        if window.offset:  # the rows that are skipped are walked in the index alone
            inner = f"SELECT t.id FROM {search.table} {page_of}"
            page_of = f"WHERE t.tenant_id = $1::uuid AND t.id IN ({inner}) ORDER BY {sorting.order_by()}"
        text = f"{search.select}, {key} AS sort_key FROM {search.table} {page_of}"
        rows = await fetch(_statement(text), *values.values, unbounded=scans)
    page = rows[: window.limit]
    more = len(rows) > window.limit
    ended = Place(page[-1]["sort_key"], page[-1]["id"]) if more else None
    if window.total is not None:
        total = window.total
    elif window.after is None and not more and (page or (window.offset == 0 and window.limit > 0)):
        total = window.offset + len(page)
    else:
        total = int((await fetch(_statement(search.total), *counted, unbounded=scans))[0]["total"])
    return Found(things=[found(row) for row in page], total=total, ended=ended)


@lru_cache(maxsize=512)
def _statement(text: str) -> Statement:
    """Return a statement, put together once per shape: the text holds places and columns, never values."""
    return Statement(text)
