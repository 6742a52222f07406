"""When a source is pulled next: in its rhythm, spread out, and later and later while it fails."""

import hashlib
from datetime import datetime, timedelta

from directory.model import SourceId

FAILED_MAX = timedelta(hours=6)
"""The longest time between two tries of a source that fails."""

JITTER = 0.1


def first_pull_at(source_id: SourceId, interval_min: int, now: datetime) -> datetime:
    """Return when a new source is pulled first: within one interval, at a place that its id gives."""
    return now + timedelta(minutes=interval_min * (0.5 + _share(source_id, "first") / 2))


def next_pull_at(source_id: SourceId, interval_min: int, now: datetime) -> datetime:
    """Return when a source is pulled again after a pull that went well: the interval, give or take a tenth."""
    return now + _jittered(timedelta(minutes=interval_min), source_id, now)


def next_try_at(
    source_id: SourceId, interval_min: int, now: datetime, *, failures: int, retry_after_s: float | None = None
) -> datetime:
    """Return when a source is tried again after ``failures`` in a row, this one among them.

    Twice as long each time, at most six hours; never sooner than the source asks for.
    """
    doubled = timedelta(minutes=interval_min) * 2 ** min(max(failures - 1, 0), 10)
    wait = _jittered(min(doubled, FAILED_MAX), source_id, now)
    if retry_after_s is not None:
        wait = max(wait, timedelta(seconds=min(retry_after_s, FAILED_MAX.total_seconds())))
    return now + wait


def _jittered(span: timedelta, source_id: SourceId, now: datetime) -> timedelta:
    return span * (1 - JITTER + 2 * JITTER * _share(source_id, now.isoformat()))


def _share(source_id: SourceId, of: str) -> float:
    """Return a number from 0 to 1 that is the same for the same words."""
    digest = hashlib.blake2b(f"{source_id} {of}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
