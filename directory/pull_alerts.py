"""What is the matter with a source that is pulled: it fails, or its credential ends."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from directory.alerts import AlertCase
from directory.liveness import PullFacts, pull_state

ENDING: tuple[tuple[int, str], ...] = ((30, "30 days"), (14, "14 days"), (7, "7 days"), (1, "1 day"))
"""Each is told once, since each makes the alert worse."""


def pull_facts_from(row: Mapping[str, Any], *, off: bool, held_count: int = 0, now: datetime) -> PullFacts:
    """Return what is known of a source from the row of its pulls."""
    names = ("paused", "next_at", "last_ok_at", "failures", "first_failed_at", "error_kind", "error_words")
    return PullFacts(
        now=now,
        off=off,
        # One that needs none is due at once; one that has none is never due.
        has_credentials=row["sealed_at"] is not None or row["next_at"] is not None,
        held_count=held_count,
        error_remedy=row["error_remedy"],
        **{name: row[name] for name in names},
    )


def pull_cases_of(
    facts: PullFacts, credential_expires_at: datetime | None, *, source_id: object, label: str
) -> Iterator[AlertCase]:
    """Yield what is the matter with a source that is pulled."""
    state = pull_state(facts)
    if state.kind == "failing":
        yield _case("source_failing", state.reason, source_id=source_id, label=label)
    if credential_expires_at is None or facts.off or facts.paused:
        return
    if credential_expires_at <= facts.now:
        text = "Its credential has ended: nothing can be pulled. Make a new one there and enter it here."
        yield _case("secret_ending", text, source_id=source_id, label=label, level=len(ENDING) + 1)
    elif passed := passed_terms(credential_expires_at, facts.now):
        text = f"Its credential ends in {passed[-1]} or less. Make a new one there and enter it here."
        yield _case("secret_ending", text, source_id=source_id, label=label, level=len(passed))


def passed_terms(until: datetime, now: datetime) -> list[str]:
    """Return the terms, in words, that an end is nearer than."""
    return [words for days, words in ENDING if until - now <= timedelta(days=days)]


def _case(kind: Any, detail: str, *, source_id: object, label: str, level: int = 1) -> AlertCase:  # noqa: ANN401 - one of two kinds
    path = f"connectors/{source_id}"
    return AlertCase(kind=kind, subject=str(source_id), label=label, detail=detail, path=path, level=level)
