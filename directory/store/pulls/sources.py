"""Rows of sources that are pulled: how, when next, and how the last pull ended."""

from collections.abc import Sequence
from datetime import datetime

from directory.model import SourceId, TenantId
from directory.store.compiled import Statement
from directory.store.resting import awake
from directory.store.unit import Row, execute, fetch, fetch_one

_PULLED = (
    "SELECT p.*, s.kind, s.label, s.settings FROM pull_row p"
    " JOIN source_row s ON s.tenant_id = p.tenant_id AND s.id = p.source_id"
)
_ONE = Statement(f"{_PULLED} WHERE p.tenant_id = $1::uuid AND p.source_id = $2::uuid")
_ALL = Statement(f"{_PULLED} WHERE p.tenant_id = $1::uuid ORDER BY p.source_id")
_OF_TENANTS = Statement(f"{_PULLED} WHERE p.tenant_id = ANY($1::uuid[]) ORDER BY p.tenant_id, p.source_id", house=True)
_ANYWHERE = Statement(f"{_PULLED} WHERE p.source_id = $1::uuid", house=True)
# A source that somebody pulls right now stays due until that is over: it must not stand in the way of others.
_DUE = Statement(
    "SELECT p.tenant_id, p.source_id FROM pull_row p WHERE NOT p.paused AND p.next_at <= $1::timestamptz"
    " AND NOT EXISTS (SELECT 1 FROM run_row r WHERE r.source_id = p.source_id"
    f" AND r.state IN ('fetching', 'planning', 'applying')) AND {awake('p.tenant_id')}"
    " ORDER BY p.next_at LIMIT $2::bigint",
    house=True,
)
# A source without a time has no credentials (any more): a pull that began with some gives it none.
_WELL = Statement(
    "UPDATE pull_row SET failures = 0, first_failed_at = NULL, error_kind = NULL, error_words = '', error_remedy = '',"
    " last_ok_at = $3::timestamptz, next_at = CASE WHEN next_at IS NULL THEN NULL ELSE $4::timestamptz END,"
    " identity = coalesce(identity, $5::text),"
    " identity_name = $6::text, credential_expires_at = $7::timestamptz,"
    " full_done_at = coalesce($8::timestamptz, full_done_at)"
    " WHERE tenant_id = $1::uuid AND source_id = $2::uuid"
)
_FAILED = Statement(
    "UPDATE pull_row SET failures = failures + 1, first_failed_at = coalesce(first_failed_at, $3::timestamptz),"
    " next_at = CASE WHEN next_at IS NULL THEN NULL ELSE $4::timestamptz END,"
    " error_kind = $5::text, error_words = $6::text, error_remedy = $7::text"
    " WHERE tenant_id = $1::uuid AND source_id = $2::uuid"
)
_GIVEN = Statement(
    "SELECT given FROM seen_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND given IS NOT NULL"
    " AND kind = 'user' ORDER BY kind, ext_id LIMIT $3::bigint",
    sqlite="SELECT given FROM seen_row INDEXED BY seen_given WHERE tenant_id = $1::uuid AND source_id = $2::uuid"
    " AND given IS NOT NULL AND kind = 'user' ORDER BY kind, ext_id LIMIT $3::bigint",
)
_FORGET_CURSORS = Statement("DELETE FROM pull_cursor_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid")
_FORGET_CONFIRMED = Statement(
    "UPDATE source_row SET confirmed_at = NULL, confirmed_by = NULL, drift_count = 0"
    " WHERE tenant_id = $1::uuid AND confirmed_by = $2::uuid"
)


async def find_pulled(tenant_id: TenantId, source_id: SourceId) -> Row | None:
    """Return how a source of the tenant is pulled, with kind, label and settings of the source."""
    return await fetch_one(_ONE, tenant_id, source_id)


async def find_pulled_anywhere(source_id: SourceId) -> Row | None:
    """Return how a source of whichever tenant is pulled."""
    return await fetch_one(_ANYWHERE, source_id)


async def list_pulled(tenant_id: TenantId) -> list[Row]:
    """Return how the sources of a tenant are pulled, the oldest first."""
    return await fetch(_ALL, tenant_id)


async def list_pulled_of(tenant_ids: Sequence[TenantId]) -> list[Row]:
    """Return how the sources of some tenants are pulled."""
    return await fetch(_OF_TENANTS, list(tenant_ids))


async def list_due(now: datetime, *, limit: int) -> list[tuple[TenantId, SourceId]]:
    """Return sources that are to be pulled, the longest waiting first; none that is being pulled."""
    return [(TenantId(row["tenant_id"]), SourceId(row["source_id"])) for row in await fetch(_DUE, now, limit)]


async def put_well(tenant_id: TenantId, source_id: SourceId, now: datetime, next_at: datetime, *found: object) -> None:
    """Note a pull that went well; ``found``: identity, its name, end of the credential, and when it was a whole one."""
    await execute(_WELL, tenant_id, source_id, now, next_at, *found)


async def put_failed(tenant_id: TenantId, source_id: SourceId, now: datetime, next_at: datetime, *why: str) -> None:
    """Note a pull that failed; ``why``: kind, words and remedy."""
    await execute(_FAILED, tenant_id, source_id, now, next_at, *why)


async def list_given(tenant_id: TenantId, source_id: SourceId, *, limit: int) -> list[str]:
    """Return people of the sample as the source gave them, as JSON texts."""
    return [row["given"] for row in await fetch(_GIVEN, tenant_id, source_id, limit)]


async def forget_cursors(tenant_id: TenantId, source_id: SourceId) -> None:
    """Have all streams of a source begin anew; only a few rows."""
    await execute(_FORGET_CURSORS, tenant_id, source_id)


async def forget_confirmed(tenant_id: TenantId, source_id: SourceId) -> None:
    """Take back what a source confirmed of others."""
    await execute(_FORGET_CONFIRMED, tenant_id, source_id)
