"""Where a page of a list ends, as text in an address: a sort value with an id."""

import base64
import binascii
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from directory.errors import InvalidError

KINDS: dict[str, Any] = {
    "text": tuple[str, UUID],
    "number": tuple[Annotated[int, msgspec.Meta(ge=0, lt=1 << 62)], UUID],
    "time": tuple[Annotated[datetime, msgspec.Meta(tz=True)], UUID],
}


def render_key(value: object, ident: UUID) -> str:
    """Return the place behind a row, for the address of the next page."""
    return base64.urlsafe_b64encode(msgspec.json.encode((value, ident))).decode().rstrip("=")


def parse_key(text: str, kind: Literal["text", "number", "time"]) -> tuple[Any, UUID]:
    """Return the place that an address names.

    Raises:
        InvalidError: it was not made by an earlier page of this list in this order.
    """
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        value, ident = msgspec.json.decode(raw, type=KINDS[kind])
    except (ValueError, binascii.Error, msgspec.DecodeError) as error:
        raise InvalidError("after", "is not a place in this list") from error
    return value, ident


def render_texts(*texts: str) -> str:
    """Return the place behind a row that is found by several texts."""
    return base64.urlsafe_b64encode(msgspec.json.encode(texts)).decode().rstrip("=")


def parse_texts(text: str, count: int) -> tuple[str, ...]:
    """Return the texts of a place.

    Raises:
        InvalidError: it was not made by an earlier page of such a list.
    """
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        texts = msgspec.json.decode(raw, type=tuple[str, ...])
    except (ValueError, binascii.Error, msgspec.DecodeError) as error:
        raise InvalidError("after", "is not a place in this list") from error
    if len(texts) != count or any("\0" in one for one in texts):
        raise InvalidError("after", "is not a place in this list")
    return texts
