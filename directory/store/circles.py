"""Reads of groups and of the members that a request names; no read loads a group's members to change one."""

from collections.abc import Collection, Sequence
from uuid import UUID

from directory.model import Group, GroupId, Member, SourceId, TenantId, UserId, WaitingMember
from directory.store.compiled import CompiledQuery, Statement
from directory.store.rows import group_from, member_from, waiting_from
from directory.store.tables import GroupRow
from directory.store.unit import Row, current_engine, fetch, fetch_one

_GET = CompiledQuery(
    lambda tenant_id, group_id: GroupRow.select().where(
        (GroupRow.tenant_id == tenant_id) & (GroupRow.id == group_id) & GroupRow.deleted_at.is_null()
    )
)
_GET_EVEN_GONE = CompiledQuery(
    lambda tenant_id, group_id: GroupRow.select().where((GroupRow.tenant_id == tenant_id) & (GroupRow.id == group_id))
)
_GET_TO_CHANGE = Statement(
    "SELECT * FROM group_row WHERE tenant_id = $1::uuid AND id = $2::uuid AND deleted_at IS NULL FOR NO KEY UPDATE"
)
_BY_EXTERNAL_ID = Statement(
    "SELECT g.* FROM group_link_row k JOIN group_row g ON g.tenant_id = k.tenant_id AND g.id = k.group_id"
    " WHERE k.tenant_id = $1::uuid AND k.source_id = $2::uuid AND k.external_id = $3::text FOR NO KEY UPDATE OF g"
)
_USERS_BY_ID = Statement(
    "SELECT id FROM user_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND id = ANY($3::uuid[])"
    " AND deleted_at IS NULL ORDER BY id FOR SHARE"
)
_USERS_BY_EXTERNAL_ID = Statement(
    "SELECT u.id, k.external_id FROM user_link_row k"
    " JOIN user_row u ON u.tenant_id = k.tenant_id AND u.id = k.user_id"
    " WHERE k.tenant_id = $1::uuid AND k.source_id = $2::uuid AND k.external_id = ANY($3::text[])"
    " AND u.deleted_at IS NULL ORDER BY u.id FOR SHARE OF u"
)
_MEMBERS_AMONG = Statement(
    "SELECT user_id FROM member_row WHERE tenant_id = $1::uuid AND group_id = $2::uuid AND user_id = ANY($3::uuid[])"
)
_OTHER_MEMBERS = Statement(
    "SELECT user_id FROM member_row WHERE tenant_id = $1::uuid AND group_id = $2::uuid AND user_id <> ALL($3::uuid[])"
)
_MEMBER_IDS = Statement(
    "SELECT user_id FROM member_row WHERE tenant_id = $1::uuid AND group_id = $2::uuid ORDER BY user_id"
)
_WAITING_AMONG = Statement(
    "SELECT value FROM waiting_row WHERE tenant_id = $1::uuid AND group_id = $2::uuid AND value = ANY($3::text[])"
)
_WAITING_ALL = Statement(
    "SELECT value, since FROM waiting_row WHERE tenant_id = $1::uuid AND group_id = $2::uuid"
    " ORDER BY since, value LIMIT $3::bigint"
)
_MEMBER_PAGE = Statement(
    "SELECT u.id, u.user_name, u.display_name FROM member_row m"
    " JOIN user_row u ON u.tenant_id = m.tenant_id AND u.id = m.user_id"
    " WHERE m.tenant_id = $1::uuid AND m.group_id = $2::uuid AND m.user_id > $3::uuid"
    " ORDER BY m.user_id LIMIT $4::bigint"
)
_MEMBERS_OF = Statement(
    "SELECT m.group_id, u.id, u.user_name, u.display_name FROM member_row m"
    " JOIN user_row u ON u.tenant_id = m.tenant_id AND u.id = m.user_id"
    " WHERE m.tenant_id = $1::uuid AND m.group_id = ANY($2::uuid[]) ORDER BY m.group_id, m.user_id"
)
_PLACE = CompiledQuery(
    lambda tenant_id, group_id: GroupRow.select(GroupRow.display_name_key).where(
        (GroupRow.tenant_id == tenant_id) & (GroupRow.id == group_id)
    )
)
# PostgreSQL only: a group that begins to wait for a user and the user's arrival must not miss each other. Sorted, so
# that two units never wait for each other.
_HOLD_NAMES = Statement(
    "SELECT pg_advisory_xact_lock(t.name) FROM (SELECT hashtextextended($1::text || value, 0) AS name"
    " FROM unnest($2::text[]) AS v (value) ORDER BY 1) t",
)
_FIRST_ID = UUID(int=0)
_ALL = 1 << 40


async def find_group(
    tenant_id: TenantId, group_id: GroupId, *, source_id: SourceId | None = None, gone: bool = False
) -> Group | None:
    """Return a live group, or a tombstone too if ``gone``; with ``source_id`` only if that source owns it."""
    return _owned(await fetch_one(_GET_EVEN_GONE if gone else _GET, tenant_id, group_id), source_id)


async def find_group_to_change(
    tenant_id: TenantId, group_id: GroupId, *, source_id: SourceId | None = None
) -> Group | None:
    """Return a live group and hold its row until the unit ends."""
    return _owned(await fetch_one(_GET_TO_CHANGE, tenant_id, group_id), source_id)


def _owned(row: Row | None, source_id: SourceId | None) -> Group | None:
    if row is None or (source_id is not None and row["source_id"] != source_id):
        return None
    return group_from(row)


async def find_group_by_external_id(
    tenant_id: TenantId, source_id: SourceId, external_id: str
) -> tuple[Group, bool] | None:
    """Return the group that the source knows by that id, and whether it is deleted."""
    row = await fetch_one(_BY_EXTERNAL_ID, tenant_id, source_id, external_id)
    return None if row is None else (group_from(row), row["deleted_at"] is not None)


async def users_named(tenant_id: TenantId, source_id: SourceId, values: Collection[str]) -> dict[str, UserId]:
    """Return the source's live users that these values name, by our id or by externalId; their rows stay."""
    by_id = {user_id: value for value in values if (user_id := parsed_id(value)) is not None}
    named: dict[str, UserId] = {}
    if by_id:
        rows = await fetch(_USERS_BY_ID, tenant_id, source_id, list(by_id))
        named = {by_id[row["id"]]: UserId(row["id"]) for row in rows}
    rest = [value for value in values if value not in named]
    if rest:
        rows = await fetch(_USERS_BY_EXTERNAL_ID, tenant_id, source_id, rest)
        named |= {row["external_id"]: UserId(row["id"]) for row in rows}
    return named


async def hold_names(tenant_id: TenantId, source_id: SourceId, values: Collection[str]) -> None:
    """Let one unit at a time find out whether anybody is, or waits for, one of these until it ends.

    SQLite has one unit at a time anyhow.
    """
    if values and current_engine().engine_type != "sqlite":
        await fetch(_HOLD_NAMES, f"{tenant_id}/{source_id}/", sorted(values))


def parsed_id(value: str) -> UUID | None:
    """Return the id that a text is in its one canonical form, or None."""
    try:
        found = UUID(value)
    except ValueError:
        return None
    return found if str(found) == value else None


async def members_among(tenant_id: TenantId, group_id: GroupId, user_ids: Collection[UserId]) -> set[UserId]:
    """Return which of these users are members."""
    if not user_ids:
        return set()
    return {UserId(row["user_id"]) for row in await fetch(_MEMBERS_AMONG, tenant_id, group_id, list(user_ids))}


async def members_besides(tenant_id: TenantId, group_id: GroupId, user_ids: Collection[UserId]) -> list[UserId]:
    """Return the members that are none of these users: who leaves when a list replaces all members."""
    rows = await fetch(_OTHER_MEMBERS, tenant_id, group_id, list(user_ids), unbounded=True)
    return [UserId(row["user_id"]) for row in rows]


async def member_ids(tenant_id: TenantId, group_id: GroupId) -> list[UserId]:
    """Return all members of a group that ends."""
    rows = await fetch(_MEMBER_IDS, tenant_id, group_id, unbounded=True)
    return [UserId(row["user_id"]) for row in rows]


async def waiting_among(tenant_id: TenantId, group_id: GroupId, values: Collection[str]) -> set[str]:
    """Return which of these values already wait."""
    if not values:
        return set()
    return {row["value"] for row in await fetch(_WAITING_AMONG, tenant_id, group_id, list(values))}


async def list_waiting(tenant_id: TenantId, group_id: GroupId, *, limit: int | None = None) -> list[WaitingMember]:
    """Return what waits, the oldest first."""
    rows = await fetch(_WAITING_ALL, tenant_id, group_id, _ALL if limit is None else limit)
    return [waiting_from(row) for row in rows]


async def list_members(tenant_id: TenantId, group_id: GroupId, *, after: UserId | None, limit: int) -> list[Member]:
    """Return a page of members in the order of their ids, after the given one."""
    rows = await fetch(_MEMBER_PAGE, tenant_id, group_id, _FIRST_ID if after is None else after, limit)
    return [member_from(row) for row in rows]


async def members_of(tenant_id: TenantId, group_ids: Sequence[GroupId]) -> dict[GroupId, list[Member]]:
    """Return all members of these groups, read away from the event loop's thread."""
    found: dict[GroupId, list[Member]] = {group_id: [] for group_id in group_ids}
    for row in await fetch(_MEMBERS_OF, tenant_id, list(group_ids), unbounded=True):
        found[GroupId(row["group_id"])].append(member_from(row))
    return found


async def place_of(tenant_id: TenantId, group_id: GroupId | None) -> tuple[str, UUID]:
    """Return the place of a group in the order of names, as (name key, id); without a group the place before all."""
    if group_id is None:
        return "", _FIRST_ID
    row = await fetch_one(_PLACE, tenant_id, group_id)
    return ("", _FIRST_ID) if row is None else (row["display_name_key"], group_id)
