"""Writes of events: the record itself, its erasable values, and the list of users it moved."""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from directory.chain import EventContent, EventValues, commitment_for, content_hash_for, render_values
from directory.ids import new_id
from directory.model import Actor, EventId
from directory.plan import Event
from directory.store.insert import Insert, SpreadInsert
from directory.store.tables import EventMemberRow, EventRow, EventValueRow, RedecisionRow, columns_of
from directory.store.together import Together
from directory.threads import worked_out

_COLUMNS = {name: declared for name, declared in columns_of(EventRow).items() if name not in {"seq", "chain_hash"}}
_EVENT = Insert("event_row", _COLUMNS)
_VALUES = Insert("event_value_row", columns_of(EventValueRow))
_MEMBERS = SpreadInsert("event_member_row", columns_of(EventMemberRow), varies="user_id")
_WALKS = Insert("redecision_row", columns_of(RedecisionRow, "tenant_id", "id", "event_id", "asked_at"))


async def add_events(events: Sequence[Event], writes: Together, *, by: Actor, now: datetime) -> list[EventId]:
    """Have the events of one plan stored with what else is inserted; returns their ids."""
    rows: list[tuple[object, ...]] = []
    values: list[tuple[object, ...]] = []
    moved: list[EventContent] = []
    for event in events:
        salt = secrets.token_hex(16)
        document = render_values(EventValues(actor=by.label, subject=event.subject_label, changes=event.changes))
        content = _content(event, commitment_for(salt, document), by=by, now=now)
        moved_count = len(event.joined) + len(event.left)
        rows.append(await worked_out(partial(_row, content), count=moved_count) if moved_count else _row(content))
        values.append((content.tenant_id, content.event_id, salt, document))
        moved.append(content)
    writes.add(_EVENT, rows)
    writes.add(_VALUES, values)
    for content in moved:
        for joined, user_ids in ((True, content.joined), (False, content.left)):
            writes.add(_MEMBERS, _member_rows(content, user_ids, joined=joined))
    writes.add(
        _WALKS,
        (
            (by.tenant_id, new_id(now), content.event_id, now)
            for event, content in zip(events, moved, strict=True)
            if event.redecide
        ),
    )
    return [EventId(content.event_id) for content in moved]


def _member_rows(content: EventContent, user_ids: Iterable[UUID], *, joined: bool) -> Iterator[tuple[object, ...]]:
    return ((content.tenant_id, content.event_id, user_id, joined) for user_id in user_ids)


def _content(event: Event, commitment: str, *, by: Actor, now: datetime) -> EventContent:
    return EventContent(
        tenant_id=by.tenant_id,
        event_id=new_id(now),
        at=now,
        actor_kind=by.kind,
        actor_id=by.user_id or by.source_id,
        action=event.action,
        subject_kind=event.subject_kind,
        subject_id=event.subject_id,
        request_id=None if by.request is None else by.request.request_id,
        commitment=commitment,
        joined=event.joined,
        left=event.left,
        run_id=None if by.run is None else by.run.run_id,
    )


def _row(content: EventContent) -> tuple[object, ...]:
    return (
        content.tenant_id,
        content.event_id,
        content.at,
        content.actor_kind,
        content.actor_id,
        content.action,
        content.subject_kind,
        content.subject_id,
        content.request_id,
        content.run_id,
        content.commitment,
        content_hash_for(content),
    )
