"""Whether a source is receiving, quiet, silent or failing, and why, from its own habits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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
CONFIRMED_WITHIN = timedelta(hours=24)
"""How long what a pull confirmed says something about now: pulls come every 40 minutes at the latest."""

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
    confirmed_at: datetime | None = None
    """When a pull last compared all that it pushed with its directory."""
    drift_count: int = 0
    """How many people that found missing, extra or of another status."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a source is, and why: one sentence or two."""

    kind: StateKind
    reason: str
    note: str = ""
    """What a pull says of it, in a word or two: ``confirmed by pull at 14:20 UTC``, ``unconfirmed``."""


def source_state(facts: SourceFacts) -> SourceState:
    """Return how a source is. Trouble that is certain comes before silence, and silence before rest."""
    if facts.paused:
        return SourceState("paused", "Turned off here: its requests are refused, and nobody is changed.")
    return _failing(facts) or _held_words(facts.held_count) or _not_begun(facts) or _silent(facts) or _alive(facts)


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


def _held_words(held_count: int) -> SourceState | None:
    if not held_count:
        return None
    waits = "change waits" if held_count == 1 else "changes wait"
    return SourceState("held", f"{held_count:,} {waits} for approval: nothing of that has taken effect.")


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
            "silent",
            f"It has no valid secret. The last request came {span_words(span)} ago; none can arrive now.",
            "unconfirmed",
        )
    allowed = pause_allowed(facts.active_hours)
    if span <= allowed:
        return None
    if len(facts.active_hours) < ACTIVE_HOURS_MIN:
        return _unheard(facts, f"No request for {span_words(span)}, and too few before to know its rhythm.")
    usual = span_words(longest_pause(facts.active_hours))
    return _unheard(facts, f"No request for {span_words(span)}; its longest pause in 14 days was {usual}.")


def _unheard(facts: SourceFacts, words: str) -> SourceState:
    """Return how a source is that is silent: nothing is wrong if a pull found since that there was nothing to say."""
    if not is_confirmed_since(facts, last_seen(facts)) or facts.confirmed_at is None:
        return SourceState("silent", words, "unconfirmed")
    at = f"{facts.confirmed_at.astimezone(UTC):%H:%M} UTC"
    if facts.drift_count:
        people = "1 person" if facts.drift_count == 1 else f"{facts.drift_count:,} people"
        return SourceState("silent", f"{words} A pull at {at} found {people} otherwise than pushed.", "unconfirmed")
    return SourceState(
        "quiet",
        f"{words} A pull at {at} found everybody as pushed: it had nothing to say.",
        f"confirmed by pull at {at}",
    )


def is_confirmed_since(facts: SourceFacts, at: datetime | None) -> bool:
    """Whether a pull compared what the source pushed after ``at``, and lately."""
    confirmed_at = facts.confirmed_at
    if confirmed_at is None or facts.now - confirmed_at > CONFIRMED_WITHIN:
        return False
    return at is None or confirmed_at >= at


def _alive(facts: SourceFacts) -> SourceState:
    seen_at = last_seen(facts) or facts.now
    asked = f"the last request came {span_words(facts.now - seen_at)} ago"
    if facts.last_change_at is None:
        return SourceState("quiet", f"It asks, and has changed nothing yet; {asked}.")
    changed = span_words(facts.now - facts.last_change_at)
    if facts.now - facts.last_change_at <= CHANGED_WITHIN:
        return SourceState("receiving", f"Changes arrive: the last one came {changed} ago.")
    return SourceState("quiet", f"It asks regularly, {asked}; nothing changed for {changed}.")


PERMANENT_FAILURES: frozenset[str] = frozenset({"auth", "permission", "protocol", "config"})
"""Kinds of failed pulls after which somebody has to act: told at once."""

FAILURES_MAX = 3
"""So many pulls may fail in a row, of which the next may just succeed, before somebody is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullFacts:
    """What is known of a source that is pulled when somebody asks how it is."""

    now: datetime
    off: bool
    paused: bool
    has_credentials: bool
    next_at: datetime | None
    last_ok_at: datetime | None
    failures: int
    """Pulls in a row."""
    first_failed_at: datetime | None
    error_kind: str | None
    error_words: str
    error_remedy: str
    held_count: int = 0


def pull_state(facts: PullFacts) -> SourceState:
    """Return how a source is that is pulled. It is never silent: what it does not say is not waited for."""
    if facts.off:
        return SourceState("paused", "Turned off here: it is not pulled, and nobody is changed.")
    if _has_failed_enough(facts):
        return SourceState("failing", _failed_words(facts))
    held = _held_words(facts.held_count)
    if held is not None:
        return held
    if facts.paused:
        return SourceState("paused", f"Paused here: it is pulled only when somebody asks. {_pulled_words(facts)}")
    if facts.last_ok_at is None:
        return SourceState("new", _not_pulled_words(facts))
    if facts.failures:
        return SourceState("receiving", f"{_pulled_words(facts)} {_failed_words(facts)}")
    return SourceState("receiving", f"{_pulled_words(facts)}{_next_words(facts, ' The next pull begins')}")


def _has_failed_enough(facts: PullFacts) -> bool:
    """Whether somebody is told: one pull that was put off for a day (throttling) counts as many that failed."""
    if not facts.failures:
        return False
    since = min(filter(None, [facts.last_ok_at, facts.first_failed_at]), default=facts.now)
    is_long = facts.now - since >= FAILED_WITHIN
    return facts.error_kind in PERMANENT_FAILURES or facts.failures >= FAILURES_MAX or is_long


def _failed_words(facts: PullFacts) -> str:
    times = "The last pull failed" if facts.failures == 1 else f"The last {facts.failures} pulls failed"
    since = facts.first_failed_at
    began = "" if since is None or facts.failures == 1 else f", since {span_words(facts.now - since)}"
    remedy = f" {facts.error_remedy}" if facts.error_remedy else ""
    return f"{times}{began}: {facts.error_words.rstrip('.')}.{remedy}{_next_words(facts, ' It is tried again')}"


def _pulled_words(facts: PullFacts) -> str:
    if facts.last_ok_at is None:
        return "Nothing was pulled yet."
    return f"Pulled {span_words(facts.now - facts.last_ok_at)} ago."


def _not_pulled_words(facts: PullFacts) -> str:
    if not facts.has_credentials:
        return "No credentials yet: nothing can be pulled before there are some."
    return _failed_words(facts) if facts.failures else f"Nothing was pulled yet.{_next_words(facts, ' That begins')}"


def _next_words(facts: PullFacts, what: str) -> str:
    if facts.next_at is None or facts.paused:
        return ""
    return f"{what} now." if facts.next_at <= facts.now else f"{what} in {span_words(facts.next_at - facts.now)}."
