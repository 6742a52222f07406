"""Which errors of a source end a run, and which let it go on later from where it is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from connectors.errors import Kind, SourceError
from directory.model import SourceId, TenantId
from directory.pull_run import RunId
from directory.pulls.model import Run
from rolebook.pull_endings import RESUMED_MAX, WORTH_PAGES, cancelled_words, wait_s_for

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
RUN = Run(
    run_id=RunId(UUID(int=1)),
    tenant_id=TenantId(UUID(int=2)),
    source_id=SourceId(UUID(int=3)),
    kind="full",
    dry=False,
    user_key=None,
    cause="schedule",
    state="fetching",
    asked_at=NOW,
    asked_by=None,
    asked_label="schedule",
    started_at=NOW,
    ended_at=None,
    beat_at=NOW,
    phase="",
    page_count=0,
    object_count=0,
    expected_count=None,
    request_count=0,
    waited_ms=0,
    waiting="",
    done_count=0,
    to_do_count=0,
    counts={},
    why={},
    plan_hash="",
    steps=(),
    timings={},
    error_kind=None,
    error_words="",
    error_remedy="",
    cancel_asked=False,
    resumed_count=0,
)
FAR = replace(RUN, page_count=WORTH_PAGES)


def wait_for(run: Run, kind: Kind, *, asked_s: float | None = None, final: bool = False) -> float | None:
    """Return how long a run waits after such an error."""
    return wait_s_for(run, SourceError(kind, "away", retry_after_s=asked_s, final=final), NOW)


@pytest.mark.parametrize("kind", ["auth", "permission", "config", "protocol", "cursor_expired"])
def test_what_somebody_has_to_act_on_ends_the_run(kind: Kind) -> None:
    assert wait_for(FAR, kind) is None


def test_a_wait_that_is_asked_for_is_kept_within_bounds() -> None:
    assert [wait_for(RUN, "throttled", asked_s=asked) for asked in (1, 600, 1e9)] == [30, 600, 21_600]


def test_a_source_that_is_away_for_a_while_costs_no_long_pull_its_pages() -> None:
    waits = [wait_for(replace(FAR, resumed_count=count), "transient") for count in range(RESUMED_MAX + 1)]

    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, None]


def test_a_short_pull_simply_begins_anew() -> None:
    assert wait_for(RUN, "transient") is None


def test_a_budget_that_is_used_up_ends_the_run() -> None:
    assert wait_for(FAR, "transient", final=True) is None


def test_no_run_stays_open_for_more_than_a_day() -> None:
    old = replace(FAR, started_at=NOW - timedelta(hours=23, minutes=55))

    assert [wait_for(old, "throttled", asked_s=asked) for asked in (60, 600)] == [60, None]


def test_what_was_cancelled_says_how_far_it_came() -> None:
    fetching = cancelled_words(replace(RUN, page_count=1_200))
    applying = cancelled_words(replace(RUN, state="applying", done_count=340, to_do_count=1_200))

    assert fetching == "Cancelled after 1,200 pages, before anything was changed."
    assert cancelled_words(replace(RUN, state="planning")) == "Cancelled before anything was changed."
    assert applying == "Cancelled after 340 of 1,200 changes. These stay; the next pull does the others."
