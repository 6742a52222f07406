"""Reads of users of a super tenant as routing needs them: set-based, by id, never more than a batch."""

from collections.abc import Sequence
from uuid import UUID

from directory.model import GroupId, SourceId, TenantId, UserId
from directory.route_facts import Copy, Origin, Route
from directory.store.compiled import Statement
from directory.store.people import LOCK_COLUMNS, LOCK_JOIN
from directory.store.rows import USER_COLUMNS, document_from, user_from
from directory.store.unit import Row, fetch, fetch_one

# Holding the rows lets two changes of one user be routed one after the other: the second sees what the first made.
_ORIGINS = Statement(
    "SELECT u.id, u.source_id, u.document, u.display_name, u.manager_ref, u.active, u.reported_active, u.deleted_at"
    " FROM user_row u WHERE u.tenant_id = $1::uuid AND u.id = ANY($2::uuid[]) ORDER BY u.id FOR NO KEY UPDATE OF u"
)
_GROUPS = Statement(
    "SELECT m.user_id, g.id, g.display_name FROM member_row m"
    " JOIN group_row g ON g.tenant_id = m.tenant_id AND g.id = m.group_id"
    " WHERE m.tenant_id = $1::uuid AND m.user_id = ANY($2::uuid[]) AND NOT m.withheld ORDER BY g.id"
)
# The first part gives the columns their types. Whoever is in the queue has a row without a tenant.
_ROUTES = Statement(
    "SELECT user_id, to_tenant_id, rule_id, role_key, copy_user_id, state, problem, since FROM route_row"
    " WHERE tenant_id = $1::uuid AND user_id = ANY($2::uuid[])"
    " UNION ALL SELECT user_id, NULL, NULL, NULL, NULL, 'unrouted', reason, since FROM unrouted_row"
    " WHERE tenant_id = $1::uuid AND user_id = ANY($2::uuid[])"
)
_FEED = Statement("SELECT id, settings FROM source_row WHERE tenant_id = $1::uuid AND kind = 'routed'")
_COPIES = Statement(
    f"SELECT k.external_id, {USER_COLUMNS}, {LOCK_COLUMNS} FROM user_link_row k"
    f" JOIN user_row u ON u.tenant_id = k.tenant_id AND u.id = k.user_id {LOCK_JOIN}"
    " WHERE k.tenant_id = $1::uuid AND k.source_id = $2::uuid AND k.external_id = ANY($3::text[]) ORDER BY u.id"
)


async def hold_origins(tenant_id: TenantId, user_ids: Sequence[UserId]) -> list[Origin]:
    """Return these users, deleted ones too, in the order of their ids; nobody else changes them until the unit ends."""
    return [
        Origin(
            user_id=UserId(row["id"]),
            source_id=None if row["source_id"] is None else SourceId(row["source_id"]),
            document=document_from(row["document"]),
            label=row["display_name"],
            manager_ref=row["manager_ref"],
            active=row["active"] or row["reported_active"],
            is_gone=row["deleted_at"] is not None,
        )
        for row in await fetch(_ORIGINS, tenant_id, list(user_ids))
    ]


async def list_groups_in_effect(tenant_id: TenantId, user_ids: Sequence[UserId]) -> dict[UserId, dict[GroupId, str]]:
    """Return the ids and names of the groups that have each of these users in effect; users in none are left out."""
    found: dict[UserId, dict[GroupId, str]] = {}
    for row in await fetch(_GROUPS, tenant_id, list(user_ids)):
        found.setdefault(UserId(row["user_id"]), {})[GroupId(row["id"])] = row["display_name"]
    return found


async def list_routes(
    tenant_id: TenantId, user_ids: Sequence[UserId]
) -> tuple[dict[UserId, list[Route]], dict[UserId, str]]:
    """Return where these users are, and why those who are in the queue are there."""
    routes: dict[UserId, list[Route]] = {}
    queued: dict[UserId, str] = {}
    for row in await fetch(_ROUTES, tenant_id, list(user_ids)):
        user_id = UserId(row["user_id"])
        if row["to_tenant_id"] is None:
            queued[user_id] = row["problem"]
        else:
            routes.setdefault(user_id, []).append(_route_from(row))
    return routes, queued


async def find_feed(tenant_id: TenantId) -> Row | None:
    """Return id and settings of the source by which a super tenant acts in a tenant below; None if it never did."""
    return await fetch_one(_FEED, tenant_id)


async def list_copies(tenant_id: TenantId, source_id: SourceId, user_ids: Sequence[UserId]) -> dict[UserId, Copy]:
    """Return the copies of these users in a tenant below, deleted ones too, by the id of their origin."""
    rows = await fetch(_COPIES, tenant_id, source_id, [str(user_id) for user_id in user_ids])
    return {UserId(UUID(row["external_id"])): Copy(user_from(row), row["deleted_at"] is not None) for row in rows}


def _route_from(row: Row) -> Route:
    copy_user_id = row["copy_user_id"]
    return Route(
        user_id=UserId(row["user_id"]),
        to_tenant_id=TenantId(row["to_tenant_id"]),
        rule_id=row["rule_id"],
        role_key=row["role_key"],
        copy_user_id=None if copy_user_id is None else UserId(copy_user_id),
        state=row["state"],
        problem=row["problem"],
        since=row["since"],
    )
