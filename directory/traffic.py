"""Records of what clients asked and got: written in batches, read by page, pruned."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from directory.errors import InvalidError, NotFoundError
from directory.ids import new_id
from directory.last_administrators import tell_refusals
from directory.model import RequestDraft, RequestId, SecretId, SourceId, TenantId
from directory.noted import noted
from directory.references import parse_reference
from directory.references import reference_for as reference_for  # noqa: PLC0414  # a verb of this module for the doors
from directory.store import bookkeeping, hours, records, secret_days
from directory.store.errors import ForeignKeyViolationError
from directory.store.hours import GapRecord
from directory.store.unit import Row, in_unit

KEPT_REQUESTS = timedelta(days=90)
KEPT_TALLIES = timedelta(days=400)
"""How long the counts of an hour stay: they name nobody."""

KEPT_ENTRIES = timedelta(days=30)
"""How long ended web sessions and one-time links stay to be looked at."""

BATCH = 500
"""Rows written or deleted in one transaction: about 5 ms of the writer's time on SQLite."""

PRUNED_BATCHES_MAX = 40
SESSION_LIFETIME_MAX = timedelta(hours=12)

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})

log = logging.getLogger("rolebook.traffic")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    """A request record as people read it."""

    request_id: RequestId
    reference: str
    source_id: SourceId | None
    secret_id: SecretId | None
    method: str
    path: str
    status: int
    scim_type: str | None
    detail: str | None
    request_body: str | None
    """Redacted JSON text."""
    software: str
    network: str
    leniencies: tuple[str, ...]
    started_at: datetime
    duration_us: int


def note_request(draft: RequestDraft) -> None:
    """Take note of a finished request: its record is written within a second unless the commit did so already.

    Never fails and never waits. While the database is away so many records wait; later ones are dropped and counted.
    """
    noted.count(draft)
    if draft.recorded:
        if draft.source_id is not None and draft.method in WRITES and draft.status < 300:
            noted.add_change(draft.tenant_id, draft.source_id, draft.started_at)
        return
    duration_us = draft.elapsed_us()
    draft.elapsed_us = lambda: duration_us
    noted.add_request(draft)


def dropped_count() -> int:
    """Return how many request records this process had to drop since it started."""
    return noted.dropped_count


async def flush(*, now: datetime) -> int:
    """Write what was noted: request records, and the times at which secrets and sources were last used.

    Returns how many records are new. What cannot be written now is kept for the next time.

    Raises:
        UnavailableError: the database cannot do this now.
    """
    count = 0
    while drafts := noted.take_requests(BATCH):
        try:
            count += await _write_requests(drafts)
        except BaseException:
            noted.put_back(drafts)
            raise
        await tell_refusals(drafts, now=now)
    await _write_stamps(now)
    await _write_gaps(now)
    if dropped := noted.take_dropped():
        log.warning("%d request records were dropped", dropped)
    return count


async def list_requests(
    tenant_id: TenantId,
    *,
    source_id: SourceId | None = None,
    before: RequestId | None = None,
    limit: int,
    failed_only: bool = False,
) -> list[RequestView]:
    """Return request records, the newest first, before the given one; failed are those answered 400 and above."""
    rows = await records.list_requests(
        tenant_id, source_id=source_id, before=before, failed_only=failed_only, limit=limit
    )
    return [view_of(row) for row in rows]


async def get_request(tenant_id: TenantId, request_id_or_reference: UUID | str) -> RequestView:
    """Return a request record by its id, or by the reference that somebody reads out (the newest of that reference).

    Raises:
        NotFoundError: the tenant has no such record, or no longer.
    """
    asked = request_id_or_reference
    row: Row | None = None
    request_id = asked if isinstance(asked, UUID) else _parsed_id(asked)
    if request_id is not None:
        row = await records.find_request(tenant_id, request_id)
    elif (reference := parse_reference(str(asked))) is not None:
        row = await records.find_request_referred(tenant_id, reference)
    if row is None:
        raise NotFoundError("request", asked)
    return view_of(row)


async def find_request(tenant_id: TenantId, request_id: UUID) -> RequestView | None:
    """Return a request record by its id; None when there is none, or no longer."""
    row = await records.find_request(tenant_id, request_id)
    return None if row is None else view_of(row)


async def prune(*, now: datetime) -> int:
    """Delete request records after 90 days, and ended web sessions and links after 30; return how many rows.

    At most so many batches at a time: the next run goes on.
    """
    old_entries = now - KEPT_ENTRIES
    return (
        await _in_batches(lambda: bookkeeping.delete_requests(now - KEPT_REQUESTS, limit=BATCH))
        + await _in_batches(
            lambda: bookkeeping.delete_sessions(
                ended_before=old_entries, created_before=old_entries - SESSION_LIFETIME_MAX, limit=BATCH
            )
        )
        + await _in_batches(lambda: bookkeeping.delete_links(old_entries, limit=BATCH))
        + await _in_batches(lambda: hours.delete_hours(now - KEPT_TALLIES, limit=BATCH))
        + await hours.delete_gaps(now - KEPT_REQUESTS)
    )


async def _in_batches(delete: Callable[[], Awaitable[int]]) -> int:
    total = 0
    for _ in range(PRUNED_BATCHES_MAX):
        count = await delete()
        total += count
        if count < BATCH:
            break
    return total


async def _write_requests(drafts: list[RequestDraft]) -> int:
    try:
        return await in_unit(None, lambda: bookkeeping.insert_requests(drafts))
    except (ForeignKeyViolationError, InvalidError):
        if len(drafts) == 1:
            # Of a tenant that is gone, or text that no database holds: it would stop all others for ever.
            noted.drop(1)
            return 0
    half = len(drafts) // 2
    return await _write_requests(drafts[:half]) + await _write_requests(drafts[half:])


async def _write_stamps(now: datetime) -> None:
    """Write times and counts that are due, unless somebody else is at it: what both wrote would count twice."""
    if noted.is_writing:
        return
    noted.is_writing = True
    try:
        await _write_due_stamps(now)
    finally:
        noted.is_writing = False


async def _write_due_stamps(now: datetime) -> None:
    uses, changes, tallies = noted.due_uses(now=now), noted.due_changes(now=now), noted.due_tallies(now=now)
    days = noted.due_days(now=now)
    if not uses and not changes and not tallies and not days:
        return

    async def body() -> None:
        await bookkeeping.stamp_uses(uses, changes)
        await hours.add_tallies(tallies)
        await secret_days.add_days(days)

    await in_unit(None, body)
    noted.settle(uses, changes, now=now)
    if tallies:
        noted.settle_tallies(tallies, now=now)
    if days:
        noted.settle_days(days, now=now)


async def _write_gaps(now: datetime) -> None:
    """Keep the bounds of what was lost, so that the gap shows as one."""
    if noted.gaps:
        kept = [GapRecord(tenant_id, new_id(now), *gap) for tenant_id, gap in noted.gaps.items()]
        await in_unit(None, lambda: hours.insert_gaps(kept))
        noted.settle_gaps(kept)


def _parsed_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def view_of(row: Row) -> RequestView:
    """Return a request record from its row."""
    source_id, secret_id = row["source_id"], row["secret_id"]
    return RequestView(
        request_id=RequestId(row["id"]),
        reference=row["reference"],
        source_id=None if source_id is None else SourceId(source_id),
        secret_id=None if secret_id is None else SecretId(secret_id),
        method=row["method"],
        path=row["path"],
        status=row["status"],
        scim_type=row["scim_type"],
        detail=row["detail"],
        request_body=row["request_body"],
        software=row["software"],
        network=row["network"],
        leniencies=tuple(msgspec.json.decode(row["leniencies"], type=list[str])),
        started_at=row["started_at"],
        duration_us=row["duration_us"],
    )
