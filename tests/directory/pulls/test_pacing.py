"""When a source is pulled next."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from directory.model import SourceId
from directory.pulls.pacing import FAILED_MAX, first_pull_at, next_pull_at, next_try_at

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
ids = st.uuids().map(SourceId)
intervals = st.integers(20, 40)


@given(ids, intervals)
def test_the_first_pull_comes_within_one_interval(source_id: SourceId, interval_min: int) -> None:
    wait = first_pull_at(source_id, interval_min, NOW) - NOW
    assert timedelta(minutes=interval_min / 2) <= wait <= timedelta(minutes=interval_min)


@given(ids, intervals)
def test_the_next_one_comes_after_an_interval_give_or_take_a_tenth(source_id: SourceId, interval_min: int) -> None:
    wait = next_pull_at(source_id, interval_min, NOW) - NOW
    assert abs(wait / timedelta(minutes=interval_min) - 1) <= 0.1


@given(ids, intervals, st.integers(1, 10_000))
def test_a_source_that_fails_is_left_alone_longer_and_longer_but_never_for_good(
    source_id: SourceId, interval_min: int, failures: int
) -> None:
    wait = next_try_at(source_id, interval_min, NOW, failures=failures) - NOW
    later = next_try_at(source_id, interval_min, NOW, failures=failures + 1) - NOW
    assert timedelta(minutes=interval_min) * 0.9 <= wait <= later <= FAILED_MAX * 1.1


@given(ids, st.floats(0, 1e7))
def test_a_source_that_asks_for_a_pause_gets_it_for_six_hours_at_most(
    source_id: SourceId, retry_after_s: float
) -> None:
    wait = next_try_at(source_id, 30, NOW, failures=1, retry_after_s=retry_after_s) - NOW
    assert wait >= min(timedelta(seconds=retry_after_s), FAILED_MAX)
    assert wait <= max(timedelta(minutes=33), FAILED_MAX)


def test_many_sources_that_were_made_at_once_are_not_pulled_at_once() -> None:
    times = {first_pull_at(SourceId(UUID(int=number)), 30, NOW) for number in range(100)}
    assert len({at.replace(second=0, microsecond=0) for at in times}) >= 12
