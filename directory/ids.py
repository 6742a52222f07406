"""Ids of things: UUID version 7, in the order in which this process made them (RFC 9562 section 5.7)."""

import secrets
import threading
from datetime import datetime
from uuid import UUID

_RANDOM_BITS = 62
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
            last_ms, count = wanted_ms, secrets.randbelow(1 << 11)
        elif count < (1 << 12) - 1:
            count += 1
        else:
            last_ms, count = last_ms + 1, 0
        _last = (last_ms, count)
    value = (last_ms & ((1 << 48) - 1)) << 80 | 0x7 << 76 | count << 64 | 0b10 << _RANDOM_BITS
    return UUID(int=value | secrets.randbits(_RANDOM_BITS))
