"""The text of secrets: made, recognised by form and checksum, and hashed; nothing of it is kept in clear."""

import hashlib
import re
import secrets
import zlib
from dataclasses import dataclass, field
from typing import Literal

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

Kind = Literal["s", "e"]
"""What a token opens: SCIM, or the list of equipment for asset systems."""

PREFIX = "rbk_s_"
LENGTH_MAX = 256
PATTERN = re.compile(
    r"rbk_(?P<kind>[se])_(?P<public_id>[0-9A-Za-z]{10})_(?P<secret>[0-9A-Za-z]{43})(?P<checksum>[0-9A-Za-z]{6})"
)
"""Published, so that scanners of source code can look for it."""

_PUBLIC_PART = re.compile(r"rbk_s_([0-9A-Za-z]{10})(?![0-9A-Za-z])")
_PUBLIC_LENGTH = 10
_SECRET_LENGTH = 43
_CHECKSUM_LENGTH = 6
_RANDOM_BYTES = 32


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made: the only moment at which its text is known."""

    text: str = field(repr=False)
    public_id: str


def new_secret_token(kind: Kind = "s") -> NewToken:
    """Return a new bearer token: ``rbk_s_<public id>_<256 random bits><checksum>``."""
    public_id = "".join(secrets.choice(DIGITS) for _ in range(_PUBLIC_LENGTH))
    text = f"rbk_{kind}_{public_id}_{new_key()}"
    return NewToken(text=text + checksum_for(text), public_id=public_id)


def public_id_of(token: str, kind: Kind = "s") -> str | None:
    """Return the public part of a token of this kind whose length, form and checksum are right, else None."""
    if len(token) > LENGTH_MAX:
        return None
    found = PATTERN.fullmatch(token)
    if found is None or found["kind"] != kind or checksum_for(token[:-_CHECKSUM_LENGTH]) != found["checksum"]:
        return None
    return found["public_id"]


def find_public_id(text: str) -> str | None:
    """Return the public part of the first token in a text, however the rest of it was spoilt, or None."""
    found = _PUBLIC_PART.search(text)
    return None if found is None else found[1]


def new_key() -> str:
    """Return 256 random bits as 43 letters and digits."""
    return in_base62(int.from_bytes(secrets.token_bytes(_RANDOM_BYTES), "big"), _SECRET_LENGTH)


def is_key(text: str) -> bool:
    """Whether a text has the form of ``new_key``."""
    return len(text) == _SECRET_LENGTH and text.isascii() and text.isalnum()


def digest_of(token: str) -> str:
    """Return what is stored in a token's place: SHA-256, since 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def checksum_for(text: str) -> str:
    """Return the CRC-32 of a text as six digits of base 62."""
    return in_base62(zlib.crc32(text.encode()), _CHECKSUM_LENGTH)


def in_base62(number: int, length: int) -> str:
    """Return a number as ``length`` digits, the highest first."""
    digits: list[str] = []
    for _ in range(length):
        number, digit = divmod(number, len(DIGITS))
        digits.append(DIGITS[digit])
    return "".join(reversed(digits))
