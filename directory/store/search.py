"""Searches of users and groups by a query tree, page by page in the order in which they came."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeVar

from directory.model import Group, SourceId, TenantId, User
from directory.query import Query
from directory.store.compiled import Statement
from directory.store.conditions import ALWAYS, Field, Fields, Values, condition
from directory.store.people import LOCK_COLUMNS
from directory.store.rows import group_from, user_from
from directory.store.unit import Row, fetch

Found = TypeVar("Found")

_USER_LINK = (
    "t.id IN (SELECT k.user_id FROM user_link_row k WHERE k.tenant_id = $1::uuid AND k.source_id = $2::uuid AND {})"
)
_EMAIL = "t.id IN (SELECT e.user_id FROM email_row e WHERE e.tenant_id = $1::uuid AND {})"
_GROUP_OF_USER = "t.id IN (SELECT m.user_id FROM member_row m WHERE m.tenant_id = $1::uuid AND {})"
_GROUP_LINK = (
    "t.id IN (SELECT k.group_id FROM group_link_row k WHERE k.tenant_id = $1::uuid AND k.source_id = $2::uuid AND {})"
)
_MEMBER = "EXISTS (SELECT 1 FROM member_row m WHERE m.tenant_id = t.tenant_id AND m.group_id = t.id AND {})"
_TIMES: dict[tuple[str, str | None], Field] = {
    ("meta", "created"): Field("t.created_at", "time", required=True),
    ("meta", "lastModified"): Field("t.modified_at", "time", required=True),
}

USER_FIELDS: Final[Fields] = {
    ("id", None): Field("t.id", "id", required=True),
    ("userName", None): Field("t.user_name_key", "name", required=True),
    ("displayName", None): Field("t.display_name_key", "name", required=True),
    ("active", None): Field("t.reported_active", "flag", required=True),
    ("externalId", None): Field("k.external_id", "exact", _USER_LINK),
    ("emails", None): Field("e.value_key", "name", _EMAIL),
    ("emails", "value"): Field("e.value_key", "name", _EMAIL),
    ("emails", "type"): Field("e.kind", "name", _EMAIL),
    ("manager", None): Field("t.manager_ref", "exact"),
    ("manager", "value"): Field("t.manager_ref", "exact"),
    ("groups", None): Field("m.group_id", "id", _GROUP_OF_USER),
    ("groups", "value"): Field("m.group_id", "id", _GROUP_OF_USER),
    **_TIMES,
}
GROUP_FIELDS: Final[Fields] = {
    ("id", None): Field("t.id", "id", required=True),
    ("displayName", None): Field("t.display_name_key", "name", required=True),
    ("externalId", None): Field("k.external_id", "exact", _GROUP_LINK),
    ("members", None): Field("m.user_id", "id", _MEMBER),
    ("members", "value"): Field("m.user_id", "id", _MEMBER),
    **_TIMES,
}


async def list_users(
    tenant_id: TenantId, source_id: SourceId, query: Query | None, *, offset: int, limit: int
) -> tuple[list[User], int]:
    """Return a page of a source's users in the order of their ids, and how many match in all."""
    values = Values(tenant_id, source_id)
    test = ALWAYS if query is None else condition(query, USER_FIELDS, values)
    where = f"t.tenant_id = $1::uuid AND t.source_id = $2::uuid AND t.deleted_at IS NULL AND ({test})"
    select = (
        f"SELECT t.*, {LOCK_COLUMNS} FROM user_row t"
        f" LEFT JOIN lock_row l ON l.tenant_id = t.tenant_id AND l.user_id = t.id WHERE {where}"
    )
    count = f"SELECT count(*) AS total FROM user_row t WHERE {where}"
    return await _page(select, count, values, user_from, offset=offset, limit=limit)


async def list_groups(
    tenant_id: TenantId, source_id: SourceId | None, query: Query | None, *, offset: int, limit: int
) -> tuple[list[Group], int]:
    """Return a page of groups, of one source or of all, in the order of their ids, and how many match in all."""
    values = Values(tenant_id, source_id)
    test = ALWAYS if query is None else condition(query, GROUP_FIELDS, values)
    owned = "t.source_id = $2::uuid" if source_id is not None else "$2::uuid IS NULL"
    where = f"t.tenant_id = $1::uuid AND {owned} AND t.deleted_at IS NULL AND ({test})"
    select = f"SELECT t.* FROM group_row t WHERE {where}"
    count = f"SELECT count(*) AS total FROM group_row t WHERE {where}"
    return await _page(select, count, values, group_from, offset=offset, limit=limit)


async def _page(
    select: str, count: str, values: Values, found: Callable[[Row], Found], *, offset: int, limit: int
) -> tuple[list[Found], int]:
    page: list[Found] = []
    if limit > 0:
        places = f" ORDER BY t.id LIMIT ${len(values.values) + 1}::bigint OFFSET ${len(values.values) + 2}::bigint"
        page = [found(row) for row in await fetch(_statement(select + places), *values.values, limit, offset)]
        if (page or offset == 0) and len(page) < limit:
            return page, offset + len(page)
    (row,) = await fetch(_statement(count), *values.values)
    return page, int(row["total"])


@lru_cache(maxsize=512)
def _statement(text: str) -> Statement:
    """Return a statement, put together once per shape: the text holds places and columns, never values."""
    return Statement(text, sqlite=text.replace(' COLLATE "C"', ""))
