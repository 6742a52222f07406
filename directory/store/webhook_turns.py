"""Whose turn it is among webhooks: a few deliveries of each at a time, and of one that fails a single one."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from directory.store.compiled import Statement
from directory.store.resting import awake
from directory.store.unit import Row, execute, fetch

EACH_MAX = 4
"""On their way to one webhook at a time."""

FAILING_SHARE = 4
"""Of so many places one is kept for webhooks that fail: they hold up nobody, and are not forgotten."""

_OF = "FROM webhook_delivery_row d WHERE d.tenant_id = w.tenant_id AND d.webhook_id = w.id AND d.state ="
_WAITING = Statement(
    f"SELECT w.tenant_id, w.id, w.failing_since, (SELECT count(*) {_OF} 'sending') AS flying,"
    f" (SELECT d.next_at {_OF} 'queued' ORDER BY d.next_at, d.id LIMIT 1)::timestamptz AS due_at"
    f" FROM webhook_row w WHERE w.state = 'on' AND {awake('w.tenant_id')}"
    f" AND EXISTS (SELECT 1 {_OF} 'queued' AND d.next_at <= $1::timestamptz)",
    house=True,
)
_DUE = Statement(
    "SELECT id FROM webhook_delivery_row WHERE tenant_id = $1::uuid AND webhook_id = $2::uuid AND state = 'queued'"
    " AND next_at <= $3::timestamptz ORDER BY next_at, id LIMIT $4::bigint FOR UPDATE SKIP LOCKED"
)
_TAKE = Statement(
    "UPDATE webhook_delivery_row SET state = 'sending', tries = tries + 1, epoch = epoch + 1, leased_by = $3::text,"
    " lease_until = $4::timestamptz WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[]) RETURNING *"
)
# A process that stopped may have left deliveries to a webhook that was turned off meanwhile: nothing is sent there.
_GIVE_BACK = Statement(
    "UPDATE webhook_delivery_row SET state = 'queued', next_at = $1::timestamptz, lease_until = NULL, leased_by = NULL"
    " WHERE lease_until < $1::timestamptz",
    house=True,
)
_GIVE_UP = Statement(
    "UPDATE webhook_delivery_row SET state = 'failed', settled_at = $1::timestamptz, lease_until = NULL,"
    " leased_by = NULL, error = $2::text WHERE lease_until < $1::timestamptz AND EXISTS (SELECT 1 FROM webhook_row w"
    " WHERE w.tenant_id = webhook_delivery_row.tenant_id AND w.id = webhook_delivery_row.webhook_id"
    " AND w.state <> 'on')",
    house=True,
)


async def give_back(now: datetime, *, why_not: str) -> None:
    """Take deliveries from holders that were silent for too long; those to webhooks that are off fail."""
    await execute(_GIVE_UP, now, why_not)
    await execute(_GIVE_BACK, now)


async def take(holder: str, *, now: datetime, until: datetime, limit: int) -> list[Row]:
    """Take what is due, of the webhook that waits longest first.

    To be called in a unit of work of the whole installation.
    """
    taken: list[Row] = []
    for row, count in _shares(await fetch(_WAITING, now), limit):
        due = await fetch(_DUE, row["tenant_id"], row["id"], now, count)
        if due:
            ids: list[UUID] = [one["id"] for one in due]
            taken += await fetch(_TAKE, row["tenant_id"], ids, holder, until)
    return taken


def _shares(waiting: Sequence[Row], limit: int) -> Iterator[tuple[Row, int]]:
    """Yield how many of each webhook are taken: at most so many in all."""
    ordered = sorted(waiting, key=lambda row: (row["due_at"], row["id"]))
    failing = [row for row in ordered if row["failing_since"] is not None and not row["flying"]]
    kept = min(len(failing), max(limit // FAILING_SHARE, 1))
    healthy = [row for row in ordered if row["failing_since"] is None]
    left = limit - kept
    for row, count in _with_counts(healthy):
        share = min(count, left)
        left -= share
        if share:
            yield row, share
    for row in failing[: left + kept]:
        yield row, 1


def _with_counts(healthy: Iterable[Row]) -> Iterator[tuple[Row, int]]:
    return ((row, max(EACH_MAX - int(row["flying"]), 0)) for row in healthy)
