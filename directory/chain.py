"""The hashes that make the record of events tamper-evident; they never change, or old chains would break."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from directory.model import JsonValue
from directory.plan import AttributeChange

GENESIS = "0" * 64
"""What the first event of a tenant is chained to."""


_NOTHING = b"\xff" * 8


@dataclass(frozen=True, slots=True, kw_only=True)
class EventValues:
    """What an event says of people: kept apart, so that it can be erased without breaking the chain."""

    actor: str
    subject: str
    changes: tuple[AttributeChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EventContent:
    """What the hash of an event covers; of its values the commitment only."""

    tenant_id: UUID
    event_id: UUID
    at: datetime
    actor_kind: str
    actor_id: UUID | None
    action: str
    subject_kind: str
    subject_id: UUID
    request_id: UUID | None
    commitment: str
    joined: tuple[UUID, ...] = ()
    left: tuple[UUID, ...] = ()
    run_id: UUID | None = None
    """The pull that it came from; events of before there were pulls have the hash they had."""


class Link(NamedTuple):
    """The place of one event in the chain."""

    event_id: UUID
    seq: int
    chain_hash: str


def render_values(values: EventValues) -> str:
    """Return the values as the JSON text that is stored and committed to."""
    changes: list[list[JsonValue]] = [[change.name, change.old, change.new] for change in values.changes]
    return msgspec.json.encode({"actor": values.actor, "subject": values.subject, "changes": changes}).decode()


def parse_values(document: str) -> EventValues:
    """Return the values of a stored text."""
    found = msgspec.json.decode(document)
    return EventValues(
        actor=found["actor"],
        subject=found["subject"],
        changes=tuple(AttributeChange(name=name, old=old, new=new) for name, old, new in found["changes"]),
    )


def commitment_for(salt: str, document: str) -> str:
    """Return what the chain knows of a document of values; ``salt`` keeps short values from being guessed."""
    return _hash([salt, document])


def content_hash_for(content: EventContent) -> str:
    """Return the hash of one event; the order in which users joined or left does not matter."""
    return _hash(
        [
            content.tenant_id,
            content.event_id,
            content.at.astimezone(UTC).isoformat(timespec="microseconds"),
            content.actor_kind,
            content.actor_id,
            content.action,
            content.subject_kind,
            content.subject_id,
            content.request_id,
            content.commitment,
            str(len(content.joined)),
            *sorted(content.joined),
            *sorted(content.left),
            *(() if content.run_id is None else ("run", str(content.run_id))),
        ]
    )


def chain_hash_for(previous_hash: str, seq: int, content_hash: str) -> str:
    """Return the link of event ``seq``, counted from 1, to the one before; the first one's is ``GENESIS``."""
    return _hash([previous_hash, str(seq), content_hash])


def links_after(seq: int, previous_hash: str, events: Iterable[tuple[UUID, str]]) -> list[Link]:
    """Return the places of events, (id, content hash), behind the link ``seq``."""
    links: list[Link] = []
    for event_id, content_hash in events:
        seq, previous_hash = seq + 1, chain_hash_for(previous_hash, seq + 1, content_hash)
        links.append(Link(event_id, seq, previous_hash))
    return links


def _hash(parts: Iterable[str | UUID | None]) -> str:
    """Hash each part behind its length, so that no two lists of parts look the same; nothing differs from empty."""
    text = bytearray()
    for part in parts:
        if part is None:
            text += _NOTHING
        else:
            data = part.encode() if isinstance(part, str) else part.bytes
            text += len(data).to_bytes(8, "big")
            text += data
    return hashlib.sha256(text).hexdigest()
