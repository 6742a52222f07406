"""Filter text to a search of the directory (RFC 7644 section 3.4.2.2)."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast, get_args

import msgspec

from directory.query import And, Comparison, Element, Not, Operand, Or, Query, Term
from scim.attributes import Place, Vocabulary
from scim.errors import InvalidFilterError
from scim.quirks import Reading
from scim.schemas import Attribute
from scim.tenant_schemas import ROUTING_URN

TEXT_MAX = 8192
DEPTH_MAX = 40
TERMS_MAX = 200

_ALWAYS: Query = Term("id", None, "pr")
_NEVER: Query = Not(_ALWAYS)

_TOKEN = re.compile(r'\s+|"(?:[^"\\]|\\.)*"|[()\[\]]|[^\s()\[\]"]+', re.DOTALL)
_COMPARISONS = frozenset(get_args(Comparison))
_ORDERED = frozenset({"gt", "ge", "lt", "le"})
_TEXTUAL = frozenset({"co", "sw", "ew"})
_UNORDERED_KINDS = frozenset({"boolean", "complex", "binary", "any"})
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?)?\s?(Z|[+-]\d\d:?\d\d)?", re.ASCII | re.IGNORECASE
)


def tokens_of(text: str) -> list[str]:
    """Return the words, texts in quotation marks, and brackets of a filter.

    Raises:
        InvalidFilterError: too long, or a quotation mark that is never closed.
    """
    if len(text) > TEXT_MAX:
        raise InvalidFilterError(f"The filter has {len(text)} characters; at most {TEXT_MAX} are read.")
    found: list[str] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise InvalidFilterError(f"The filter has a quotation mark at character {at + 1} that is never closed.")
        at = match.end()
        if not match.group().isspace():
            found.append(match.group())
    return found


@dataclass(slots=True)
class _Parser:
    """One pass over the tokens; ``scope`` is the attribute whose parts an element's filter names.

    ``others`` are the names of resource types that are searched together with this one: what only they have is nothing
    that these resources have a value of (RFC 7644 section 3.4.2.1).
    """

    tokens: list[str]
    names: Vocabulary
    reading: Reading
    scope: Attribute | None = None
    others: tuple[Vocabulary, ...] = ()
    at: int = 0
    depth: int = 0
    terms: int = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, wanted: str) -> str:
        word = self.peek()
        if not word:
            raise InvalidFilterError(f"The filter ends where {wanted} should follow.")
        self.at += 1
        return word

    def close(self, bracket: str) -> None:
        if self.take(bracket) != bracket:
            raise InvalidFilterError(f"The filter has {self.tokens[self.at - 1]} where {bracket} should close.")

    def any_of(self) -> Query:
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise InvalidFilterError(f"The filter is nested more than {DEPTH_MAX} deep.")
        parts = [self.all_of()]
        while self.peek().lower() == "or":
            self.at += 1
            parts.append(self.all_of())
        self.depth -= 1
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def all_of(self) -> Query:
        parts = [self.one()]
        while self.peek().lower() == "and":
            self.at += 1
            parts.append(self.one())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def one(self) -> Query:
        word = self.take("a comparison")
        negated = word.lower() == "not" and self.peek() == "("
        if negated or word == "(":
            self.at += negated
            inner = self.any_of()
            self.close(")")
            return Not(inner) if negated else inner
        return self.comparison(word)

    def comparison(self, path: str) -> Query:
        self.terms += 1
        if self.terms > TERMS_MAX:
            raise InvalidFilterError(f"The filter has more than {TERMS_MAX} comparisons.")
        if self.peek() == "[":
            return self.element(path)
        place, part, foreign = self.resolve(path)
        operator = self.take("an operator such as eq").lower()
        if operator not in _COMPARISONS:
            raise InvalidFilterError(f"The filter has {operator} where an operator such as eq should follow {path}.")
        comparison = cast("Comparison", operator)
        attribute = part or place.attribute
        if comparison == "pr":
            return _NEVER if foreign else term_for(place, part, "pr", None)
        operand = read_operand(self.take(f"the value for {path}"), attribute, comparison, self.reading)
        if foreign:
            return _ALWAYS if (comparison == "ne") is not (operand is None) else _NEVER
        if place.attribute.name == "meta" and part is not None and part.name == "resourceType":
            return self.of_type(comparison, operand)
        if operand is None:
            present = term_for(place, part, "pr", None)
            return Not(present) if comparison == "eq" else present
        return term_for(place, part, comparison, operand)

    def of_type(self, comparison: Comparison, operand: Operand) -> Query:
        """Return what a comparison of ``meta.resourceType`` comes to for resources that are all of one type."""
        if comparison not in {"eq", "ne"}:
            raise InvalidFilterError(f"meta.resourceType can be compared with eq and ne, and not with {comparison}.")
        return _ALWAYS if (operand == self.names.resource_type.name) is (comparison == "eq") else _NEVER

    def element(self, path: str) -> Query:
        self.at += 1
        place, foreign = self.find(path) if self.scope is None else (None, False)
        if place is None or place.attribute.kind != "complex" or not place.attribute.multi_valued:
            raise InvalidFilterError(f"The filter selects entries of {path}, which is no attribute that has entries.")
        self.scope = place.attribute
        inner = self.any_of()
        self.close("]")
        if self.peek()[:1] == ".":
            inner = And((inner, self.trailing(self.take("a part"), place.attribute)))
        self.scope = None
        return _NEVER if foreign else Element(term_name(place, None), inner)

    def find(self, path: str) -> tuple[Place | None, bool]:
        """Return the attribute of that name, and whether only others have it."""
        found = self.names.find(path)
        if found is not None or not self.others:
            return found, False
        return next((place for names in self.others if (place := names.find(path)) is not None), None), True

    def trailing(self, word: str, attribute: Attribute) -> Query:
        """Return the comparison behind a bracket: ``emails[type eq "work"].value eq "x"``."""
        if attribute.part(word[1:]) is None:
            raise InvalidFilterError(f"The filter names {attribute.name}{word}, which the schema does not have.")
        return self.comparison(word[1:])

    def resolve(self, path: str) -> tuple[Place, Attribute | None, bool]:
        if self.scope is not None:
            part = self.scope.part(path)
            if part is None:
                raise InvalidFilterError(f"The filter names {self.scope.name}.{path}, which the schema does not have.")
            return Place(None, part), None, False
        place, part = resolve_path(self.names, path)
        foreign = place is None
        for names in self.others if foreign else ():
            place, part = (place, part) if place is not None else resolve_path(names, path)
        if place is None:
            raise InvalidFilterError(f"The filter names {path}, which is no attribute of the schema.")
        if part is None and place.attribute.kind == "complex" and self.peek().lower() != "pr":
            # A complex attribute compares by its value: Entra asks for `manager eq "id"` and `members eq "id"`.
            part = place.attribute.part("value")
            if part is None:
                raise InvalidFilterError(f"The filter compares {path}, which has parts: name one, as in {path}.x.")
        return place, part, foreign


def term_for(place: Place, part: Attribute | None, comparison: Comparison, operand: Operand) -> Term:
    """Return the comparison of an attribute, or of a part of it."""
    return Term(
        term_name(place, part),
        None if part is None else part.name,
        comparison,
        operand,
        exact=(part or place.attribute).case_exact,
        multi=place.attribute.multi_valued,
    )


def term_name(place: Place, part: Attribute | None) -> str:
    """Return the name that the directory searches by: with its URN in an extension, but for what it knows itself."""
    is_manager = place.attribute.name == "manager" and (part is None or part.name == "value")
    if place.urn is None or is_manager or (place.urn, place.attribute.name) == (ROUTING_URN, "tenants"):
        return place.attribute.name
    return f"{place.urn}:{place.attribute.name}"


def resolve_path(names: Vocabulary, path: str) -> tuple[Place | None, Attribute | None]:
    """Return the attribute and the part that a path without brackets names; (None, None) for an unknown one."""
    urn, rest = names.split_urn(path)
    head, _, tail = rest.partition(".")
    place = names.find(f"{urn}:{head}" if urn else head)
    if place is None or not tail:
        return place, None
    part = place.attribute.part(tail)
    return (place, part) if part is not None else (None, None)


def read_operand(token: str, attribute: Attribute, comparison: Comparison, reading: Reading) -> Operand:
    """Return the value that a token means for an attribute; None for ``null``."""
    if token in {"(", ")", "[", "]"}:
        raise InvalidFilterError(f"The filter has {token} where a value for {attribute.name} should follow.")
    if attribute.kind in _UNORDERED_KINDS and comparison in _ORDERED | _TEXTUAL and attribute.kind != "any":
        raise InvalidFilterError(f"{attribute.name} is a {attribute.kind}: {comparison} cannot compare it.")
    if token.lower() == "null":
        return None
    value = _literal(token)
    match attribute.kind:
        case "boolean":
            return _boolean(attribute, token, value, reading)
        case "dateTime":
            return read_moment(str(value), attribute.name)
        case "integer" | "decimal":
            return _number(attribute, token)
        case _:
            if not token.startswith('"'):
                reading.tolerate(f"The filter has the value {token} without quotation marks", InvalidFilterError)
            return str(value)


def _literal(token: str) -> str:
    if not token.startswith('"'):
        return token
    try:
        text = str(msgspec.json.decode(token))
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeError):
        # Backslashes that JSON does not know stand for themselves: "DOMAIN\user" is a user name.
        text = token[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if "\x00" in text:
        raise InvalidFilterError("The filter compares with a text that has a NUL character, which nothing stored has.")
    return text


def _boolean(attribute: Attribute, token: str, value: str, reading: Reading) -> bool:
    if value.lower() not in {"true", "false"}:
        raise InvalidFilterError(f"{attribute.name} is true or false, and the filter compares it with {token}.")
    if token.startswith('"'):
        reading.note(f"The filter has the text {token} for {attribute.name}, read as {value.lower()}")
    return value.lower() == "true"


def _number(attribute: Attribute, token: str) -> float:
    try:
        return float(token)
    except ValueError:
        raise InvalidFilterError(f"{attribute.name} is a number, and the filter compares it with {token}.") from None


def read_moment(text: str, name: str) -> datetime:
    """Return the time that a text means: with up to nine decimals and an offset; UTC where none is given."""
    match = _MOMENT.fullmatch(text.strip())
    refusal = f"{name} is a time such as 2026-05-01T12:00:00Z, and the filter compares it with {text}."
    if match is None:
        raise InvalidFilterError(refusal)
    day, clock, decimals, offset = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock or '00:00:00'}")
        zone = datetime.fromisoformat(f"2000-01-01T00:00:00{(offset or 'Z').upper()}").tzinfo
        micros = int((decimals or "0")[:6].ljust(6, "0"))
        return moment.replace(microsecond=micros, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidFilterError(refusal) from None


def parse_filter(text: str, names: Vocabulary, reading: Reading, others: tuple[Vocabulary, ...] = ()) -> Query:
    """Return the search that a filter asks for; ``others`` are the names of types that are searched as well.

    Raises:
        InvalidFilterError: it does not parse, or names an attribute that the schema does not have.
    """
    return _whole(_Parser(tokens_of(text), names, reading, others=others))


def parse_element_filter(text: str, attribute: Attribute, names: Vocabulary, reading: Reading) -> Query:
    """Return the search that a value path's bracket asks for; its terms name parts of ``attribute``."""
    return _whole(_Parser(tokens_of(text), names, reading, scope=attribute))


def _whole(parser: _Parser) -> Query:
    query = parser.any_of()
    if parser.peek():
        raise InvalidFilterError(f"The filter goes on with {parser.peek()} where it should end, or have and or or.")
    return query
