"""Delivering mails: who has which one now, what became of it, and sending again what may not have arrived."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args
from uuid import UUID

from directory.commit import commit_plan, in_unit_of
from directory.errors import InvalidError, NotFoundError
from directory.model import Actor, TenantId
from directory.outbox import Attachment, attachments_from
from directory.plan import AttributeChange, Event, Plan, UpdateRows
from directory.retries import MAIL_DELAYS_S, next_try_at, tries_max
from directory.store import leased, outbox
from directory.store.outbox import OUTBOX, MailEnd
from directory.store.unit import Row, in_unit

MailState = Literal["queued", "sending", "handing", "sent", "failed", "unknown", "left"]
"""Left: failed or of unknown outcome, and somebody saw it and leaves it so."""

STATES: tuple[MailState, ...] = get_args(MailState)
OPEN_STATES: tuple[MailState, ...] = ("queued", "failed", "unknown")
"""What a list can be narrowed to."""

LEASE = timedelta(minutes=5)
"""To connect and to hand over what comes before the final dot."""

HANDING = timedelta(minutes=10)
"""To wait for the answer to the final dot: as long as RFC 5321 section 4.5.3.2.6 gives a server."""

WAITED = timedelta(days=7)
"""How long a mail that is due may wait for a mail server: what it tells is old by then, and it fails as expired."""

KEPT = timedelta(days=30)
"""How long mails that were settled stay to be looked at: they hold personal data."""

BATCH = 500
AGAIN_MAX = 5_000
COUNTED_MAX = 10_000
ERROR_CHARS_MAX = 300
LAST_ID = UUID(int=(1 << 128) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A mail in the hands of one holder, ready to be sent."""

    tenant_id: TenantId
    message_id: UUID
    epoch: int
    tries: int
    """This one counted."""
    slug: str
    """The tenant, as addresses of pages name it."""
    message_ref: str
    """The Message-ID, with its angle brackets."""
    recipient: str
    subject: str
    text: str
    html: str | None
    attachments: tuple[Attachment, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MailView:
    """A mail as the list shows it."""

    message_id: UUID
    kind: str
    recipient: str
    subject: str
    state: MailState
    tries: int
    next_at: datetime
    error: str
    created_at: datetime
    settled_at: datetime | None

    @property
    def may_be_sent_again(self) -> bool:
        """Whether it ended without anybody knowing that it arrived."""
        return self.state in {"failed", "unknown", "left"}

    @property
    def may_be_left(self) -> bool:
        """Whether somebody is still to look at it."""
        return self.state in {"failed", "unknown"}


async def has_due_mail(now: datetime) -> bool:
    """Whether a mail is to be sent now, or was left by somebody who is not there any more."""
    return await OUTBOX.waits(now)


async def take_due_mail(holder: str, *, domain: str, now: datetime, limit: int) -> list[Claim]:
    """Take mails that are due; nobody else has them until ``LEASE`` is over.

    ``domain`` is what new Message-IDs end in.
    """

    async def body() -> list[Claim]:
        await outbox.give_back(now, tries_max=tries_max(MAIL_DELAYS_S))
        await outbox.expire(now, before=now - WAITED)
        taken = await OUTBOX.take(holder, now=now, until=now + LEASE, limit=limit)
        claims = [_claim_of(row, slug, domain) for row, slug in taken]
        for claim, (row, _) in zip(claims, taken, strict=True):
            if row["message_ref"] is None:
                await outbox.name_message(claim.tenant_id, claim.message_id, claim.epoch, claim.message_ref)
        return claims

    return await in_unit(None, body)


async def keep(claims: Sequence[Claim], *, now: datetime) -> None:
    """Prolong the leases of mails that their holder has not begun with; of those that lapsed nothing is said."""
    for claim in list(claims):

        async def body(claim: Claim = claim) -> bool:
            return await outbox.keep(claim.tenant_id, claim.message_id, claim.epoch, until=now + LEASE)

        await in_unit(claim.tenant_id, body)


async def begin_handing(claim: Claim, *, now: datetime) -> bool:
    """Note that the server is about to be told that the mail is complete; False: stop, somebody else has it.

    From here on, and until it is settled, nobody knows whether the server took the mail.
    """

    async def body() -> bool:
        return await outbox.begin_handing(claim.tenant_id, claim.message_id, claim.epoch, until=now + HANDING)

    return await in_unit(claim.tenant_id, body)


async def settle_sent(claim: Claim, *, now: datetime) -> bool:
    """Note that the server took the mail."""
    return await _settle(claim, "sent", "", now)


async def settle_unknown(claim: Claim, error: str, *, now: datetime) -> bool:
    """Note that nobody knows whether the server took the mail: it is not sent again unless somebody asks for it."""
    return await _settle(claim, "unknown", error, now)


async def settle_failed(claim: Claim, error: str, *, for_good: bool, now: datetime, chance: float = 0.0) -> bool:
    """Note that the server did not take the mail, for good or for now; after the last try it is for good."""
    at = None if for_good else next_try_at(MAIL_DELAYS_S, claim.tries, now=now, chance=chance)
    return await _settle(claim, "failed" if at is None else "queued", error, at or now)


async def list_messages(
    tenant_id: TenantId, *, state: MailState | None = None, before: UUID | None = None, limit: int
) -> list[MailView]:
    """Return mails of a tenant, the newest first, before the given one; all, or those of one of ``OPEN_STATES``."""
    return [
        _view_of(row) for row in await outbox.list_messages(tenant_id, state, before=before or LAST_ID, limit=limit)
    ]


async def count_open(tenant_id: TenantId) -> dict[str, int]:
    """Return how many mails are in each state but sent, up to 10,000 in all."""
    return await outbox.count_open(tenant_id, most=COUNTED_MAX)


async def send_again(message_id: UUID, *, by: Actor, now: datetime) -> None:
    """Queue a mail again that failed, or of which nobody knows whether it arrived: it may then arrive twice.

    It keeps its Message-ID, by which many mailboxes leave out the second one.

    Raises:
        NotFoundError: the tenant has no such mail, or no longer.
        InvalidError: it was sent, or is still to be sent.
        ForbiddenError: the actor may not manage settings.
    """
    by.require("settings:manage")

    again = {"state": "queued", "tries": 0, "next_at": now, "error": "", "settled_at": None}
    await _set(message_id, again, "mail:resent", by=by, now=now)


async def leave(message_id: UUID, *, by: Actor, now: datetime) -> None:
    """Leave a mail as it ended: it is not counted, and no alert is of it any more; it can still be sent again.

    Raises:
        NotFoundError, ForbiddenError: as for ``send_again``.
        InvalidError: it was sent, is still to be sent, or is left already.
    """
    by.require("settings:manage")
    await _set(message_id, {"state": "left"}, "mail:left", by=by, now=now)


async def send_failed_again(*, by: Actor, now: datetime) -> int:
    """Queue up to 5,000 mails again that failed, the oldest first; return how many.

    Those of unknown outcome stay: each of them may have arrived.

    Raises:
        ForbiddenError: the actor may not manage settings.
    """
    by.require("settings:manage")

    async def body() -> int:
        count = await outbox.send_failed_again(by.tenant_id, now, limit=AGAIN_MAX)
        if count:
            told = (AttributeChange(name="mails", old=None, new=count),)
            event = Event(
                action="mail:failed:resent",
                subject_kind="tenant",
                subject_id=by.tenant_id,
                subject_label="Failed mails",
                changes=told,
            )
            await commit_plan(Plan(events=(event,)), by=by, now=now)
        return count

    return await in_unit_of(by, body)


async def prune_mail(*, now: datetime) -> int:
    """Delete mails that were settled 30 days ago, and let expire what waited in vain; return how many went."""
    await in_unit(None, lambda: outbox.expire(now, before=now - WAITED))
    return await in_unit(None, lambda: leased.prune_settled(outbox.PRUNE, now - KEPT, limit=BATCH))


async def _set(message_id: UUID, values: dict[str, object], action: str, *, by: Actor, now: datetime) -> None:
    """Decide on a mail of which nobody knows that it arrived."""

    async def body() -> None:
        row = await outbox.find_message(by.tenant_id, message_id)
        if row is None:
            raise NotFoundError("mail", message_id)
        view = _view_of(row)
        if not view.may_be_sent_again or view.state == values["state"]:
            raise InvalidError("mail", "was sent or left already, or is still to be sent")
        where = {"tenant_id": by.tenant_id, "id": message_id}
        event = Event(action=action, subject_kind="mail", subject_id=message_id, subject_label=view.recipient)
        # Whoever had it may still hear from the server: with another epoch it is not heard any more.
        put = UpdateRows(table="outbox_row", values={**values, "epoch": row["epoch"] + 1}, where=where, require=1)
        await commit_plan(Plan(changes=(put,), events=(event,)), by=by, now=now)

    await in_unit_of(by, body)


async def _settle(claim: Claim, state: MailState, error: str, at: datetime) -> bool:
    end = MailEnd(state, at, error[:ERROR_CHARS_MAX])

    async def body() -> bool:
        return await outbox.settle(claim.tenant_id, claim.message_id, claim.epoch, end)

    return await in_unit(claim.tenant_id, body)


def _claim_of(row: Row, slug: str, domain: str) -> Claim:
    return Claim(
        tenant_id=TenantId(row["tenant_id"]),
        message_id=row["id"],
        epoch=row["epoch"],
        tries=row["tries"],
        slug=slug,
        message_ref=row["message_ref"] or f"<{row['id']}@{domain}>",
        recipient=row["recipient"],
        subject=row["subject"],
        text=row["body_text"],
        html=row["body_html"],
        attachments=attachments_from(row["attachments"]),
        created_at=row["created_at"],
    )


def _view_of(row: Row) -> MailView:
    names = ("kind", "recipient", "subject", "state", "tries", "next_at", "error", "created_at", "settled_at")
    return MailView(message_id=row["id"], **{name: row[name] for name in names})
