"""Reads of reports: each a page behind a key, or counts with a bound."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Literal
from uuid import UUID

from directory.model import RoleId, SecretKey, TenantId
from directory.store.access import secret_from
from directory.store.compiled import Statement
from directory.store.equipment_keys import EquipmentKey, key_from
from directory.store.unit import Row, fetch

UnseenKind = Literal["any", "local", "unlinked", "silent"]
SecretsWanted = Literal["valid", "ending", "all"]
FIRST_ID = UUID(int=0)
LAST_ID = UUID(int=(1 << 128) - 1)

_LOCAL = "t.source_id IS NULL"
_SILENT = "(t.source_id IS NOT NULL AND t.modified_at < $2::timestamptz)"
_UNLINKED = (
    "(t.source_id IS NOT NULL AND NOT EXISTS"
    " (SELECT 1 FROM user_link_row k WHERE k.tenant_id = t.tenant_id AND k.user_id = t.id))"
)
_UNSEEN = {"any": f"({_LOCAL} OR {_SILENT} OR {_UNLINKED})", "local": _LOCAL, "unlinked": _UNLINKED, "silent": _SILENT}
_LIVE = "t.tenant_id = $1::uuid AND t.deleted_at IS NULL"
_COUNT_UNSEEN = (
    f"SELECT sum(CASE WHEN {_LOCAL} THEN 1 ELSE 0 END) AS local, sum(CASE WHEN {_SILENT} THEN 1 ELSE 0 END) AS silent"
    f" FROM {{table}} WHERE {_LIVE}"
)
# The users of a role come from their own index; all that is shown of them lies in their rows.
_HOLDERS = Statement(
    "SELECT t.id, t.user_name, t.display_name, t.active, t.origin, t.source_id, t.decided_at,"
    " g.display_name AS group_name, s.label AS source_label, l.owner, l.reason, l.until FROM user_row t"
    " LEFT JOIN group_row g ON g.tenant_id = t.tenant_id AND g.id = t.decided_group_id"
    " LEFT JOIN source_row s ON s.tenant_id = t.tenant_id AND s.id = t.source_id"
    " LEFT JOIN lock_row l ON l.tenant_id = t.tenant_id AND l.user_id = t.id"
    " WHERE t.tenant_id = $1::uuid AND t.role_id = $2::uuid AND t.deleted_at IS NULL AND t.id > $3::uuid"
    " ORDER BY t.id LIMIT $4::bigint"
)
_BY_ORIGIN = (
    "SELECT t.origin, (t.source_id IS NULL) AS local, count(*) AS things FROM {table}"
    f" WHERE {_LIVE} AND t.active AND t.role_id = ANY($2::uuid[]) GROUP BY t.origin, (t.source_id IS NULL)"
)
_SECRET_TESTS = {
    "all": "$3::timestamptz IS NOT NULL AND $4::timestamptz IS NOT NULL",
    "valid": "k.revoked_at IS NULL AND k.expires_at > $3::timestamptz AND $4::timestamptz IS NOT NULL"
    " AND (k.retiring_until IS NULL OR k.retiring_until > $3::timestamptz)",
    "ending": "k.revoked_at IS NULL AND k.expires_at > $3::timestamptz AND k.expires_at <= $4::timestamptz"
    " AND (k.retiring_until IS NULL OR k.retiring_until > $3::timestamptz)",
}


async def list_unseen(
    tenant_id: TenantId, kind: UnseenKind, *, seen_before: datetime, after: UUID, limit: int
) -> list[Row]:
    """Return users of no source, or of whom their source has said nothing since, in the order of their ids."""
    return await fetch(_unseen_page(kind), tenant_id, seen_before, after, limit, unbounded=True)


async def count_unseen(tenant_id: TenantId, *, seen_before: datetime) -> dict[str, int]:
    """Return how many are local and how many silent; looking for everybody's link would take 70 ms of 100,000."""
    (row,) = await fetch(_listed(_COUNT_UNSEEN), tenant_id, seen_before, unbounded=True)
    return {kind: int(row[kind] or 0) for kind in ("local", "silent")}


async def list_holders(tenant_id: TenantId, role_id: RoleId, *, after: UUID, limit: int) -> list[Row]:
    """Return the users of a role with what decided it, in the order of their ids."""
    return await fetch(_HOLDERS, tenant_id, role_id, after, limit)


async def count_by_origin(tenant_id: TenantId, role_ids: Sequence[RoleId]) -> list[tuple[str, bool, int]]:
    """Return how many active users have one of the roles: (origin, whether they are local, count)."""
    rows = await fetch(_listed(_BY_ORIGIN), tenant_id, list(role_ids), unbounded=True)
    return [(row["origin"], bool(row["local"]), int(row["things"])) for row in rows]


async def list_secrets(
    tenant_id: TenantId, wanted: SecretsWanted, *, now: datetime, ends_before: datetime, after: UUID, limit: int
) -> list[tuple[SecretKey, str]]:
    """Return secrets with the label of their source, in the order in which they were made."""
    statement = _secrets(wanted)
    rows = await fetch(statement, tenant_id, after, now, ends_before, limit)
    return [(secret_from(row), row["source_label"]) for row in rows]


async def list_equipment_keys(
    tenant_id: TenantId, wanted: SecretsWanted, *, now: datetime, ends_before: datetime, after: UUID, limit: int
) -> list[EquipmentKey]:
    """Return keys of asset systems, in the order in which they were made."""
    return [key_from(row) for row in await fetch(_keys(wanted), tenant_id, after, now, ends_before, limit)]


@lru_cache(maxsize=4)
def _unseen_page(kind: UnseenKind) -> Statement:
    # "since" stands in every text, so that all take the same values.
    text = (
        f"WITH found AS (SELECT t.id FROM {{table}} WHERE {_LIVE} AND t.id > $3::uuid"
        f" AND $2::timestamptz IS NOT NULL AND {_UNSEEN[kind]} ORDER BY t.id LIMIT $4::bigint)"
        " SELECT t.id, t.user_name, t.display_name, t.active, t.source_id, t.modified_at, r.name AS role_name,"
        " s.label AS source_label, (SELECT count(*) FROM user_link_row k WHERE k.tenant_id = t.tenant_id"
        " AND k.user_id = t.id) AS links FROM found CROSS JOIN user_row t"
        " JOIN role_row r ON r.tenant_id = t.tenant_id AND r.id = t.role_id"
        " LEFT JOIN source_row s ON s.tenant_id = t.tenant_id AND s.id = t.source_id"
        " WHERE t.tenant_id = $1::uuid AND t.id = found.id ORDER BY t.id"
    )
    return _listed(text)


@lru_cache(maxsize=4)
def _secrets(wanted: SecretsWanted) -> Statement:
    return Statement(
        "SELECT k.*, s.label AS source_label FROM secret_row k"
        " JOIN source_row s ON s.tenant_id = k.tenant_id AND s.id = k.source_id"
        f" WHERE k.tenant_id = $1::uuid AND k.id > $2::uuid AND {_SECRET_TESTS[wanted]}"
        " ORDER BY k.id LIMIT $5::bigint"
    )


@lru_cache(maxsize=4)
def _keys(wanted: SecretsWanted) -> Statement:
    return Statement(
        "SELECT k.* FROM equipment_key_row k WHERE k.tenant_id = $1::uuid AND k.id > $2::uuid"
        f" AND {_SECRET_TESTS[wanted]} ORDER BY k.id LIMIT $5::bigint"
    )


@lru_cache(maxsize=8)
def _listed(text: str) -> Statement:
    """Return a statement that reads users from the index of the list: SQLite must be told."""
    return Statement(text.format(table="user_row t"), sqlite=text.format(table="user_row t INDEXED BY user_listed"))
