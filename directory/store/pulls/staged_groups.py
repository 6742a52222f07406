"""Groups whose members a run has something to say of, and what it says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from directory.model import SourceId, TenantId
from directory.pull_edges import APPLIED, AS_IS, StagedRow
from directory.pull_run import RunId
from directory.store.compiled import Statement
from directory.store.insert import Insert, slices
from directory.store.tables import columns_of
from directory.store.tables_pulls import StagedEdgeRow
from directory.store.unit import execute, fetch

_STAGED = (
    "SELECT e.group_ext AS ext_id, count(*) AS pages FROM staged_edge_row e WHERE e.tenant_id = $1::uuid"
    " AND e.run_id = $2::uuid AND e.group_ext > $3::text AND e.edges <> ''"
    " GROUP BY e.group_ext ORDER BY e.group_ext LIMIT $4::bigint"
)
# A whole pull names every group that is there; one of which it gives no members has none. Of one that could not be
# read nothing is known.
_NAMED = (
    "SELECT s.ext_id, 0 AS pages FROM seen_row s WHERE s.tenant_id = $1::uuid AND s.source_id = $5::uuid"
    " AND s.kind = 'group' AND s.ext_id > $3::text AND s.run_id = $2::uuid AND s.op = 'upsert' AND NOT s.gone"
    " AND NOT EXISTS (SELECT 1 FROM staged_edge_row e WHERE e.tenant_id = s.tenant_id AND e.run_id = s.run_id"
    " AND e.group_ext = s.ext_id AND e.edges = '') AND NOT EXISTS (SELECT 1 FROM run_reject_row r"
    " WHERE r.tenant_id = s.tenant_id AND r.run_id = s.run_id AND r.kind = 'group' AND r.ext_id = s.ext_id)"
    " ORDER BY s.ext_id LIMIT $4::bigint"
)
_SOME = Statement(_STAGED)
_ALL = Statement(
    f"SELECT ext_id, sum(pages)::bigint AS pages FROM (SELECT ext_id, pages FROM ({_STAGED}) AS staged"
    f" UNION ALL SELECT ext_id, pages FROM ({_NAMED}) AS named) AS touched"
    " GROUP BY ext_id ORDER BY ext_id LIMIT $4::bigint"
)
_ROWS = Statement(
    "SELECT group_ext, edges, complete FROM staged_edge_row WHERE tenant_id = $1::uuid AND run_id = $2::uuid"
    " AND group_ext = ANY($3::text[]) ORDER BY group_ext, seq"
)
_MARKS = Statement(
    "SELECT DISTINCT group_ext, edges = '' AS applied FROM staged_edge_row WHERE tenant_id = $1::uuid"
    " AND run_id = $2::uuid AND group_ext = ANY($3::text[])"
)
_CLEAR = Statement(
    "DELETE FROM staged_edge_row WHERE tenant_id = $1::uuid AND run_id = $2::uuid AND group_ext = ANY($3::text[])"
)
_CLEAR_APPLIED = Statement(
    "DELETE FROM staged_edge_row WHERE tenant_id = $1::uuid AND run_id = $2::uuid AND group_ext = ANY($3::text[])"
    " AND edges = ''"
)
_MARK = Insert("staged_edge_row", columns_of(StagedEdgeRow), "ON CONFLICT DO NOTHING")
_MARK_SEQ = -1
"""Before all pages."""


async def list_touched(
    tenant_id: TenantId, run_id: RunId, source_id: SourceId | None, *, after: str, limit: int
) -> list[tuple[str, int]]:
    """Return groups that the run has not applied yet, by id behind ``after``, and how many pages speak of each.

    With ``source_id`` also those that a whole pull named without a member.
    """
    if source_id is None:
        rows = await fetch(_SOME, tenant_id, run_id, after, limit, unbounded=True)
    else:
        rows = await fetch(_ALL, tenant_id, run_id, after, limit, source_id, unbounded=True)
    return [(row["ext_id"], int(row["pages"])) for row in rows]


async def staged_of(tenant_id: TenantId, run_id: RunId, groups: Sequence[str]) -> dict[str, list[StagedRow]]:
    """Return what the run says of groups, page by page."""
    found: dict[str, list[StagedRow]] = {group: [] for group in groups}
    for row in await fetch(_ROWS, tenant_id, run_id, list(groups), unbounded=True):
        found[row["group_ext"]].append(StagedRow(row["edges"], bool(row["complete"])))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """Of which groups a run has something to say, and which have it by now."""

    spoken: set[str]
    applied: set[str]


async def marks_of(tenant_id: TenantId, run_id: RunId, groups: Sequence[str]) -> Marks:
    """Return of which of some groups a run has something to say."""
    rows = await fetch(_MARKS, tenant_id, run_id, list(groups), unbounded=True)
    applied = {row["group_ext"] for row in rows if row["applied"]}
    return Marks(spoken={row["group_ext"] for row in rows} - applied, applied=applied)


async def mark_applied(tenant_id: TenantId, run_id: RunId, groups: Iterable[str]) -> None:
    """Forget what the run says of groups, since they have it."""
    for some in slices(groups):
        await execute(_CLEAR, tenant_id, run_id, some, unbounded=True)
        await _MARK((tenant_id, run_id, group, _MARK_SEQ, APPLIED, False) for group in some)


async def mark_inside(tenant_id: TenantId, run_id: RunId, groups: Iterable[str]) -> None:
    """Have groups looked at, too, since groups inside of them changed."""
    for some in slices(groups):
        await execute(_CLEAR_APPLIED, tenant_id, run_id, some)
        spoken = (await marks_of(tenant_id, run_id, some)).spoken
        await _MARK((tenant_id, run_id, group, _MARK_SEQ, AS_IS, False) for group in some if group not in spoken)


async def mark_empty(tenant_id: TenantId, run_id: RunId, group: str) -> None:
    """Say of a group that it has no direct member but those that the run names."""
    await _MARK.one((tenant_id, run_id, group, 0, AS_IS, True))
