"""Members of a group as a client names them, and the delta that a sequence of operations comes down to."""

from dataclasses import dataclass, field

from directory.model import JsonValue
from directory.query import And, Or, Query, Term
from scim.errors import InvalidPathError, InvalidValueError, TooLargeError
from scim.paths import Path
from scim.quirks import Reading, bare_reference, lone_element, number_as_text
from scim.values import kind_of

MEMBERS_MAX = 100_000
"""Members named in one request."""

_VALUE_MAX = 1024


@dataclass(slots=True)
class MemberDelta:
    """Who joins and who leaves; ``whole`` means that ``joining`` is the complete list."""

    joining: set[str] = field(default_factory=set)
    leaving: set[str] = field(default_factory=set)
    whole: bool = False

    def add(self, members: frozenset[str]) -> None:
        """Let the members join."""
        self.joining |= members
        self.leaving -= members
        if len(self.joining) > MEMBERS_MAX:
            raise TooLargeError(f"One request names more than {MEMBERS_MAX} members. Send them in several requests.")

    def remove(self, members: frozenset[str]) -> None:
        """Let the members leave."""
        self.joining -= members
        if not self.whole:
            self.leaving |= members

    def replace(self, members: frozenset[str]) -> None:
        """Let the group have these members and no others."""
        self.joining = set(members)
        self.leaving = set()
        self.whole = True


def read_members(value: JsonValue, reading: Reading) -> frozenset[str]:
    """Return the members that a value names: ``[{"value": id}]``, one such object, or bare ids.

    Raises:
        InvalidValueError: an entry names nobody.
        TooLargeError: more than the limit.
    """
    if value is None or value == "":
        return frozenset()
    entries = lone_element("members", value, reading)
    if len(entries) > MEMBERS_MAX:
        raise TooLargeError(f"One request names more than {MEMBERS_MAX} members. Send them in several requests.")
    return frozenset(_member(entry, reading) for entry in entries)


def _member(entry: JsonValue, reading: Reading) -> str:
    if isinstance(entry, dict):
        # The usual form first: a list may have 100,000 of them.
        value = entry["value"] if "value" in entry else _value_in_any_case(entry)
    else:
        bare = bare_reference("members", entry, reading)
        value = bare["value"] if bare else None
    if isinstance(value, int | float):
        value = number_as_text("members", value, reading)
    if not isinstance(value, str) or not value or len(value) > _VALUE_MAX:
        raise InvalidValueError(
            f"An entry of members is {kind_of(entry)} that names nobody. Send the member's id or externalId as value."
        )
    return value


def _value_in_any_case(entry: dict[str, JsonValue]) -> JsonValue:
    return next((value for key, value in entry.items() if key.lower() == "value"), None)


def selected_members(path: Path) -> frozenset[str] | None:
    """Return the members that ``members[value eq "id"]`` names; None for the path ``members`` alone.

    Raises:
        InvalidPathError: the bracket selects by something else than values.
    """
    if path.where is None:
        return None
    named = _named_by(path.where)
    if named is None:
        raise InvalidPathError('Members can be selected by their value only, as in members[value eq "id"].')
    return named


def _named_by(query: Query) -> frozenset[str] | None:
    match query:
        case Term(attribute="value", comparison="eq") if isinstance(query.operand, str):
            return frozenset({query.operand})
        case Or():
            parts = [_named_by(part) for part in query.parts]
            known = [part for part in parts if part is not None]
            return frozenset().union(*known) if len(known) == len(parts) else None
        case And():
            # `value eq "id" and type eq "User"`: users are the only members, so the type says nothing more.
            named = [_named_by(part) for part in query.parts if not _is_type(part)]
            return named[0] if len(named) == 1 else None
        case _:
            return None


def _is_type(query: Query) -> bool:
    return isinstance(query, Term) and query.attribute == "type"
