"""Pulls in words: what is left, how long it took, and bars that say by their form how a pull ended."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from directory.ids import new_id
from directory.model import SourceId, TenantId
from directory.pull_run import RunId
from directory.pulls.model import Run
from portal.run_cards import bars_for, line_for, summary_of
from portal.run_words import duration_words, limit_words, remaining_words, title_of, verdict_on

BEGAN = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
FETCHING = Run(
    run_id=RunId(new_id(BEGAN)), tenant_id=TenantId(new_id(BEGAN)), source_id=SourceId(new_id(BEGAN)), kind="delta",
    dry=False, user_key=None, cause="schedule", state="fetching", asked_at=BEGAN, asked_by=None, asked_label="",
    started_at=BEGAN, ended_at=None, beat_at=None, phase="Fetching", page_count=0, object_count=0, expected_count=None,
    request_count=0, waited_ms=0, waiting="", done_count=0, to_do_count=0, counts={}, why={}, plan_hash="", steps=(),
    timings={}, error_kind=None, error_words="", error_remedy="", cancel_asked=False, resumed_count=0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (27, "27 s"), (99, "99 s"), (240, "4 min"), (7_500, "2 h 5 min")],
)
def test_a_time_is_said_as_exactly_as_anybody_wants_it(seconds: float, words: str) -> None:
    assert duration_words(seconds) == words


@pytest.mark.parametrize(
    ("so_far", "after_s", "words"),
    [
        ({"object_count": 500, "expected_count": 1000}, 60, "about 60 s left"),
        ({"object_count": 900, "expected_count": 1000}, 90, "less than a minute left"),
        ({"object_count": 500}, 60, ""),
        ({"object_count": 500, "expected_count": 1000}, 1, ""),
        ({"object_count": 500, "expected_count": 1000, "waiting": "asked to wait"}, 60, ""),
        ({"object_count": 500, "expected_count": 1000, "resumed_count": 1}, 60, ""),
        ({"state": "applying", "done_count": 1, "to_do_count": 10, "timings": {"plan": 40.0}}, 60, "about 3 min left"),
        ({"started_at": None, "state": "asked"}, 60, ""),
    ],
)  # fmt: skip
def test_what_is_left_is_said_as_soon_as_it_can_be_known(so_far: dict[str, Any], after_s: int, words: str) -> None:
    assert remaining_words(replace(FETCHING, **so_far), BEGAN + timedelta(seconds=after_s)) == words


def test_the_guard_says_what_was_wanted_and_what_was_spent_before() -> None:
    assert limit_words("users", [60, 10, 0]) == "60 users would lose access; 10 may in 24 hours."
    assert limit_words("roles", [130, 100, 20]).endswith("100 may in 24 hours, of which 20 were spent.")


@pytest.mark.parametrize(
    ("so_far", "words"),
    [
        ({"cancel_asked": True}, "Stopping"),
        ({"waiting": "asked to wait"}, "Waiting"),
        ({}, "Fetching"),
        ({"state": "done", "error_words": "nobody was there"}, "Done, with a remark"),
        ({"state": "done", "dry": True}, "Compared"),
        ({"state": "done", "counts": {"unchanged": 3, "missing:once": 2}}, "Nothing to change"),
        ({"state": "done", "counts": {"user:create": 3}}, "Done"),
    ],
)
def test_how_a_pull_stands(so_far: dict[str, Any], words: str) -> None:
    assert verdict_on(replace(FETCHING, **so_far)).words == words


def test_one_that_only_compares_never_says_that_nothing_was_to_change() -> None:
    assert verdict_on(replace(FETCHING, state="done"), audits=True).words == "Compared"


def test_titles_tell_kinds_apart() -> None:
    kinds = [replace(FETCHING, kind=kind, dry=dry) for kind in ("delta", "full", "one") for dry in (False, True)]

    assert len({title_of(run) for run in kinds}) == 6


def test_the_most_changes_are_the_tallest_bar_and_none_is_no_bar() -> None:
    done = replace(FETCHING, state="done", ended_at=BEGAN + timedelta(seconds=4))
    lines = [line_for(replace(done, counts={"user:create": count})) for count in (0, 3, 1000)]

    none, few, many = bars_for(lines)

    assert (none.height, many.height) == (0, 40)
    assert 0 < few.height < many.height
    assert {line.took for line in lines} == {"4.0 s"}


def test_bars_of_nothing_but_failures_have_no_height_and_a_form() -> None:
    bars = bars_for([line_for(replace(FETCHING, state="failed"))])

    assert [(bar.height, bar.shape) for bar in bars] == [(0, "cross")]
    assert summary_of([]) == "No pull yet"
