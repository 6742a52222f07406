"""Cursors: where a list goes on, as text that clients hand back and cannot make themselves (RFC 9865 section 2)."""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from directory.query import Place
from scim.errors import ExpiredCursorError, InvalidCountError, InvalidCursorError

TIMEOUT_S = 3600
_MAC_BYTES = 16
_TEXT_MAX = 200_000

_START_OVER = "Start the list again with an empty cursor."


class Mark(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """Where a page ended, and in which list."""

    list_key: str
    """What the list was asked with: source, endpoint, filter and sorting."""
    count: int
    total: int
    endpoint: int
    """Which of the resource types that are searched together comes next."""
    key: str | int | float | None
    ident: UUID | None
    """None: at the start of that resource type."""
    until_s: int

    @property
    def place(self) -> Place | None:
        """Where the search goes on."""
        return None if self.ident is None else Place(self.key, self.ident)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Mark).decode


def list_key_for(parts: Sequence[str]) -> str:
    """Return a short text that differs for lists that are asked for otherwise."""
    return hashlib.sha256(_encode(parts)).hexdigest()[:32]


def cursor_for(mark: Mark, key: bytes) -> str:
    """Return a mark as text of unreserved characters (RFC 3986 section 2.3), authenticated with ``key``."""
    content = _encode(mark)
    return f"{_text(content)}.{_text(_mac(content, key))}"


def mark_from(cursor: str, key: bytes, *, list_key: str, count: int | None, now: datetime) -> Mark:
    """Return the mark of a cursor that came back.

    Raises:
        InvalidCursorError: it is none of ours, or of another list.
        ExpiredCursorError: it is older than an hour.
        InvalidCountError: the page is to have another size than the first one.
    """
    content, _, mac = cursor.partition(".")
    raw = b""
    try:
        raw = _bytes(content)
        genuine = len(cursor) <= _TEXT_MAX and hmac.compare_digest(_mac(raw, key), _bytes(mac))
    except (ValueError, Base64Error):
        genuine = False
    if not genuine:
        raise InvalidCursorError(f"The cursor is none that was given out here. {_START_OVER}")
    try:
        mark = _decode(raw)
    except msgspec.DecodeError as error:
        raise InvalidCursorError(f"The cursor was given out by an older release. {_START_OVER}") from error
    if mark.until_s <= now.timestamp():
        raise ExpiredCursorError(f"The cursor is older than {TIMEOUT_S // 60} minutes. {_START_OVER}")
    if mark.list_key != list_key:
        raise InvalidCursorError(
            "The cursor is of another list: every page must be asked for with the same filter and sorting. "
            + _START_OVER
        )
    if count is not None and count != mark.count:
        raise InvalidCountError(f"count is {count} and the list began with {mark.count}. Ask for pages of one size.")
    return mark


def _mac(content: bytes, key: bytes) -> bytes:
    return hmac.digest(key, content, "sha256")[:_MAC_BYTES]


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
