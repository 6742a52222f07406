"""Reads of an audit: people as a directory says them, users as they were pushed, and who was found to be whom."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from directory.model import SourceId, TenantId, UserId
from directory.pull_run import RunId
from directory.store.compiled import Statement
from directory.store.insert import Insert
from directory.store.json_paths import READERS, Path
from directory.store.tables import columns_of
from directory.store.tables_pulls import AuditPairRow
from directory.store.unit import Row, current_engine, execute, fetch, fetch_one

# What counts of somebody, beside what was said: whether it is there at all.
_STATE = "s.hash || CASE WHEN s.gone OR s.missing_run_id IS NOT NULL OR NOT s.in_scope THEN '-' ELSE '' END"
_OF_SOURCE = "s.tenant_id = $1::uuid AND s.source_id = $2::uuid AND s.kind = 'user'"
_SEEN = (
    f"SELECT s.ext_id, s.op, s.reason, s.said, s.given, s.in_scope, s.gone, s.missing_run_id, {_STATE} AS state"
    " FROM seen_row s"
)
_SEEN_THESE = Statement(f"{_SEEN} WHERE {_OF_SOURCE} AND s.ext_id = ANY($3::text[])")
_SEEN_PAGE = Statement(
    f"SELECT s.ext_id FROM seen_row s WHERE {_OF_SOURCE} AND s.ext_id > $3::text ORDER BY s.ext_id LIMIT $4::bigint"
)
# Whoever is there and is nobody's pair may have been pushed meanwhile, so those are looked at each time.
_MOVED_PAGE = Statement(
    "SELECT s.ext_id FROM seen_row s"
    " LEFT JOIN audit_pair_row p ON p.tenant_id = s.tenant_id AND p.source_id = s.source_id AND p.ext_id = s.ext_id"
    " LEFT JOIN user_row u ON u.tenant_id = p.tenant_id AND u.id = p.user_id"
    f" WHERE {_OF_SOURCE} AND s.ext_id > $3::text AND CASE WHEN p.user_id IS NULL"
    " THEN (s.op = 'upsert' AND s.in_scope AND NOT s.gone AND s.missing_run_id IS NULL) OR EXISTS (SELECT 1"
    " FROM drift_row d WHERE d.tenant_id = s.tenant_id AND d.source_id = s.source_id AND d.kind = 'user'"
    " AND d.ext_id = s.ext_id) OR EXISTS (SELECT 1 FROM user_link_row k WHERE k.tenant_id = s.tenant_id"
    " AND k.source_id = $5::uuid AND k.external_id = s.ext_id)"
    f" ELSE p.hash <> {_STATE} OR u.id IS NULL OR u.version <> p.version OR u.deleted_at IS NOT NULL"
    " OR u.reported_deleted_at IS NOT NULL OR u.source_id IS NULL OR u.source_id <> $5::uuid END"
    " ORDER BY s.ext_id LIMIT $4::bigint"
)
_SAW_ANYBODY = Statement(f"SELECT 1 AS found FROM seen_row s WHERE {_OF_SOURCE} AND s.run_id = $3::uuid LIMIT 1")
_LIVE = "u.source_id = $2::uuid AND u.deleted_at IS NULL AND u.reported_deleted_at IS NULL"
_BY_LINK = Statement(
    "SELECT k.external_id, k.user_id FROM user_link_row k"
    " JOIN user_row u ON u.tenant_id = k.tenant_id AND u.id = k.user_id"
    f" WHERE k.tenant_id = $1::uuid AND k.source_id = $2::uuid AND k.external_id = ANY($3::text[]) AND {_LIVE}"
)
_BY_NAME = Statement(
    f"SELECT u.user_name_key, u.id::uuid AS user_id FROM user_row u WHERE u.tenant_id = $1::uuid"
    f" AND u.user_name_key = ANY($3::text[]) AND {_LIVE}"
    " UNION ALL SELECT a.user_name_key, a.user_id::uuid AS user_id FROM alias_row a"
    " JOIN user_row u ON u.tenant_id = a.tenant_id AND u.id = a.user_id"
    f" WHERE a.tenant_id = $1::uuid AND a.user_name_key = ANY($3::text[]) AND {_LIVE}"
)
_BY_EMAIL = Statement(
    "SELECT DISTINCT e.value_key AS value, e.user_id FROM email_row e"
    " JOIN user_row u ON u.tenant_id = e.tenant_id AND u.id = e.user_id"
    f" WHERE e.tenant_id = $1::uuid AND e.value_key = ANY($3::text[]) AND {_LIVE}"
)
_USERS = Statement(
    "SELECT u.id, u.user_name, u.user_name_key, u.display_name, u.document, u.reported_active, u.manager_ref,"
    " u.version, u.modified_at FROM user_row u WHERE u.tenant_id = $1::uuid AND u.id = ANY($2::uuid[])"
)
_ALIASES = Statement(
    "SELECT user_id, user_name_key FROM alias_row WHERE tenant_id = $1::uuid AND user_id = ANY($2::uuid[])"
)
_LABELS = Statement("SELECT id, display_name FROM user_row WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[])")
_PAIRS = (
    f"SELECT p.ext_id, p.user_id, p.way, p.hash, p.version, (s.ext_id IS NULL OR {_STATE} <> s.hash)::boolean AS absent"
    " FROM audit_pair_row p LEFT JOIN seen_row s ON s.tenant_id = p.tenant_id AND s.source_id = p.source_id"
    " AND s.kind = 'user' AND s.ext_id = p.ext_id WHERE p.tenant_id = $1::uuid AND p.source_id = $2::uuid"
)
_PAIRS_OF_USERS = Statement(f"{_PAIRS} AND p.user_id = ANY($3::uuid[])")
_PAIRS_OF_PEOPLE = Statement(f"{_PAIRS} AND p.ext_id = ANY($3::text[])")
_UNPAIR = Statement(
    "DELETE FROM audit_pair_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND ext_id = ANY($3::text[])"
    " AND user_id <> ALL($4::uuid[])"
)
_FORGET_PAIRS = Statement(
    "DELETE FROM audit_pair_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND user_id IN (SELECT user_id"
    " FROM audit_pair_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid LIMIT $3::bigint)"
)
# Sources that audit no longer, and have pairs or differences left.
_OVER = Statement(
    "SELECT p.tenant_id, p.source_id FROM pull_row p WHERE p.mode <> 'audit'"
    " AND (EXISTS (SELECT 1 FROM audit_pair_row a WHERE a.tenant_id = p.tenant_id AND a.source_id = p.source_id)"
    " OR EXISTS (SELECT 1 FROM drift_row d WHERE d.tenant_id = p.tenant_id AND d.source_id = p.source_id))"
    " ORDER BY p.tenant_id, p.source_id LIMIT 1",
    house=True,
)
_PAIR = Insert(
    "audit_pair_row",
    columns_of(AuditPairRow),
    "ON CONFLICT (tenant_id, source_id, user_id) DO UPDATE SET ext_id = excluded.ext_id, way = excluded.way,"
    " hash = excluded.hash, version = excluded.version",
)
# A pair counts only as long as the directory has ever said that person.
_UNPAIRED = (
    " NOT EXISTS (SELECT 1 FROM audit_pair_row p JOIN seen_row s ON s.tenant_id = p.tenant_id"
    " AND s.source_id = p.source_id AND s.kind = 'user' AND s.ext_id = p.ext_id"
    " WHERE p.tenant_id = u.tenant_id AND p.source_id = $3::uuid AND p.user_id = u.id)"
)
_EXTRAS = Statement(
    "SELECT u.id, u.user_name, u.display_name FROM user_row u"
    f" WHERE u.tenant_id = $1::uuid AND {_LIVE} AND u.reported_active AND u.id > $4::uuid"
    f" AND u.created_at <= $5::timestamptz AND {_UNPAIRED}"
    " AND NOT EXISTS (SELECT 1 FROM user_link_row k JOIN run_reject_row r ON r.tenant_id = k.tenant_id"
    " AND r.run_id = $6::uuid AND r.kind = 'user' AND r.ext_id = k.external_id"
    " WHERE k.tenant_id = u.tenant_id AND k.user_id = u.id AND k.source_id = $2::uuid)"
    " ORDER BY u.id LIMIT $7::bigint"
)


async def list_seen(tenant_id: TenantId, source_id: SourceId, ext_ids: Sequence[str]) -> list[Row]:
    """Return these people as the directory says them."""
    return await fetch(_SEEN_THESE, tenant_id, source_id, list(ext_ids), unbounded=True)


async def page_of_seen(tenant_id: TenantId, source_id: SourceId, after: str, *, limit: int) -> list[str]:
    """Return the next people that the directory ever said."""
    rows = await fetch(_SEEN_PAGE, tenant_id, source_id, after, limit, unbounded=True)
    return [row["ext_id"] for row in rows]


async def page_of_moved(
    tenant_id: TenantId, source_id: SourceId, after: str, *, audited_id: SourceId, limit: int
) -> list[str]:
    """Return the next people who moved on either side since they were compared, or whom nobody had pushed then."""
    rows = await fetch(_MOVED_PAGE, tenant_id, source_id, after, limit, audited_id, unbounded=True)
    return [row["ext_id"] for row in rows]


async def saw_anybody(tenant_id: TenantId, source_id: SourceId, run_id: RunId) -> bool:
    """Whether a run was given any user at all."""
    return await fetch_one(_SAW_ANYBODY, tenant_id, source_id, run_id) is not None


async def users_by_link(tenant_id: TenantId, audited_id: SourceId, ext_ids: Sequence[str]) -> dict[str, UserId]:
    """Return the users of a source by the externalId that it gives them."""
    rows = await fetch(_BY_LINK, tenant_id, audited_id, list(ext_ids), unbounded=True) if ext_ids else []
    return {row["external_id"]: UserId(row["user_id"]) for row in rows}


async def users_by_name(tenant_id: TenantId, audited_id: SourceId, keys: Sequence[str]) -> dict[str, UserId]:
    """Return the users of a source by the key of their user name, or of a former one."""
    rows = await fetch(_BY_NAME, tenant_id, audited_id, list(keys), unbounded=True) if keys else []
    return {row["user_name_key"]: UserId(row["user_id"]) for row in rows}


async def users_by_value(
    tenant_id: TenantId, audited_id: SourceId, path: Path, keys: Sequence[str]
) -> dict[str, UserId]:
    """Return the users of a source by the key of an attribute; a value that two of them have finds neither.

    Only e-mails are in an index: all others read every user of the source, so ask only of those who are left.
    """
    statement = _BY_EMAIL if path == ("emails",) else _by_attribute(path, current_engine().engine_type)
    owners: dict[str, list[UserId]] = {}
    for row in await fetch(statement, tenant_id, audited_id, list(keys), unbounded=True):
        owners.setdefault(row["value"], []).append(UserId(row["user_id"]))
    return {value: found[0] for value, found in owners.items() if len(found) == 1}


@lru_cache(maxsize=16)
def _by_attribute(path: Path, engine_type: str) -> Statement:
    value = READERS[engine_type].text("u.document_key", path)
    text = f"SELECT {value} AS value, u.id::uuid AS user_id FROM user_row u WHERE u.tenant_id = $1::uuid AND {_LIVE}"
    return Statement(f"{text} AND {value} = ANY($3::text[])")


async def list_users(tenant_id: TenantId, user_ids: Sequence[UserId]) -> tuple[list[Row], dict[UserId, list[str]]]:
    """Return users as they were pushed, and the keys of their former names."""
    rows = await fetch(_USERS, tenant_id, list(user_ids), unbounded=True) if user_ids else []
    former: dict[UserId, list[str]] = {}
    for row in await fetch(_ALIASES, tenant_id, list(user_ids)) if user_ids else []:
        former.setdefault(UserId(row["user_id"]), []).append(row["user_name_key"])
    return rows, former


async def labels_of(tenant_id: TenantId, user_ids: Sequence[UserId]) -> dict[UserId, str]:
    """Return how people know these users."""
    rows = await fetch(_LABELS, tenant_id, list(user_ids)) if user_ids else []
    return {UserId(row["id"]): row["display_name"] for row in rows}


async def pairs_of_users(tenant_id: TenantId, source_id: SourceId, user_ids: Sequence[UserId]) -> list[Row]:
    """Return who these users were found to be."""
    return await fetch(_PAIRS_OF_USERS, tenant_id, source_id, list(user_ids), unbounded=True) if user_ids else []


async def pairs_of_people(tenant_id: TenantId, source_id: SourceId, ext_ids: Sequence[str]) -> list[Row]:
    """Return whom these people were found to be."""
    return await fetch(_PAIRS_OF_PEOPLE, tenant_id, source_id, list(ext_ids), unbounded=True) if ext_ids else []


async def put_pairs(
    tenant_id: TenantId, source_id: SourceId, pairs: Sequence[tuple[UserId, str, str, str, int]]
) -> None:
    """Note who was found to be whom: (user, person there, way, state there, version here)."""
    await _PAIR([(tenant_id, source_id, *pair) for pair in pairs])


async def unpair(tenant_id: TenantId, source_id: SourceId, ext_ids: Sequence[str], *, but: Sequence[UserId]) -> None:
    """Forget whom these people were found to be, where it was none of the users ``but``."""
    await execute(_UNPAIR, tenant_id, source_id, list(ext_ids), list(but))


async def forget_pairs(tenant_id: TenantId, source_id: SourceId, *, limit: int) -> int:
    """Forget pairs of a source that audits no longer; return how many."""
    return await execute(_FORGET_PAIRS, tenant_id, source_id, limit, unbounded=True)


async def next_over() -> tuple[TenantId, SourceId] | None:
    """Return a source that audits no longer, of which something is left."""
    row = await fetch_one(_OVER)
    return None if row is None else (TenantId(row["tenant_id"]), SourceId(row["source_id"]))


async def page_of_extras(
    audited: tuple[TenantId, SourceId, SourceId], run_id: RunId, *, after: UUID, before: datetime, limit: int
) -> list[Row]:
    """Return active users whom a directory never said, in the order of their ids.

    ``audited`` is tenant, source that pushed, and source that audits. Who came after ``before`` may have come to the
    directory while it was read; whom it said in a form that could not be read is there.
    """
    tenant_id, audited_id, source_id = audited
    return await fetch(_EXTRAS, tenant_id, audited_id, source_id, after, before, run_id, limit, unbounded=True)
