"""Differences between push and pull: written as an audit finds them, and read page by page."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from directory.model import SourceId, TenantId, UserId
from directory.store.compiled import Statement
from directory.store.insert import Insert
from directory.store.tables import columns_of
from directory.store.tables_pulls import DriftRow
from directory.store.unit import Row, execute, fetch, fetch_one

COUNTED_MAX = 10_000

_COLUMNS = columns_of(DriftRow)
_SET = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name not in {"tenant_id", "source_id", "kind"})
_PUT = Insert("drift_row", _COLUMNS, f"ON CONFLICT (tenant_id, source_id, kind, ext_id, target) DO UPDATE SET {_SET}")
_OF_PEOPLE = Statement(
    "SELECT * FROM drift_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND kind = 'user'"
    " AND ext_id = ANY($3::text[])"
)
_DROP_OF_PEOPLE = Statement(
    "DELETE FROM drift_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND kind = 'user'"
    " AND ext_id = ANY($3::text[])"
)
# Those that no person there stands for: settled once the user left, or was found to be somebody there.
_SETTLED = Statement(
    "SELECT d.ext_id FROM drift_row d WHERE d.tenant_id = $1::uuid AND d.source_id = $2::uuid"
    " AND d.kind = 'user' AND NOT EXISTS (SELECT 1 FROM seen_row s WHERE s.tenant_id = d.tenant_id"
    " AND s.source_id = d.source_id AND s.kind = 'user' AND s.ext_id = d.ext_id)"
    " AND (d.drift <> 'extra' OR NOT EXISTS (SELECT 1 FROM user_row u WHERE u.tenant_id = d.tenant_id"
    " AND u.id = d.user_id AND u.source_id = $3::uuid AND u.deleted_at IS NULL AND u.reported_deleted_at IS NULL"
    " AND u.reported_active) OR EXISTS (SELECT 1 FROM audit_pair_row p JOIN seen_row s ON s.tenant_id = p.tenant_id"
    " AND s.source_id = p.source_id AND s.kind = 'user' AND s.ext_id = p.ext_id WHERE p.tenant_id = d.tenant_id"
    " AND p.source_id = d.source_id AND p.user_id = d.user_id)) LIMIT $4::bigint"
)
_OF_OTHERS = Statement(
    "SELECT ext_id FROM drift_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND kind = 'user'"
    " AND audited_id <> $3::uuid LIMIT $4::bigint"
)
_FORGET = Statement(
    "DELETE FROM drift_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND (kind, ext_id, target) IN"
    " (SELECT kind, ext_id, target FROM drift_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid LIMIT $3::bigint)"
)
_CONFIRM = Statement(
    "UPDATE source_row SET confirmed_at = $3::timestamptz, confirmed_by = $4::uuid, drift_count = $5::bigint"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid"
)
_AUDITS = Statement(
    "SELECT confirmed_at, confirmed_by, drift_count FROM source_row WHERE tenant_id = $1::uuid AND id = $2::uuid"
)
_COUNT = Statement(
    "SELECT k.drift, (SELECT count(*) FROM (SELECT 1 FROM drift_row d WHERE d.tenant_id = $1::uuid"
    " AND d.source_id = $2::uuid AND d.drift = k.drift LIMIT $3::bigint) AS few) AS things"
    " FROM (SELECT 'missing' AS drift UNION ALL SELECT 'extra' UNION ALL SELECT 'status'"
    " UNION ALL SELECT 'attribute') AS k"
)
_PAGE = Statement(
    "SELECT d.*, u.user_name FROM drift_row d"
    " LEFT JOIN user_row u ON u.tenant_id = d.tenant_id AND u.id = d.user_id AND u.deleted_at IS NULL"
    " WHERE d.tenant_id = $1::uuid AND d.source_id = $2::uuid AND d.drift = $3::text"
    " AND (d.label, d.ext_id, d.target) > ($4::text, $5::text, $6::text)"
    " ORDER BY d.label, d.ext_id, d.target LIMIT $7::bigint"
)
_LIVE_AUDIT = (
    "EXISTS (SELECT 1 FROM pull_row p WHERE p.tenant_id = d.tenant_id AND p.source_id = d.source_id"
    " AND p.mode = 'audit' AND p.audits_source_id = d.audited_id)"
)
_OF_USER = Statement(
    "SELECT d.*, s.label AS source_label FROM drift_row d"
    " JOIN source_row s ON s.tenant_id = d.tenant_id AND s.id = d.source_id"
    f" WHERE d.tenant_id = $1::uuid AND d.user_id = $2::uuid AND {_LIVE_AUDIT} ORDER BY d.drift, d.target LIMIT 50"
)
_AUDITORS = Statement(
    "SELECT p.source_id, p.audits_source_id, s.label AS source_label, a.label AS audited_label, a.confirmed_at,"
    " a.confirmed_by, a.drift_count FROM pull_row p"
    " JOIN source_row s ON s.tenant_id = p.tenant_id AND s.id = p.source_id"
    " JOIN source_row a ON a.tenant_id = p.tenant_id AND a.id = p.audits_source_id"
    " WHERE p.tenant_id = $1::uuid AND p.mode = 'audit' ORDER BY p.source_id"
)
# Whoever should not have access any more, of many tenants at once: what an alert is raised for.
_LEAVERS_OF = "FROM drift_row d WHERE d.tenant_id = p.tenant_id AND d.source_id = p.source_id AND d.drift ="
_LEAVERS = Statement(
    "SELECT p.tenant_id, p.source_id, a.label AS audited_label, s.label AS source_label,"
    f" (SELECT count(*) FROM (SELECT 1 {_LEAVERS_OF} 'extra' LIMIT $2::bigint) AS few) AS extra,"
    f" (SELECT count(*) FROM (SELECT 1 {_LEAVERS_OF} 'status' AND d.here = 'active' LIMIT $2::bigint) AS few) AS status"
    " FROM pull_row p JOIN source_row s ON s.tenant_id = p.tenant_id AND s.id = p.source_id"
    " JOIN source_row a ON a.tenant_id = p.tenant_id AND a.id = p.audits_source_id"
    " WHERE p.tenant_id = ANY($1::uuid[]) AND p.mode = 'audit' AND a.confirmed_by = p.source_id",
    house=True,
)


class Leavers(NamedTuple):
    """How many people have access by a push, and by the directory that was pulled should have none."""

    tenant_id: TenantId
    source_id: SourceId
    """The source that audits."""
    source_label: str
    audited_label: str
    extra_count: int
    status_count: int


async def put_drifts(rows: Sequence[Sequence[object]]) -> None:
    """Write differences, in the order of the columns."""
    await _PUT(rows)


async def list_of_people(tenant_id: TenantId, source_id: SourceId, ext_ids: Sequence[str]) -> list[Row]:
    """Return the differences of these people."""
    return await fetch(_OF_PEOPLE, tenant_id, source_id, list(ext_ids), unbounded=True) if ext_ids else []


async def drop_of_people(tenant_id: TenantId, source_id: SourceId, ext_ids: Sequence[str]) -> None:
    """Delete the differences of these people."""
    if ext_ids:
        await execute(_DROP_OF_PEOPLE, tenant_id, source_id, list(ext_ids))


async def list_settled(tenant_id: TenantId, source_id: SourceId, audited_id: SourceId, *, limit: int) -> list[str]:
    """Return differences of users whom the directory never said, where that is over, by the person there."""
    rows = await fetch(_SETTLED, tenant_id, source_id, audited_id, limit, unbounded=True)
    return [row["ext_id"] for row in rows]


async def list_of_others(tenant_id: TenantId, source_id: SourceId, audited_id: SourceId, *, limit: int) -> list[str]:
    """Return people of whom differences with another source are left."""
    rows = await fetch(_OF_OTHERS, tenant_id, source_id, audited_id, limit, unbounded=True)
    return [row["ext_id"] for row in rows]


async def forget_drifts(tenant_id: TenantId, source_id: SourceId, *, limit: int) -> int:
    """Delete what a source found that audits no longer; return how many."""
    return await execute(_FORGET, tenant_id, source_id, limit, unbounded=True)


async def confirm(tenant_id: TenantId, audited_id: SourceId, at: datetime, by: SourceId, drift_count: int) -> None:
    """Note that a source was audited, and for how many people it came out otherwise."""
    await execute(_CONFIRM, tenant_id, audited_id, at, by, drift_count)


async def find_confirmation(tenant_id: TenantId, audited_id: SourceId) -> Row | None:
    """Return when a source was audited last, by whom, and how it came out."""
    return await fetch_one(_AUDITS, tenant_id, audited_id)


async def count_kinds(tenant_id: TenantId, source_id: SourceId) -> dict[str, int]:
    """Return how many differences of which kind there are, each counted up to 10,000."""
    rows = await fetch(_COUNT, tenant_id, source_id, COUNTED_MAX, unbounded=True)
    return {row["drift"]: int(row["things"]) for row in rows}


async def list_drifts(
    tenant_id: TenantId,
    source_id: SourceId,
    kinds: Sequence[str],
    *,
    after: tuple[str, str, str, str] | None,
    limit: int,
) -> list[Row]:
    """Return differences by kind in the order given, then by name, person and attribute: in the order of an index."""
    left = list(kinds)
    behind = ("", "", "")
    if after is not None and after[0] in left:
        left, behind = left[left.index(after[0]) :], after[1:]
    found: list[Row] = []
    for kind in left:
        found += await fetch(_PAGE, tenant_id, source_id, kind, *behind, limit - len(found), unbounded=True)
        if len(found) >= limit:
            break
        behind = ("", "", "")
    return found


async def list_of_user(tenant_id: TenantId, user_id: UserId) -> list[Row]:
    """Return the differences of a user, with the source that found them, up to 50."""
    return await fetch(_OF_USER, tenant_id, user_id)


async def list_auditors(tenant_id: TenantId) -> list[Row]:
    """Return the sources that audit, with what they audit and when that was confirmed last."""
    return await fetch(_AUDITORS, tenant_id)


async def list_leavers(tenant_ids: Sequence[TenantId]) -> list[Leavers]:
    """Return the audits of many tenants that found people who should have no access."""
    rows = await fetch(_LEAVERS, list(tenant_ids), COUNTED_MAX)
    return [
        Leavers(
            TenantId(row["tenant_id"]),
            SourceId(row["source_id"]),
            row["source_label"],
            row["audited_label"],
            int(row["extra"]),
            int(row["status"]),
        )
        for row in rows
        if row["extra"] or row["status"]
    ]
