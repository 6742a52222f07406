"""The short name of a request, which people read out to each other."""

import re
from uuid import UUID

DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U."""

_LOOKALIKES = str.maketrans({"I": "1", "L": "1", "O": "0", "-": None, " ": None})
_PATTERN = re.compile(f"[{DIGITS}]{{8}}")


def reference_for(request_id: UUID) -> str:
    """Return the reference of a request, as ``7K3D-Q0ZB``: the last 40 of its id's random bits.

    It is not unique for ever; with the tenant it finds the few requests that share it.
    """
    bits = request_id.int
    letters = "".join(DIGITS[bits >> shift & 31] for shift in range(35, -1, -5))
    return f"{letters[:4]}-{letters[4:]}"


def parse_reference(text: str) -> str | None:
    """Return the reference that somebody typed, whatever its case, hyphen or lookalikes; None if it is none."""
    if not text.isascii():
        return None
    letters = text.strip().upper().translate(_LOOKALIKES)
    if _PATTERN.fullmatch(letters) is None:
        return None
    return f"{letters[:4]}-{letters[4:]}"
