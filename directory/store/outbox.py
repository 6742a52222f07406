"""Reads of mails, and the marks that delivering them leaves: what they say was committed with what they tell."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from directory.model import TenantId
from directory.store.compiled import Statement
from directory.store.leased import LeasedTable, pruning
from directory.store.unit import Row, execute, fetch, fetch_one

OUTBOX = LeasedTable("outbox_row")
PRUNE = pruning("outbox_row")

# The lease of a mail that was not handed to the server yet may simply be given to another. Once the final dot was on
# its way nobody knows: such a mail is never sent again by itself.
_GIVE_BACK = Statement(
    "UPDATE outbox_row SET state = CASE WHEN state = 'handing' THEN 'unknown'"
    " WHEN tries >= $2::bigint THEN 'failed' ELSE 'queued' END,"
    " settled_at = CASE WHEN state = 'handing' OR tries >= $2::bigint THEN $1::timestamptz END,"
    " error = 'The process that was sending it stopped.', next_at = $1::timestamptz, lease_until = NULL,"
    " leased_by = NULL WHERE lease_until < $1::timestamptz",
    house=True,
)
_NAME = Statement(
    "UPDATE outbox_row SET message_ref = $4::text"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid AND epoch = $3::bigint AND message_ref IS NULL"
)
_BEGIN_HANDING = Statement(
    "UPDATE outbox_row SET state = 'handing', lease_until = $4::timestamptz"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid AND epoch = $3::bigint AND state = 'sending'"
)
_SETTLE = Statement(
    "UPDATE outbox_row SET state = $4::text, next_at = $5::timestamptz, error = $6::text, settled_at = $7::timestamptz,"
    " lease_until = NULL, leased_by = NULL WHERE tenant_id = $1::uuid AND id = $2::uuid AND epoch = $3::bigint"
    " AND state IN ('sending', 'handing', 'unknown')"
)
_KEEP = Statement(
    "UPDATE outbox_row SET lease_until = $4::timestamptz"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid AND epoch = $3::bigint AND state = 'sending'"
)
# next_at is when it was queued, or was to be tried again: a mail that is sent again after weeks waits anew.
_EXPIRE = Statement(
    "UPDATE outbox_row SET state = 'failed', settled_at = $1::timestamptz, error = 'Expired: it waited for seven days.'"
    " WHERE state = 'queued' AND next_at < $2::timestamptz",
    house=True,
)
_SEND_FAILED_AGAIN = Statement(
    "UPDATE outbox_row SET state = 'queued', tries = 0, next_at = $2::timestamptz, error = '', settled_at = NULL,"
    " epoch = epoch + 1 WHERE tenant_id = $1::uuid AND id IN (SELECT id FROM outbox_row"
    " WHERE tenant_id = $1::uuid AND state = 'failed' AND state <> 'sent' ORDER BY id LIMIT $3::bigint)"
)
_SHOWN = "id, kind, recipient, subject, state, tries, epoch, next_at, error, created_at, settled_at"
_LIST = Statement(
    f"SELECT {_SHOWN} FROM outbox_row WHERE tenant_id = $1::uuid AND id < $2::uuid ORDER BY id DESC LIMIT $3::bigint"
)
_LIST_OPEN = Statement(
    f"SELECT {_SHOWN} FROM outbox_row WHERE tenant_id = $1::uuid AND state = $4::text AND state <> 'sent'"
    " AND id < $2::uuid ORDER BY id DESC LIMIT $3::bigint"
)
_FIND = Statement(f"SELECT {_SHOWN} FROM outbox_row WHERE tenant_id = $1::uuid AND id = $2::uuid FOR UPDATE")
_COUNTS = Statement(
    "SELECT state, count(*) AS things FROM (SELECT state FROM outbox_row WHERE tenant_id = $1::uuid"
    " AND state <> 'sent' LIMIT $2::bigint) AS few GROUP BY state"
)


class MailEnd(NamedTuple):
    """How a try ended, and when; of a mail that is queued again, when it is tried again."""

    state: str
    at: datetime
    error: str


async def give_back(now: datetime, *, tries_max: int) -> int:
    """Take mails from holders that were silent for too long; return how many."""
    return await execute(_GIVE_BACK, now, tries_max)


async def expire(now: datetime, *, before: datetime) -> int:
    """Let mails fail that were due before a time and are not sent yet; return how many."""
    return await execute(_EXPIRE, now, before)


async def keep(tenant_id: TenantId, message_id: UUID, epoch: int, *, until: datetime) -> bool:
    """Prolong the lease of a mail; False when its holder began with it, or has it no more."""
    return await execute(_KEEP, tenant_id, message_id, epoch, until) == 1


async def send_failed_again(tenant_id: TenantId, now: datetime, *, limit: int) -> int:
    """Queue the oldest mails that failed again; return how many."""
    return await execute(_SEND_FAILED_AGAIN, tenant_id, now, limit)


async def name_message(tenant_id: TenantId, message_id: UUID, epoch: int, message_ref: str) -> None:
    """Give a mail the Message-ID that all its tries have."""
    await execute(_NAME, tenant_id, message_id, epoch, message_ref)


async def begin_handing(tenant_id: TenantId, message_id: UUID, epoch: int, *, until: datetime) -> bool:
    """Note that the final dot is about to be sent; False when somebody else has the mail by now."""
    return await execute(_BEGIN_HANDING, tenant_id, message_id, epoch, until) == 1


async def settle(tenant_id: TenantId, message_id: UUID, epoch: int, end: MailEnd) -> bool:
    """Note how a try ended; False when somebody else has the mail by now."""
    settled_at = None if end.state == "queued" else end.at
    return await execute(_SETTLE, tenant_id, message_id, epoch, end.state, end.at, end.error, settled_at) == 1


async def list_messages(tenant_id: TenantId, state: str | None, *, before: UUID, limit: int) -> list[Row]:
    """Return mails, the newest first; those of one state other than sent, or all."""
    if state is None:
        return await fetch(_LIST, tenant_id, before, limit)
    return await fetch(_LIST_OPEN, tenant_id, before, limit, state)


async def find_message(tenant_id: TenantId, message_id: UUID) -> Row | None:
    """Return a mail, and hold it until the unit ends."""
    return await fetch_one(_FIND, tenant_id, message_id)


async def count_open(tenant_id: TenantId, *, most: int) -> dict[str, int]:
    """Return how many mails are in each state but sent, counted up to ``most`` in all."""
    return {row["state"]: int(row["things"]) for row in await fetch(_COUNTS, tenant_id, most)}
