"""The part of an address that names a tenant."""

import re
import unicodedata

from directory.errors import InvalidError

SLUG_LENGTH_MAX = 63
SLUG_PATTERN = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")


def slug_for(name: str) -> str:
    """Return the slug of a name: ASCII letters and digits, joined by hyphens.

    Raises:
        InvalidError: nothing of the name can stand in an address.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:SLUG_LENGTH_MAX].strip("-")
    if not slug:
        raise InvalidError("name", "has no letters or digits for an address: give a slug too")
    return slug


def checked_slug(slug: str) -> str:
    """Return the slug if it is one.

    Raises:
        InvalidError: it is too long, or cannot stand in an address.
    """
    if len(slug) > SLUG_LENGTH_MAX or SLUG_PATTERN.fullmatch(slug) is None:
        raise InvalidError("slug", f"must be 1 to {SLUG_LENGTH_MAX} of a-z, 0-9 and inner hyphens")
    return slug
