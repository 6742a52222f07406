"""Rows that say as which group a group of a super tenant is in the tenants below, and how both are now."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from directory.model import GroupAttributes, GroupId, SourceId, TenantId, UserId
from directory.store.compiled import Statement
from directory.store.holding import runs_alone
from directory.store.insert import Insert, slices
from directory.store.rows import document_from
from directory.store.tables import columns_of
from directory.store.tables_routing import GroupRouteRow
from directory.store.unit import Row, execute, fetch, in_house

# Whoever renames a group, and whoever copies it, do so one after the other: the second sees what the first made.
_HOLD = Statement(
    "SELECT id FROM group_row WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[]) ORDER BY id FOR NO KEY UPDATE"
)
_HOLD_COPIES = Statement(
    "SELECT id FROM group_row WHERE tenant_id = ANY($1::uuid[]) AND id = ANY($2::uuid[]) ORDER BY tenant_id, id"
    " FOR NO KEY UPDATE",
    house=True,
)
# Whoever is reported to be in the group but withheld is not in it in effect; whoever is kept in it still is.
_ORIGINALS = Statement(
    "SELECT g.id, g.source_id, g.document, g.deleted_at, EXISTS (SELECT 1 FROM member_row m"
    " WHERE m.tenant_id = g.tenant_id AND m.group_id = g.id AND NOT m.withheld) AS has_members"
    " FROM group_row g WHERE g.tenant_id = $1::uuid AND g.id = ANY($2::uuid[])"
)
_COPY = (
    "SELECT r.group_id, r.to_tenant_id, r.rule_id, c.id, c.source_id, c.document, c.member_count"
    " FROM group_route_row r CROSS JOIN group_row c"
    " WHERE r.tenant_id = $1::uuid AND c.tenant_id = r.to_tenant_id AND c.id = r.copy_group_id"
    " AND c.deleted_at IS NULL"
)
_COPIES_OF = Statement(f"{_COPY} AND r.group_id = ANY($2::uuid[]) ORDER BY r.to_tenant_id, c.id")
_COPIES_IN = Statement(
    f"{_COPY} AND r.group_id = ANY($2::uuid[]) AND r.to_tenant_id = ANY($3::uuid[]) ORDER BY r.to_tenant_id, c.id"
)
_PUT = Insert(
    "group_route_row",
    columns_of(GroupRouteRow),
    "ON CONFLICT (tenant_id, group_id, to_tenant_id) DO UPDATE SET copy_group_id = excluded.copy_group_id,"
    " rule_id = excluded.rule_id",
)
_SET_RULE = Statement(
    "UPDATE group_route_row SET rule_id = $4::uuid"
    " WHERE tenant_id = $1::uuid AND group_id = $2::uuid AND to_tenant_id = $3::uuid"
)
_END = Statement(
    "DELETE FROM group_route_row WHERE tenant_id = $1::uuid AND group_id = $2::uuid AND to_tenant_id = $3::uuid"
)
# Ids of users are of one tenant only, so that two lists say as much as a list of pairs.
_MEMBERSHIPS = Statement(
    "SELECT m.tenant_id, m.group_id, m.user_id FROM member_row m CROSS JOIN group_row g CROSS JOIN source_row s"
    " WHERE m.tenant_id = ANY($1::uuid[]) AND m.user_id = ANY($2::uuid[]) AND NOT m.gone"
    " AND g.tenant_id = m.tenant_id AND g.id = m.group_id AND g.deleted_at IS NULL"
    " AND s.tenant_id = g.tenant_id AND s.id = g.source_id AND s.kind = 'routed'",
    house=True,
)
_GONE_OF_COPIES = Statement(
    "SELECT DISTINCT r.group_id FROM group_route_row r CROSS JOIN group_row g"
    " WHERE r.to_tenant_id = ANY($2::uuid[]) AND r.copy_group_id = ANY($3::uuid[]) AND r.tenant_id = $1::uuid"
    " AND g.tenant_id = r.tenant_id AND g.id = r.group_id AND g.deleted_at IS NOT NULL"
)
_GROUPS_AFTER = Statement(
    "SELECT g.id FROM group_row g WHERE g.tenant_id = $1::uuid AND g.id > $2::uuid AND (g.deleted_at IS NULL"
    " OR EXISTS (SELECT 1 FROM group_route_row r WHERE r.tenant_id = g.tenant_id AND r.group_id = g.id))"
    " ORDER BY g.id LIMIT $3::bigint"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """A group of the super tenant, or what its deletion left."""

    group_id: GroupId
    source_id: SourceId
    attributes: GroupAttributes
    deleted: bool
    has_members: bool
    """Whether anybody is in it in effect: of a deleted one, whom the guard keeps there."""

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is left."""
        return self.deleted and not self.has_members


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCopy:
    """What a group of the super tenant is in a tenant below."""

    original_id: GroupId
    tenant_id: TenantId
    copy_id: GroupId
    source_id: SourceId
    rule_id: UUID | None
    """The rule of the group's own that led it there; None: its members did."""
    attributes: GroupAttributes
    member_count: int


async def hold_originals(tenant_id: TenantId, group_ids: Collection[GroupId]) -> dict[GroupId, Original]:
    """Return groups of the super tenant, as ``find_originals``, that nobody else changes until the unit ends.

    Not for whoever holds users: a change of members holds the group first.
    """
    if not runs_alone():
        await fetch(_HOLD, tenant_id, list(group_ids))
    return await find_originals(tenant_id, group_ids)


async def hold_copies(copies: Collection[tuple[TenantId, GroupId]]) -> None:
    """Hold copies of groups, given as (tenant, copy), by tenant and id: the order in which everybody takes them.

    Before users leave a tenant and before memberships are changed, where there are several: units that take them one
    after the other as they come to them wait for each other in circles (measured).
    """
    if len(copies) > 1 and not runs_alone():
        async with in_house():
            await fetch(_HOLD_COPIES, sorted({one for one, _ in copies}), sorted({one for _, one in copies}))


async def find_originals(tenant_id: TenantId, group_ids: Collection[GroupId]) -> dict[GroupId, Original]:
    """Return groups of the super tenant, deleted ones too."""
    return {
        GroupId(row["id"]): Original(
            group_id=GroupId(row["id"]),
            source_id=SourceId(row["source_id"]),
            attributes=GroupAttributes(document_from(row["document"])),
            deleted=row["deleted_at"] is not None,
            has_members=bool(row["has_members"]),
        )
        for row in await fetch(_ORIGINALS, tenant_id, list(group_ids))
    }


async def list_copies(
    tenant_id: TenantId, group_ids: Collection[GroupId], tenant_ids: Collection[TenantId] | None = None
) -> list[GroupCopy]:
    """Return the live copies of groups, all or those in some tenants, by tenant."""
    async with in_house():
        if tenant_ids is None:
            rows = await fetch(_COPIES_OF, tenant_id, list(group_ids))
        else:
            rows = await fetch(_COPIES_IN, tenant_id, list(group_ids), list(tenant_ids))
    return [_copy_from(row) for row in rows]


async def put_routes(
    tenant_id: TenantId, routes: Sequence[tuple[GroupId, TenantId, UUID | None, GroupId]], now: datetime
) -> None:
    """Keep as which groups groups are in tenants: (original, tenant, rule, copy)."""
    await _PUT([(tenant_id, *route, now) for route in routes])


async def set_rule(tenant_id: TenantId, copy: GroupCopy, rule_id: UUID | None) -> None:
    """Note which rule leads a group to where it is."""
    await execute(_SET_RULE, tenant_id, copy.original_id, copy.tenant_id, rule_id)


async def end_route(tenant_id: TenantId, copy: GroupCopy) -> None:
    """Forget that a group is in a tenant."""
    await execute(_END, tenant_id, copy.original_id, copy.tenant_id)


async def memberships_of(copies: Mapping[UserId, TenantId]) -> dict[TenantId, set[tuple[GroupId, UserId]]]:
    """Return in which routed groups these users of tenants below are, as reported: pairs (group, user) by tenant."""
    found: dict[TenantId, set[tuple[GroupId, UserId]]] = {tenant_id: set() for tenant_id in copies.values()}
    async with in_house():
        for some in slices(sorted(copies)):
            for row in await fetch(_MEMBERSHIPS, sorted({copies[one] for one in some}), some):
                found[TenantId(row["tenant_id"])].add((GroupId(row["group_id"]), UserId(row["user_id"])))
    return found


async def deleted_originals(tenant_id: TenantId, copies: Collection[tuple[TenantId, GroupId]]) -> list[GroupId]:
    """Return the originals of copies of groups, given as (tenant, copy), that are deleted above."""
    tenants, ids = sorted({one for one, _ in copies}), sorted({one for _, one in copies})
    async with in_house():
        rows = await fetch(_GONE_OF_COPIES, tenant_id, tenants, ids)
    return [GroupId(row["group_id"]) for row in rows]


async def groups_after(tenant_id: TenantId, after: UUID, *, limit: int) -> list[GroupId]:
    """Return the groups that a walk looks at: those there are, and deleted ones that have copies."""
    return [GroupId(row["id"]) for row in await fetch(_GROUPS_AFTER, tenant_id, after, limit)]


def _copy_from(row: Row) -> GroupCopy:
    return GroupCopy(
        original_id=GroupId(row["group_id"]),
        tenant_id=TenantId(row["to_tenant_id"]),
        copy_id=GroupId(row["id"]),
        source_id=SourceId(row["source_id"]),
        rule_id=row["rule_id"],
        attributes=GroupAttributes(document_from(row["document"])),
        member_count=row["member_count"],
    )
