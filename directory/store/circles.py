"""Reads of groups and of the members that a request names; no read loads a group's members to change one."""

from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from directory.model import Group, GroupId, Member, NestedGroup, SourceId, TenantId, UserId, WaitingMember
from directory.store.compiled import CompiledQuery, Statement
from directory.store.holding import HeldRead
from directory.store.insert import ON_A_THREAD_ROWS, slices
from directory.store.rows import group_from, member_from, nested_from, waiting_from
from directory.store.tables import GroupRow
from directory.store.unit import Row, current_engine, fetch, fetch_one
from directory.threads import worked_out

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
_BY_EXTERNAL_ID = HeldRead(
    "SELECT g.* FROM group_link_row k JOIN group_row g ON g.tenant_id = k.tenant_id AND g.id = k.group_id"
    " WHERE k.tenant_id = $1::uuid AND k.source_id = $2::uuid AND k.external_id = $3::text",
    of="g",
)
_BY_IDS = (
    "SELECT id, display_name FROM user_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND id = ANY($3::uuid[])"
    " AND deleted_at IS NULL AND reported_deleted_at IS NULL ORDER BY id"
)
# CROSS JOIN: SQLite would rather walk all users of the source (0.1 s of 100,000, measured) than look up a few links.
_BY_EXTERNAL_IDS = (
    "SELECT u.id, u.display_name, k.external_id FROM user_link_row k CROSS JOIN user_row u"
    " WHERE u.tenant_id = k.tenant_id AND u.id = k.user_id"
    " AND k.tenant_id = $1::uuid AND k.source_id = $2::uuid AND k.external_id = ANY($3::text[])"
    # Whoever belongs to another source since is still known by its former id, and no member of anything by it.
    " AND u.source_id = k.source_id AND u.deleted_at IS NULL AND u.reported_deleted_at IS NULL ORDER BY u.id"
)
_USERS_BY_ID = Statement(f"{_BY_IDS} FOR NO KEY UPDATE")
_USERS_BY_EXTERNAL_ID = Statement(f"{_BY_EXTERNAL_IDS} FOR NO KEY UPDATE OF u")
_LOOK_BY_ID = Statement(_BY_IDS)
_LOOK_BY_EXTERNAL_ID = Statement(_BY_EXTERNAL_IDS)
_MEMBERS_AMONG = Statement(
    "SELECT user_id, label, gone, withheld FROM member_row"
    " WHERE tenant_id = $1::uuid AND group_id = $2::uuid AND user_id = ANY($3::uuid[])"
)
_GROUPS_BY_ID = Statement(
    "SELECT id FROM group_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND id = ANY($3::uuid[])"
    " AND deleted_at IS NULL ORDER BY id FOR KEY SHARE"
)
_GROUPS_BY_EXTERNAL_ID = Statement(
    "SELECT g.id, k.external_id AS value FROM group_link_row k"
    " JOIN group_row g ON g.tenant_id = k.tenant_id AND g.id = k.group_id"
    " WHERE k.tenant_id = $1::uuid AND k.source_id = $2::uuid AND k.external_id = ANY($3::text[])"
    " AND g.deleted_at IS NULL ORDER BY g.id FOR KEY SHARE OF g"
)
_NESTED = Statement("SELECT nested_id, label FROM nested_row WHERE tenant_id = $1::uuid AND group_id = $2::uuid")
_NESTED_OF = Statement(
    "SELECT n.group_id, g.id, g.display_name, n.label FROM nested_row n"
    " JOIN group_row g ON g.tenant_id = n.tenant_id AND g.id = n.nested_id"
    " WHERE n.tenant_id = $1::uuid AND n.group_id = ANY($2::uuid[]) ORDER BY n.group_id, n.nested_id"
)
_OTHER_MEMBERS = Statement(
    "SELECT user_id, withheld FROM member_row"
    " WHERE tenant_id = $1::uuid AND group_id = $2::uuid AND NOT gone AND user_id <> ALL($3::uuid[])"
)
_MEMBER_IDS = Statement(
    "SELECT user_id, withheld FROM member_row"
    " WHERE tenant_id = $1::uuid AND group_id = $2::uuid AND NOT gone ORDER BY user_id"
)
_WAITING_AMONG = Statement(
    "SELECT value FROM waiting_row WHERE tenant_id = $1::uuid AND group_id = $2::uuid AND value = ANY($3::text[])"
)
_WAITING_ALL = Statement(
    "SELECT value, since FROM waiting_row WHERE tenant_id = $1::uuid AND group_id = $2::uuid"
    " ORDER BY since, value LIMIT $3::bigint"
)
_MEMBER_PAGE = Statement(
    "SELECT u.id, u.user_name, u.display_name, m.label FROM member_row m"
    " JOIN user_row u ON u.tenant_id = m.tenant_id AND u.id = m.user_id"
    " WHERE m.tenant_id = $1::uuid AND m.group_id = $2::uuid AND m.user_id > $3::uuid AND NOT m.gone"
    " ORDER BY m.user_id LIMIT $4::bigint"
)
_MEMBERS_OF = Statement(
    "SELECT m.group_id, u.id, u.user_name, u.display_name, m.label FROM member_row m"
    " JOIN user_row u ON u.tenant_id = m.tenant_id AND u.id = m.user_id"
    " WHERE m.tenant_id = $1::uuid AND m.group_id = ANY($2::uuid[]) AND NOT m.gone ORDER BY m.group_id, m.user_id"
)
_PLACE = CompiledQuery(
    lambda tenant_id, group_id: GroupRow.select(GroupRow.display_name_key).where(
        (GroupRow.tenant_id == tenant_id) & (GroupRow.id == group_id)
    )
)
# PostgreSQL only: a group that begins to wait for a user and the user's arrival must not miss each other. Sorted, so
# that two units never wait for each other.
_HOLD_NAMES = Statement(
    "SELECT pg_advisory_xact_lock(hashtextextended($1::text || t.part, 0)) FROM (SELECT DISTINCT"
    " abs(hashtextextended(value, 0) % 256) AS part FROM unnest($2::text[]) AS v (value) ORDER BY 1) t",
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
    row = await _BY_EXTERNAL_ID.one(tenant_id, source_id, external_id)
    return None if row is None else (group_from(row), row["deleted_at"] is not None)


class NamedUser(NamedTuple):
    """A user that a value names, and what people see."""

    user_id: UserId
    display_name: str


async def users_named(
    tenant_id: TenantId, source_id: SourceId, values: Collection[str], *, by_external_id: bool = False
) -> dict[str, NamedUser]:
    """Return the source's live users that these values name, by our id or by externalId; their rows stay.

    ``by_external_id`` says what is looked at first.
    """
    ways = (_by_external_id, _by_id) if by_external_id else (_by_id, _by_external_id)
    named: dict[str, NamedUser] = {}
    for some in slices(values):
        for way in ways:
            if rest := [value for value in some if value not in named]:
                named |= await way(tenant_id, source_id, rest)
    return named


async def _by_id(tenant_id: TenantId, source_id: SourceId, values: Sequence[str]) -> dict[str, NamedUser]:
    by_id = {user_id: value for value in values if (user_id := parsed_id(value)) is not None}
    if not by_id:
        return {}
    many = len(by_id) >= ON_A_THREAD_ROWS
    rows = await fetch(_USERS_BY_ID, tenant_id, source_id, list(by_id), unbounded=many)
    return {by_id[row["id"]]: NamedUser(UserId(row["id"]), row["display_name"]) for row in rows}


async def _by_external_id(tenant_id: TenantId, source_id: SourceId, values: Sequence[str]) -> dict[str, NamedUser]:
    many = len(values) >= ON_A_THREAD_ROWS
    rows = await fetch(_USERS_BY_EXTERNAL_ID, tenant_id, source_id, values, unbounded=many)
    return {row["external_id"]: NamedUser(UserId(row["id"]), row["display_name"]) for row in rows}


async def groups_named(tenant_id: TenantId, source_id: SourceId, values: Collection[str]) -> dict[str, GroupId]:
    """Return the source's live groups that these values name, by our id or by externalId; their rows stay."""
    by_id = {group_id: value for value in values if (group_id := parsed_id(value)) is not None}
    rows: list[Row] = []
    for some in slices(by_id):
        rows += await fetch(_GROUPS_BY_ID, tenant_id, source_id, some, unbounded=len(some) >= ON_A_THREAD_ROWS)
    named = {by_id[row["id"]]: GroupId(row["id"]) for row in rows}
    for rest in slices([value for value in values if value not in named]):
        many = len(rest) >= ON_A_THREAD_ROWS
        found = await fetch(_GROUPS_BY_EXTERNAL_ID, tenant_id, source_id, rest, unbounded=many)
        named |= {row["value"]: GroupId(row["id"]) for row in found}
    return named


async def nested_in(tenant_id: TenantId, group_id: GroupId) -> dict[GroupId, str | None]:
    """Return the groups that are members of a group, with their labels."""
    return {GroupId(row["nested_id"]): row["label"] for row in await fetch(_NESTED, tenant_id, group_id)}


async def nested_of(tenant_id: TenantId, group_ids: Sequence[GroupId]) -> dict[GroupId, list[NestedGroup]]:
    """Return the groups that are members of these groups."""
    found: dict[GroupId, list[NestedGroup]] = {group_id: [] for group_id in group_ids}
    for row in await fetch(_NESTED_OF, tenant_id, list(group_ids)):
        found[GroupId(row["group_id"])].append(nested_from(row))
    return found


async def hold_unknown(tenant_id: TenantId, source_id: SourceId, values: Collection[str]) -> None:
    """Hold those of the values that name nobody yet, before any row is held: everybody holds names first.

    Otherwise an arriving user, which holds its name and then wants the groups that wait for it, and a group that is
    held and wants the name, would wait for each other.
    """
    if not values or current_engine().engine_type == "sqlite":
        return
    ids = [user_id for value in values if (user_id := parsed_id(value)) is not None]
    known = {str(row["id"]) for row in await fetch(_LOOK_BY_ID, tenant_id, source_id, ids)} if ids else set()
    rest = [value for value in values if value not in known]
    if rest:
        found = await fetch(_LOOK_BY_EXTERNAL_ID, tenant_id, source_id, rest)
        await hold_names(tenant_id, source_id, set(rest) - {row["external_id"] for row in found})


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


class Membership(NamedTuple):
    """A user in a group: reported unless ``gone``, in effect unless ``withheld``."""

    label: str | None
    gone: bool
    withheld: bool


async def members_among(
    tenant_id: TenantId, group_id: GroupId, user_ids: Collection[UserId]
) -> dict[UserId, Membership]:
    """Return which of these users are members, as reported or in effect."""
    found: dict[UserId, Membership] = {}
    for some in slices(user_ids):
        many = len(some) >= ON_A_THREAD_ROWS
        rows = await fetch(_MEMBERS_AMONG, tenant_id, group_id, some, unbounded=many)
        found |= {UserId(row["user_id"]): Membership(row["label"], row["gone"], row["withheld"]) for row in rows}
    return found


async def members_besides(tenant_id: TenantId, group_id: GroupId, user_ids: Collection[UserId]) -> dict[UserId, bool]:
    """Return the members that are none of these users, and whether they are withheld.

    That is who leaves when a list replaces all members.
    """
    rows = await fetch(_OTHER_MEMBERS, tenant_id, group_id, list(user_ids), unbounded=True)
    return {UserId(row["user_id"]): row["withheld"] for row in rows}


async def member_ids(tenant_id: TenantId, group_id: GroupId) -> dict[UserId, bool]:
    """Return all members of a group that ends, in the order of their ids, and whether they are withheld."""
    rows = await fetch(_MEMBER_IDS, tenant_id, group_id, unbounded=True)
    return {UserId(row["user_id"]): row["withheld"] for row in rows}


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
    rows = await fetch(_MEMBERS_OF, tenant_id, list(group_ids), unbounded=True)

    def by_group() -> dict[GroupId, list[Member]]:
        found: dict[GroupId, list[Member]] = {group_id: [] for group_id in group_ids}
        for row in rows:
            found[GroupId(row["group_id"])].append(member_from(row))
        return found

    return await worked_out(by_group, count=len(rows))


async def place_of(tenant_id: TenantId, group_id: GroupId | None) -> tuple[str, UUID]:
    """Return the place of a group in the order of names, as (name key, id); without a group the place before all."""
    if group_id is None:
        return "", _FIRST_ID
    row = await fetch_one(_PLACE, tenant_id, group_id)
    return ("", _FIRST_ID) if row is None else (row["display_name_key"], group_id)
