"""Reads of what concerned one user, the newest first, by page."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from directory.model import TenantId, UserId
from directory.store.compiled import Statement
from directory.store.unit import Row, fetch, fetch_one

Kind = Literal["requests", "pulls", "roles", "operators", "sign-ins"]
KINDS: tuple[Kind, ...] = ("requests", "pulls", "roles", "operators", "sign-ins")

_COLUMNS = (
    "SELECT e.id, e.at, e.actor_kind, e.actor_id, e.action, e.subject_kind, e.subject_id, e.request_id, e.run_id,"
    " v.document, m.joined FROM event_row e"
    " LEFT JOIN event_value_row v ON v.tenant_id = e.tenant_id AND v.event_id = e.id"
    " LEFT JOIN event_member_row m ON m.tenant_id = e.tenant_id AND m.event_id = e.id AND m.user_id = $4::uuid"
)
# Each part walks an index of its own and stops after one page; what they have in common counts once.
_PAGE = "event_row WHERE tenant_id = $1::uuid AND id < $2::uuid"
_ABOUT = f"SELECT id FROM (SELECT id FROM {_PAGE} AND subject_id = $4::uuid"
_MOVED = (
    "SELECT event_id FROM (SELECT event_id FROM event_member_row WHERE tenant_id = $1::uuid AND user_id = $4::uuid"
    " AND event_id < $2::uuid ORDER BY event_id DESC LIMIT $3::bigint) AS moved"
)
_MOVED_BY_PULL = (
    "SELECT event_id FROM (SELECT m.event_id FROM event_member_row m JOIN event_row r ON r.tenant_id = m.tenant_id"
    " AND r.id = m.event_id WHERE m.tenant_id = $1::uuid AND m.user_id = $4::uuid AND m.event_id < $2::uuid"
    " AND r.run_id IS NOT NULL ORDER BY m.event_id DESC LIMIT $3::bigint) AS pulled"
)
_SESSIONS = (
    f"SELECT id FROM (SELECT id FROM {_PAGE} AND actor_id = $4::uuid AND subject_kind = 'session'"
    " ORDER BY id DESC LIMIT $3::bigint) AS sessions"
)
_END = " ORDER BY id DESC LIMIT $3::bigint) AS about"
_OF_SIGN_IN = "(" + " OR ".join(
    f"substr(action, 1, {len(prefix)}) = '{prefix}'"
    for prefix in ("user:link:", "user:sign-in:", "user:password:", "user:factor:", "session:")
) + ")"  # fmt: skip
_PARTS: dict[Kind | None, tuple[str, ...]] = {
    None: (f"{_ABOUT}{_END}", _MOVED, _SESSIONS),
    "requests": (f"{_ABOUT} AND request_id IS NOT NULL{_END}", _MOVED),
    "pulls": (f"{_ABOUT} AND run_id IS NOT NULL{_END}", _MOVED_BY_PULL),
    "roles": (f"{_ABOUT} AND substr(action, 1, 10) = 'user:role:'{_END}",),
    "operators": (f"{_ABOUT} AND actor_kind <> 'source' AND subject_kind <> 'session'{_END}",),
    "sign-ins": (f"{_ABOUT} AND {_OF_SIGN_IN}{_END}", _SESSIONS),
}
_TIMELINE = {
    kind: Statement(
        f"{_COLUMNS} WHERE e.tenant_id = $1::uuid AND e.id IN ({' UNION '.join(parts)})"
        " ORDER BY e.id DESC LIMIT $3::bigint"
    )
    for kind, parts in _PARTS.items()
}
_DEED = Statement(
    f"{_COLUMNS} WHERE e.tenant_id = $1::uuid AND e.request_id = $2::uuid AND (e.subject_id = $4::uuid"
    " OR m.user_id IS NOT NULL) ORDER BY e.id LIMIT $3::bigint"
)
# Each database has an index for one of the two: PostgreSQL's of the whole path, SQLite's of its beginning.
_FAILED = Statement(
    "SELECT id, reference, method, path, status, scim_type, detail, source_id, started_at FROM request_row"
    " WHERE tenant_id = $1::uuid AND status >= 400 AND path = ANY($4::text[])"
    " AND substr(path, 1, 200) = ANY($4::text[]) AND id < $2::uuid"
    " ORDER BY id DESC LIMIT $3::bigint"
)
_REQUESTS = Statement(
    "SELECT id, reference, method, path, status, scim_type, detail, source_id, started_at FROM request_row"
    " WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[])"
)
_GRANT = Statement(
    "SELECT id, at, request_id FROM event_row WHERE tenant_id = $1::uuid AND subject_id = $2::uuid"
    " AND action = 'user:role:granted' ORDER BY id DESC LIMIT 1"
)
_GROUP_NAMES = Statement("SELECT id, display_name FROM group_row WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[])")
_CHANGES = Statement(
    "SELECT e.id, e.at, e.actor_kind, e.action, e.request_id, v.document FROM event_row e"
    " JOIN event_value_row v ON v.tenant_id = e.tenant_id AND v.event_id = e.id"
    " WHERE e.tenant_id = $1::uuid AND e.subject_id = $2::uuid"
    " AND substr(e.action, 1, 10) <> 'user:role:' ORDER BY e.id DESC LIMIT $3::bigint"
)
LAST_ID = UUID(int=(1 << 128) - 1)
_BASES = ("/scim/v2", "/scim")
"""Where clients reach users; a refused request is found by its address alone."""


def paths_of(user_id: UserId) -> list[str]:
    """Return the addresses at which clients change this user, alone or as a part of a bulk request."""
    alone = [f"{base}/Users/{user_id}" for base in _BASES]
    return [*alone, *(f"{base}/Bulk /Users/{user_id}" for base in _BASES)]


async def list_timeline(
    tenant_id: TenantId, user_id: UserId, kind: Kind | None, *, before: UUID | None, limit: int
) -> list[Row]:
    """Return rows of the events that concerned a user: about it, groups it joined or left, its own sign-ins."""
    return await fetch(_TIMELINE[kind], tenant_id, before or LAST_ID, limit, user_id)


async def list_deed(tenant_id: TenantId, user_id: UserId, request_id: UUID, *, limit: int) -> list[Row]:
    """Return rows of what one request brought a user, the oldest first."""
    return await fetch(_DEED, tenant_id, request_id, limit, user_id)


async def list_failed(tenant_id: TenantId, paths: Sequence[str], *, before: UUID | None, limit: int) -> list[Row]:
    """Return rows of refused requests to these addresses."""
    return await fetch(_FAILED, tenant_id, before or LAST_ID, limit, list(paths))


async def requests_by_id(tenant_id: TenantId, request_ids: Sequence[UUID]) -> dict[UUID, Row]:
    """Return the request records that are still kept."""
    if not request_ids:
        return {}
    return {row["id"]: row for row in await fetch(_REQUESTS, tenant_id, list(request_ids))}


async def find_grant(tenant_id: TenantId, user_id: UserId) -> Row | None:
    """Return when a user got the role it has, and by which request."""
    return await fetch_one(_GRANT, tenant_id, user_id)


async def list_attribute_changes(tenant_id: TenantId, user_id: UserId, *, limit: int) -> list[Row]:
    """Return rows of a user's events that are not about its role, the newest first."""
    return await fetch(_CHANGES, tenant_id, user_id, limit)


async def names_of_groups(tenant_id: TenantId, group_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the names of groups, also of those that are gone."""
    if not group_ids:
        return {}
    return {row["id"]: row["display_name"] for row in await fetch(_GROUP_NAMES, tenant_id, list(group_ids))}
