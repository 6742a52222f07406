"""From a query tree to a condition with bound values: promoted columns first, the document for the rest."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from directory.errors import InvalidError
from directory.names import name_key
from directory.query import And, Comparison, Element, Not, Or, Query, Term
from directory.store.circles import parsed_id
from directory.store.json_paths import JsonReader, Path

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
    same: str = ""
    """The condition of being equal to the value at ``{}``, where that is more than comparing the column."""


Fields = Mapping[tuple[str, str | None], Field]


class Values:
    """The bound values of one search, numbered as they are placed."""

    def __init__(self, *first: object) -> None:
        self.values: list[object] = list(first)

    def place(self, value: object, declared_type: str) -> str:
        """Bind a value and return its place in the text."""
        self.values.append(value)
        return f"${len(self.values)}::{declared_type}"


@dataclass(frozen=True, slots=True)
class Searcher:
    """Turns queries into conditions for one kind of thing on one kind of database.

    What has no value satisfies ``ne`` and ``not``, never ``eq``.
    """

    fields: Fields
    closed: frozenset[str]
    """Attributes that are not in the document: without a field they cannot be searched."""
    reader: JsonReader

    def condition(self, query: Query, values: Values) -> str:
        """Return the condition of a tree.

        Raises:
            InvalidError: an attribute that cannot be searched, or a value or operator that does not fit it.
        """
        match query:
            case And(parts):
                return "(" + " AND ".join(self.condition(part, values) for part in parts) + ")"
            case Or(parts):
                return "(" + " OR ".join(self.condition(part, values) for part in parts) + ")"
            case Not(part):
                return f"NOT coalesce({self.condition(part, values)}, {NEVER})"
            case Element(attribute, inner):
                return self._element(attribute, inner, values)
            case Term():
                return self._term(query, values)

    def _term(self, term: Term, values: Values) -> str:
        if term.comparison == "ne":
            return f"NOT coalesce({self._term(_equal(term), values)}, {NEVER})"
        field = self.fields.get((term.attribute, term.part))
        if field is not None:
            return field.within.format(self._field_test(field, term, values))
        if term.multi:
            part = None if term.part is None else Term(term.part, None, term.comparison, term.operand, term.exact)
            inner = part or Term("", None, term.comparison, term.operand, term.exact)
            return self._document_element(term.attribute, inner, values)
        column = "t.document" if term.exact else "t.document_key"
        return self._document_test(column, self._path(term), term, values)

    def _element(self, attribute: str, inner: Query, values: Values) -> str:
        """Return the condition that a single element satisfies as a whole: one sub-select around its comparisons."""
        parts = {part: field for (name, part), field in self.fields.items() if name == attribute and part is not None}
        if not _names_of(inner) <= parts.keys():
            return self._document_element(attribute, inner, values)
        bare: Fields = {(part, None): Field(field.column, field.kind) for part, field in parts.items()}
        inside = Searcher(bare, self.closed, self.reader).condition(inner, values)
        return next(iter(parts.values())).within.format(inside)

    def _document_element(self, attribute: str, inner: Query, values: Values) -> str:
        path = self._path(Term(attribute, None, "pr"))
        exact = _minds_case(inner)
        column = "t.document" if exact else "t.document_key"
        test = self._inside(inner, values, exact=exact)
        return f"EXISTS (SELECT 1 FROM {self.reader.elements(column, path)} WHERE {test})"

    def _inside(self, inner: Query, values: Values, *, exact: bool) -> str:
        """Return the condition on one element ``e.value`` of a list in the document."""
        match inner:
            case And(parts):
                return "(" + " AND ".join(self._inside(part, values, exact=exact) for part in parts) + ")"
            case Or(parts):
                return "(" + " OR ".join(self._inside(part, values, exact=exact) for part in parts) + ")"
            case Not(part):
                return f"NOT coalesce({self._inside(part, values, exact=exact)}, {NEVER})"
            case Element():
                raise InvalidError(inner.attribute, "stands inside another selection")
            case Term():
                if inner.comparison == "ne":
                    return f"NOT coalesce({self._inside(_equal(inner), values, exact=exact)}, {NEVER})"
                path = (inner.attribute,) if inner.attribute else ()
                return self._document_test("e.value", path, replace(inner, exact=exact), values)

    def _document_test(self, column: str, path: Path, term: Term, values: Values) -> str:
        if term.comparison == "pr":
            return f"{self.reader.text(column, path)} IS NOT NULL"
        if isinstance(term.operand, bool):
            if term.comparison != "eq":
                raise InvalidError(_name(term), "can be compared with eq true or eq false only")
            test = self.reader.is_true(column, path)
            return test if term.operand else f"({self.reader.text(column, path)} IS NOT NULL AND NOT {test})"
        return self._text_test(self.reader.text(column, path), term, values, key=str if term.exact else name_key)

    def _path(self, term: Term) -> Path:
        """Return where an attribute stands in the document; one of an extension stands below the URN."""
        if term.attribute in self.closed:
            raise InvalidError(_name(term), "cannot be searched by")
        urn, _, name = term.attribute.rpartition(":")
        head = (urn, name) if urn else (term.attribute,)
        return head if term.part is None else (*head, term.part)

    def _field_test(self, field: Field, term: Term, values: Values) -> str:
        if term.comparison == "pr":
            return ALWAYS if field.required else f"{field.column} IS NOT NULL"
        if field.same and term.comparison == "eq" and isinstance(term.operand, str):
            return field.same.format(values.place(name_key(term.operand), "text"))
        match field.kind:
            case "id":
                return _id_test(field.column, term, values)
            case "flag":
                return _flag_test(field.column, term)
            case "time":
                return _time_test(field.column, term, values)
            case kind:
                return self._text_test(field.column, term, values, key=name_key if kind == "name" else str)

    def _text_test(self, column: str, term: Term, values: Values, *, key: Callable[[str], str]) -> str:
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
                return f"({column} IS NOT NULL AND ({place} = '' OR replace({column}, {place}, '') <> {column}))"
            case "eq":
                return f"{column} = {place}"
            case _:
                return f"{column}{self.reader.collation} {_ORDERINGS[term.comparison]} {place}"


def _id_test(column: str, term: Term, values: Values) -> str:
    """Compare ids; a text that is no id of ours equals none."""
    if term.comparison != "eq":
        raise InvalidError(_name(term), f"cannot be compared with {term.comparison}")
    found = parsed_id(term.operand) if isinstance(term.operand, str) else None
    return NEVER if found is None else f"{column} = {values.place(found, 'uuid')}"


def _flag_test(column: str, term: Term) -> str:
    if not isinstance(term.operand, bool) or term.comparison != "eq":
        raise InvalidError(_name(term), "can be compared with eq true or eq false only")
    return column if term.operand else f"NOT {column}"


def _time_test(column: str, term: Term, values: Values) -> str:
    if not isinstance(term.operand, datetime):
        raise InvalidError(_name(term), 'compares with a time such as "2026-01-31T09:00:00Z"')
    if term.comparison not in _ORDERINGS:
        raise InvalidError(_name(term), f"cannot be compared with {term.comparison}")
    return f"{column} {_ORDERINGS[term.comparison]} {values.place(term.operand, 'timestamptz')}"


def _equal(term: Term) -> Term:
    return replace(term, comparison="eq")


def _names_of(query: Query) -> set[str]:
    match query:
        case And(parts) | Or(parts):
            return set().union(*(_names_of(part) for part in parts))
        case Not(part):
            return _names_of(part)
        case Element(attribute):
            return {attribute}
        case Term():
            return {query.attribute}


def _minds_case(query: Query) -> bool:
    """Whether every comparison minds case: then the document itself is read. Where some do, none does."""
    match query:
        case And(parts) | Or(parts):
            return all(_minds_case(part) for part in parts)
        case Not(part):
            return _minds_case(part)
        case Element():
            return False
        case Term():
            return query.exact


def _name(term: Term) -> str:
    return term.attribute if term.part is None else f"{term.attribute}.{term.part}"
