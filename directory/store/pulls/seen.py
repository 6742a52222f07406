"""Rows of people whom a source spoke of: those that wait to be applied, and who they are here."""

from collections.abc import Sequence
from uuid import UUID

from directory.model import SourceId, TenantId
from directory.pull_run import RunId
from directory.store.compiled import Statement
from directory.store.insert import ON_A_THREAD_ROWS, slices
from directory.store.unit import Row, execute, fetch

_COLUMNS = "SELECT s.ext_id, s.op, s.reason, s.said, s.in_scope, s.left_out, s.gone, s.problem FROM seen_row s"
_WHOSE = " WHERE s.tenant_id = $1::uuid AND s.source_id = $2::uuid AND s.kind = 'user' AND s.pending"


def _pending(rest: str) -> Statement:
    # SQLite keeps no statistics: it would go by the primary key over all that was ever said.
    return Statement(
        f"{_COLUMNS}{_WHOSE} {rest}",
        sqlite=f"{_COLUMNS} INDEXED BY seen_pending{_WHOSE} {rest}",
    )


_USER = "u.id, u.source_id, u.document, u.display_name, u.active, u.deleted_at, u.reported_deleted_at"
# Apart from the page, and one by one: PostgreSQL goes by what it knew of the tables a minute ago, and reads all users
# for each page of a first pull otherwise.
_WHO = Statement(
    f"SELECT k.external_id, {_USER} FROM unnest($3::text[]) AS n (value)"
    " CROSS JOIN LATERAL (SELECT k.external_id, k.user_id FROM user_link_row k WHERE k.tenant_id = $1::uuid"
    " AND k.source_id = $2::uuid AND k.external_id = n.value OFFSET 0) AS k"
    f" CROSS JOIN LATERAL (SELECT {_USER} FROM user_row u WHERE u.tenant_id = $1::uuid AND u.id = k.user_id OFFSET 0)"
    " AS u",
    sqlite=f"SELECT k.external_id, {_USER} FROM user_link_row k"
    " CROSS JOIN user_row u WHERE u.tenant_id = k.tenant_id AND u.id = k.user_id"
    " AND k.tenant_id = $1::uuid AND k.source_id = $2::uuid AND k.external_id = ANY($3::text[])",
)
_PAGE = _pending("AND s.ext_id > $3::text ORDER BY s.ext_id LIMIT $4::bigint")
_PAGE_OF_RUN = _pending("AND s.ext_id > $3::text AND s.run_id = $5::uuid ORDER BY s.ext_id LIMIT $4::bigint")
_THESE = _pending("AND s.ext_id = ANY($3::text[])")
_WAITING_FOR_NAME = _pending("AND s.ext_id > $3::text AND s.problem = $5::text ORDER BY s.ext_id LIMIT $4::bigint")
_WAITING_FOR_NAME_OF_RUN = _pending(
    "AND s.ext_id > $3::text AND s.problem = $5::text AND s.run_id = $6::uuid ORDER BY s.ext_id LIMIT $4::bigint"
)
_COUNTS = (
    "SELECT count(*) AS people FROM seen_row s{index} WHERE s.tenant_id = $1::uuid AND s.source_id = $2::uuid"
    " AND s.kind = 'user' AND s.pending"
)
_COUNT = Statement(_COUNTS.format(index=""), sqlite=_COUNTS.format(index=" INDEXED BY seen_pending"))
_COUNT_OF_RUN = Statement(f"{_COUNTS.format(index='')} AND s.run_id = $3::uuid")
_COUNT_SETTLED = Statement(
    "SELECT count(*) AS people FROM seen_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND kind = 'user'"
    " AND run_id = $3::uuid AND NOT pending"
)
_MISSED = (
    " FROM seen_row s{index} WHERE s.tenant_id = $1::uuid AND s.source_id = $2::uuid AND s.kind IN ('user', 'group')"
    " AND s.missing_run_id IS NOT NULL AND s.missing_run_id = $3::uuid AND NOT s.gone AND s.op <> 'soft_deleted'"
)
_ALONG_MISSING = _MISSED.format(index=" INDEXED BY seen_missing")
_MISSING_ONCE = _MISSED.format(index="")
_COUNT_MISSING = Statement(
    f"SELECT count(*) AS things{_MISSING_ONCE}", sqlite=f"SELECT count(*) AS things{_ALONG_MISSING}"
)
_FIRST_MISSING = "SELECT s.kind, s.ext_id, s.said{} ORDER BY s.kind DESC, s.ext_id LIMIT $4::bigint"
_MISSING = Statement(_FIRST_MISSING.format(_MISSING_ONCE), sqlite=_FIRST_MISSING.format(_ALONG_MISSING))
_APPLIED = Statement(
    "UPDATE seen_row SET applied_hash = hash, pending = false, problem = '', left_out = $4::boolean"
    " WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND kind = 'user' AND ext_id = ANY($3::text[])"
)
_FORGET = Statement(
    "DELETE FROM seen_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND kind = 'user'"
    " AND ext_id = ANY($3::text[])"
)
_PROBLEM = Statement(
    "UPDATE seen_row SET problem = $4::text WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND kind = 'user'"
    " AND ext_id = ANY($3::text[])"
)
_SCOPES = Statement(
    "SELECT ext_id, in_scope FROM seen_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND kind = 'user'"
    " AND ext_id > $3::text ORDER BY ext_id LIMIT $4::bigint"
)
_LEFT_OUT = (
    "SELECT s.ext_id FROM seen_row s{index} WHERE s.tenant_id = $1::uuid AND s.source_id = $2::uuid"
    " AND s.kind = 'user' AND NOT s.in_scope LIMIT $3::bigint"
)
_OUT_OF_SCOPE = Statement(_LEFT_OUT.format(index=""), sqlite=_LEFT_OUT.format(index=" INDEXED BY seen_out_of_scope"))
_SET_SCOPE = Statement(
    "UPDATE seen_row SET in_scope = $4::boolean, pending = true"
    " WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND kind = 'user' AND ext_id = ANY($3::text[])"
    " AND in_scope <> $4::boolean"
)
_OWNERS = Statement(
    "SELECT u.user_name_key, u.id, u.document FROM user_row u WHERE u.tenant_id = $1::uuid"
    " AND u.source_id = $2::uuid AND u.user_name_key = ANY($3::text[]) AND u.deleted_at IS NULL"
)


async def list_pending(
    tenant_id: TenantId, source_id: SourceId, *, after: str, limit: int, of_run: RunId | None
) -> list[Row]:
    """Return people who wait to be applied, behind an id; perhaps only those of one run."""
    if of_run is None:
        return await fetch(_PAGE, tenant_id, source_id, after, limit, unbounded=True)
    return await fetch(_PAGE_OF_RUN, tenant_id, source_id, after, limit, of_run, unbounded=True)


async def list_these(tenant_id: TenantId, source_id: SourceId, ext_ids: Sequence[str]) -> list[Row]:
    """Return those of some people who wait to be applied."""
    return await fetch(_THESE, tenant_id, source_id, list(ext_ids))


async def list_known(tenant_id: TenantId, source_id: SourceId, ext_ids: Sequence[str]) -> list[Row]:
    """Return the users whom a source knows by these ids, deleted ones too, and whoever owns them."""
    many = len(ext_ids) >= ON_A_THREAD_ROWS
    return await fetch(_WHO, tenant_id, source_id, list(ext_ids), unbounded=many)


async def list_with_problem(
    tenant_id: TenantId, source_id: SourceId, problem: str, *, after: str, limit: int, of_run: RunId | None
) -> list[Row]:
    """Return people who could not be applied because of one thing; perhaps only those of one run."""
    values = (tenant_id, source_id, after, limit, problem)
    if of_run is None:
        return await fetch(_WAITING_FOR_NAME, *values, unbounded=True)
    return await fetch(_WAITING_FOR_NAME_OF_RUN, *values, of_run, unbounded=True)


async def count_pending(tenant_id: TenantId, source_id: SourceId, *, of_run: RunId | None) -> int:
    """Return how many people wait to be applied."""
    if of_run is None:
        (row,) = await fetch(_COUNT, tenant_id, source_id, unbounded=True)
    else:
        (row,) = await fetch(_COUNT_OF_RUN, tenant_id, source_id, of_run, unbounded=True)
    return int(row["people"])


async def count_settled(tenant_id: TenantId, source_id: SourceId, run_id: RunId) -> int:
    """Return of how many people a run said nothing new; it walks over all whom the source ever spoke of."""
    (row,) = await fetch(_COUNT_SETTLED, tenant_id, source_id, run_id, unbounded=True)
    return int(row["people"])


async def count_missing_once(tenant_id: TenantId, source_id: SourceId, run_id: RunId) -> int:
    """Return how many users and groups a run is the first not to have found."""
    (row,) = await fetch(_COUNT_MISSING, tenant_id, source_id, run_id, unbounded=True)
    return int(row["things"])


async def list_missing_once(tenant_id: TenantId, source_id: SourceId, run_id: RunId, *, limit: int) -> list[Row]:
    """Return the first of them, users before groups."""
    return await fetch(_MISSING, tenant_id, source_id, run_id, limit, unbounded=True)


async def mark_applied(tenant_id: TenantId, source_id: SourceId, ext_ids: Sequence[str], *, left_out: bool) -> None:
    """Note that the directory has been given what was said of these people."""
    for some in slices(ext_ids):
        await execute(_APPLIED, tenant_id, source_id, some, left_out, unbounded=len(some) >= ON_A_THREAD_ROWS)


async def forget(tenant_id: TenantId, source_id: SourceId, ext_ids: Sequence[str]) -> None:
    """Keep nothing of people who are gone for good."""
    if ext_ids:
        await execute(_FORGET, tenant_id, source_id, list(ext_ids))


async def note_problem(tenant_id: TenantId, source_id: SourceId, ext_ids: Sequence[str], problem: str) -> None:
    """Note why people could not be applied; they wait on."""
    await execute(_PROBLEM, tenant_id, source_id, list(ext_ids), problem)


async def list_scopes(tenant_id: TenantId, source_id: SourceId, *, after: str, limit: int) -> dict[str, bool]:
    """Return whether people are in scope as far as is known, behind an id."""
    rows = await fetch(_SCOPES, tenant_id, source_id, after, limit, unbounded=True)
    return {row["ext_id"]: row["in_scope"] for row in rows}


async def list_out_of_scope(tenant_id: TenantId, source_id: SourceId, *, limit: int) -> list[str]:
    """Return some of those who were found not to be assigned."""
    rows = await fetch(_OUT_OF_SCOPE, tenant_id, source_id, limit, unbounded=True)
    return [row["ext_id"] for row in rows]


async def set_scope(tenant_id: TenantId, source_id: SourceId, ext_ids: Sequence[str], *, in_scope: bool) -> None:
    """Note who is in scope, or no longer, to be applied; nothing where it is known."""
    for some in slices(ext_ids):
        await execute(_SET_SCOPE, tenant_id, source_id, some, in_scope, unbounded=len(some) >= ON_A_THREAD_ROWS)


async def list_name_owners(
    tenant_id: TenantId, source_id: SourceId, name_keys: Sequence[str]
) -> list[tuple[str, UUID, str]]:
    """Return who of a source's own users has these user names: (key of the name, user, document)."""
    rows = await fetch(_OWNERS, tenant_id, source_id, list(name_keys))
    return [(row["user_name_key"], row["id"], row["document"]) for row in rows]
