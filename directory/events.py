"""The record of what was changed: read by page, sealed into a chain per tenant, verified."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from directory.chain import GENESIS, chain_hash_for, commitment_for, content_hash_for, links_after, parse_values
from directory.model import EventId, RequestId, TenantId
from directory.plan import AttributeChange
from directory.pull_run import RunId
from directory.references import reference_for
from directory.store import hours, records, sealing
from directory.store.records import ChainedEvent
from directory.store.unit import Row, in_unit
from directory.tallies import tallies_for

ERASED = "[erased]"
"""Stands for the names in an event whose values were erased."""

BATCH = 500
"""Events sealed in one transaction: about 5 ms of the writer's time on SQLite."""

PAGE = 200
"""Events verified at a time; each may list many users."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """An event as people read it."""

    event_id: EventId
    at: datetime
    action: str
    actor_label: str
    actor_kind: str
    subject_kind: str
    subject_id: UUID
    subject_label: str
    changes: tuple[AttributeChange, ...]
    request_id: RequestId | None
    reference: str | None
    """The short name of the request that caused the event."""
    seq: int | None
    """Its place in the tenant's chain; None in the second before it is sealed."""
    actor_id: UUID | None = None
    """The source or the user who caused it."""
    run_id: RunId | None = None
    """The pull that caused the event."""

    @property
    def sealed(self) -> bool:
        """Whether the event is in its tenant's chain."""
        return self.seq is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainReport:
    """What verifying a chain found."""

    checked: int
    """Events whose hashes were computed anew."""
    broken_at: int | None
    """The first place of the chain that is missing or not what was sealed there."""


async def list_events(
    tenant_id: TenantId, *, subject_id: UUID | None = None, before: EventId | None = None, limit: int
) -> list[EventView]:
    """Return events, the newest first, before the given one.

    Those of a user include the changes of groups that it joined or left.
    """
    rows = await records.list_events(tenant_id, subject_id=subject_id, before=before, limit=limit)
    return [view_of(row) for row in rows]


async def list_events_of_request(tenant_id: TenantId, request_id: RequestId, *, limit: int) -> list[EventView]:
    """Return the events that a request caused, the oldest first."""
    return [view_of(row) for row in await records.list_events_of_request(tenant_id, request_id, limit=limit)]


async def seal_events(*, now: datetime, limit: int) -> int:
    """Link at most ``limit`` new events into their tenants' chains; return how many there were.

    A chain runs in the order of sealing: of two transactions that overlap, the one that commits first comes first.
    Each event is sealed once, so this is where it is counted too.
    """
    del now  # an event keeps the time of its change; every duty is given the clock
    sealed = 0
    tenant_id = await sealing.next_unsealed_tenant(None)
    while tenant_id is not None and sealed < limit:
        count = await _seal_batch(tenant_id, min(BATCH, limit - sealed))
        sealed += count
        if count < BATCH:
            tenant_id = await sealing.next_unsealed_tenant(tenant_id)
    return sealed


async def verify_chain(tenant_id: TenantId) -> ChainReport:
    """Compute every hash of a tenant's chain anew, from the first event to the head.

    Erased values are no break: the chain covers their commitments only.
    """
    head = await records.find_chain_head(tenant_id)
    seq, previous = 0, GENESIS
    while page := await records.list_chained(tenant_id, after_seq=seq, limit=PAGE):
        # A first batch may have been sealed since; without a head there must be nothing.
        head = head or await records.find_chain_head(tenant_id)
        for event in page:
            if head is None or not is_link_of(event, previous, seq=seq + 1):
                return ChainReport(checked=seq, broken_at=seq + 1)
            seq, previous = seq + 1, event.chain_hash
            if seq == head.seq and previous != head.hash:
                return ChainReport(checked=seq, broken_at=seq)
    if head is not None and seq < head.seq:
        return ChainReport(checked=seq, broken_at=seq + 1)
    return ChainReport(checked=seq, broken_at=None)


def is_link_of(event: ChainedEvent, previous_hash: str, *, seq: int) -> bool:
    """Whether an event is what was sealed at place ``seq`` after ``previous_hash``."""
    return (
        event.seq == seq
        and (event.values is None or event.content.commitment == commitment_for(*event.values))
        and event.content_hash == content_hash_for(event.content)
        and event.chain_hash == chain_hash_for(previous_hash, seq, event.content_hash)
    )


async def _seal_batch(tenant_id: TenantId, limit: int) -> int:
    async def body() -> int:
        head = await sealing.hold_head(tenant_id)
        unsealed = await sealing.list_unsealed(tenant_id, limit=limit)
        links = links_after(head.seq, head.hash, [(one.event_id, one.content_hash) for one in unsealed])
        await sealing.seal(tenant_id, links)
        await hours.add_tallies(tallies_for(one.counted for one in unsealed))
        return len(links)

    return await in_unit(tenant_id, body)


def view_of(row: Row) -> EventView:
    """Return an event from its row with the row of its values."""
    values = None if row["document"] is None else parse_values(row["document"])
    request_id = row["request_id"]
    return EventView(
        event_id=EventId(row["id"]),
        at=row["at"],
        action=row["action"],
        actor_label=ERASED if values is None else values.actor,
        actor_kind=row["actor_kind"],
        actor_id=row["actor_id"],
        subject_kind=row["subject_kind"],
        subject_id=row["subject_id"],
        subject_label=ERASED if values is None else values.subject,
        changes=() if values is None else values.changes,
        request_id=None if request_id is None else RequestId(request_id),
        reference=None if request_id is None else reference_for(request_id),
        seq=row["seq"],
        run_id=row["run_id"],
    )
