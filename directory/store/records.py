"""Reads of what happened: events and request records, by page, the newest first."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from directory.chain import EventContent
from directory.model import RequestId, SourceId, TenantId
from directory.references import ids_referred
from directory.store.compiled import Statement
from directory.store.unit import Row, fetch, fetch_one

_EVENT = (
    "SELECT e.id, e.at, e.actor_kind, e.actor_id, e.action, e.subject_kind, e.subject_id, e.request_id, e.run_id,"
    " e.seq, v.document"
    " FROM event_row e LEFT JOIN event_value_row v ON v.tenant_id = e.tenant_id AND v.event_id = e.id"
)
_EVENTS = Statement(f"{_EVENT} WHERE e.tenant_id = $1::uuid AND e.id < $2::uuid ORDER BY e.id DESC LIMIT $3::bigint")
# The events of a user are those about it, and those of groups that it joined or left.
_EVENTS_OF = Statement(
    f"{_EVENT} WHERE e.tenant_id = $1::uuid AND e.id IN ("
    "SELECT id FROM (SELECT id FROM event_row WHERE tenant_id = $1::uuid AND subject_id = $4::uuid AND id < $2::uuid"
    " ORDER BY id DESC LIMIT $3::bigint) AS about UNION"
    " SELECT event_id FROM (SELECT event_id FROM event_member_row WHERE tenant_id = $1::uuid AND user_id = $4::uuid"
    " AND event_id < $2::uuid ORDER BY event_id DESC LIMIT $3::bigint) AS moved)"
    " ORDER BY e.id DESC LIMIT $3::bigint"
)
_EVENTS_OF_REQUEST = Statement(
    f"{_EVENT} WHERE e.tenant_id = $1::uuid AND e.request_id = $2::uuid ORDER BY e.id LIMIT $3::bigint"
)
_CHAINED = Statement(
    "SELECT e.id, e.at, e.actor_kind, e.actor_id, e.action, e.subject_kind, e.subject_id, e.request_id, e.run_id,"
    " e.commitment, e.content_hash, e.seq, e.chain_hash, v.salt, v.document"
    " FROM event_row e LEFT JOIN event_value_row v ON v.tenant_id = e.tenant_id AND v.event_id = e.id"
    " WHERE e.tenant_id = $1::uuid AND e.seq > $2::bigint ORDER BY e.seq LIMIT $3::bigint"
)
_MOVED = Statement(
    "SELECT event_id, user_id, joined FROM event_member_row WHERE tenant_id = $1::uuid AND event_id = ANY($2::uuid[])"
)
_HEAD = Statement("SELECT seq, hash FROM chain_row WHERE tenant_id = $1::uuid")

_REQUESTS = {
    (one_source, failed): Statement(
        "SELECT * FROM request_row WHERE tenant_id = $1::uuid AND id < $2::uuid"
        + (" AND source_id = $4::uuid" if one_source else "")
        + (" AND status >= 400" if failed else "")
        + " ORDER BY id DESC LIMIT $3::bigint"
    )
    for one_source in (False, True)
    for failed in (False, True)
}
_REQUEST = Statement("SELECT * FROM request_row WHERE tenant_id = $1::uuid AND id = $2::uuid")
_REQUEST_REFERRED = Statement(
    "SELECT * FROM request_row WHERE tenant_id = $1::uuid AND id >= $2::uuid AND id < $3::uuid"
    " AND reference = $4::text ORDER BY id DESC LIMIT 1"
)
_NEWEST_REQUEST = Statement("SELECT id FROM request_row WHERE tenant_id = $1::uuid ORDER BY id DESC LIMIT 1")

_LAST = UUID(int=(1 << 128) - 1)


class ChainedEvent(NamedTuple):
    """A sealed event as it is stored, with what its hashes were made of."""

    content: EventContent
    content_hash: str
    seq: int
    chain_hash: str
    values: tuple[str, str] | None
    """(salt, document) of the commitment; None once they are erased."""


class ChainHead(NamedTuple):
    """The last link of a tenant's chain."""

    seq: int
    hash: str


async def list_events(tenant_id: TenantId, *, subject_id: UUID | None, before: UUID | None, limit: int) -> list[Row]:
    """Return rows of events with their values, the newest first."""
    until = _LAST if before is None else before
    if subject_id is None:
        return await fetch(_EVENTS, tenant_id, until, limit)
    return await fetch(_EVENTS_OF, tenant_id, until, limit, subject_id)


async def list_events_of_request(tenant_id: TenantId, request_id: RequestId, *, limit: int) -> list[Row]:
    """Return rows of the events that a request caused, the oldest first."""
    return await fetch(_EVENTS_OF_REQUEST, tenant_id, request_id, limit)


async def list_chained(tenant_id: TenantId, *, after_seq: int, limit: int) -> list[ChainedEvent]:
    """Return sealed events in the order of the chain."""
    rows = await fetch(_CHAINED, tenant_id, after_seq, limit, unbounded=True)
    moved: dict[UUID, tuple[list[UUID], list[UUID]]] = {row["id"]: ([], []) for row in rows}
    for row in await fetch(_MOVED, tenant_id, list(moved), unbounded=True) if rows else ():
        joined, left = moved[row["event_id"]]
        (joined if row["joined"] else left).append(row["user_id"])
    return [_chained_from(tenant_id, row, *moved[row["id"]]) for row in rows]


async def find_chain_head(tenant_id: TenantId) -> ChainHead | None:
    """Return the last link of the chain, or None before anything was sealed."""
    row = await fetch_one(_HEAD, tenant_id)
    return None if row is None else ChainHead(row["seq"], row["hash"])


async def list_requests(
    tenant_id: TenantId, *, source_id: SourceId | None, before: RequestId | None, failed_only: bool, limit: int
) -> list[Row]:
    """Return request records, the newest first."""
    statement = _REQUESTS[source_id is not None, failed_only]
    source = () if source_id is None else (source_id,)
    return await fetch(statement, tenant_id, _LAST if before is None else before, limit, *source)


async def find_request(tenant_id: TenantId, request_id: UUID) -> Row | None:
    """Return a request record by its id."""
    return await fetch_one(_REQUEST, tenant_id, request_id)


async def find_request_referred(tenant_id: TenantId, reference: str) -> Row | None:
    """Return the newest request record of that reference."""
    newest = await fetch_one(_NEWEST_REQUEST, tenant_id)
    if newest is None:
        return None
    return await fetch_one(_REQUEST_REFERRED, tenant_id, *ids_referred(reference, newest["id"]), reference)


def _chained_from(tenant_id: UUID, row: Row, joined: Sequence[UUID], left: Sequence[UUID]) -> ChainedEvent:
    at: datetime = row["at"]
    content = EventContent(
        tenant_id=tenant_id,
        event_id=row["id"],
        at=at,
        actor_kind=row["actor_kind"],
        actor_id=row["actor_id"],
        action=row["action"],
        subject_kind=row["subject_kind"],
        subject_id=row["subject_id"],
        request_id=row["request_id"],
        commitment=row["commitment"],
        joined=tuple(joined),
        left=tuple(left),
        run_id=row["run_id"],
    )
    return ChainedEvent(
        content=content,
        content_hash=row["content_hash"],
        seq=row["seq"],
        chain_hash=row["chain_hash"],
        values=None if row["document"] is None else (row["salt"], row["document"]),
    )
