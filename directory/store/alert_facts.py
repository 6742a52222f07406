"""What alerts are seen from, of many tenants at once: their connections, secrets, newest requests and refusals."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from directory.model import SecretKey, Source, SourceId, TenantId
from directory.store.access import secret_from, source_from
from directory.store.compiled import Statement
from directory.store.equipment_keys import EquipmentKey, list_unended
from directory.store.resting import awake
from directory.store.unit import fetch

RECENT_MAX = 20
_FIRST = UUID(int=0)
_TENANTS = Statement(
    "SELECT tenant_id FROM (SELECT tenant_id FROM source_row WHERE tenant_id > $1::uuid UNION SELECT tenant_id"
    " FROM equipment_key_row WHERE tenant_id > $1::uuid UNION SELECT tenant_id FROM outbox_row"
    " WHERE state IN ('failed', 'unknown') AND tenant_id > $1::uuid UNION SELECT tenant_id FROM alert_row"
    f" WHERE state <> 'recovered' AND tenant_id > $1::uuid) AS found"
    f" WHERE {awake('tenant_id')} ORDER BY tenant_id LIMIT $2::bigint",
    house=True,
)
_SOURCES = Statement("SELECT * FROM source_row WHERE tenant_id = ANY($1::uuid[]) ORDER BY tenant_id, id", house=True)
_SECRETS = Statement("SELECT * FROM secret_row WHERE tenant_id = ANY($1::uuid[]) AND revoked_at IS NULL", house=True)
_HOURS = Statement(
    "SELECT hour, source_id FROM activity_hour_row WHERE tenant_id = ANY($1::uuid[]) AND hour >= $2::timestamptz"
    " AND kind = 'requests' ORDER BY hour",
    house=True,
)
# As JSON text of a sub-select: twenty steps in an index for each source, in one statement for all of them.
_NEWEST = (
    "(SELECT q.started_at, q.method, q.status FROM request_row q"
    " WHERE q.tenant_id = s.tenant_id AND q.source_id = s.id ORDER BY q.id DESC LIMIT 20) AS newest"
)
_RECENT = Statement(
    "SELECT s.id, (SELECT json_agg(json_build_array(newest.started_at, newest.method, newest.status))::text"
    f" FROM {_NEWEST}) AS recent FROM source_row s WHERE s.tenant_id = ANY($1::uuid[])",
    sqlite="SELECT s.id, (SELECT json_group_array(json_array(newest.started_at, newest.method, newest.status))"
    f" FROM {_NEWEST}) AS recent FROM source_row s WHERE s.tenant_id = ANY($1::uuid[])",
    house=True,
)
_REFUSED = Statement(
    "SELECT source_id, sum(things)::bigint AS things FROM refusal_row WHERE tenant_id = ANY($1::uuid[])"
    " AND source_id IS NOT NULL AND last_at > $2::timestamptz"
    " AND cause IN ('unknown', 'expired', 'revoked', 'altered') GROUP BY source_id",
    house=True,
)
_TROUBLED = Statement(
    "SELECT tenant_id, count(*) AS things FROM outbox_row WHERE tenant_id = ANY($1::uuid[])"
    " AND state IN ('failed', 'unknown') GROUP BY tenant_id",
    house=True,
)


_HELD_OF = "FROM held_change_row h WHERE h.tenant_id = s.tenant_id AND h.state = 'waiting' AND h.source_id = s.id"
_HELD = Statement(
    "SELECT s.tenant_id, s.id, s.label,"
    f" (SELECT count(*) FROM (SELECT 1 {_HELD_OF} LIMIT $2::bigint) AS few) AS things,"
    f" (SELECT h.expires_at {_HELD_OF} ORDER BY h.id LIMIT 1)::timestamptz AS expires_at"
    " FROM source_row s WHERE s.tenant_id = ANY($1::uuid[])",
    house=True,
)
HELD_MAX = 10_000


class HeldWaiting(NamedTuple):
    """What the guard holds of one connection that nobody decided."""

    tenant_id: TenantId
    source_id: SourceId
    label: str
    things: int
    """How many changes, up to 10,000."""
    expires_at: datetime
    """Of the oldest."""


class Answered(NamedTuple):
    """How one request ended."""

    at: datetime
    method: str
    status: int


class SourceSights(NamedTuple):
    """What is seen of the connections of some tenants."""

    sources: list[Source]
    secrets: dict[SourceId, list[SecretKey]]
    active_hours: dict[SourceId, list[datetime]]
    recent: dict[SourceId, list[Answered]]
    """The newest requests, the newest first."""
    refused: dict[SourceId, int]
    """How many requests with a secret that opens nothing."""
    troubled_mails: dict[TenantId, int]
    equipment_keys: list[EquipmentKey]
    """Keys of asset systems that nobody rotated or revoked; some have expired."""


async def list_held(tenant_ids: Sequence[TenantId]) -> list[HeldWaiting]:
    """Return the connections of which the guard holds something that waits for somebody."""
    rows = [row for row in await fetch(_HELD, list(tenant_ids), HELD_MAX) if row["things"]]
    return [
        HeldWaiting(
            TenantId(row["tenant_id"]), SourceId(row["id"]), row["label"], int(row["things"]), row["expires_at"]
        )
        for row in rows
    ]


async def list_tenants(after: TenantId | None, *, limit: int) -> list[TenantId]:
    """Return tenants of which anything could be the matter, or is, in the order of their ids."""
    return [TenantId(row["tenant_id"]) for row in await fetch(_TENANTS, after or _FIRST, limit)]


async def see(tenant_ids: Sequence[TenantId], *, hours_since: datetime, refused_since: datetime) -> SourceSights:
    """Return what is seen, in seven statements however many tenants there are."""
    ids = list(tenant_ids)
    secrets: dict[SourceId, list[SecretKey]] = {}
    for row in await fetch(_SECRETS, ids):
        secrets.setdefault(SourceId(row["source_id"]), []).append(secret_from(row))
    hours: dict[SourceId, list[datetime]] = {}
    for row in await fetch(_HOURS, ids, hours_since):
        hours.setdefault(SourceId(row["source_id"]), []).append(row["hour"])
    return SourceSights(
        sources=[source_from(row) for row in await fetch(_SOURCES, ids)],
        secrets=secrets,
        active_hours=hours,
        recent={SourceId(row["id"]): _answered(row["recent"]) for row in await fetch(_RECENT, ids)},
        refused={SourceId(row["source_id"]): int(row["things"]) for row in await fetch(_REFUSED, ids, refused_since)},
        troubled_mails={TenantId(row["tenant_id"]): int(row["things"]) for row in await fetch(_TROUBLED, ids)},
        equipment_keys=await list_unended(ids),
    )


def _answered(text: str | None) -> list[Answered]:
    return [] if text is None else msgspec.json.decode(text, type=list[Answered])
