"""What is counted by the hour, and by which rule: events as they are sealed, requests as they are answered."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal, NamedTuple
from uuid import UUID

from directory.model import SourceId, TenantId

TallyKind = Literal["requests", "failed", "created", "updated", "disabled"]
NOBODY = SourceId(UUID(int=0))
"""Stands in for the source of what an operator or a duty did."""

HOUR = timedelta(hours=1)

KIND_OF_ACTION: Mapping[str, TallyKind] = MappingProxyType(
    {
        "user:created": "created",
        "user:returned": "created",
        "user:changed": "updated",
        "user:enabled": "updated",
        "user:sign-in:allowed": "updated",
        "user:disabled": "disabled",
        "user:deleted": "disabled",
        "user:sign-in:blocked": "disabled",
    }
)


class HourTally(NamedTuple):
    """How much of one kind happened in an hour, by one source."""

    tenant_id: TenantId
    hour: datetime
    source_id: SourceId
    kind: TallyKind
    things: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedEvent:
    """What is counted of an event."""

    tenant_id: TenantId
    at: datetime
    action: str
    source_id: SourceId | None


def is_failure(method: str, status: int) -> bool:
    """Whether an answer counts as failed: a GET that finds nothing is how providers ask whether somebody exists."""
    return status >= 400 and not (status == 404 and method == "GET")


def hour_of(at: datetime) -> datetime:
    """Return the beginning of the hour of ``at``."""
    return at.replace(minute=0, second=0, microsecond=0)


def tallies_for(events: Iterable[SealedEvent]) -> list[HourTally]:
    """Return what events add to the counts of their hours."""
    counted: dict[tuple[TenantId, datetime, SourceId, TallyKind], int] = {}
    for event in events:
        kind = KIND_OF_ACTION.get(event.action)
        if kind is not None:
            key = (event.tenant_id, hour_of(event.at), event.source_id or NOBODY, kind)
            counted[key] = counted.get(key, 0) + 1
    return [HourTally(*key, things) for key, things in counted.items()]
