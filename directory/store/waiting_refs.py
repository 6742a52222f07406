"""References to managers as rows of their own, kept up to date behind the chain of events; and what still waits."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from directory.ids import new_id
from directory.model import GroupId, SourceId, TenantId, UserId
from directory.store.compiled import Statement
from directory.store.insert import Insert
from directory.store.manager_refs import NO_SOURCE, Asked, Meant, asked_by, key_of, mark_of
from directory.store.tables import columns_of
from directory.store.tables_adoption import ReferenceRow
from directory.store.unit import Row, execute, fetch, fetch_one

_NEXT = Statement(
    "SELECT c.tenant_id, coalesce(w.seq, 0) AS seq FROM chain_row c"
    " LEFT JOIN reference_walk_row w ON w.tenant_id = c.tenant_id WHERE c.seq > coalesce(w.seq, 0)"
    " ORDER BY c.tenant_id LIMIT 1",
    house=True,
)
_TOLD = Statement(
    "SELECT seq, id, subject_kind, subject_id, action, at FROM event_row"
    " WHERE tenant_id = $1::uuid AND seq > $2::bigint ORDER BY seq LIMIT $3::bigint"
)
_MOVED = Statement(
    "SELECT event_id, user_id FROM event_member_row WHERE tenant_id = $1::uuid AND event_id = ANY($2::uuid[])"
)
_PEOPLE = Statement(
    "SELECT id, source_id, user_name_key, manager_ref FROM user_row"
    " WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[]) AND deleted_at IS NULL"
)
_LINKS = Statement("SELECT external_id FROM user_link_row WHERE tenant_id = $1::uuid AND user_id = ANY($2::uuid[])")
_EMAILS = Statement("SELECT DISTINCT value_key FROM email_row WHERE tenant_id = $1::uuid AND user_id = ANY($2::uuid[])")
_COLUMNS = "SELECT id, source_id, said, manager_id, way FROM reference_row WHERE tenant_id = $1::uuid"
_BY_KEY = Statement(f"{_COLUMNS} AND ref_key = ANY($2::text[])")
_BY_MANAGER = Statement(f"{_COLUMNS} AND manager_id = ANY($2::uuid[])")
_BY_MARK = Statement(f"{_COLUMNS} AND source_id = ANY($2::uuid[]) AND mark = ANY($3::text[])")
_ADD = Insert("reference_row", columns_of(ReferenceRow), "ON CONFLICT DO NOTHING")
_FOUND = Statement(
    "UPDATE reference_row SET manager_id = $3::uuid, way = $4::text WHERE tenant_id = $1::uuid AND id = $2::uuid"
)
_LOST = Statement(
    "UPDATE reference_row SET manager_id = NULL, way = NULL, since = $3::timestamptz"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid"
)
_WALKED = Statement(
    "INSERT INTO reference_walk_row (tenant_id, seq) VALUES ($1::uuid, $2::bigint)"
    " ON CONFLICT (tenant_id) DO UPDATE SET seq = excluded.seq"
)
# Whoever names it: found by the beginning of the reference, which is in an index, and then compared as a whole.
NAMED_BY = (
    "u.tenant_id = r.tenant_id AND substr(u.manager_ref, 1, 200) = substr(r.said, 1, 200) AND u.manager_ref = r.said"
    f" AND coalesce(u.source_id, '{NO_SOURCE}') = r.source_id AND u.manager_ref IS NOT NULL AND u.deleted_at IS NULL"
)
_NAMED = f"EXISTS (SELECT 1 FROM user_row u WHERE {NAMED_BY})"
_WAITING = f"FROM reference_row r WHERE r.tenant_id = $1::uuid AND r.manager_id IS NULL AND {_NAMED}"
_PAGE = (
    "SELECT r.id, r.source_id, r.said, r.since, s.label,"
    f" (SELECT count(*) FROM (SELECT 1 AS one FROM user_row u WHERE {NAMED_BY} LIMIT $5::bigint) AS few) AS people,"
    f" (SELECT u.id FROM user_row u WHERE {NAMED_BY} LIMIT 1)::uuid AS user_id"
    " FROM reference_row r LEFT JOIN source_row s ON s.tenant_id = r.tenant_id AND s.id = r.source_id"
    f" WHERE r.tenant_id = $1::uuid AND r.manager_id IS NULL AND {_NAMED} AND (r.since, r.id) > ($2::timestamptz,"
    " $3::uuid) ORDER BY r.since, r.id LIMIT $4::bigint"
)
_MANAGERS = Statement(_PAGE)
_COUNT_MANAGERS = Statement(f"SELECT count(*) AS things FROM (SELECT 1 AS one {_WAITING} LIMIT $2::bigint) AS few")
_REFS_TO = Statement(
    "SELECT source_id, said FROM reference_row WHERE tenant_id = $1::uuid AND manager_id = $2::uuid LIMIT $3::bigint"
)
_MEMBERS = Statement(
    "SELECT w.group_id, w.value, w.since, g.display_name, g.source_id, s.label FROM waiting_row w"
    " JOIN group_row g ON g.tenant_id = w.tenant_id AND g.id = w.group_id"
    " JOIN source_row s ON s.tenant_id = g.tenant_id AND s.id = g.source_id"
    " WHERE w.tenant_id = $1::uuid AND (w.since, w.group_id, w.value) > ($2::timestamptz, $3::uuid, $4::text)"
    " ORDER BY w.since, w.group_id, w.value LIMIT $5::bigint",
    sqlite="SELECT w.group_id, w.value, w.since, g.display_name, g.source_id, s.label"
    " FROM waiting_row w INDEXED BY waiting_since CROSS JOIN group_row g CROSS JOIN source_row s"
    " WHERE w.tenant_id = $1 AND (w.since, w.group_id, w.value) > ($2, $3, $4)"
    " AND g.tenant_id = w.tenant_id AND g.id = w.group_id AND s.tenant_id = g.tenant_id AND s.id = g.source_id"
    " ORDER BY w.since, w.group_id, w.value LIMIT $5",
)
_COUNT_MEMBERS = Statement(
    "SELECT count(*) AS things FROM"
    " (SELECT 1 AS one FROM waiting_row WHERE tenant_id = $1::uuid LIMIT $2::bigint) AS few"
)
# In a tenant whose users are led to others, these are told of it, too: there a manager is named by the id here.
_QUEUE_NAMING = Statement(
    "INSERT INTO route_due_row (tenant_id, kind, subject_id, asked_at, lets_pass)"
    " SELECT r.tenant_id, 'user', u.id, $4::timestamptz, false FROM reference_row r CROSS JOIN user_row u"
    f" WHERE {NAMED_BY} AND r.tenant_id = $1::uuid AND r.source_id = ANY($2::uuid[]) AND r.mark = ANY($3::text[])"
    " AND EXISTS (SELECT 1 FROM tenant_row t WHERE t.id = $1::uuid AND t.routing_mark IS NOT NULL) ORDER BY u.id"
    " ON CONFLICT (tenant_id, kind, subject_id) DO UPDATE SET asks = route_due_row.asks + 1, not_before = NULL"
)
_UNUSED = Statement(
    "SELECT r.tenant_id, r.id FROM reference_row r WHERE (r.tenant_id, r.id) > ($1::uuid, $2::uuid)"
    f" AND NOT {_NAMED} ORDER BY r.tenant_id, r.id LIMIT $3::bigint",
    house=True,
)
_FORGET = Statement(
    f"DELETE FROM reference_row AS r WHERE r.tenant_id = $1::uuid AND r.id = ANY($2::uuid[]) AND NOT {_NAMED}"
)


class Walk(NamedTuple):
    """A tenant whose events are ahead of its references."""

    tenant_id: TenantId
    seq: int


class KnownRef(NamedTuple):
    """A reference with whom it was found to mean."""

    row_id: UUID
    asked: Asked
    meant: Meant | None


class Newcomers(NamedTuple):
    """What changed users say: whom they name, and what they may be named by."""

    asked: dict[Asked, list[UserId]]
    keys: set[str]


async def next_walk() -> Walk | None:
    """Return a tenant in whose chain something is new."""
    row = await fetch_one(_NEXT)
    return None if row is None else Walk(TenantId(row["tenant_id"]), row["seq"])


async def list_told(walk: Walk, *, limit: int) -> list[Row]:
    """Return the next events of a chain."""
    return await fetch(_TOLD, walk.tenant_id, walk.seq, limit)


async def list_moved(tenant_id: TenantId, event_ids: Sequence[UUID]) -> list[tuple[UUID, UserId]]:
    """Return (event, user) for whom events have in their lists."""
    rows = await fetch(_MOVED, tenant_id, list(event_ids), unbounded=True)
    return [(row["event_id"], UserId(row["user_id"])) for row in rows]


async def read_newcomers(tenant_id: TenantId, user_ids: Sequence[UserId]) -> Newcomers:
    """Return what users say of managers, and every id, name and address that they are known by."""
    people = await fetch(_PEOPLE, tenant_id, list(user_ids), unbounded=True)
    links = await fetch(_LINKS, tenant_id, list(user_ids), unbounded=True)
    emails = await fetch(_EMAILS, tenant_id, list(user_ids), unbounded=True)
    asked: dict[Asked, list[UserId]] = {}
    for row in people:
        if row["manager_ref"]:
            asked.setdefault(asked_by(row["source_id"], row["manager_ref"]), []).append(UserId(row["id"]))
    keys = {key_of(str(user_id)) for user_id in user_ids} | {key_of(row["user_name_key"]) for row in people}
    keys |= {key_of(row["external_id"]) for row in links} | {key_of(row["value_key"]) for row in emails}
    return Newcomers(asked, keys)


async def list_touched(tenant_id: TenantId, newcomers: Newcomers, user_ids: Sequence[UserId]) -> list[KnownRef]:
    """Return the references that these users make, that they may be meant by, and that meant one of them."""
    rows = await fetch(_BY_KEY, tenant_id, sorted(newcomers.keys), unbounded=True)
    rows += await fetch(_BY_MANAGER, tenant_id, list(user_ids), unbounded=True)
    sources = sorted({one.source_id for one in newcomers.asked})
    marks = sorted({mark_of(one.ref) for one in newcomers.asked})
    rows += await fetch(_BY_MARK, tenant_id, sources, marks, unbounded=True) if marks else []
    return list({row["id"]: _known_from(row) for row in rows}.values())


async def add_refs(tenant_id: TenantId, refs: Mapping[Asked, tuple[datetime, Meant | None]]) -> None:
    """Keep references that nobody made before, each with since when."""
    rows = (
        (
            tenant_id,
            new_id(since),
            one.source_id,
            mark_of(one.ref),
            one.ref,
            key_of(one.ref),
            since,
            None if meant is None else meant.user_id,
            None if meant is None else meant.way,
        )
        for one, (since, meant) in refs.items()
    )
    await _ADD(rows)


async def settle_ref(tenant_id: TenantId, row_id: UUID, meant: Meant | None, *, now: datetime) -> None:
    """Note whom a reference means now; one that means nobody any more waits from now on."""
    if meant is None:
        await execute(_LOST, tenant_id, row_id, now)
    else:
        await execute(_FOUND, tenant_id, row_id, *meant)


async def queue_naming(tenant_id: TenantId, asked: Sequence[Asked], *, now: datetime) -> None:
    """Have the users of a super tenant routed anew who make these references, which mean somebody else now."""
    sources, marks = sorted({one.source_id for one in asked}), sorted({mark_of(one.ref) for one in asked})
    await execute(_QUEUE_NAMING, tenant_id, sources, marks, now, unbounded=True)


async def put_walk(tenant_id: TenantId, seq: int) -> None:
    """Note up to which event the references are settled."""
    await execute(_WALKED, tenant_id, seq)


async def list_refs_to(tenant_id: TenantId, user_id: UserId, *, limit: int) -> list[Asked]:
    """Return the references that mean a user."""
    rows = await fetch(_REFS_TO, tenant_id, user_id, limit)
    return [Asked(SourceId(row["source_id"]), row["said"]) for row in rows]


async def page_of_managers(
    tenant_id: TenantId, after: tuple[datetime, UUID], *, people_max: int, limit: int
) -> list[Row]:
    """Return references that mean nobody, the oldest first, with how many name each: at most ``people_max``."""
    return await fetch(_MANAGERS, tenant_id, *after, limit, people_max, unbounded=True)


async def count_managers(tenant_id: TenantId, *, at_most: int) -> int:
    """Return how many references mean nobody."""
    (row,) = await fetch(_COUNT_MANAGERS, tenant_id, at_most, unbounded=True)
    return int(row["things"])


async def page_of_members(tenant_id: TenantId, after: tuple[datetime, GroupId, str], *, limit: int) -> list[Row]:
    """Return values that groups wait for, the oldest first."""
    return await fetch(_MEMBERS, tenant_id, *after, limit, unbounded=True)


async def count_members(tenant_id: TenantId, *, at_most: int) -> int:
    """Return how many values groups wait for."""
    (row,) = await fetch(_COUNT_MEMBERS, tenant_id, at_most, unbounded=True)
    return int(row["things"])


async def list_unused(after: tuple[UUID, UUID], *, limit: int) -> list[tuple[TenantId, UUID]]:
    """Return (tenant, row) of references that nobody makes any more, of all tenants."""
    return [(TenantId(row["tenant_id"]), row["id"]) for row in await fetch(_UNUSED, *after, limit, unbounded=True)]


async def forget_refs(tenant_id: TenantId, row_ids: Iterable[UUID]) -> int:
    """Delete references, but for those that somebody makes again."""
    return await execute(_FORGET, tenant_id, list(row_ids), unbounded=True)


def _known_from(row: Row) -> KnownRef:
    meant = None if row["manager_id"] is None else Meant(UserId(row["manager_id"]), row["way"])
    return KnownRef(row["id"], Asked(SourceId(row["source_id"]), row["said"]), meant)
