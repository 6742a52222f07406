"""Linking of events into their tenant's chain, after they were committed."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from directory.chain import GENESIS, Link
from directory.model import SourceId, TenantId
from directory.store.compiled import Statement
from directory.store.records import ChainHead
from directory.store.unit import Row, execute, fetch, fetch_one
from directory.tallies import SealedEvent

# SQLite is told the index: with statistics from a day on which nothing waited it has none of this one, and walks over
# all events instead (measured: sealing took two thirds of the processor while users were pushed).
_UNSEALED_BY = "event_row INDEXED BY event_unsealed"
_NEXT = "SELECT tenant_id FROM {} WHERE seq IS NULL AND tenant_id > $1::uuid ORDER BY tenant_id LIMIT 1"
_NEXT_TENANT = Statement(_NEXT.format("event_row"), sqlite=_NEXT.format(_UNSEALED_BY), house=True)
_BEGIN = Statement("INSERT INTO chain_row (tenant_id, seq, hash) VALUES ($1::uuid, 0, $2::text) ON CONFLICT DO NOTHING")
_HOLD_HEAD = Statement("SELECT seq, hash FROM chain_row WHERE tenant_id = $1::uuid FOR UPDATE")
_OLDEST = (
    "SELECT id, content_hash, at, action, actor_kind, actor_id FROM {}"
    " WHERE tenant_id = $1::uuid AND seq IS NULL ORDER BY id LIMIT $2::bigint"
)
_UNSEALED = Statement(_OLDEST.format("event_row"), sqlite=_OLDEST.format(_UNSEALED_BY))
# The tenant is in each link, not beside them: else SQLite walks all unsealed events once for each link.
_SEAL = Statement(
    "UPDATE event_row AS e SET seq = link.seq, chain_hash = link.hash"
    " FROM jsonb_to_recordset($1::jsonb) AS link (tenant_id uuid, id uuid, seq bigint, hash text)"
    " WHERE e.tenant_id = link.tenant_id AND e.id = link.id AND e.seq IS NULL",
    sqlite="UPDATE event_row AS e SET seq = link.seq, chain_hash = link.hash FROM (SELECT"
    " value ->> 'tenant_id' AS tenant_id, value ->> 'id' AS id, value ->> 'seq' AS seq, value ->> 'hash' AS hash"
    " FROM json_each($1)) AS link WHERE e.tenant_id = link.tenant_id AND e.id = link.id AND +e.seq IS NULL",
    house=True,
)
_MOVE_HEAD = Statement("UPDATE chain_row SET seq = $2::bigint, hash = $3::text WHERE tenant_id = $1::uuid")

_FIRST = UUID(int=0)


class UnsealedEvent(NamedTuple):
    """An event outside of the chain, with what is counted of it when it gets in."""

    event_id: UUID
    content_hash: str
    counted: SealedEvent


async def next_unsealed_tenant(after: UUID | None) -> TenantId | None:
    """Return the next tenant, in the order of ids, that has events outside of its chain: one step in an index."""
    row = await fetch_one(_NEXT_TENANT, _FIRST if after is None else after)
    return None if row is None else TenantId(row["tenant_id"])


async def hold_head(tenant_id: TenantId) -> ChainHead:
    """Return the last link of the chain and keep others from sealing until the unit ends; makes the first one."""
    row = await fetch_one(_HOLD_HEAD, tenant_id)
    if row is None:
        await execute(_BEGIN, tenant_id, GENESIS)
        row = await fetch_one(_HOLD_HEAD, tenant_id)
    return ChainHead(0, GENESIS) if row is None else ChainHead(row["seq"], row["hash"])


async def list_unsealed(tenant_id: TenantId, *, limit: int) -> list[UnsealedEvent]:
    """Return the oldest events outside of the chain."""
    return [
        UnsealedEvent(row["id"], row["content_hash"], _counted_from(tenant_id, row))
        for row in await fetch(_UNSEALED, tenant_id, limit)
    ]


def _counted_from(tenant_id: TenantId, row: Row) -> SealedEvent:
    source_id = SourceId(row["actor_id"]) if row["actor_kind"] == "source" else None
    return SealedEvent(tenant_id=tenant_id, at=row["at"], action=row["action"], source_id=source_id)


async def seal(tenant_id: TenantId, links: Sequence[Link]) -> None:
    """Write the places of events, in one statement, and the new head."""
    if not links:
        return
    rows = [{"tenant_id": tenant_id, "id": link.event_id, "seq": link.seq, "hash": link.chain_hash} for link in links]
    await execute(_SEAL, msgspec.json.encode(rows).decode(), unbounded=True)
    await execute(_MOVE_HEAD, tenant_id, links[-1].seq, links[-1].chain_hash)
