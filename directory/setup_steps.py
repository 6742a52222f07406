"""The steps of setting a source up, each ticked by what really arrived."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from directory.source_settings import Preset

Step = Literal["authenticated", "discovery", "test query", "first user", "first group", "first membership", "disable"]
"""What a request can show; whether the mapping is complete shows in the users."""

STEPS: tuple[Step, ...] = get_args(Step)

_DISCOVERY = re.compile(r"/(ServiceProviderConfig|Schemas|ResourceTypes)(/|\?|$)", re.IGNORECASE)
_QUERY = re.compile(r"/users/?\?.*filter=", re.IGNORECASE)
_SHOWN_BY: dict[Step, frozenset[str]] = {
    "first user": frozenset({"user:created", "user:returned"}),
    "first group": frozenset({"group:created", "group:returned"}),
    "first membership": frozenset({"joined"}),
    "disable": frozenset({"user:disabled"}),
}
"""Which deeds of the directory show a step; ``joined`` stands for any by which somebody joined a group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A request of a source, and what it did."""

    method: str
    path: str
    status: int
    at: datetime
    reference: str
    deeds: frozenset[str] = frozenset()


def steps_for(preset: Preset) -> tuple[Step, ...]:
    """Return the steps that a client of this kind takes: Okta does not read what the endpoint can do."""
    return tuple(step for step in STEPS if preset != "okta" or step != "discovery")


def steps_in(requests: Sequence[Seen]) -> dict[Step, Seen]:
    """Return the first request that shows each step; requests are given in the order in which they came."""
    found: dict[Step, Seen] = {}
    for request in requests:
        for step in STEPS:
            if step not in found and _shows(request, step):
                found[step] = request
    return found


def _shows(request: Seen, step: Step) -> bool:
    if step == "authenticated":
        return request.status != 401
    if step == "discovery":
        return request.method == "GET" and request.status == 200 and _DISCOVERY.search(request.path) is not None
    if step == "test query":
        return request.method == "GET" and request.status == 200 and _QUERY.search(request.path) is not None
    return bool(request.deeds & _SHOWN_BY[step])
