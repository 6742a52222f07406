"""Ids of things: UUID version 7, in the order in which this process made them (RFC 9562 section 5.7)."""

import secrets
import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MS = 253_402_300_799_999
"""The last millisecond that a datetime can hold."""

_RANDOM_BITS = 62
_POOL_BYTES = 4096
_pool = bytearray()
"""Random bytes to be used up: asking the system for each id would be a call into the kernel each time."""
_lock = threading.Lock()
_last = (0, 0)
"""Millisecond and counter of the newest id."""


def new_id(now: datetime) -> UUID:
    """Return a new id whose first 48 bits are ``now`` in milliseconds.

    Ids of one process never go back, also when the clock does: the 12 bits after the time count the ids of one
    millisecond (RFC 9562 section 6.2, method 1), and run over into the next.
    """
    global _last  # noqa: PLW0603  # the one counter of the process, guarded by the lock
    wanted_ms = int(now.timestamp() * 1000)
    with _lock:
        last_ms, count = _last
        if wanted_ms > last_ms:
            last_ms, count = wanted_ms, _random_bits(11)
        elif count < (1 << 12) - 1:
            count += 1
        else:
            last_ms, count = last_ms + 1, 0
        _last = (last_ms, count)
        tail = _random_bits(_RANDOM_BITS)
    value = (last_ms & ((1 << 48) - 1)) << 80 | 0x7 << 76 | count << 64 | 0b10 << _RANDOM_BITS
    return UUID(int=value | tail)


def first_id_at(at: datetime) -> UUID:
    """Return the smallest id of the millisecond of ``at``: what happened from then on has greater ids."""
    at_ms = min(max(int(at.timestamp() * 1000), 0), (1 << 48) - 1)
    return UUID(int=at_ms << 80)


def time_of_id(ident: UUID) -> datetime:
    """Return when an id was made, to the millisecond."""
    return _EPOCH + timedelta(milliseconds=min(ident.int >> 80, _LAST_MS))


def _random_bits(count: int) -> int:
    """Return random bits, at most 64, each used once; to be called under the lock."""
    if len(_pool) < 8:
        _pool[:] = secrets.token_bytes(_POOL_BYTES)
    taken = int.from_bytes(_pool[-8:], "big")
    del _pool[-8:]
    return taken >> (64 - count)
