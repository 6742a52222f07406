"""What a recipient is told of alerts, and when: each thing once, and no more often than the recipient asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args
from uuid import UUID

import msgspec

from directory.alerts import AlertKind
from directory.errors import InvalidError
from directory.mail_addresses import parse_address
from directory.model import UserId
from directory.plan_alerts import Alert

Rhythm = Literal["hour", "day"]
RHYTHMS: tuple[Rhythm, ...] = get_args(Rhythm)
SPANS: Mapping[Rhythm, timedelta] = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
"""The first mail comes at once; another one not before so long."""

Told = Literal["new", "worse", "over"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Who is told of alerts: an operator, at the address that the directory has, or any address."""

    recipient_id: UUID
    user_id: UserId | None
    label: str
    address: str | None
    """None: an operator without an address."""
    kinds: frozenset[AlertKind]
    rhythm: Rhythm
    created_by: str
    created_at: datetime
    mailed_at: datetime | None
    present: bool = True
    """False: an operator who is disabled or deleted, or whose role may not see the portal any more."""
    writable: bool = True
    """False: what the directory has for an operator's address is none that mail could be sent to."""

    @property
    def reachable(self) -> bool:
        """Whether mails can be sent."""
        return self.present and self.address is not None and self.writable


@dataclass(frozen=True, slots=True)
class DigestEntry:
    """One thing to tell."""

    told: Told
    alert: Alert


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One mail to one recipient."""

    recipient: Recipient
    tenant_name: str
    entries: tuple[DigestEntry, ...]


def recipient_from(row: Mapping[str, Any]) -> Recipient:
    """Return a recipient from its row with the operator's."""
    user_id, is_user = row["user_id"], row["user_id"] is not None
    address = (row["email"] if is_user else row["address"]) or None
    permissions = msgspec.json.decode(row["permissions"] or "[]", type=list[str])
    return Recipient(
        recipient_id=row["id"],
        user_id=None if user_id is None else UserId(user_id),
        label=(row["display_name"] if is_user else row["address"]) or "",
        address=address,
        kinds=frozenset(msgspec.json.decode(row["kinds"], type=list[AlertKind])),
        rhythm=row["rhythm"],
        created_by=row["created_by"],
        created_at=row["created_at"],
        mailed_at=row["mailed_at"],
        present=not is_user or (bool(row["present"]) and "portal:view" in permissions),
        writable=address is None or _is_writable(address),
    )


def _is_writable(address: str) -> bool:
    """Whether mail can be sent there: what a source reports as an address may be anything."""
    try:
        parse_address(address)
    except InvalidError:
        return False
    return True


def news_for(recipient: Recipient, alerts: Sequence[Alert], told: Mapping[tuple[UUID, UUID], int]) -> list[DigestEntry]:
    """Return what a recipient does not know yet, the worst first.

    Nothing of what began and ended before the recipient heard of it, nor of what somebody looks after already.
    """
    found: list[DigestEntry] = []
    for alert in alerts:
        known = told.get((recipient.recipient_id, alert.alert_id))
        if alert.kind not in recipient.kinds or known == alert.mark:
            continue
        if known is None:
            if alert.state == "open":
                found.append(DigestEntry("new", alert))
        elif alert.state != "acknowledged":
            found.append(DigestEntry("over" if alert.state == "recovered" else "worse", alert))
    return sorted(found, key=lambda one: (one.told == "over", -one.alert.level, one.alert.opened_at))


def is_due(recipient: Recipient, now: datetime) -> bool:
    """Whether the recipient may be sent a mail now."""
    return recipient.mailed_at is None or recipient.mailed_at + SPANS[recipient.rhythm] <= now
