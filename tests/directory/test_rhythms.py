"""Times of schedules, held against minutes that are counted one by one, in every zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.errors import InvalidError
from directory.rhythms import Rhythm, check_rhythm, latest_due, moment_on, next_due, rhythm_words, zone_names, zone_of

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
SINCE, UNTIL = datetime(2023, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)

zones = st.sampled_from(zone_names())
minutes = st.integers(0, 24 * 60 - 1)
moments = st.datetimes(datetime(2023, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
rhythms = st.builds(
    Rhythm,
    every=st.sampled_from(["day", "week", "month"]),
    minute=minutes,
    zone=zones,
    weekday=st.integers(0, 6),
    month_day=st.integers(1, 31),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def daily(hour: int, minute: int, zone: str) -> Rhythm:
    return Rhythm(every="day", minute=hour * 60 + minute, zone=zone)


def counted_to(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """Return the first minute at which the clocks show the time or a later one, by looking at each."""
    wanted = datetime(day.year, day.month, day.day, minute // 60, minute % 60)  # noqa: DTZ001 - what clocks show
    moment = wanted.replace(tzinfo=zone).astimezone(UTC) - 5 * timedelta(hours=1)
    while moment.astimezone(zone).replace(tzinfo=None) >= wanted:
        moment -= DAY
    while moment.astimezone(zone).replace(tzinfo=None) < wanted:
        moment += MINUTE
    return moment


def jumps(zone: ZoneInfo) -> list[datetime]:
    """Return the moments, to the minute, at which the clocks of a zone are put forward or back."""
    found = []
    day = SINCE
    while day < UNTIL:
        if day.astimezone(zone).utcoffset() != (day + DAY).astimezone(zone).utcoffset():
            low, high = 0, 24 * 60
            while high - low > 1:
                middle = (low + high) // 2
                same = (day + middle * MINUTE).astimezone(zone).utcoffset() == day.astimezone(zone).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            found.append(day + high * MINUTE)
        day += DAY
    return found


@given(zones, st.dates(date(2023, 1, 1), date(2037, 1, 1)), minutes)
def test_a_time_is_the_first_minute_that_shows_it_or_a_later_one(zone: str, day: date, minute: int) -> None:
    assert moment_on(day, minute, zone_of(zone)) == counted_to(day, minute, zone_of(zone))


@pytest.mark.slow
def test_around_every_jump_of_every_zone_each_day_has_its_one_time() -> None:
    checked = set()
    for name in zone_names():
        zone = zone_of(name)
        for jump in jumps(zone):
            offsets = ((jump - MINUTE).astimezone(zone).utcoffset(), jump.astimezone(zone).utcoffset())
            if (jump, offsets) in checked:
                continue
            checked.add((jump, offsets))
            shown = {(jump + n * timedelta(minutes=15)).astimezone(zone) for n in (-5, -4, -1, 0, 1, 4)}
            shown |= {(jump - MINUTE).astimezone(zone), (jump + MINUTE).astimezone(zone)}
            for minute in {clock.hour * 60 + clock.minute for clock in shown}:
                dues = dues_within(Rhythm(every="day", minute=minute, zone=name), jump - 3 * DAY, jump + 3 * DAY)
                days = [due.astimezone(zone).date() for due in dues]
                assert days == sorted(set(days)), (name, jump, minute)
                assert all(due == counted_to(due.astimezone(zone).date(), minute, zone) for due in dues)
    assert len(checked) > 150


def dues_within(rhythm: Rhythm, since: datetime, until: datetime) -> list[datetime]:
    found = [next_due(rhythm, since)]
    while (due := next_due(rhythm, found[-1])) < until:
        found.append(due)
    return found


@given(rhythms, moments)
def test_the_next_time_lies_behind_and_nothing_lies_between(rhythm: Rhythm, after: datetime) -> None:
    due = next_due(rhythm, after)

    assert after < due <= after + {"day": 2, "week": 8, "month": 33}[rhythm.every] * DAY
    assert due.second == due.microsecond == 0
    assert next_due(rhythm, due - timedelta(microseconds=1)) == due


@given(rhythms, moments, st.integers(0, 400))
def test_after_a_pause_only_the_last_time_counts_and_the_others_are_told(
    rhythm: Rhythm, start: datetime, days: int
) -> None:
    first = next_due(rhythm, start)
    now = first + days * DAY

    due, missed = latest_due(rhythm, first, now)

    assert first <= due <= now < next_due(rhythm, due)
    assert missed == sum(1 for one in dues_within(rhythm, start, now + MINUTE * 60 * 24 * 40) if one < due)


def test_a_time_that_clocks_jump_over_is_the_next_minute_they_show() -> None:
    assert next_due(daily(2, 30, "Europe/Berlin"), at("2026-03-28 12:00")) == at("2026-03-29 01:00")
    assert next_due(daily(2, 30, "Europe/Berlin"), at("2026-03-29 01:00")) == at("2026-03-30 00:30")
    assert next_due(daily(2, 15, "Australia/Lord_Howe"), at("2026-10-03 12:00")) == at("2026-10-03 15:30")


def test_a_time_that_clocks_show_twice_comes_once() -> None:
    first = next_due(daily(2, 30, "Europe/Berlin"), at("2026-10-24 12:00"))

    assert first == at("2026-10-25 00:30")
    assert next_due(daily(2, 30, "Europe/Berlin"), first) == at("2026-10-26 01:30")


def test_the_hour_of_the_day_stays_when_the_clocks_change() -> None:
    dues = dues_within(daily(6, 0, "Europe/Berlin"), at("2026-03-27 12:00"), at("2026-03-31 00:00"))

    assert dues == [at("2026-03-28 05:00"), at("2026-03-29 04:00"), at("2026-03-30 04:00")]


def test_months_without_the_day_take_their_last() -> None:
    rhythm = Rhythm(every="month", minute=480, zone="UTC", month_day=31)

    found = dues_within(rhythm, at("2028-01-31 09:00"), at("2028-05-15 00:00"))

    assert [due.day for due in found] == [29, 31, 30]


def test_rhythms_read_as_sentences() -> None:
    assert rhythm_words(daily(6, 5, "UTC")) == "every day at 06:05 (UTC)"
    weekly = Rhythm(every="week", minute=360, zone="Europe/Berlin", weekday=4)
    assert rhythm_words(weekly) == "every Friday at 06:00 (Europe/Berlin)"
    monthly = Rhythm(every="month", minute=0, zone="UTC", month_day=1)
    assert rhythm_words(monthly) == "on day 1 of every month at 00:00 (UTC)"
    late = Rhythm(every="month", minute=0, zone="UTC", month_day=31)
    assert rhythm_words(late) == "on day 31 of every month, or its last, at 00:00 (UTC)"


@pytest.mark.parametrize(
    "rhythm",
    [
        daily(6, 0, "Europe/Atlantis"),
        daily(6, 0, "../../etc/passwd"),
        daily(6, 0, "localtime"),
        daily(24, 0, "UTC"),
        Rhythm(every="week", minute=0, zone="UTC", weekday=7),
        Rhythm(every="month", minute=0, zone="UTC", month_day=0),
    ],
)
def test_what_has_no_next_time_is_refused(rhythm: Rhythm) -> None:
    with pytest.raises(InvalidError):
        check_rhythm(rhythm)
