"""Query strings: their parameters, and which page of a list they ask for (RFC 7644 section 3.4.2.4)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from scim.errors import InvalidFilterError, InvalidValueError

COUNT_DEFAULT = 100
COUNT_MAX = 250
_START_MAX = 2**31 - 1
_PARAMETERS_MAX = 50
_WHOLE = re.compile(r"\s*([+-]?\d{1,18})\s*", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class PageAsked:
    """Which part of a list a client wants; ``start`` counts from 1."""

    start: int
    count: int


def parameters_of(query_string: bytes) -> Mapping[str, str]:
    """Return the parameters by name in lower case; the last of several counts, unknown ones are nobody's harm.

    Raises:
        InvalidValueError: no UTF-8, a control character, or too many parameters.
    """
    if not query_string:
        return {}
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=_PARAMETERS_MAX,
        )
    except ValueError as error:
        raise InvalidValueError("The query string is not UTF-8, or has too many parameters.") from error
    found = {name.lower(): value for name, value in pairs}
    for name, value in found.items():
        if _CONTROL.search(value):
            refusal = InvalidFilterError if name == "filter" else InvalidValueError
            raise refusal(f"The parameter {name[:40]!r} has a control character.")
    return found


def page_from(parameters: Mapping[str, str]) -> PageAsked:
    """Return the page asked for; values below their least count as the least (RFC 7644 table 6)."""
    start = _whole("startIndex", parameters.get("startindex"), 1)
    count = _whole("count", parameters.get("count"), COUNT_DEFAULT)
    return PageAsked(min(max(start, 1), _START_MAX), min(max(count, 0), COUNT_MAX))


def _whole(name: str, text: str | None, default: int) -> int:
    if text is None or not text.strip():
        return default
    match = _WHOLE.fullmatch(text)
    if match is None:
        raise InvalidValueError(f"{name} is {text[:40]}; it must be a whole number.")
    return int(match.group(1))
