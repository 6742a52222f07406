"""Who is told of alerts: operators or addresses, of which kinds, and how often."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from directory.alerts import ALERT_KINDS, AlertKind
from directory.commit import commit_plan, in_unit_of
from directory.digests import RHYTHMS, Recipient, Rhythm, recipient_from
from directory.errors import AlreadyExistsError, InvalidError, NotFoundError
from directory.ids import new_id
from directory.mail_addresses import parse_address
from directory.model import Actor, TenantId, UserId
from directory.outbox import PORTAL_ADDRESS, Message, queue_message
from directory.plan import AttributeChange, DeleteRows, Event, InsertRow, Plan, UpdateRows
from directory.store import alerts, people
from directory.store.errors import UniqueViolationError

RECIPIENTS_MAX = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a recipient wants to know, and how often."""

    kinds: frozenset[AlertKind] = frozenset(ALERT_KINDS)
    rhythm: Rhythm = "hour"


async def list_recipients(tenant_id: TenantId) -> list[Recipient]:
    """Return who is told of alerts, in the order in which they were added."""
    return [recipient_from(row) for row in await alerts.list_recipients(tenant_id)]


async def get_recipient(tenant_id: TenantId, recipient_id: UUID) -> Recipient:
    """Return one of them.

    Raises:
        NotFoundError: there is none of this id.
    """
    for recipient in await list_recipients(tenant_id):
        if recipient.recipient_id == recipient_id:
            return recipient
    raise NotFoundError("recipient", recipient_id)


async def add_recipient(
    choice: Choice, *, user_id: UserId | None = None, address: str = "", by: Actor, now: datetime
) -> UUID:
    """Tell somebody of alerts from now on, of those that are open at once: an operator, or else an address.

    Raises:
        InvalidError: no address, nothing to be told of, or too many recipients.
        NotFoundError: the tenant has no such user.
        AlreadyExistsError: they are told already.
        ForbiddenError: the actor may not manage settings.
    """
    by.require("settings:manage")
    _check(choice)
    to = None if user_id is not None else parse_address(address)
    recipient_id = new_id(now)

    async def body() -> None:
        if len(await alerts.list_recipients(by.tenant_id)) >= RECIPIENTS_MAX:
            raise InvalidError("address", f"is one too many: {RECIPIENTS_MAX} can be told; use a mailing list")
        label = to or await _label_of(by.tenant_id, user_id)
        values = {"tenant_id": by.tenant_id, "id": recipient_id, "user_id": user_id, "address": to}
        kept = {"kinds": _kinds_text(choice.kinds), "rhythm": choice.rhythm, "created_by": by.label, "created_at": now}
        row = InsertRow(table="alert_recipient_row", values={**values, **kept})
        await commit_plan(Plan(changes=(row,), events=(_event("added", recipient_id, label, choice),)), by=by, now=now)
        await alerts.refresh_open(by.tenant_id)

    try:
        await in_unit_of(by, body)
    except UniqueViolationError as error:
        raise AlreadyExistsError("recipient", "address", to or "of this user") from error
    return recipient_id


async def edit_recipient(recipient_id: UUID, choice: Choice, *, by: Actor, now: datetime) -> None:
    """Tell a recipient of other kinds, or more or less often.

    Raises:
        NotFoundError, InvalidError, ForbiddenError: as for ``add_recipient``.
    """
    by.require("settings:manage")
    _check(choice)

    async def body() -> None:
        recipient = await get_recipient(by.tenant_id, recipient_id)
        put = UpdateRows(
            table="alert_recipient_row",
            values={"kinds": _kinds_text(choice.kinds), "rhythm": choice.rhythm},
            where={"tenant_id": by.tenant_id, "id": recipient_id},
            require=1,
        )
        event = _event("changed", recipient_id, recipient.label, choice)
        await commit_plan(Plan(changes=(put,), events=(event,)), by=by, now=now)
        await alerts.refresh_open(by.tenant_id)

    await in_unit_of(by, body)


async def remove_recipient(recipient_id: UUID, *, by: Actor, now: datetime) -> None:
    """Tell a recipient nothing any more.

    Raises:
        NotFoundError, ForbiddenError: as for ``add_recipient``.
    """
    by.require("settings:manage")

    async def body() -> None:
        recipient = await get_recipient(by.tenant_id, recipient_id)
        where = {"tenant_id": by.tenant_id, "id": recipient_id}
        event = _event("removed", recipient_id, recipient.label, None)
        await commit_plan(
            Plan(changes=(DeleteRows(table="alert_recipient_row", where=where),), events=(event,)), by=by, now=now
        )

    await in_unit_of(by, body)


async def send_test(recipient_id: UUID, *, by: Actor, now: datetime) -> None:
    """Queue a mail that says that mails arrive.

    Raises:
        InvalidError: the recipient has no address now.
        NotFoundError, ForbiddenError: as for ``add_recipient``.
    """
    by.require("settings:manage")

    async def body() -> None:
        recipient = await get_recipient(by.tenant_id, recipient_id)
        if recipient.address is None or not recipient.reachable:
            raise InvalidError("recipient", "has no address that mail can be sent to, or may not see the portal")
        text = f"This is a test by {by.label}. Alerts will reach you at this address.\n\n{PORTAL_ADDRESS}/alerts\n"
        mail = Message(kind="test", recipient=recipient.address, subject="Rolebook: test of alert mails", text=text)
        changes = (queue_message(mail, tenant_id=by.tenant_id, now=now),)
        event = _event("tested", recipient_id, recipient.label, None)
        await commit_plan(Plan(changes=changes, events=(event,)), by=by, now=now)

    await in_unit_of(by, body)


def _check(choice: Choice) -> None:
    if not choice.kinds or not choice.kinds <= set(ALERT_KINDS):
        raise InvalidError("kinds", "are needed: choose at least one")
    if choice.rhythm not in RHYTHMS:
        raise InvalidError("rhythm", f"must be one of: {', '.join(RHYTHMS)}")


async def _label_of(tenant_id: TenantId, user_id: UserId | None) -> str:
    user = None if user_id is None else await people.find_user(tenant_id, user_id)
    if user is None:
        raise NotFoundError("user", user_id)
    return user.promoted.display_name


def _kinds_text(kinds: Sequence[AlertKind] | frozenset[AlertKind]) -> str:
    return msgspec.json.encode(sorted(kinds)).decode()


def _event(deed: str, recipient_id: UUID, label: str, choice: Choice | None) -> Event:
    told = () if choice is None else (("kinds", sorted(choice.kinds)), ("rhythm", choice.rhythm))
    return Event(
        action=f"alert:recipient:{deed}",
        subject_kind="alert",
        subject_id=recipient_id,
        subject_label=label,
        changes=tuple(
            AttributeChange(name=name, old=None, new=list(value) if isinstance(value, list) else value)
            for name, value in told
        ),
    )
