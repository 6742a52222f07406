"""Reads and writes of what the directory elsewhere said last of each user and group, as pages come in."""

from collections.abc import Sequence

from directory.model import SourceId, TenantId
from directory.pull_run import RunId
from directory.store.compiled import Statement
from directory.store.insert import ON_A_THREAD_ROWS, Insert
from directory.store.tables import columns_of
from directory.store.tables_pulls import SeenRow
from directory.store.unit import Row, execute, fetch, fetch_one

_COLUMNS = ("tenant_id", "source_id", "kind", "ext_id", "op", "reason", "said", "given", "hash", "run_id", "pending")
_FIND = Statement(
    "SELECT ext_id, op, reason, said, hash, applied_hash, pending, gone, given IS NOT NULL AS sampled"
    " FROM seen_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND kind = $3::text"
    " AND ext_id = ANY($4::text[])"
)
_PUT = Insert(
    "seen_row",
    columns_of(SeenRow, *_COLUMNS),
    "ON CONFLICT (tenant_id, source_id, kind, ext_id) DO UPDATE SET op = excluded.op, reason = excluded.reason,"
    " said = excluded.said, given = coalesce(excluded.given, seen_row.given), hash = excluded.hash,"
    " run_id = excluded.run_id, pending = excluded.pending, gone = FALSE, missing_run_id = NULL, missing_at = NULL",
)
_STAMP = Statement(
    "UPDATE seen_row SET run_id = $4::uuid, missing_run_id = NULL, missing_at = NULL"
    " WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND kind = $3::text AND ext_id = ANY($5::text[])"
)
_SAMPLES = Statement(
    "SELECT count(*) AS samples FROM (SELECT 1 FROM seen_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid"
    " AND kind = 'user' AND given IS NOT NULL LIMIT $3::bigint) AS kept",
    sqlite="SELECT count(*) AS samples FROM (SELECT 1 FROM seen_row INDEXED BY seen_given WHERE tenant_id = $1"
    " AND source_id = $2 AND kind = 'user' AND given IS NOT NULL LIMIT $3) AS kept",
)
_OF_RUN = Statement(
    "SELECT ext_id FROM seen_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND kind = 'user'"
    " AND run_id = $3::uuid LIMIT 1"
)


async def find_said(tenant_id: TenantId, source_id: SourceId, kind: str, ext_ids: Sequence[str]) -> list[Row]:
    """Return what is known of these objects."""
    return await fetch(_FIND, tenant_id, source_id, kind, ext_ids, unbounded=len(ext_ids) >= ON_A_THREAD_ROWS)


async def put_said(rows: Sequence[Sequence[object]]) -> None:
    """Keep what was said: tenant, source, kind, ext id, op, reason, said, given, hash, run, pending."""
    await _PUT(rows)


async def stamp_said(
    tenant_id: TenantId, source_id: SourceId, kind: str, run_id: RunId, ext_ids: Sequence[str]
) -> None:
    """Note that a run has seen these objects as they were; unknown ones are left out."""
    many = len(ext_ids) >= ON_A_THREAD_ROWS
    await execute(_STAMP, tenant_id, source_id, kind, run_id, ext_ids, unbounded=many)


async def count_samples(tenant_id: TenantId, source_id: SourceId, limit: int) -> int:
    """Return of how many users it is kept what the rules were given; ``limit`` when there are as many or more."""
    row = await fetch_one(_SAMPLES, tenant_id, source_id, limit)
    return 0 if row is None else int(row["samples"])


async def find_of_run(tenant_id: TenantId, source_id: SourceId, run_id: RunId) -> str | None:
    """Return a user whom a run has seen."""
    rows = await fetch(_OF_RUN, tenant_id, source_id, run_id, unbounded=True)
    return rows[0]["ext_id"] if rows else None
