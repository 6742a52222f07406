"""When the next try is allowed."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.throttling import FORGOTTEN_AFTER, FREE_TRIES, PAUSE_MAX, Tries, TryKind, tries_after, tries_less_one

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def tried(count: int, kind: TryKind = "account") -> Tries:
    """Return the counter after so many tries, each as soon as it was allowed."""
    known, at = None, NOW
    for _ in range(count):
        at = at if known is None else max(at, known.open_at)
        known = tries_after(known, kind, now=at)
        assert known is not None
    assert known is not None
    return known


def test_the_first_tries_are_free() -> None:
    for count in range(1, FREE_TRIES["account"]):
        known = tried(count)
        assert known.open_at == known.tried_at


def test_then_each_has_to_wait_twice_as_long_and_never_more_than_a_quarter_of_an_hour() -> None:
    waits = [(tried(count).open_at - tried(count).tried_at) / SECOND for count in range(5, 13)]

    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]


def test_whoever_comes_too_early_changes_nothing() -> None:
    known = tried(6)

    assert tries_after(known, "account", now=known.open_at - SECOND) is None
    assert tries_after(known, "account", now=known.open_at) is not None


def test_a_day_without_tries_forgets_them() -> None:
    known = tried(12)

    after = tries_after(known, "account", now=known.tried_at + FORGOTTEN_AFTER)
    assert after is not None
    assert after.count == 1


def test_a_network_is_slowed_down_later_than_an_account() -> None:
    known = tried(49, "network")

    assert known.open_at == known.tried_at
    assert tried(50, "network").open_at > tried(50, "network").tried_at


def test_who_comes_in_takes_back_the_try_of_the_shared_network() -> None:
    known = tried(50, "network")

    forgiven = tries_less_one(known)
    assert (forgiven.count, forgiven.open_at) == (49, known.tried_at)


@pytest.mark.parametrize("kind", list(FREE_TRIES))
@given(st.data())
def test_nobody_is_ever_locked_out_for_longer_than_the_longest_pause(kind: TryKind, data: st.DataObject) -> None:
    known, at = None, NOW
    for gap_s in data.draw(st.lists(st.integers(0, 2_000), max_size=80)):
        at += gap_s * SECOND
        after = tries_after(known, kind, now=at)
        if after is None:
            assert known is not None
            assert at < known.open_at <= known.tried_at + PAUSE_MAX
        else:
            known = after
