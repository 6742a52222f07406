"""Reads and bookkeeping of setting a source up: evidence of steps, attributes seen, a sample of requests."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from directory.model import SourceId, TenantId
from directory.store.compiled import Statement
from directory.store.unit import Row, execute, fetch, fetch_one

BODY_SHOWN_MAX = 20_000
"""Longer bodies of the sample are left out: they are lists of members."""

_OPEN_SOURCES = Statement(
    "SELECT s.tenant_id, s.id, w.after_request_id FROM source_row s"
    " LEFT JOIN evidence_walk_row w ON w.tenant_id = s.tenant_id AND w.source_id = s.id WHERE s.kind = 'scim'"
    " AND (SELECT count(*) FROM evidence_row v WHERE v.tenant_id = s.tenant_id AND v.source_id = s.id)"
    " < CASE WHEN s.preset = 'okta' THEN $1::bigint - 1 ELSE $1::bigint END"
    # Not EXISTS: PostgreSQL would join with all request records; this is one look into an index for each source.
    " AND (SELECT r.id FROM request_row r WHERE r.tenant_id = s.tenant_id AND r.source_id = s.id"
    " AND r.id > coalesce(w.after_request_id, $2::uuid) ORDER BY r.id LIMIT 1) IS NOT NULL"
    " ORDER BY s.tenant_id, s.id LIMIT $3::bigint",
    house=True,
)
_AHEAD = Statement(
    "SELECT id, method, path, status, started_at, reference FROM request_row"
    " WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND id > $3::uuid ORDER BY id LIMIT $4::bigint"
)
_DEEDS = Statement(
    "SELECT e.request_id, e.action, EXISTS (SELECT 1 FROM event_member_row m WHERE m.tenant_id = e.tenant_id"
    " AND m.event_id = e.id AND m.joined) AS joined FROM event_row e"
    " WHERE e.tenant_id = $1::uuid AND e.request_id = ANY($2::uuid[]) AND e.action IN ('user:created',"
    " 'user:returned', 'user:disabled', 'group:created', 'group:returned', 'group:members:changed')"
)
_PUT_EVIDENCE = Statement(
    "INSERT INTO evidence_row (tenant_id, source_id, step, at, reference)"
    " VALUES ($1::uuid, $2::uuid, $3::text, $4::timestamptz, $5::text) ON CONFLICT DO NOTHING"
)
_PUT_WALK = Statement(
    "INSERT INTO evidence_walk_row (tenant_id, source_id, after_request_id) VALUES ($1::uuid, $2::uuid, $3::uuid)"
    " ON CONFLICT (tenant_id, source_id) DO UPDATE SET after_request_id = excluded.after_request_id"
)
_EVIDENCE = Statement(
    "SELECT step, at, reference FROM evidence_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid"
)
_SAMPLE = Statement(
    "SELECT method, path, status, scim_type, detail, software, leniencies, started_at, reference,"
    f" CASE WHEN length(request_body) <= {BODY_SHOWN_MAX} THEN request_body END AS request_body FROM request_row"
    " WHERE tenant_id = $1::uuid AND source_id = $2::uuid ORDER BY id DESC LIMIT $3::bigint"
)
_USER_TOTAL = Statement(
    "SELECT coalesce(sum(things), 0)::bigint AS total FROM tally_row"
    " WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND kind = 'user'"
)
_GROUPS = Statement(
    "SELECT count(*)::bigint AS groups, coalesce(sum(CASE WHEN g.member_count > 0 THEN 1 ELSE 0 END), 0)::bigint"
    " AS filled, coalesce(sum(g.waiting_count), 0)::bigint AS waiting,"
    " coalesce(sum(g.nested_count), 0)::bigint AS nested FROM (SELECT member_count, waiting_count, nested_count"
    " FROM group_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND deleted_at IS NULL"
    " ORDER BY id LIMIT $3::bigint) AS g"
)
_DOCUMENTS = Statement(
    "SELECT id, document FROM user_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND deleted_at IS NULL"
    " AND id > $3::uuid ORDER BY id LIMIT $4::bigint"
)
_COVERAGE = Statement("SELECT * FROM coverage_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid")
_PUT_COVERAGE = Statement(
    "INSERT INTO coverage_row (tenant_id, source_id, counted_at, document, began_at, after_user_id, partial)"
    " VALUES ($1::uuid, $2::uuid, $3::timestamptz, $4::text, $5::timestamptz, $6::uuid, $7::text)"
    " ON CONFLICT (tenant_id, source_id) DO UPDATE SET counted_at = excluded.counted_at,"
    " document = excluded.document, began_at = excluded.began_at, after_user_id = excluded.after_user_id,"
    " partial = excluded.partial"
)
# Whose users are many, and either a count is under way or something changed since the last one.
_TO_COUNT = Statement(
    "SELECT s.tenant_id, s.id FROM source_row s"
    " LEFT JOIN coverage_row c ON c.tenant_id = s.tenant_id AND c.source_id = s.id WHERE s.kind = 'scim'"
    " AND (c.began_at IS NOT NULL OR (c.counted_at IS NULL AND s.last_change_at IS NOT NULL)"
    " OR (c.counted_at < s.last_change_at AND c.counted_at < $1::timestamptz))"
    " AND (SELECT coalesce(sum(y.things), 0) FROM tally_row y WHERE y.tenant_id = s.tenant_id AND y.source_id = s.id"
    " AND y.kind = 'user') > $2::bigint ORDER BY s.tenant_id, s.id LIMIT 1",
    house=True,
)
FIRST_ID = UUID(int=0)


class Place(NamedTuple):
    """A source, and how far its request records were looked through."""

    tenant_id: TenantId
    source_id: SourceId
    after: UUID


class GroupFigures(NamedTuple):
    """The groups of a source, the first thousand of them."""

    groups: int
    filled: int
    waiting: int
    nested: int


async def list_open_sources(step_count: int, *, limit: int) -> list[Place]:
    """Return sources that lack evidence of a step and have requests nobody looked at."""
    return [
        Place(TenantId(row["tenant_id"]), SourceId(row["id"]), row["after_request_id"] or FIRST_ID)
        for row in await fetch(_OPEN_SOURCES, step_count, FIRST_ID, limit)
    ]


async def list_ahead(place: Place, *, limit: int) -> list[Row]:
    """Return the next request records of a source."""
    return await fetch(_AHEAD, place.tenant_id, place.source_id, place.after, limit)


async def list_deeds(tenant_id: TenantId, request_ids: list[UUID]) -> list[Row]:
    """Return what requests did: the actions of their events, and whether somebody joined a group."""
    return await fetch(_DEEDS, tenant_id, request_ids)


async def put_evidence(place: Place, step: str, *, at: datetime, reference: str) -> int:
    """Keep the evidence of a step, unless there is some; returns 1 if there was none."""
    return await execute(_PUT_EVIDENCE, place.tenant_id, place.source_id, step, at, reference)


async def put_walk(place: Place, after: UUID) -> None:
    """Note how far the records were looked through."""
    await execute(_PUT_WALK, place.tenant_id, place.source_id, after)


async def list_evidence(tenant_id: TenantId, source_id: SourceId) -> list[Row]:
    """Return the steps that were seen."""
    return await fetch(_EVIDENCE, tenant_id, source_id)


async def list_sample(tenant_id: TenantId, source_id: SourceId, *, limit: int) -> list[Row]:
    """Return the newest request records, with bodies that are not too long."""
    return await fetch(_SAMPLE, tenant_id, source_id, limit)


async def count_users(tenant_id: TenantId, source_id: SourceId) -> int:
    """Return how many live users a source has, from the maintained count."""
    row = await fetch_one(_USER_TOTAL, tenant_id, source_id)
    return 0 if row is None else int(row["total"])


async def find_group_figures(tenant_id: TenantId, source_id: SourceId, *, limit: int) -> GroupFigures:
    """Return how the first groups of a source are filled."""
    row = await fetch_one(_GROUPS, tenant_id, source_id, limit)
    return GroupFigures(0, 0, 0, 0) if row is None else GroupFigures(*(row[name] for name in GroupFigures._fields))


async def list_documents(tenant_id: TenantId, source_id: SourceId, after: UUID, *, limit: int) -> list[Row]:
    """Return the documents of the next users of a source, in the order of their ids."""
    return await fetch(_DOCUMENTS, tenant_id, source_id, after, limit, unbounded=True)


async def find_coverage(tenant_id: TenantId, source_id: SourceId) -> Row | None:
    """Return what was counted last, and the count under way."""
    return await fetch_one(_COVERAGE, tenant_id, source_id)


async def put_coverage(tenant_id: TenantId, source_id: SourceId, *values: object) -> None:
    """Keep a count: counted at, document, began at, after, partial."""
    await execute(_PUT_COVERAGE, tenant_id, source_id, *values)


async def find_source_to_count(counted_before: datetime, *, more_than: int) -> tuple[TenantId, SourceId] | None:
    """Return a source whose users should be counted now."""
    row = await fetch_one(_TO_COUNT, counted_before, more_than)
    return None if row is None else (TenantId(row["tenant_id"]), SourceId(row["id"]))
