"""When something due daily, weekly or monthly at a time in a zone is due next: pure, whatever clocks do there."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from directory.errors import InvalidError

Every = Literal["day", "week", "month"]
EVERY: tuple[Every, ...] = ("day", "week", "month")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTH_DAYS_MAX = 31
DAY_MINUTES = 24 * 60
COUNTED_MAX = 1_000
"""So many missed times are counted; three years of days."""

_NO_PLACES = frozenset({"localtime", "posixrules", "Factory"})
"""Files of a zone database that name no place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """A day, and a minute of it, on the clocks of a zone."""

    every: Every
    minute: int
    """Of the day, from 0."""
    zone: str
    """A name of the IANA database, such as ``Europe/Berlin``."""
    weekday: int = 0
    """For weeks: Monday is 0."""
    month_day: int = 1
    """For months; a month that has no such day takes its last."""


@lru_cache(maxsize=1)
def zone_names() -> tuple[str, ...]:
    """Return the names of zones, in alphabetical order."""
    return tuple(sorted(name for name in available_timezones() if name not in _NO_PLACES))


def zone_of(name: str) -> ZoneInfo:
    """Return a zone.

    Raises:
        InvalidError: no such zone is known here.
    """
    if name not in zone_names():
        raise InvalidError("zone", "is no zone that is known here; choose one such as Europe/Berlin")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise InvalidError("zone", "cannot be read on this server") from error


def check_rhythm(rhythm: Rhythm) -> None:
    """Refuse a rhythm that has no next time.

    Raises:
        InvalidError: the zone, the time, or the day is none.
    """
    zone_of(rhythm.zone)
    if not 0 <= rhythm.minute < DAY_MINUTES:
        raise InvalidError("time", "is no time of a day")
    if not 0 <= rhythm.weekday < len(WEEKDAYS):
        raise InvalidError("weekday", "is no day of a week")
    if not 1 <= rhythm.month_day <= MONTH_DAYS_MAX:
        raise InvalidError("month_day", f"is not between 1 and {MONTH_DAYS_MAX}")


def next_due(rhythm: Rhythm, after: datetime) -> datetime:
    """Return the first time that lies behind ``after``, in UTC."""
    return next(due for due in _each_due(rhythm, after) if due > after)


def latest_due(rhythm: Rhythm, first: datetime, now: datetime) -> tuple[datetime, int]:
    """Return the last time from ``first``, which is due, up to ``now``, and how many lie before it.

    Counting ends at ``COUNTED_MAX``.
    """
    due, missed = first, 0
    for later in _each_due(rhythm, first):
        if later > now:
            break
        if later > due:
            due, missed = later, min(missed + 1, COUNTED_MAX)
    return due, missed


def moment_on(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """Return when the clocks of a zone reach a minute of a day, in UTC.

    Where they jump over it (summer time begins), it is the first minute that they show afterwards; where they show it
    twice, it is the first time.
    """
    shown = datetime.combine(day, time(minute // 60, minute % 60))
    early = shown.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if early.astimezone(zone).replace(tzinfo=None) == shown:
        return early
    return _end_of_gap(shown.replace(tzinfo=zone, fold=1).astimezone(UTC), early, zone)


def _end_of_gap(before: datetime, behind: datetime, zone: ZoneInfo) -> datetime:
    """Return the full minute at or behind the moment between the two at which the clocks jump.

    PEP 495: of a time in a gap, ``fold=1`` gives a moment before the jump, and ``fold=0`` one that is not.
    """
    offset = before.astimezone(zone).utcoffset()
    low, high = 0, int((behind - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if (before + timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    jump = before + timedelta(seconds=high)
    return jump if jump.second == 0 else jump.replace(second=0) + timedelta(minutes=1)


def _each_due(rhythm: Rhythm, near: datetime) -> Iterator[datetime]:
    """Yield times without end, in order, from at least a day before ``near``."""
    zone = zone_of(rhythm.zone)
    for day in _each_day(rhythm, near.astimezone(zone).date() - timedelta(days=2)):
        yield moment_on(day, rhythm.minute, zone)


def _each_day(rhythm: Rhythm, first: date) -> Iterator[date]:
    """Yield the days of a rhythm from ``first`` on; of months from the month of ``first`` on."""
    if rhythm.every == "month":
        yield from _each_month_day(rhythm.month_day, first.replace(day=1))
    weekly = rhythm.every == "week"
    day = first + timedelta(days=(rhythm.weekday - first.weekday()) % 7 if weekly else 0)
    while True:
        yield day
        day += timedelta(days=7 if weekly else 1)


def _each_month_day(month_day: int, month: date) -> Iterator[date]:
    while True:
        following = (month + timedelta(days=MONTH_DAYS_MAX)).replace(day=1)
        last = (following - timedelta(days=1)).day
        yield month.replace(day=min(month_day, last))
        month = following


def moment_words(at: datetime, zone: ZoneInfo) -> str:
    """Return a time on the clocks of a zone: ``12 Nov 2025, 09:14 CET``."""
    there = at.astimezone(zone)
    return f"{there.day} {there:%b %Y, %H:%M} {there:%Z}"


def due_words(rhythm: Rhythm, at: datetime) -> str:
    """Return a time of a rhythm on the clocks of its zone; in UTC, if the zone is not known here any more."""
    try:
        return moment_words(at, zone_of(rhythm.zone))
    except InvalidError:
        return moment_words(at, ZoneInfo("UTC"))


def rhythm_words(rhythm: Rhythm) -> str:
    """Return a rhythm as people read it: ``every Monday at 06:00 (Europe/Berlin)``."""
    at = f"at {rhythm.minute // 60:02}:{rhythm.minute % 60:02} ({rhythm.zone})"
    match rhythm.every:
        case "day":
            return f"every day {at}"
        case "week":
            return f"every {WEEKDAYS[rhythm.weekday]} {at}"
        case "month" if rhythm.month_day > 28:
            return f"on day {rhythm.month_day} of every month, or its last, {at}"
        case "month":
            return f"on day {rhythm.month_day} of every month {at}"
