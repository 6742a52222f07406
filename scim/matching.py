"""A search applied to values in hand: which elements of an attribute a value path selects."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from directory.model import JsonObject, JsonValue
from directory.query import And, Element, Not, Operand, Or, Query, Term


def matches(query: Query, document: Mapping[str, JsonValue]) -> bool:
    """Whether a document, or one element of a multi-valued attribute, satisfies the search."""
    match query:
        case And():
            return all(matches(part, document) for part in query.parts)
        case Or():
            return any(matches(part, document) for part in query.parts)
        case Not():
            return not matches(query.part, document)
        case Element():
            found = _as_list(document.get(query.attribute))
            return any(isinstance(item, dict) and matches(query.inner, item) for item in found)
        case Term():
            return _term_matches(query, document)


def _term_matches(term: Term, document: Mapping[str, JsonValue]) -> bool:
    found = _as_list(document.get(term.attribute))
    if term.part is not None:
        found = [item.get(term.part) for item in found if isinstance(item, dict)]
    values = [item for item in found if item is not None and item != ""]
    if term.comparison == "pr":
        return bool(values)
    if term.comparison == "ne":
        return not any(_compares(replace(term, comparison="eq"), value) for value in values)
    return any(_compares(term, value) for value in values)


def _compares(term: Term, value: JsonValue) -> bool:
    left, right = _comparable(value, exact=term.exact), _comparable(term.operand, exact=term.exact)
    if term.comparison == "eq":
        return left == right
    if not isinstance(left, str) or not isinstance(right, str):
        return False
    answers = {
        "co": right in left,
        "sw": left.startswith(right),
        "ew": left.endswith(right),
        "gt": left > right,
        "ge": left >= right,
        "lt": left < right,
        "le": left <= right,
    }
    return answers[term.comparison]


def _comparable(value: JsonValue | Operand, *, exact: bool) -> str | bool | float | None:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        return value if exact else value.casefold()
    return value if isinstance(value, bool | int | float) else None


def _as_list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else [value]


def element_for(query: Query) -> JsonObject | None:
    """Return the element that a search describes by equalities alone, or None for one that does not."""
    match query:
        case Term(comparison="eq") if isinstance(query.operand, str | bool | int | float):
            return {query.attribute: query.operand}
        case And():
            described: JsonObject = {}
            for part in query.parts:
                element = element_for(part)
                if element is None:
                    return None
                described |= element
            return described
        case _:
            return None
