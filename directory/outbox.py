"""Mails that are to be sent: queued in the transaction of what they tell, and delivered by whoever leases them."""

import base64
from dataclasses import dataclass
from datetime import datetime

import msgspec

from directory.errors import InvalidError
from directory.ids import new_id
from directory.mail_addresses import parse_address
from directory.model import TenantId
from directory.plan import Change, InsertRow

SUBJECT_CHARS_MAX = 200
BODY_CHARS_MAX = 1_000_000
ATTACHMENTS_BYTES_MAX = 10 * 1024 * 1024
"""Many mail servers take 10 MB to 25 MB; base 64 makes a third more of it."""

PORTAL_ADDRESS = "{portal}"
"""Stands in text and HTML for the portal's address of the tenant, as in ``{portal}/reports``; filled in on delivery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that goes with a mail."""

    name: str
    media_type: str
    """As in ``text/csv``."""
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One mail to one address."""

    kind: str
    """What it is, for the list of mails: ``alert``, ``report``, ``return``, ``test``, …"""
    recipient: str
    subject: str
    text: str
    html: str | None = None
    """A whole document or a part of one, in which everything that came from outside is escaped already."""
    attachments: tuple[Attachment, ...] = ()
    dedupe_key: str | None = None
    """Of one key a tenant queues one mail for as long as that one is kept; later ones are left out, silently."""


def queue_message(message: Message, *, tenant_id: TenantId, now: datetime) -> Change:
    """Return the change that queues a mail: it is sent if, and only if, the plan that has it is committed.

    Raises:
        InvalidError: the recipient is no address, or the mail is too large.
    """
    recipient = parse_address(message.recipient, "recipient")
    size = sum(len(one.content) for one in message.attachments)
    if size > ATTACHMENTS_BYTES_MAX or len(message.text) + len(message.html or "") > BODY_CHARS_MAX:
        raise InvalidError("mail", f"is too large: attachments may have {ATTACHMENTS_BYTES_MAX >> 20} MiB in all")
    return InsertRow(
        table="outbox_row",
        values={
            "tenant_id": tenant_id,
            "id": new_id(now),
            "kind": message.kind,
            "recipient": recipient,
            "subject": one_line(message.subject),
            "body_text": message.text.replace("\0", ""),
            "body_html": None if message.html is None else message.html.replace("\0", ""),
            "attachments": attachments_text(message.attachments),
            "dedupe_key": message.dedupe_key,
            "state": "queued",
            "tries": 0,
            "next_at": now,
            "epoch": 0,
            "error": "",
            "created_at": now,
        },
        unless_there=True,
    )


def one_line(text: str) -> str:
    """Return a subject as one line: names from outside cannot begin a header of their own.

    Nor as an encoded word (RFC 2047 section 2), which mail readers, and Python's own writer of headers, would decode.
    """
    plain = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split()).replace("=?", "= ?")
    return plain if len(plain) <= SUBJECT_CHARS_MAX else f"{plain[: SUBJECT_CHARS_MAX - 1]}…"


def attachments_text(attachments: tuple[Attachment, ...]) -> str:
    """Return attachments as their row keeps them."""
    return msgspec.json.encode(
        [(one_line(one.name), one.media_type, base64.b64encode(one.content).decode()) for one in attachments]
    ).decode()


def attachments_from(text: str) -> tuple[Attachment, ...]:
    """Return attachments from their row."""
    return tuple(
        Attachment(name=name, media_type=media_type, content=base64.b64decode(content))
        for name, media_type, content in msgspec.json.decode(text, type=list[tuple[str, str, str]])
    )
