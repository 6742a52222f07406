"""Rows that decide nothing: request records, times of last use, and what has grown old."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from directory.model import RequestDraft, SecretId, SourceId, TenantId
from directory.store.compiled import Statement
from directory.store.insert import Insert
from directory.store.tables import RequestRow, columns_of
from directory.store.together import Together
from directory.store.unit import execute

TEXT_LENGTH_MAX = 2_000
BODY_LENGTH_MAX = 65_536
"""A longer body is kept up to here."""

_REQUESTS = Insert("request_row", columns_of(RequestRow), "ON CONFLICT DO NOTHING")
_SECRET_USED = Statement(
    "UPDATE secret_row SET last_used_at = $3::timestamptz, last_used_from = $4::text, last_used_software = $5::text"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid AND (last_used_at IS NULL OR last_used_at < $3::timestamptz)"
)
_SOURCE_ASKED = Statement(
    "UPDATE source_row SET last_request_at = $3::timestamptz"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid AND (last_request_at IS NULL OR last_request_at < $3::timestamptz)"
)
_SOURCE_CHANGED = Statement(
    "UPDATE source_row SET last_change_at = $3::timestamptz"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid AND (last_change_at IS NULL OR last_change_at < $3::timestamptz)"
)
_OLD_REQUESTS = Statement(
    "DELETE FROM request_row WHERE (tenant_id, id) IN"
    " (SELECT tenant_id, id FROM request_row WHERE started_at < $1::timestamptz ORDER BY started_at LIMIT $2::bigint)",
    house=True,
)
_OLD_SESSIONS = Statement(
    "DELETE FROM web_session_row WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM web_session_row"
    " WHERE ended_at < $1::timestamptz OR created_at < $2::timestamptz LIMIT $3::bigint)",
    house=True,
)
_OLD_LINKS = Statement(
    "DELETE FROM signin_link_row WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM signin_link_row"
    " WHERE expires_at < $1::timestamptz LIMIT $2::bigint)",
    house=True,
)


class SecretUse(NamedTuple):
    """That a secret was used, from where and by what."""

    tenant_id: TenantId
    source_id: SourceId
    secret_id: SecretId
    at: datetime
    network: str
    software: str


async def insert_requests(drafts: Sequence[RequestDraft]) -> int:
    """Store request records; one that is there already stays as it is. Returns how many are new."""
    return await _REQUESTS.count([_request_values(draft) for draft in drafts])


def add_request(draft: RequestDraft, writes: Together) -> None:
    """Have a request record stored with what else is inserted."""
    writes.add(_REQUESTS, [_request_values(draft)])


def _request_values(draft: RequestDraft) -> tuple[object, ...]:
    leniencies = [storable(name) for name in draft.leniencies]
    return (
        draft.tenant_id,
        draft.request_id,
        draft.source_id,
        draft.secret_id,
        draft.reference,
        storable(draft.method),
        storable(draft.path),
        draft.status,
        storable_or_none(draft.scim_type),
        storable_or_none(draft.detail),
        storable_or_none(draft.request_body, BODY_LENGTH_MAX),
        storable(draft.software),
        storable(draft.network),
        msgspec.json.encode(leniencies).decode(),
        draft.started_at,
        draft.elapsed_us(),
    )


def storable(text: str, length_max: int = TEXT_LENGTH_MAX) -> str:
    """Return a text as both databases hold it: a record must never fail the request that it is of."""
    if len(text) > length_max:
        text = text[: length_max - 1] + "…"
    if "\0" in text or not text.isascii():
        return text.replace("\0", "\ufffd").encode(errors="replace").decode()
    return text


def storable_or_none(text: str | None, length_max: int = TEXT_LENGTH_MAX) -> str | None:
    """Return the same of a text that may be missing."""
    return None if text is None else storable(text, length_max)


async def stamp_uses(uses: Sequence[SecretUse], changes: Sequence[tuple[TenantId, SourceId, datetime]]) -> None:
    """Write when secrets and sources were last used, and sources last changed something; never an older time.

    Sources first, each once over, then secrets, all in one order: so two processes never wait for each other, nor does
    whoever changes a secret, which holds its source first.
    """
    stamps = [(use.tenant_id, use.source_id, _SOURCE_ASKED, use.at) for use in sorted(uses, key=lambda use: use.at)]
    stamps += [(tenant_id, source_id, _SOURCE_CHANGED, at) for tenant_id, source_id, at in changes]
    latest = {(tenant_id, source_id, statement): at for tenant_id, source_id, statement, at in stamps}
    for (tenant_id, source_id, statement), at in sorted(latest.items(), key=lambda stamp: stamp[0][:2]):
        await execute(statement, tenant_id, source_id, at)
    for use in sorted(uses, key=lambda use: use.secret_id):
        network, software = storable(use.network), storable(use.software)
        await execute(_SECRET_USED, use.tenant_id, use.secret_id, use.at, network, software)


async def delete_requests(before: datetime, *, limit: int) -> int:
    """Delete records of requests that started before; return how many."""
    return await execute(_OLD_REQUESTS, before, limit, unbounded=True)


async def delete_sessions(*, ended_before: datetime, created_before: datetime, limit: int) -> int:
    """Delete web sessions that are long over; return how many."""
    return await execute(_OLD_SESSIONS, ended_before, created_before, limit, unbounded=True)


async def delete_links(expired_before: datetime, *, limit: int) -> int:
    """Delete one-time links that are long over; return how many."""
    return await execute(_OLD_LINKS, expired_before, limit, unbounded=True)
