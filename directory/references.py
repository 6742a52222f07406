"""The short name of a request, which people read out to each other."""

import re
from uuid import UUID

DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U."""

_PAIRS = tuple(first + second for first in DIGITS for second in DIGITS)
"""What ten bits are called."""

_MS_BITS, _COUNT_BITS = 33, 7
_ALL_BITS = (1 << 40) - 1
_SPREAD = 0x9E3779B97D
"""Odd, so that multiplying by it is undone by multiplying by its inverse: neighbours look nothing alike."""
_GATHER = pow(_SPREAD, -1, 1 << 40)

_LOOKALIKES = str.maketrans({"I": "1", "L": "1", "O": "0", "-": None, " ": None})
_PATTERN = re.compile(f"[{DIGITS}]{{8}}")


def reference_for(request_id: UUID) -> str:
    """Return the reference of a request, as ``7K3D-Q0ZB``: its millisecond within 99 days, and its id's count in that.

    So it leads to the key of the record: a key of its own would be written all over an index, and cost more than the
    record itself (17 us of 31 with 100,000 records). It is not unique for ever, nor among several processes.
    """
    value = request_id.int
    place = (value >> 80 & (1 << _MS_BITS) - 1) << _COUNT_BITS | value >> 64 & (1 << _COUNT_BITS) - 1
    bits = place * _SPREAD & _ALL_BITS
    first, second, third, fourth = bits >> 30 & 1023, bits >> 20 & 1023, bits >> 10 & 1023, bits & 1023
    return f"{_PAIRS[first]}{_PAIRS[second]}-{_PAIRS[third]}{_PAIRS[fourth]}"


def ids_referred(reference: str, newest: UUID) -> tuple[UUID, UUID]:
    """Return the ids from which and before which a request of this reference has its own; none is after ``newest``."""
    bits = 0
    for letter in reference.replace("-", ""):
        bits = bits << 5 | DIGITS.index(letter)
    wanted_ms = (bits * _GATHER & _ALL_BITS) >> _COUNT_BITS
    newest_ms = newest.int >> 80
    ms = max(newest_ms - (newest_ms - wanted_ms & (1 << _MS_BITS) - 1), 0)
    return UUID(int=ms << 80), UUID(int=ms + 1 << 80)


def parse_reference(text: str) -> str | None:
    """Return the reference that somebody typed, whatever its case, hyphen or lookalikes; None if it is none."""
    if not text.isascii():
        return None
    letters = text.strip().upper().translate(_LOOKALIKES)
    if _PATTERN.fullmatch(letters) is None:
        return None
    return f"{letters[:4]}-{letters[4:]}"
