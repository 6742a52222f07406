"""Times as people read them, always with their zone."""

from datetime import UTC, datetime, timedelta


def iso(at: datetime) -> str:
    """Return a time for the ``datetime`` attribute."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def moment(at: datetime) -> str:
    """Return a time as people read it, with its zone: ``12 Nov 2025, 09:14 UTC``."""
    utc = at.astimezone(UTC)
    return f"{utc.day} {utc:%b %Y, %H:%M} UTC"


def instant(at: datetime) -> str:
    """Return a time to the second, as logs need it: ``12 Nov 2025, 09:14:07 UTC``."""
    utc = at.astimezone(UTC)
    return f"{utc.day} {utc:%b %Y, %H:%M:%S} UTC"


def day(at: datetime) -> str:
    """Return a day as people read it: ``12 Nov 2025``."""
    utc = at.astimezone(UTC)
    return f"{utc.day} {utc:%b %Y}"


def ago(at: datetime, now: datetime) -> str:
    """Return how long ago, or how far ahead, ``at`` is: ``4 min ago``, ``in 3 days``."""
    gap = abs(now - at)
    if gap < timedelta(minutes=1):
        return "just now" if at <= now else "in less than a minute"
    minutes = int(gap.total_seconds()) // 60
    for size, unit in ((60 * 24, "day"), (60, "h"), (1, "min")):
        if minutes >= size:
            count = minutes // size
            text = f"{count} {unit}{'s' if unit == 'day' and count != 1 else ''}"
            return f"{text} ago" if at <= now else f"in {text}"
    raise AssertionError(minutes)
