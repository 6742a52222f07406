"""Members of a group as a client names them, and the delta that a sequence of operations comes down to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from directory.model import JsonObject, JsonValue
from directory.query import And, Or, Query, Term
from scim.errors import InvalidPathError, InvalidValueError, TooLargeError
from scim.paths import Path
from scim.quirks import Reading, bare_reference, lone_element, member_display_name, nested_group, number_as_text
from scim.values import kind_of

MEMBERS_MAX = 100_000
"""Members named in one request."""

_VALUE_MAX = 1024
_LABEL_MAX = 1024


@dataclass(frozen=True, slots=True)
class NamedMembers:
    """Members that a client names: by which values, what it calls them, and which it says are groups."""

    values: frozenset[str] = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)
    groups: frozenset[str] = frozenset()


@dataclass(slots=True)
class MemberDelta:
    """Who joins and who leaves; ``whole`` means that ``joining`` is the complete list."""

    joining: set[str] = field(default_factory=set)
    leaving: set[str] = field(default_factory=set)
    labels: dict[str, str] = field(default_factory=dict)
    groups: set[str] = field(default_factory=set)
    whole: bool = False

    def add(self, members: NamedMembers) -> None:
        """Let the members join."""
        self.joining |= members.values
        self.leaving -= members.values
        self.labels |= members.labels
        self.groups |= members.groups
        if len(self.joining) > MEMBERS_MAX:
            raise TooLargeError(f"One request names more than {MEMBERS_MAX} members. Send them in several requests.")

    def remove(self, members: frozenset[str]) -> None:
        """Let the members leave."""
        self.joining -= members
        if not self.whole:
            self.leaving |= members

    def replace(self, members: NamedMembers) -> None:
        """Let the group have these members and no others."""
        self.joining = set(members.values)
        self.labels = dict(members.labels)
        self.groups = set(members.groups)
        self.leaving = set()
        self.whole = True


def read_members(value: JsonValue, reading: Reading) -> NamedMembers:
    """Return the members that a value names: ``[{"value": id}]``, one such object, or bare ids.

    Raises:
        InvalidValueError: an entry names nobody.
        TooLargeError: more than the limit.
    """
    if value is None or value == "":
        return NamedMembers()
    entries = lone_element("members", value, reading)
    if len(entries) > MEMBERS_MAX:
        raise TooLargeError(f"One request names more than {MEMBERS_MAX} members. Send them in several requests.")
    values: set[str] = set()
    labels: dict[str, str] = {}
    groups: set[str] = set()
    for entry in entries:
        member = _member(entry, reading)
        values.add(member)
        # The usual form first: a list may have 100,000 entries that say no more than the value.
        if isinstance(entry, dict) and len(entry) > 1:
            label = _label(entry, reading)
            if label is not None:
                labels[member] = label
            if nested_group(entry, reading):
                groups.add(member)
    return NamedMembers(frozenset(values), labels, frozenset(groups))


def _member(entry: JsonValue, reading: Reading) -> str:
    if isinstance(entry, dict):
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


def _value_in_any_case(entry: JsonObject) -> JsonValue:
    return next((value for key, value in entry.items() if key.lower() == "value"), None)


def _label(entry: JsonObject, reading: Reading) -> str | None:
    """Return what the client calls the member; a label that is no short text is not kept."""
    label = entry["display"] if "display" in entry else member_display_name(entry, reading)
    return label if isinstance(label, str) and 0 < len(label) <= _LABEL_MAX else None


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
            # `value eq "id" and type eq "User"`: an id names one thing, so the type says nothing more.
            named = [_named_by(part) for part in query.parts if not _is_type(part)]
            return named[0] if len(named) == 1 else None
        case _:
            return None


def _is_type(query: Query) -> bool:
    return isinstance(query, Term) and query.attribute == "type"
