"""Rows of requests that were refused at the door."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from directory.model import SecretId, SourceId, TenantId
from directory.store.bookkeeping import storable
from directory.store.compiled import Statement
from directory.store.insert import Insert
from directory.store.tables import columns_of
from directory.store.tables_configure import RefusalRow
from directory.store.unit import Row, execute, fetch, fetch_one

_INSERT = Insert("refusal_row", columns_of(RefusalRow), "ON CONFLICT DO NOTHING")
_MORE = Statement(
    "UPDATE refusal_row SET things = things + $2::bigint, last_at = $3::timestamptz"
    " WHERE id = $1::uuid AND last_at <= $3::timestamptz",
    house=True,
)
_OWNERS = Statement(
    "SELECT public_id, tenant_id, source_id, id FROM secret_row WHERE public_id = ANY($1::text[])", house=True
)
_OF_SOURCE = Statement(
    "SELECT r.*, k.label, k.last_four FROM refusal_row r"
    " LEFT JOIN secret_row k ON k.tenant_id = r.tenant_id AND k.id = r.secret_id"
    " WHERE r.tenant_id = $1::uuid AND r.source_id = $2::uuid AND r.last_at > $3::timestamptz"
    " ORDER BY r.last_at DESC, r.id LIMIT $4::bigint"
)
# In the whole order of the index refusal_of_source, so that no more rows are read than are shown.
_OF_NOBODY = Statement(
    "SELECT r.*, NULL AS label, NULL AS last_four FROM refusal_row r"
    " WHERE r.tenant_id IS NULL AND r.source_id IS NULL AND r.last_at > $1::timestamptz"
    " ORDER BY r.tenant_id DESC, r.source_id DESC, r.last_at DESC LIMIT $2::bigint",
    house=True,
)
_TENANTS = Statement(
    "SELECT count(*)::bigint AS total FROM (SELECT 1 AS one FROM tenant_row LIMIT 2) AS few", house=True
)
_OLD = Statement(
    "DELETE FROM refusal_row WHERE id IN"
    " (SELECT id FROM refusal_row WHERE last_at < $1::timestamptz ORDER BY last_at LIMIT $2::bigint)",
    house=True,
)


class Owner(NamedTuple):
    """Whose secret a public part belongs to."""

    tenant_id: TenantId
    source_id: SourceId
    secret_id: SecretId


class RefusalValues(NamedTuple):
    """One row, in the order of its columns."""

    refusal_id: UUID
    tenant_id: TenantId | None
    source_id: SourceId | None
    secret_id: SecretId | None
    cause: str
    network: str
    software: str
    path: str
    first_at: datetime
    last_at: datetime
    things: int


async def find_owners(public_ids: Sequence[str]) -> dict[str, Owner]:
    """Return whose secrets these are, by their public parts."""
    rows = await fetch(_OWNERS, list(public_ids)) if public_ids else []
    return {
        row["public_id"]: Owner(TenantId(row["tenant_id"]), SourceId(row["source_id"]), SecretId(row["id"]))
        for row in rows
    }


async def insert_refusals(rows: Iterable[RefusalValues]) -> None:
    """Store refused requests that were not seen before."""
    await _INSERT([row._replace(software=storable(row.software), path=storable(row.path)) for row in rows])


async def count_more(refusal_id: UUID, *, count: int, last_at: datetime) -> None:
    """Count more requests that were refused alike."""
    await execute(_MORE, refusal_id, count, last_at)


async def list_of_source(tenant_id: TenantId, source_id: SourceId, *, since: datetime, limit: int) -> list[Row]:
    """Return refused requests of a source, the newest first."""
    return await fetch(_OF_SOURCE, tenant_id, source_id, since, limit)


async def list_of_nobody(*, since: datetime, limit: int) -> list[Row]:
    """Return refused requests whose secret named none of ours, the newest first."""
    return await fetch(_OF_NOBODY, since, limit)


async def has_several_tenants() -> bool:
    """Whether the installation has more than one tenant."""
    row = await fetch_one(_TENANTS)
    return row is not None and row["total"] > 1


async def delete_refusals(before: datetime, *, limit: int) -> int:
    """Delete what is older."""
    return await execute(_OLD, before, limit)
