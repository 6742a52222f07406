"""What a client asks of a list: in the query string of a GET, or in the body of a search (RFC 7644 section 3.4)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from directory.model import JsonObject, JsonValue
from directory.query import Order
from scim.attributes import Vocabulary
from scim.errors import InvalidCountError, InvalidFilterError, InvalidSyntaxError, InvalidValueError
from scim.filters import resolve_path
from scim.quirks import Reading
from scim.values import kind_of

COUNT_DEFAULT = 100
COUNT_MAX = 250
SEARCH_URN = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
_START_MAX = 2**31 - 1
_PARAMETERS_MAX = 50
_WHOLE = re.compile(r"\s*([+-]?\d{1,18})\s*", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_UNSORTED = frozenset({"schemas", "groups", "members", "tenants"})
_SORTED_META = frozenset({"created", "lastModified"})


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
        pairs = [pair for pair in query_string.decode("ascii").split("&", _PARAMETERS_MAX) if pair]
        split = [pair.partition("=") for pair in pairs[:_PARAMETERS_MAX]]
        found = {unquoted(name).lower(): unquoted(value) for name, _, value in split}
    except ValueError as error:
        raise InvalidValueError("The query string is not UTF-8.") from error
    if len(pairs) > _PARAMETERS_MAX:
        raise InvalidValueError(f"The query string has more than {_PARAMETERS_MAX} parameters.")
    for name, value in found.items():
        if _CONTROL.search(value):
            refusal = InvalidFilterError if name == "filter" else InvalidValueError
            raise refusal(f"The parameter {name[:40]!r} has a control character.")
    return found


def unquoted(text: str) -> str:
    """Return what a name or a value in a query string stands for.

    Raises:
        UnicodeDecodeError: it is not UTF-8.
    """
    spaced = text.replace("+", " ")
    return unquote_to_bytes(spaced).decode() if "%" in spaced else spaced


def parameters_in(body: JsonObject, reading: Reading) -> Mapping[str, str]:
    """Return what the body of a search asks for, as parameters (RFC 7644 section 3.4.3).

    Raises:
        InvalidSyntaxError: read strictly, it is no SearchRequest message.
        InvalidValueError: a parameter is of the wrong kind.
    """
    sent = {key.lower(): value for key, value in body.items()}
    schemas = sent.pop("schemas", None)
    if not isinstance(schemas, list) or SEARCH_URN not in schemas:
        reading.tolerate(f"schemas does not list {SEARCH_URN}", InvalidSyntaxError)
    found = {name: _parameter(name, value) for name, value in sent.items() if value is not None}
    if "filter" in found and _CONTROL.search(found["filter"]):
        raise InvalidFilterError("The filter has a control character.")
    return found


def _parameter(name: str, value: JsonValue) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(map(str, value))
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value)
    raise InvalidValueError(f"{name[:40]} is {kind_of(value)}. Send a text, a whole number, or a list of texts.")


def page_from(parameters: Mapping[str, str]) -> PageAsked:
    """Return the page asked for; values below their least count as the least (RFC 7644 table 6)."""
    start = _whole("startIndex", parameters.get("startindex"), 1)
    count = _whole("count", parameters.get("count"), COUNT_DEFAULT)
    return PageAsked(min(max(start, 1), _START_MAX), min(max(count, 0), COUNT_MAX))


def cursor_count(parameters: Mapping[str, str]) -> int | None:
    """Return the count asked for with a cursor, None where none is named (RFC 9865 section 2).

    Raises:
        InvalidCountError: no whole number, or more than a page may have.
    """
    text = parameters.get("count")
    if text is None or not text.strip():
        return None
    match = _WHOLE.fullmatch(text)
    if match is None or int(match.group(1)) > COUNT_MAX:
        raise InvalidCountError(f"count is {text[:40]}; with a cursor it must be a whole number up to {COUNT_MAX}.")
    return max(int(match.group(1)), 0)


def _whole(name: str, text: str | None, default: int) -> int:
    if text is None or not text.strip():
        return default
    match = _WHOLE.fullmatch(text)
    if match is None:
        raise InvalidValueError(f"{name} is {text[:40]}; it must be a whole number.")
    return int(match.group(1))


def order_from(parameters: Mapping[str, str], names: Vocabulary) -> Order | None:
    """Return how a list is to be sorted; None for the order in which its resources came (RFC 7644 section 3.4.2.3).

    Raises:
        InvalidValueError: ``sortBy`` names nothing that can be sorted by, or ``sortOrder`` is neither of its two words.
    """
    path = parameters.get("sortby", "").strip()
    direction = parameters.get("sortorder", "").strip().lower()
    if direction not in {"", "ascending", "descending"}:
        raise InvalidValueError(f"sortOrder is {direction[:40]}; use ascending or descending.")
    if not path:
        return None
    place, part = resolve_path(names, path)
    if place is None:
        raise InvalidValueError(f"sortBy names {path[:200]}, which is no attribute of a {names.resource_type.name}.")
    attribute = place.attribute
    if part is None and attribute.kind == "complex":
        part = attribute.part("value")
        if part is None:
            raise InvalidValueError(f"sortBy names {attribute.name}, which has parts: name one, as in name.familyName.")
    if attribute.name in _UNSORTED or (attribute.name == "meta" and (part is None or part.name not in _SORTED_META)):
        raise InvalidValueError(f"sortBy names {path[:200]}, which cannot be sorted by.")
    return Order(
        attribute=attribute.name if place.urn is None else f"{place.urn}:{attribute.name}",
        part=None if part is None else part.name,
        descending=direction == "descending",
        exact=(part or attribute).case_exact,
        multi=attribute.multi_valued,
    )
