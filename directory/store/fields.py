"""Reads and walks of fields: which there are, what users have in them, and how far their values were read."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from directory.model import JsonObject, TenantId, UserId
from directory.plan_fields import SEPARATOR, VALUE_CHARS_MAX, AttributeField
from directory.store.compiled import Statement
from directory.store.holding import HeldRead
from directory.store.insert import ON_A_THREAD_ROWS
from directory.store.rows import document_from
from directory.store.unit import Row, execute, fetch, fetch_one

_LIST = Statement(
    "SELECT * FROM field_row WHERE tenant_id = $1::uuid AND removed_at IS NULL ORDER BY position, key LIMIT $2::bigint"
)
_KEYS = Statement("SELECT key, position FROM field_row WHERE tenant_id = $1::uuid LIMIT $2::bigint")
_FIND = Statement("SELECT * FROM field_row WHERE tenant_id = $1::uuid AND key = $2::text AND removed_at IS NULL")
_HOLD = HeldRead("SELECT * FROM field_row WHERE tenant_id = $1::uuid AND key = $2::text", of="field_row")
_OPEN = Statement(
    "SELECT tenant_id, key, removed_at FROM field_row WHERE filled_at IS NULL OR removed_at IS NOT NULL"
    " ORDER BY tenant_id, key LIMIT 1",
    house=True,
)
_SEEN = Statement(
    "SELECT count(*) AS people FROM (SELECT 1 AS one FROM field_value_row WHERE tenant_id = $1::uuid"
    " AND field_key = $2::text LIMIT $3::bigint) AS found"
)
_VALUES = Statement(
    "SELECT user_id, field_key, value FROM field_value_row WHERE tenant_id = $1::uuid AND user_id = ANY($2::uuid[])"
)
_NEWEST = Statement(
    "SELECT id, display_name, user_name, document FROM user_row WHERE tenant_id = $1::uuid AND deleted_at IS NULL"
    " ORDER BY id DESC LIMIT $2::bigint"
)
_NEXT = HeldRead(
    "SELECT u.id FROM user_row u WHERE u.tenant_id = $1::uuid AND u.id > $2::uuid ORDER BY u.id LIMIT $3::bigint",
    of="u",
)
# What is there already was put there by the triggers, from a newer document.
_TAIL = "ON CONFLICT (tenant_id, user_id, field_key) DO NOTHING"
_FILL = Statement(
    "INSERT INTO field_value_row (tenant_id, user_id, field_key, value, value_key)"
    f" SELECT u.tenant_id, u.id, $3::text, left(u.said #>> u.place, {VALUE_CHARS_MAX}),"
    f" left(u.document_key #>> u.place, {VALUE_CHARS_MAX}) FROM (SELECT tenant_id, id, document::jsonb AS said,"
    " document_key, string_to_array($4::text, chr(31)) AS place FROM user_row WHERE tenant_id = $1::uuid"
    " AND id = ANY($2::uuid[]) AND deleted_at IS NULL) AS u"
    f" WHERE jsonb_typeof(u.said #> u.place) IN ('string', 'number') AND u.said #>> u.place <> '' {_TAIL}",
    sqlite="INSERT INTO field_value_row (tenant_id, user_id, field_key, value, value_key)"
    f" SELECT u.tenant_id, u.id, $3, substr(u.document ->> p.place, 1, {VALUE_CHARS_MAX}),"
    f" substr(u.document_key ->> p.place, 1, {VALUE_CHARS_MAX}) FROM user_row u"
    " CROSS JOIN (SELECT '$.\"' || replace($4, char(31), '\".\"') || '\"' AS place) AS p"
    " WHERE u.tenant_id = $1 AND u.id = ANY($2::uuid[]) AND u.deleted_at IS NULL"
    f" AND json_type(u.document, p.place) IN ('text', 'integer', 'real') AND u.document ->> p.place <> '' {_TAIL}",
)
_ADVANCE = Statement(
    "UPDATE field_row SET reached = $3::uuid, looked_count = looked_count + $4::bigint, filled_at = $5::timestamptz"
    " WHERE tenant_id = $1::uuid AND key = $2::text"
)
_FORGET = Statement(
    "DELETE FROM field_value_row WHERE (tenant_id, user_id, field_key) IN (SELECT tenant_id, user_id, field_key"
    " FROM field_value_row WHERE tenant_id = $1::uuid AND field_key = $2::text LIMIT $3::bigint)"
)
KEYS_MAX = 1_000


class OpenField(NamedTuple):
    """A field whose values are being read, or deleted."""

    tenant_id: TenantId
    key: str
    is_removed: bool


class HeldField(NamedTuple):
    """A field that stays as it is until the unit ends, and how far its values were read."""

    parts: str
    reached: UUID | None
    is_open: bool


class SampledUser(NamedTuple):
    """A user whose attributes are looked at."""

    user_id: UserId
    name: str
    document: JsonObject


async def list_fields(tenant_id: TenantId, *, limit: int) -> list[AttributeField]:
    """Return the fields in their order."""
    return [_field_from(row) for row in await fetch(_LIST, tenant_id, limit)]


async def list_keys(tenant_id: TenantId) -> dict[str, int]:
    """Return the keys that are taken, those of removed fields too, with their positions."""
    return {row["key"]: row["position"] for row in await fetch(_KEYS, tenant_id, KEYS_MAX)}


async def find_field(tenant_id: TenantId, key: str) -> AttributeField | None:
    """Return a field."""
    row = await fetch_one(_FIND, tenant_id, key)
    return None if row is None else _field_from(row)


async def count_seen(tenant_id: TenantId, key: str, *, at_most: int) -> int:
    """Return how many users have a value; counting ends at ``at_most``."""
    rows = await fetch(_SEEN, tenant_id, key, at_most, unbounded=True)
    return int(rows[0]["people"])


async def values_of(tenant_id: TenantId, user_ids: Sequence[UserId]) -> dict[UserId, dict[str, str]]:
    """Return what users have in the fields, by key; who has nothing is left out."""
    found: dict[UserId, dict[str, str]] = {}
    for row in await fetch(_VALUES, tenant_id, list(user_ids), unbounded=len(user_ids) >= ON_A_THREAD_ROWS):
        found.setdefault(UserId(row["user_id"]), {})[row["field_key"]] = row["value"]
    return found


async def list_newest(tenant_id: TenantId, *, limit: int) -> list[SampledUser]:
    """Return the newest users with all that is said of them."""
    rows = await fetch(_NEWEST, tenant_id, limit, unbounded=True)
    return [
        SampledUser(UserId(row["id"]), row["display_name"] or row["user_name"], document_from(row["document"]))
        for row in rows
    ]


async def find_open() -> OpenField | None:
    """Return a field of any tenant whose values are to be read or deleted."""
    row = await fetch_one(_OPEN)
    if row is None:
        return None
    return OpenField(TenantId(row["tenant_id"]), row["key"], row["removed_at"] is not None)


async def hold_field(tenant_id: TenantId, key: str) -> HeldField | None:
    """Return how far the values of a field were read, and keep others from going on with it."""
    row = await _HOLD.one(tenant_id, key)
    if row is None:
        return None
    return HeldField(row["parts"], row["reached"], row["filled_at"] is None and row["removed_at"] is None)


async def hold_next_users(tenant_id: TenantId, after: UUID, *, limit: int) -> list[UserId]:
    """Return the next users, who stay as they are until the unit ends."""
    return [UserId(row["id"]) for row in await _NEXT(tenant_id, after, limit, unbounded=True)]


async def fill(tenant_id: TenantId, key: str, parts: str, user_ids: Sequence[UserId]) -> None:
    """Keep what users have in a field, where nothing is kept yet."""
    await execute(_FILL, tenant_id, list(user_ids), key, parts, unbounded=True)


async def advance(tenant_id: TenantId, key: str, reached: UUID | None, count: int, filled_at: datetime | None) -> None:
    """Note how far the values of a field were read."""
    await execute(_ADVANCE, tenant_id, key, reached, count, filled_at)


async def forget_values(tenant_id: TenantId, key: str, *, limit: int) -> int:
    """Delete some of what was read into a field; returns how much."""
    return await execute(_FORGET, tenant_id, key, limit, unbounded=True)


def _field_from(row: Row) -> AttributeField:
    return AttributeField(
        key=row["key"],
        label=row["label"],
        scim_path=row["scim_path"],
        parts=tuple(row["parts"].split(SEPARATOR)),
        position=row["position"],
        listed=bool(row["listed"]),
        created_at=row["created_at"],
        looked_count=row["looked_count"],
        filled_at=row["filled_at"],
    )
