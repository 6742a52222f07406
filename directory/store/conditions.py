"""From a query tree to a condition with bound values; a closed list of fields says what can be searched."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from directory.errors import InvalidError
from directory.names import name_key
from directory.query import And, Comparison, Element, Not, Or, Query, Term
from directory.store.circles import parsed_id

NEVER: Final = "1 = 0"
ALWAYS: Final = "1 = 1"
_ORDERINGS: dict[Comparison, str] = {"eq": "=", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}


@dataclass(frozen=True, slots=True)
class Field:
    """A column that can be searched, and how it compares."""

    column: str
    kind: Literal["id", "name", "exact", "flag", "time"]
    """``name``: a column of name keys, case makes no difference; ``exact``: text as it is."""
    within: str = "{}"
    """What is put around the comparison: a sub-select for values in rows of their own."""
    required: bool = False
    """Whether everybody has a value."""


Fields = Mapping[tuple[str, str | None], Field]


class Values:
    """The bound values of one search, numbered as they are placed."""

    def __init__(self, *first: object) -> None:
        self.values: list[object] = list(first)

    def place(self, value: object, declared_type: str) -> str:
        """Bind a value and return its place in the text."""
        self.values.append(value)
        return f"${len(self.values)}::{declared_type}"


def condition(query: Query, fields: Fields, values: Values) -> str:
    """Return the condition of a tree; what has no value satisfies ``ne`` and ``not``, never ``eq``.

    Raises:
        InvalidError: an attribute that cannot be searched, or a value or operator that does not fit it.
    """
    match query:
        case And(parts):
            return "(" + " AND ".join(condition(part, fields, values) for part in parts) + ")"
        case Or(parts):
            return "(" + " OR ".join(condition(part, fields, values) for part in parts) + ")"
        case Not(part):
            return f"NOT coalesce({condition(part, fields, values)}, {NEVER})"
        case Element(attribute, inner):
            return _element_condition(attribute, inner, fields, values)
        case Term():
            return _term_condition(query, fields, values)


def _term_condition(term: Term, fields: Fields, values: Values) -> str:
    field = fields.get((term.attribute, term.part))
    if field is None:
        raise InvalidError(_name(term), "cannot be searched by yet")
    if term.comparison == "ne":
        equal = Term(term.attribute, term.part, "eq", term.operand)
        return f"NOT coalesce({_term_condition(equal, fields, values)}, {NEVER})"
    return field.within.format(_test(field, term, values))


def _element_condition(attribute: str, inner: Query, fields: Fields, values: Values) -> str:
    """Return the condition that a single element satisfies as a whole: one sub-select around all its comparisons."""
    parts = {part: field for (name, part), field in fields.items() if name == attribute and part is not None}
    if not parts:
        raise InvalidError(attribute, "cannot be searched by yet")
    within = next(iter(parts.values())).within
    bare: Fields = {
        place: Field(field.column, field.kind)
        for part, field in parts.items()
        for place in ((part, None), (attribute, part))
    }
    return within.format(condition(inner, bare, values))


def _test(field: Field, term: Term, values: Values) -> str:
    if term.comparison == "pr":
        return ALWAYS if field.required else f"{field.column} IS NOT NULL"
    return _TESTS[field.kind](field.column, term, values)


def _id_test(column: str, term: Term, values: Values) -> str:
    """Compare ids; a text that is no id of ours equals none."""
    if term.comparison != "eq":
        raise InvalidError(_name(term), f"cannot be compared with {term.comparison}")
    found = parsed_id(term.operand) if isinstance(term.operand, str) else None
    return NEVER if found is None else f"{column} = {values.place(found, 'uuid')}"


def _name_test(column: str, term: Term, values: Values) -> str:
    return _text_test(column, term, values, key=name_key)


def _exact_test(column: str, term: Term, values: Values) -> str:
    return _text_test(column, term, values, key=str)


def _text_test(column: str, term: Term, values: Values, *, key: Callable[[str], str]) -> str:
    """Compare text without LIKE: ``%`` and ``_`` are ordinary. Order is that of code points on both databases."""
    if not isinstance(term.operand, str):
        raise InvalidError(_name(term), "compares with text in double quotes")
    place = values.place(key(term.operand), "text")
    match term.comparison:
        case "sw":
            return f"substr({column}, 1, length({place})) = {place}"
        case "ew":
            tail = f"substr({column}, length({column}) - length({place}) + 1, length({place}))"
            return f"(length({column}) >= length({place}) AND {tail} = {place})"
        case "co":
            return f"({place} = '' OR replace({column}, {place}, '') <> {column})"
        case "eq":
            return f"{column} = {place}"
        case _:
            return f'{column} COLLATE "C" {_ORDERINGS[term.comparison]} {place}'


def _flag_test(column: str, term: Term, values: Values) -> str:
    del values
    if not isinstance(term.operand, bool) or term.comparison != "eq":
        raise InvalidError(_name(term), "can be compared with eq true or eq false only")
    return column if term.operand else f"NOT {column}"


def _time_test(column: str, term: Term, values: Values) -> str:
    if not isinstance(term.operand, datetime):
        raise InvalidError(_name(term), 'compares with a time such as "2026-01-31T09:00:00Z"')
    if term.comparison not in _ORDERINGS:
        raise InvalidError(_name(term), f"cannot be compared with {term.comparison}")
    return f"{column} {_ORDERINGS[term.comparison]} {values.place(term.operand, 'timestamptz')}"


_TESTS: dict[str, Callable[[str, Term, Values], str]] = {
    "id": _id_test,
    "name": _name_test,
    "exact": _exact_test,
    "flag": _flag_test,
    "time": _time_test,
}


def _name(term: Term) -> str:
    return term.attribute if term.part is None else f"{term.attribute}.{term.part}"
