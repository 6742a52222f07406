"""PATCH body to one pure edit (RFC 7644 section 3.5.2): every operation is checked before any takes effect."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from directory.edits import GroupEdit, UserEdit
from directory.model import GroupAttributes, JsonValue, UserAttributes
from scim.attributes import GROUP_NAMES, USER_NAMES, Vocabulary
from scim.changes import Change, Verb, apply_changes, without_extension
from scim.errors import InvalidPathError, InvalidValueError, MutabilityError
from scim.membership import MemberDelta, NamedMembers, read_members, selected_members
from scim.operations import OURS, Operation, read_operations
from scim.paths import Path, WholeExtension, parse_path
from scim.quirks import Reading
from scim.values import kind_of, read_complex, read_value

# Absent means active: clearing the status of somebody who left must not let them in again.
STATUS_STAYS = "active was cleared; the status was left as it is"


@dataclass(frozen=True, slots=True)
class DropExtension:
    """Everything that an extension says is to go."""

    urn: str


Step = Change | DropExtension
Document = Mapping[str, JsonValue]


def parse_user_patch(body: JsonValue, reading: Reading, names: Vocabulary = USER_NAMES) -> UserEdit:
    """Return the edit that a PATCH of a user asks for.

    Operations apply in order; a later one sees what an earlier one did. The edit is pure: called twice on the same
    attributes it gives the same result. It may raise NoTargetError, which depends on the user.

    Raises:
        ScimError: the message, a path or a value is not what it should be.
    """
    steps = [
        step
        for operation in read_operations(body, names.core_urn, reading)
        for step in _steps(operation, names, reading)
    ]

    def edit(attributes: UserAttributes) -> UserAttributes:
        return UserAttributes(_applied(attributes.document, steps, reading))

    return edit


def parse_group_patch(body: JsonValue, reading: Reading) -> GroupEdit:
    """Return the edit that a PATCH of a group asks for; its members are deltas, whatever their number.

    Raises:
        ScimError: as for users; members may also be too many.
    """
    delta = MemberDelta()
    steps: list[Step] = []
    for operation in read_operations(body, GROUP_NAMES.core_urn, reading):
        path = parse_path(operation.path, GROUP_NAMES, reading)
        if isinstance(path, Path) and path.place.attribute.name == "members":
            _join_or_leave(delta, operation, path, reading)
        else:
            steps.extend(_steps(operation, GROUP_NAMES, reading, path))

    def change(attributes: GroupAttributes) -> GroupAttributes:
        return GroupAttributes(_applied(attributes.document, steps, reading))

    return GroupEdit(
        change=change,
        add=frozenset(delta.joining),
        remove=frozenset(delta.leaving),
        replace=delta.whole,
        labels={member: label for member, label in delta.labels.items() if member in delta.joining},
        nested=frozenset(delta.groups & delta.joining),
    )


def _join_or_leave(delta: MemberDelta, operation: Operation, path: Path, reading: Reading) -> None:
    named = selected_members(path)
    if path.part is not None and path.part.name != "value":
        reading.note(f"members.{path.part.name} is ours and was not changed")
        return
    if path.part is not None and named is not None and operation.verb != "remove":
        raise MutabilityError("members.value cannot be changed. Remove the member and add the other one.")
    sent = read_members(operation.value, reading)
    if operation.verb == "add":
        delta.add(NamedMembers(named or frozenset()))
        delta.add(sent)
    elif operation.verb == "remove":
        _leave(delta, operation, named, sent.values)
    elif named is None:
        delta.replace(sent)
    else:
        delta.remove(named)
        delta.add(sent)


def _leave(delta: MemberDelta, operation: Operation, named: frozenset[str] | None, sent: frozenset[str]) -> None:
    if named is not None:
        delta.remove(named)
    elif operation.value is None and not operation.keyed:
        delta.replace(NamedMembers())
    else:
        # An empty list names nobody, so nobody leaves: the one reading that cannot empty a group by mistake.
        delta.remove(sent)


def _applied(document: Document, steps: list[Step], reading: Reading) -> Document:
    for step in steps:
        if isinstance(step, DropExtension):
            document = without_extension(document, step.urn)
        else:
            document = apply_changes(document, [step], reading.settings)
    return document


def _steps(
    operation: Operation, names: Vocabulary, reading: Reading, parsed: Path | WholeExtension | None = None
) -> Iterator[Step]:
    """Yield the primitive changes that an operation comes down to; none for what is noted and dropped."""
    path = parsed or parse_path(operation.path, names, reading)
    if path is None:
        return
    if isinstance(path, WholeExtension):
        yield from _extension_steps(operation, path.urn, names, reading)
        return
    if _is_ours(operation, path, reading):
        return
    if operation.verb != "remove":
        yield from _settings(operation.verb, path, operation.value, reading)
    elif _keeps_status(path, reading):
        reading.note(STATUS_STAYS)
    else:
        yield _removal(path, operation.value, reading)


def _extension_steps(operation: Operation, urn: str, names: Vocabulary, reading: Reading) -> Iterator[Step]:
    value = operation.value
    if operation.verb == "remove" or value is None or value == "":
        if (why := names.keeps_back(urn)) is None:
            yield DropExtension(urn)
        else:
            reading.tolerate(f"{urn} was not changed: {why}", InvalidPathError)
        return
    if urn.lower() in names.unread:
        reading.tolerate(f"{urn} was left out: {names.unread[urn.lower()]}", InvalidPathError)
        return
    if urn not in names.extensions and urn != names.core_urn:
        reading.tolerate(f"{urn} is not declared; it was stored as sent", InvalidPathError)
    if not isinstance(value, dict):
        raise InvalidValueError(f"{urn} takes an object of attributes and {kind_of(value)} arrived.")
    for key, part in value.items():
        if key.lower() not in OURS:
            yield from _steps(Operation(operation.verb, f"{urn}:{key}", part, keyed=True), names, reading)


def _is_ours(operation: Operation, path: Path, reading: Reading) -> bool:
    """Whether the path is read-only and the operation is to be dropped.

    Raises:
        MutabilityError: the path is read-only and was named on purpose.
    """
    attribute = path.place.attribute
    if attribute.mutability == "readOnly" and not operation.keyed and attribute.name.lower() != "schemas":
        raise MutabilityError(f"{attribute.name} is read-only. Remove it from the mapping in your IdP.")
    part_is_ours = path.part is not None and path.part.mutability == "readOnly"
    if attribute.mutability == "readOnly" or part_is_ours:
        if attribute.name.lower() not in OURS:
            reading.note(f"{path.text} is read-only and was not changed")
        return True
    return False


def _keeps_status(path: Path, reading: Reading) -> bool:
    """Whether clearing the path is to leave the status alone; read strictly, absent is what the RFC makes of it."""
    return path.place.attribute.name == "active" and reading.settings.lenient_reader


def _removal(path: Path, value: JsonValue, reading: Reading) -> Change:
    _check_not_required(path)
    attribute = path.place.attribute
    if path.part is None and path.where is None and attribute.multi_valued and isinstance(value, list) and value:
        return Change("remove", path, read_value(attribute, value, reading))
    if value is not None and not attribute.multi_valued:
        reading.note(f"remove of {path.text} arrived with a value, which was ignored")
    return Change("remove", path)


def _check_not_required(path: Path) -> None:
    if path.place.attribute.required:
        raise MutabilityError(f"{path.text} is required and cannot be removed. Send the value that it is to have.")


def _settings(verb: Verb, path: Path, value: JsonValue, reading: Reading) -> Iterator[Change]:
    attribute = path.place.attribute
    read = _read(path, value, reading)
    if read is None and _keeps_status(path, reading):
        reading.note(STATUS_STAYS)
    elif read is None:
        _check_not_required(path)
        if verb == "replace" or value != []:
            yield Change("remove", path)
    elif _merges(path, value):
        for part, sent in _object_in(value).items():
            found = attribute.part(part)
            if found is None:
                reading.note(f"{attribute.name}.{part} is no part of the schema and was not stored")
            else:
                yield from _settings(verb, Path(path.place, found), sent, reading)
    else:
        yield Change(verb, path, read)


def _read(path: Path, value: JsonValue, reading: Reading) -> JsonValue:
    """Return the stored form of what the path is to have; None where it is to go."""
    attribute = path.place.attribute
    if path.part is not None:
        return read_value(path.part, value, reading)
    if path.where is None:
        return _object_in(value) if _merges(path, value) else read_value(attribute, value, reading)
    if value is None or value == "":
        return None
    single = value[0] if isinstance(value, list) and len(value) == 1 else value
    return read_complex(attribute, single, reading) or None


def _merges(path: Path, value: JsonValue) -> bool:
    """Whether a value is merged part by part: an object such as ``name``, but no reference such as ``manager``."""
    attribute = path.place.attribute
    is_whole = path.part is None and path.where is None and attribute.kind == "complex"
    return is_whole and not attribute.multi_valued and attribute.part("value") is None and bool(_object_in(value))


def _object_in(value: JsonValue) -> dict[str, JsonValue]:
    single = value[0] if isinstance(value, list) and len(value) == 1 else value
    return single if isinstance(single, dict) else {}
