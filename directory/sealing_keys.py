"""The key ring of this process, which the house hands over when it opens the database."""

from directory.errors import NoKeysError
from directory.key_ring import KeyRing

_rings: list[KeyRing] = []


def use_key_ring(ring: KeyRing | None) -> None:
    """Make ``ring`` the one of this process; with None nothing can be sealed or opened."""
    _rings[:] = [] if ring is None else [ring]


def current_key_ring() -> KeyRing:
    """Return the ring of this process.

    Raises:
        NoKeysError: there is none.
    """
    if not _rings:
        raise NoKeysError
    return _rings[0]


def has_key_ring() -> bool:
    """Whether secrets can be sealed here."""
    return bool(_rings)
