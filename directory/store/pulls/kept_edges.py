"""Direct members of groups whose members here are others: of groups that contain groups, and of groups not here."""

from collections.abc import Collection, Iterable, Sequence

from directory.model import SourceId, TenantId
from directory.pull_edges import Direct
from directory.store.compiled import Statement
from directory.store.insert import Insert, slices
from directory.store.tables import columns_of
from directory.store.tables_pulls import OuterEdgeRow
from directory.store.unit import execute, fetch

_KEPT = Statement(
    "SELECT group_ext, member_ext, is_group FROM outer_edge_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid"
    " AND group_ext = ANY($3::text[])"
)
# Circles end by themselves: UNION keeps each group once.
_AROUND = Statement(
    "WITH RECURSIVE around (ext_id) AS (SELECT v.ext_id FROM unnest($3::text[]) AS v (ext_id)"
    " UNION SELECT e.group_ext FROM outer_edge_row e JOIN around a ON e.member_ext = a.ext_id"
    " WHERE e.tenant_id = $1::uuid AND e.source_id = $2::uuid AND e.is_group) SELECT ext_id FROM around",
    sqlite="WITH RECURSIVE around (ext_id) AS (SELECT v.ext_id FROM unnest($3::text[]) AS v (ext_id)"
    " UNION SELECT e.group_ext FROM around a CROSS JOIN outer_edge_row e INDEXED BY outer_edge_inner"
    " WHERE e.tenant_id = $1::uuid AND e.source_id = $2::uuid AND e.member_ext = a.ext_id AND e.is_group)"
    " SELECT ext_id FROM around",
)
_PUT = Insert(
    "outer_edge_row",
    columns_of(OuterEdgeRow),
    "ON CONFLICT (tenant_id, source_id, group_ext, member_ext) DO UPDATE SET is_group = excluded.is_group",
)
_DROP = Statement(
    "DELETE FROM outer_edge_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND group_ext = $3::text"
    " AND member_ext = ANY($4::text[])"
)
_FORGET = Statement(
    "DELETE FROM outer_edge_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND group_ext = ANY($3::text[])"
)


async def kept_of(tenant_id: TenantId, source_id: SourceId, groups: Sequence[str]) -> dict[str, Direct]:
    """Return the direct members of those of the groups whose are kept."""
    found: dict[str, Direct] = {}
    for row in await fetch(_KEPT, tenant_id, source_id, list(groups), unbounded=True):
        direct = found.setdefault(row["group_ext"], Direct())
        (direct.groups if row["is_group"] else direct.users).add(row["member_ext"])
    return found


async def groups_around(tenant_id: TenantId, source_id: SourceId, groups: Collection[str]) -> set[str]:
    """Return all groups that contain one of these, directly or not, without these."""
    found: set[str] = set()
    for some in slices(groups):
        found.update(row["ext_id"] for row in await fetch(_AROUND, tenant_id, source_id, some, unbounded=True))
    return found - set(groups)


async def put_kept(tenant_id: TenantId, source_id: SourceId, group: str, before: Direct, after: Direct) -> None:
    """Keep other direct members of a group than before."""
    left = (before.users | before.groups) - (after.users | after.groups)
    for some in slices(left):
        await execute(_DROP, tenant_id, source_id, group, some, unbounded=True)
    come = [(member, False) for member in after.users - before.users]
    come += [(member, True) for member in after.groups - before.groups]
    await _PUT((tenant_id, source_id, group, member, is_group) for member, is_group in come)


async def forget_kept(tenant_id: TenantId, source_id: SourceId, groups: Iterable[str]) -> None:
    """Forget the direct members of groups."""
    for some in slices(groups):
        await execute(_FORGET, tenant_id, source_id, some, unbounded=True)
