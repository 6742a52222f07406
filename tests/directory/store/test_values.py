from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.store.errors import InvalidValueError
from directory.store.values import json_list, time_text
from tests.directory.store.things import NOON


def test_text_of_a_time_always_has_microseconds_and_utc() -> None:
    assert time_text(NOON.astimezone(timezone(timedelta(hours=-3)))) == "2026-03-01 12:00:00.000000+00:00"


def test_naive_time_of_piccolos_ledger_stays_naive() -> None:
    assert time_text(datetime(2026, 3, 1)) == "2026-03-01 00:00:00.000000"  # noqa: DTZ001  # as Piccolo makes it


@given(st.lists(st.datetimes(timezones=st.timezones(), min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1))))  # noqa: DTZ001  # as hypothesis wants it
def test_texts_sort_like_the_times(times: list[datetime]) -> None:
    assert sorted(map(time_text, times)) == [time_text(at) for at in sorted(times)]


def test_empty_list_is_json_too() -> None:
    assert json_list([], "uuid") == "[]"


@pytest.mark.parametrize("values", [["a", "NUL \0"], ["\ud800"]], ids=["NUL", "surrogate"])
def test_text_that_cannot_be_stored_is_refused(values: list[str]) -> None:
    with pytest.raises(InvalidValueError):
        json_list(values, "text")
