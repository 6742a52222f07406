"""Whether a source is receiving, quiet, silent or failing, and why, from its own habits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

from directory.model import SecretKey
from directory.tallies import HOUR

StateKind = Literal["new", "receiving", "quiet", "silent", "failing", "held", "paused"]

PAUSE_UNKNOWN = timedelta(hours=24)
"""How long a source may be silent whose habits are not known yet."""

PAUSE_MIN = timedelta(hours=2)
"""Entra comes by about every 40 minutes: three cycles must be missing before anybody is told."""

PAUSE_MAX = timedelta(hours=72)
PAUSE_MARGIN = 1.25
ACTIVE_HOURS_MIN = 4
"""With fewer hours of traffic the longest pause between them says nothing."""

CHANGED_WITHIN = timedelta(hours=24)
FAILED_WITHIN = timedelta(hours=24)
FAILED_MIN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentRequest:
    """How one of a source's newest requests ended."""

    at: datetime
    failed: bool
    refused: bool
    """Its secret was refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFacts:
    """What is known of a source when somebody asks how it is."""

    now: datetime
    last_request_at: datetime | None
    last_change_at: datetime | None
    active_hours: Sequence[datetime] = ()
    """Beginnings of the hours with requests in the last 14 days, the oldest first."""
    recent: Sequence[RecentRequest] = ()
    """The newest requests, the newest first."""
    secrets: Sequence[SecretKey] = ()
    paused: bool = False
    held_count: int = 0
    """Changes of it that the guard held and nobody decided."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a source is, and why: one sentence or two."""

    kind: StateKind
    reason: str


def source_state(facts: SourceFacts) -> SourceState:
    """Return how a source is. Trouble that is certain comes before silence, and silence before rest."""
    if facts.paused:
        return SourceState("paused", "Turned off here: its requests are refused, and nobody is changed.")
    return _failing(facts) or _held(facts) or _not_begun(facts) or _silent(facts) or _alive(facts)


def pause_allowed(active_hours: Sequence[datetime]) -> timedelta:
    """Return how long a source may be silent before that is strange: a quarter more than its longest pause."""
    if len(active_hours) < ACTIVE_HOURS_MIN:
        return PAUSE_UNKNOWN
    return min(max(longest_pause(active_hours) * PAUSE_MARGIN, PAUSE_MIN), PAUSE_MAX)


def longest_pause(active_hours: Sequence[datetime]) -> timedelta:
    """Return the longest time without a request, as far as hours tell: from one active hour to the next."""
    return max((after - before for before, after in pairwise(active_hours)), default=HOUR)


def span_words(span: timedelta) -> str:
    """Return a span as people say it: ``4 min``, ``9 h``, ``3 days``."""
    minutes = int(abs(span).total_seconds()) // 60
    if minutes < 1:
        return "less than a minute"
    if minutes < 120:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"


def last_seen(facts: SourceFacts) -> datetime | None:
    """Return when the source last asked anything; times of last use are written once a minute, records sooner."""
    times = [facts.last_request_at, *(one.at for one in facts.recent[:1])]
    return max((at for at in times if at is not None), default=None)


def _failing(facts: SourceFacts) -> SourceState | None:
    newest = facts.recent[0] if facts.recent else None
    if newest is not None and newest.refused and facts.now - newest.at <= FAILED_WITHIN:
        ago = span_words(facts.now - newest.at)
        return SourceState(
            "failing",
            f"Its newest request, {ago} ago, was refused: {_why_refused(facts)}. Create a secret and enter it there.",
        )
    lately = [one for one in facts.recent if facts.now - one.at <= FAILED_WITHIN]
    failed_count = sum(one.failed for one in lately)
    if failed_count >= FAILED_MIN and failed_count * 2 >= len(lately):
        return SourceState("failing", f"{failed_count} of its last {len(lately)} requests failed.")
    return None


def _why_refused(facts: SourceFacts) -> str:
    if any(secret.state(facts.now) == "active" for secret in facts.secrets):
        return "it used a secret that is not valid any more"
    return "there is no valid secret"


def _held(facts: SourceFacts) -> SourceState | None:
    if not facts.held_count:
        return None
    waits = "change waits" if facts.held_count == 1 else "changes wait"
    return SourceState("held", f"{facts.held_count:,} {waits} for approval: nothing of that has taken effect.")


def _not_begun(facts: SourceFacts) -> SourceState | None:
    if last_seen(facts) is not None:
        return None
    if not facts.secrets:
        return SourceState("new", "No secret yet: nothing can arrive before there is one.")
    return SourceState(
        "new", "No request yet. Entra's first cycle can take 40 min; a test of the connection comes at once."
    )


def _silent(facts: SourceFacts) -> SourceState | None:
    seen_at = last_seen(facts)
    if seen_at is None:
        return None
    span = facts.now - seen_at
    if not any(secret.state(facts.now) in {"active", "retiring"} for secret in facts.secrets):
        return SourceState(
            "silent", f"It has no valid secret. The last request came {span_words(span)} ago; none can arrive now."
        )
    allowed = pause_allowed(facts.active_hours)
    if span <= allowed:
        return None
    if len(facts.active_hours) < ACTIVE_HOURS_MIN:
        return SourceState("silent", f"No request for {span_words(span)}, and too few before to know its rhythm.")
    usual = span_words(longest_pause(facts.active_hours))
    return SourceState("silent", f"No request for {span_words(span)}; its longest pause in 14 days was {usual}.")


def _alive(facts: SourceFacts) -> SourceState:
    seen_at = last_seen(facts) or facts.now
    asked = f"the last request came {span_words(facts.now - seen_at)} ago"
    if facts.last_change_at is None:
        return SourceState("quiet", f"It asks, and has changed nothing yet; {asked}.")
    changed = span_words(facts.now - facts.last_change_at)
    if facts.now - facts.last_change_at <= CHANGED_WITHIN:
        return SourceState("receiving", f"Changes arrive: the last one came {changed} ago.")
    return SourceState("quiet", f"It asks regularly, {asked}; nothing changed for {changed}.")
