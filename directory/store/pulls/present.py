"""Who is in a source's groups now, by the ids of the source."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from directory.model import GroupId, JsonObject, SourceId, TenantId, UserId
from directory.pull_edges import Direct
from directory.store.compiled import Statement
from directory.store.insert import slices
from directory.store.rows import document_from
from directory.store.unit import fetch

_TEXTS = msgspec.json.Decoder(list[str])
_HERE = Statement(
    "SELECT k.external_id, g.id, g.display_name, g.member_count, g.waiting_count, g.nested_count, g.deleted_at,"
    " g.document"
    " FROM group_link_row k JOIN group_row g ON g.tenant_id = k.tenant_id AND g.id = k.group_id"
    " WHERE k.tenant_id = $1::uuid AND k.source_id = $2::uuid AND k.external_id = ANY($3::text[])"
    " AND g.source_id = k.source_id"
)
_CALLED = Statement(
    "SELECT k.external_id FROM group_link_row k WHERE k.tenant_id = $1::uuid AND k.source_id = $2::uuid"
    " AND k.group_id = ANY($3::uuid[])",
    sqlite="SELECT k.external_id FROM unnest($3::uuid[]) AS v (value)"
    " CROSS JOIN group_link_row k INDEXED BY link_of_group"
    " WHERE k.tenant_id = $1 AND k.group_id = v.value AND k.source_id = $2",
)
# One row for each group, with its members as one text: rows of their own would cost three times as much to read.
_MEMBERS = Statement(
    "SELECT m.group_id, json_agg(coalesce(k.external_id, m.user_id::text))::text AS members FROM member_row m"
    " LEFT JOIN user_link_row k ON k.tenant_id = m.tenant_id AND k.user_id = m.user_id AND k.source_id = $2::uuid"
    " WHERE m.tenant_id = $1::uuid AND m.group_id = ANY($3::uuid[]) AND NOT m.gone GROUP BY m.group_id",
    sqlite="SELECT m.group_id, json_group_array(coalesce(k.external_id, m.user_id)) AS members"
    " FROM member_row m INDEXED BY sqlite_autoindex_member_row_1 LEFT JOIN user_link_row k INDEXED BY link_of_user"
    " ON k.tenant_id = m.tenant_id AND k.user_id = m.user_id AND k.source_id = $2"
    " WHERE m.tenant_id = $1 AND m.group_id = ANY($3::uuid[]) AND NOT m.gone GROUP BY m.group_id",
)
_AMONG = Statement(
    "SELECT k.external_id AS member FROM user_link_row k JOIN member_row m ON m.tenant_id = k.tenant_id"
    " AND m.group_id = $3::uuid AND m.user_id = k.user_id WHERE k.tenant_id = $1::uuid AND k.source_id = $2::uuid"
    " AND k.external_id = ANY($4::text[]) AND NOT m.gone"
)
_WAITING = Statement(
    "SELECT group_id, value FROM waiting_row WHERE tenant_id = $1::uuid AND group_id = ANY($2::uuid[])"
)
_NESTED = Statement(
    "SELECT n.group_id, coalesce(k.external_id, n.nested_id::text) AS member FROM nested_row n"
    " LEFT JOIN group_link_row k ON k.tenant_id = n.tenant_id AND k.group_id = n.nested_id AND k.source_id = $2::uuid"
    " WHERE n.tenant_id = $1::uuid AND n.group_id = ANY($3::uuid[])"
)
_USERS = Statement(
    "SELECT k.external_id, u.id, u.display_name FROM user_link_row k JOIN user_row u ON u.tenant_id = k.tenant_id"
    " AND u.id = k.user_id WHERE k.tenant_id = $1::uuid AND k.source_id = $2::uuid AND k.external_id = ANY($3::text[])"
    " AND u.source_id = k.source_id AND u.deleted_at IS NULL AND u.reported_deleted_at IS NULL"
)
_OTHER_NAMES = Statement(
    "SELECT k.external_id, o.external_id AS other FROM user_link_row k JOIN user_link_row o"
    " ON o.tenant_id = k.tenant_id AND o.user_id = k.user_id AND o.source_id = k.source_id"
    " WHERE k.tenant_id = $1::uuid AND k.source_id = $2::uuid AND k.external_id = ANY($3::text[])"
    " AND o.external_id <> k.external_id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupHere:
    """A group as it is here, or its tombstone."""

    group_id: GroupId
    display_name: str
    member_count: int
    waiting_count: int
    nested_count: int
    document: JsonObject
    deleted: bool


async def groups_here(tenant_id: TenantId, source_id: SourceId, groups: Sequence[str]) -> dict[str, GroupHere]:
    """Return which of a source's groups are here, deleted ones included."""
    return {
        row["external_id"]: GroupHere(
            group_id=GroupId(row["id"]),
            display_name=row["display_name"],
            member_count=row["member_count"],
            waiting_count=row["waiting_count"],
            nested_count=row["nested_count"],
            document=document_from(row["document"]),
            deleted=row["deleted_at"] is not None,
        )
        for row in await fetch(_HERE, tenant_id, source_id, list(groups), unbounded=True)
    }


async def called_groups(tenant_id: TenantId, source_id: SourceId, group_ids: Sequence[GroupId]) -> list[str]:
    """Return by which ids the source knows groups; others than its own have none."""
    rows = await fetch(_CALLED, tenant_id, source_id, list(group_ids))
    return sorted(row["external_id"] for row in rows)


@dataclass(slots=True)
class Present:
    """Who is in a group as its source reported it; values that wait for their user are users."""

    direct: Direct = field(default_factory=Direct)
    waiting: set[str] = field(default_factory=set)


async def present_in(
    tenant_id: TenantId, source_id: SourceId, groups: Mapping[GroupId, GroupHere]
) -> dict[GroupId, Present]:
    """Return all members of groups."""
    found = await beside_members(tenant_id, source_id, groups)
    for some in slices(group_id for group_id, group in groups.items() if group.member_count):
        for row in await fetch(_MEMBERS, tenant_id, source_id, some, unbounded=True):
            found[GroupId(row["group_id"])].direct.users.update(_TEXTS.decode(row["members"]))
    return found


async def beside_members(
    tenant_id: TenantId, source_id: SourceId, groups: Mapping[GroupId, GroupHere]
) -> dict[GroupId, Present]:
    """Return what is in groups beside members: values that wait, and groups."""
    found = {group_id: Present() for group_id in groups}
    for some in slices(group_id for group_id, group in groups.items() if group.waiting_count):
        for row in await fetch(_WAITING, tenant_id, some, unbounded=True):
            present = found[GroupId(row["group_id"])]
            present.direct.users.add(row["value"])
            present.waiting.add(row["value"])
    for some in slices(group_id for group_id, group in groups.items() if group.nested_count):
        for row in await fetch(_NESTED, tenant_id, source_id, some, unbounded=True):
            found[GroupId(row["group_id"])].direct.groups.add(row["member"])
    return found


async def users_called(
    tenant_id: TenantId, source_id: SourceId, values: Collection[str]
) -> dict[str, tuple[UserId, str]]:
    """Return the source's users that these values name, with what people see of them."""
    found: dict[str, tuple[UserId, str]] = {}
    for some in slices(values):
        for row in await fetch(_USERS, tenant_id, source_id, some, unbounded=True):
            found[row["external_id"]] = UserId(row["id"]), row["display_name"]
    return found


async def members_among(
    tenant_id: TenantId, source_id: SourceId, group_id: GroupId, values: Collection[str]
) -> set[str]:
    """Return which of these users are members of a group; it costs what is asked, however many members there are."""
    found: set[str] = set()
    for some in slices(values):
        rows = await fetch(_AMONG, tenant_id, source_id, group_id, some, unbounded=True)
        found.update(row["member"] for row in rows)
    return found


async def other_names(tenant_id: TenantId, source_id: SourceId, values: Collection[str]) -> dict[str, set[str]]:
    """Return by which other ids the source knows users, too; hardly anybody has several."""
    found: dict[str, set[str]] = {}
    for some in slices(values):
        for row in await fetch(_OTHER_NAMES, tenant_id, source_id, some, unbounded=True):
            found.setdefault(row["external_id"], set()).add(row["other"])
    return found
