"""Reads of users: one by one, by what a request names, never the whole table."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from directory.facts import Arrival, RoleFacts
from directory.followers import Place, note_place
from directory.model import GroupId, SourceId, TenantId, User, UserId
from directory.names import name_key
from directory.store.compiled import Statement
from directory.store.holding import HeldRead
from directory.store.insert import ON_A_THREAD_ROWS, slices
from directory.store.rows import USER_COLUMNS, decision_from, lock_from, user_from
from directory.store.unit import Row, fetch, fetch_one

LOCK_COLUMNS = """l.role_id AS lock_role_id, l.reason AS lock_reason, l.owner AS lock_owner,
  l.created_at AS lock_created_at, l.until AS lock_until"""
LOCK_JOIN = "LEFT JOIN lock_row l ON l.tenant_id = u.tenant_id AND l.user_id = u.id"
USER = f"SELECT {USER_COLUMNS}, {LOCK_COLUMNS} FROM user_row u {LOCK_JOIN}"  # constants only

_GET = Statement(f"{USER} WHERE u.tenant_id = $1::uuid AND u.id = $2::uuid AND u.deleted_at IS NULL")
_GROUPS_OF_ONE = Statement(
    "SELECT m.user_id, g.id, g.display_name FROM member_row m"
    " JOIN group_row g ON g.tenant_id = m.tenant_id AND g.id = m.group_id"
    " WHERE m.tenant_id = $1::uuid AND m.user_id = $2::uuid AND NOT m.gone ORDER BY m.group_id"
)
# With how its tenant stands to others, which whoever follows the change would otherwise look up.
_PLACE = "t.routing_mark, t.parent_id"
_PLACED = f"JOIN tenant_row t ON t.id = u.tenant_id {LOCK_JOIN}"
_GET_TO_CHANGE = HeldRead(
    f"SELECT {USER_COLUMNS}, {LOCK_COLUMNS}, {_PLACE} FROM user_row u {_PLACED}"
    " WHERE u.tenant_id = $1::uuid AND u.id = $2::uuid AND u.deleted_at IS NULL",
    of="u",
)
# Locks and reads at once. Whoever waited for the row sees it as it is now, but what is joined to it as it was before
# (see HeldRead): then the version that the statement began with is another one, and both are read again.
_GET_TO_EDIT = Statement(
    f"SELECT {USER_COLUMNS}, {LOCK_COLUMNS}, {_PLACE}, u.xmin = (SELECT s.xmin FROM user_row s"
    f" WHERE s.tenant_id = $1::uuid AND s.id = $2::uuid) AS settled FROM user_row u {_PLACED}"
    " WHERE u.tenant_id = $1::uuid AND u.id = $2::uuid AND u.deleted_at IS NULL FOR NO KEY UPDATE OF u",
    sqlite=f"SELECT {USER_COLUMNS}, {LOCK_COLUMNS}, {_PLACE}, 1 AS settled FROM user_row u {_PLACED}"
    " WHERE u.tenant_id = $1::uuid AND u.id = $2::uuid AND u.deleted_at IS NULL",
)
_BY_NAME = HeldRead(
    f"{USER} WHERE u.tenant_id = $1::uuid AND u.user_name_key = $2::text AND u.deleted_at IS NULL", of="u"
)
_BY_FORMER_NAME = HeldRead(
    f"SELECT {USER_COLUMNS}, {LOCK_COLUMNS} FROM alias_row a"
    f" JOIN user_row u ON u.tenant_id = a.tenant_id AND u.id = a.user_id {LOCK_JOIN}"
    " WHERE a.tenant_id = $1::uuid AND a.user_name_key = $2::text AND u.deleted_at IS NULL",
    of="u",
)
_BY_EXTERNAL_ID = HeldRead(
    f"SELECT {USER_COLUMNS}, {LOCK_COLUMNS} FROM user_link_row k"
    " JOIN user_row u ON u.tenant_id = k.tenant_id AND u.id = k.user_id"
    f" {LOCK_JOIN} WHERE k.tenant_id = $1::uuid AND k.source_id = $2::uuid AND k.external_id = $3::text",
    of="u",
)
_WAITING = HeldRead(
    "SELECT w.group_id, w.value, g.display_name FROM waiting_row w"
    " JOIN group_row g ON g.tenant_id = w.tenant_id AND g.id = w.group_id"
    " WHERE w.tenant_id = $1::uuid AND w.value = ANY($3::text[]) AND g.source_id = $2::uuid AND g.deleted_at IS NULL"
    " ORDER BY w.group_id, w.value",
    of="g",
)
_FACTS = HeldRead(
    "SELECT u.id, u.display_name, u.active, u.role_id, u.origin, u.decided_group_id, u.unlocked_role_id,"
    f" u.unlocked_group_id, {LOCK_COLUMNS} FROM user_row u {LOCK_JOIN}"
    " WHERE u.tenant_id = $1::uuid AND u.id = ANY($2::uuid[]) AND u.deleted_at IS NULL ORDER BY u.id",
    of="u",
)
_MAPPED_GROUPS = Statement(
    "SELECT m.user_id, m.group_id FROM member_row m"
    " JOIN mapping_row p ON p.tenant_id = m.tenant_id AND p.group_id = m.group_id"
    " WHERE m.tenant_id = $1::uuid AND m.user_id = ANY($2::uuid[]) AND NOT m.withheld"
)
_GROUPS = Statement(
    "SELECT m.user_id, g.id, g.display_name FROM member_row m"
    " JOIN group_row g ON g.tenant_id = m.tenant_id AND g.id = m.group_id"
    " WHERE m.tenant_id = $1::uuid AND m.user_id = ANY($2::uuid[]) AND NOT m.gone ORDER BY g.id"
)
_GROUP_IDS_TO_CHANGE = HeldRead(
    "SELECT g.id FROM member_row m JOIN group_row g ON g.tenant_id = m.tenant_id AND g.id = m.group_id"
    " WHERE m.tenant_id = $1::uuid AND m.user_id = $2::uuid AND NOT m.gone ORDER BY g.id",
    of="g",
)
_EXPIRED_LOCKS = Statement(
    "SELECT l.tenant_id, l.user_id FROM lock_row l JOIN user_row u ON u.tenant_id = l.tenant_id AND u.id = l.user_id"
    " WHERE l.until <= $1::timestamptz AND u.deleted_at IS NULL ORDER BY l.until LIMIT $2::bigint",
    house=True,
)


async def find_user(tenant_id: TenantId, user_id: UserId, *, source_id: SourceId | None = None) -> User | None:
    """Return a live user; with ``source_id`` only if that source owns it."""
    return _owned(await fetch_one(_GET, tenant_id, user_id), source_id)


async def find_user_to_change(
    tenant_id: TenantId, user_id: UserId, *, source_id: SourceId | None = None
) -> User | None:
    """Return a live user and hold its row until the unit ends."""
    return _owned(_placed(await _GET_TO_CHANGE.one(tenant_id, user_id)), source_id)


async def find_user_to_edit(tenant_id: TenantId, user_id: UserId, *, source_id: SourceId) -> User | None:
    """Return a live user of a source and hold its row until the unit ends: ``find_user_to_change`` in one statement.

    The lock that it tells of may have got another reason or end meanwhile, never another role.
    """
    row = _placed(await fetch_one(_GET_TO_EDIT, tenant_id, user_id))
    if row is not None and not row["settled"]:
        row = await fetch_one(_GET, tenant_id, user_id)
    return _owned(row, source_id)


def _placed(row: Row | None) -> Row | None:
    if row is not None:
        note_place(TenantId(row["tenant_id"]), Place(row["routing_mark"], row["parent_id"]))
    return row


def _owned(row: Row | None, source_id: SourceId | None) -> User | None:
    """Return the user if it is that source's, and the source did not delete it: the guard may have kept it."""
    if row is None:
        return None
    if source_id is not None and (row["source_id"] != source_id or row["reported_deleted_at"] is not None):
        return None
    return user_from(row)


async def find_by_name(tenant_id: TenantId, user_name: str) -> User | None:
    """Return the live user of that name, or formerly of that name if it still matches, whoever owns it."""
    key = name_key(user_name)
    row = await _BY_NAME.one(tenant_id, key) or await _BY_FORMER_NAME.one(tenant_id, key)
    return None if row is None else user_from(row)


async def find_by_external_id(tenant_id: TenantId, source_id: SourceId, external_id: str) -> tuple[User, bool] | None:
    """Return the user whom the source knows by that id, and whether it is deleted."""
    row = await _BY_EXTERNAL_ID.one(tenant_id, source_id, external_id)
    return None if row is None else (user_from(row), row["deleted_at"] is not None)


async def find_waiting(tenant_id: TenantId, source_id: SourceId, values: Sequence[str]) -> Arrival:
    """Return the groups of a source that wait for one of these values, and hold their rows."""
    rows = await _WAITING(tenant_id, source_id, list(values))
    return Arrival(
        waiting=tuple((GroupId(row["group_id"]), row["value"]) for row in rows),
        group_names={GroupId(row["group_id"]): row["display_name"] for row in rows},
    )


async def list_role_facts(tenant_id: TenantId, user_ids: Sequence[UserId]) -> list[RoleFacts]:
    """Return what the roles of these users are decided by, in the order of their ids, and hold their rows."""
    found: list[RoleFacts] = []
    for some in slices(user_ids):
        found += await _role_facts(tenant_id, some)
    return found


async def _role_facts(tenant_id: TenantId, user_ids: Sequence[UserId]) -> list[RoleFacts]:
    many = len(user_ids) >= ON_A_THREAD_ROWS
    rows = await _FACTS(tenant_id, list(user_ids), unbounded=many)
    groups = await mapped_groups_of(tenant_id, user_ids)
    return [
        RoleFacts(
            user_id=UserId(row["id"]),
            label=row["display_name"],
            active=row["active"],
            decision=decision_from(row),
            lock=lock_from(row),
            group_ids=groups.get(row["id"], frozenset()),
        )
        for row in rows
    ]


async def mapped_groups_of(tenant_id: TenantId, user_ids: Sequence[UserId]) -> dict[UUID, frozenset[GroupId]]:
    """Return for each user the mapped groups that have it; users in none are left out."""
    found: dict[UUID, set[GroupId]] = {}
    for row in await fetch(_MAPPED_GROUPS, tenant_id, list(user_ids), unbounded=len(user_ids) >= ON_A_THREAD_ROWS):
        found.setdefault(row["user_id"], set()).add(GroupId(row["group_id"]))
    return {user_id: frozenset(groups) for user_id, groups in found.items()}


async def list_groups_of(tenant_id: TenantId, user_ids: Sequence[UserId]) -> list[tuple[UserId, GroupId, str]]:
    """Return (user, group, name of the group) for every membership of these users."""
    one = len(user_ids) == 1
    rows = await (fetch(_GROUPS_OF_ONE, tenant_id, user_ids[0]) if one else fetch(_GROUPS, tenant_id, list(user_ids)))
    return [(UserId(row["user_id"]), GroupId(row["id"]), row["display_name"]) for row in rows]


async def group_ids_to_change(tenant_id: TenantId, user_id: UserId) -> tuple[GroupId, ...]:
    """Return the groups that have the user, and hold their rows."""
    rows = await _GROUP_IDS_TO_CHANGE(tenant_id, user_id)
    return tuple(GroupId(row["id"]) for row in rows)


async def list_expired_locks(now: datetime, limit: int) -> list[tuple[TenantId, UserId]]:
    """Return users of all tenants whose lock should have ended, the most overdue first."""
    rows = await fetch(_EXPIRED_LOCKS, now, limit)
    return [(TenantId(row["tenant_id"]), UserId(row["user_id"])) for row in rows]
