"""PATCH path text, and the keys of a PATCH without path, to what they name (RFC 7644 figure 7)."""

from dataclasses import dataclass

from directory.query import Query
from scim.attributes import Place, Vocabulary
from scim.errors import InvalidFilterError, InvalidPathError
from scim.filters import TEXT_MAX, parse_element_filter, resolve_path
from scim.quirks import DISCARDED, Reading
from scim.schemas import Attribute


@dataclass(frozen=True, slots=True)
class Path:
    """What a path names: an attribute, a part of it, and which of its elements."""

    place: Place
    part: Attribute | None = None
    where: Query | None = None

    @property
    def text(self) -> str:
        """The path as an error's detail shows it."""
        return self.place.attribute.name + ("[...]" if self.where else "") + (f".{self.part.name}" if self.part else "")


@dataclass(frozen=True, slots=True)
class WholeExtension:
    """A path that is a schema's URN and nothing more."""

    urn: str


def parse_path(text: str, names: Vocabulary, reading: Reading) -> Path | WholeExtension | None:
    """Return what a path names; None, and a note, for an attribute that the schema does not have.

    Raises:
        InvalidPathError: it does not parse; or, read strictly, it names nothing the schema has.
    """
    if len(text) > TEXT_MAX:
        raise InvalidPathError(f"A path has {len(text)} characters; at most {TEXT_MAX} are read.")
    urn, rest = names.split_urn(text)
    if urn is not None and not rest:
        return WholeExtension(urn)
    if (why := names.why_unread(urn, rest)) is not None:
        reading.tolerate(f"{text} was left out: {why}", InvalidPathError)
        return None
    head, bracket, behind = text.partition("[")
    path = _with_filter(head, behind, names, reading) if bracket else _plain(text, names)
    if path is None:
        _refuse_or_note(text, names, reading)
        return None
    if not path.place.declared:
        reading.tolerate(f"{text} is of an extension that is not declared; it was stored as sent", InvalidPathError)
    elif path.place.urn is not None and urn is None:
        reading.tolerate(f"{text} was read as {path.place.urn}:{text}", InvalidPathError)
    return path


def _plain(text: str, names: Vocabulary) -> Path | None:
    if any(character in text for character in ' "]()'):
        raise InvalidPathError(f"The path {text} does not parse. A path is an attribute such as name.givenName.")
    place, part = resolve_path(names, text)
    return None if place is None else Path(place, part)


def _with_filter(head: str, behind: str, names: Vocabulary, reading: Reading) -> Path | None:
    """Return what ``head[inner]`` or ``head[inner].part`` names; ``behind`` is all after the first bracket."""
    inner, bracket, tail = behind.rpartition("]")
    if not bracket or (tail and not (tail.startswith(".") and len(tail) > 1)):
        raise InvalidPathError(f'The path {head}[{behind} does not parse: write it as {head}[type eq "work"].value.')
    place = names.find(head)
    if place is None or place.attribute.kind != "complex":
        return None
    if not place.attribute.multi_valued:
        raise InvalidPathError(f"{place.attribute.name} has one value: {head}[{inner}] cannot select from it.")
    part = place.attribute.part(tail[1:]) if tail else None
    if tail and part is None:
        return None
    try:
        where = parse_element_filter(inner, place.attribute, names, reading)
    except InvalidFilterError as error:
        raise InvalidPathError(f"The path {head}[{inner}] does not parse. {error.detail}") from error
    return Path(place, part, where)


def _refuse_or_note(text: str, names: Vocabulary, reading: Reading) -> None:
    if text.lower() in DISCARDED:
        reading.note(f"{text} was dropped: it is never stored")
        return
    reading.tolerate(f"{text} is no attribute of a {names.resource_type.name} and was not stored", InvalidPathError)
