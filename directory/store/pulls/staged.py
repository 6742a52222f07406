"""Writes of what a run stages beside users and groups: memberships, who is assigned, and what was rejected."""

from collections.abc import Sequence

from directory.model import TenantId
from directory.pull_run import RunId
from directory.store.compiled import Statement
from directory.store.insert import Insert
from directory.store.tables import columns_of
from directory.store.tables_pulls import RunRejectRow, StagedAssignedRow, StagedEdgeRow
from directory.store.unit import Row, execute, fetch, fetch_one

DROPPED_EDGES, DROPPED_ASSIGNED = 100, 1_000
"""Rows of one unit of work: those of edges have up to 50 kB each."""

_PUT_EDGES = Insert("staged_edge_row", columns_of(StagedEdgeRow))
_PUT_ASSIGNED = Insert("staged_assigned_row", columns_of(StagedAssignedRow), "ON CONFLICT DO NOTHING")
_PUT_REJECTS = Insert(
    "run_reject_row",
    columns_of(RunRejectRow),
    "ON CONFLICT (tenant_id, run_id, kind, ext_id) DO UPDATE SET reason = excluded.reason",
)
_DROP_EDGES = Statement(
    "DELETE FROM staged_edge_row WHERE tenant_id = $1::uuid AND run_id = $2::uuid AND (group_ext, seq) IN"
    " (SELECT group_ext, seq FROM staged_edge_row WHERE tenant_id = $1::uuid AND run_id = $2::uuid LIMIT $3::bigint)"
)
_DROP_ASSIGNED = Statement(
    "DELETE FROM staged_assigned_row WHERE tenant_id = $1::uuid AND run_id = $2::uuid AND (kind, ext_id) IN"
    " (SELECT kind, ext_id FROM staged_assigned_row WHERE tenant_id = $1::uuid AND run_id = $2::uuid LIMIT $3::bigint)"
)
_LEFT_OVER = Statement(
    "SELECT r.tenant_id, r.id FROM run_row r WHERE r.ended_at IS NOT NULL"
    " AND (EXISTS (SELECT 1 FROM staged_edge_row s WHERE s.tenant_id = r.tenant_id AND s.run_id = r.id)"
    " OR EXISTS (SELECT 1 FROM staged_assigned_row s WHERE s.tenant_id = r.tenant_id AND s.run_id = r.id)) LIMIT 1",
    house=True,
)
_REJECTS = Statement(
    "SELECT kind, ext_id, reason FROM run_reject_row WHERE tenant_id = $1::uuid AND run_id = $2::uuid"
    " AND (kind, ext_id) > ($3::text, $4::text) ORDER BY kind, ext_id LIMIT $5::bigint"
)
_COUNT_REJECTS = Statement(
    "SELECT count(*) AS rejects FROM run_reject_row WHERE tenant_id = $1::uuid AND run_id = $2::uuid"
)


async def put_edges(rows: Sequence[Sequence[object]]) -> None:
    """Stage memberships: tenant, run, group's ext id, seq, edges, complete."""
    await _PUT_EDGES(rows)


async def put_assigned(rows: Sequence[Sequence[object]]) -> None:
    """Stage who is assigned: tenant, run, kind, ext id."""
    await _PUT_ASSIGNED(rows)


async def put_rejects(rows: Sequence[Sequence[object]]) -> None:
    """Keep objects that cannot be taken over: tenant, run, kind, ext id, reason."""
    await _PUT_REJECTS(rows)


async def drop_edges(tenant_id: TenantId, run_id: RunId) -> int:
    """Delete some staged memberships of a run; returns how many, 0 when none is left."""
    return await execute(_DROP_EDGES, tenant_id, run_id, DROPPED_EDGES, unbounded=True)


async def drop_assigned(tenant_id: TenantId, run_id: RunId) -> int:
    """Delete some of those whom a run found assigned; returns how many, 0 when none is left."""
    return await execute(_DROP_ASSIGNED, tenant_id, run_id, DROPPED_ASSIGNED, unbounded=True)


async def find_left_over() -> Row | None:
    """Return tenant and id of a run that is over and still has something staged."""
    return await fetch_one(_LEFT_OVER)


async def list_rejects(tenant_id: TenantId, run_id: RunId, after: tuple[str, str], *, limit: int) -> list[Row]:
    """Return objects that a run could not take over, behind (kind, ext id)."""
    return await fetch(_REJECTS, tenant_id, run_id, *after, limit)


async def count_rejects(tenant_id: TenantId, run_id: RunId) -> int:
    """Return how many objects a run could not take over."""
    rows = await fetch(_COUNT_REJECTS, tenant_id, run_id, unbounded=True)
    return int(rows[0]["rejects"])
