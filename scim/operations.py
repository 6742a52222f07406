"""The PatchOp message and its operations, before attributes are looked at (RFC 7644 section 3.5.2)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from directory.model import JsonObject, JsonValue
from scim.changes import Verb
from scim.errors import InvalidPathError, InvalidSyntaxError, InvalidValueError, NoTargetError
from scim.quirks import Reading
from scim.values import kind_of

PATCH_URN = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
OPERATIONS_MAX = 1000

_VERBS = frozenset({"add", "replace", "remove"})
# authentik renames a group by replacing the whole resource; Okta puts the id into the value.
# tests/idp/okta/rename_group.json
OURS = frozenset({"schemas", "id", "meta"})


@dataclass(frozen=True, slots=True)
class Operation:
    """One verb on one path; ``keyed`` when the path was the key of a value without path."""

    verb: Verb
    path: str
    value: JsonValue
    keyed: bool


def read_operations(body: JsonValue, core_urn: str, reading: Reading) -> list[Operation]:
    """Return the operations of a message, each with a path.

    Raises:
        InvalidSyntaxError: it is no PatchOp message, or an operation is none of add, replace and remove.
        InvalidPathError: a path is no text.
        InvalidValueError: add or replace without a value, or a value without path that is no object.
        NoTargetError: remove without path, read strictly.
    """
    if not isinstance(body, dict):
        raise InvalidSyntaxError(f"The body is {kind_of(body)}; a PATCH needs an object with Operations.")
    sent = _folded(body)
    schemas = sent.get("schemas")
    if not isinstance(schemas, list) or PATCH_URN not in schemas:
        reading.tolerate(f"schemas does not list {PATCH_URN}", InvalidSyntaxError)
    entries = sent.get("operations")
    if not isinstance(entries, list) or not entries:
        raise InvalidSyntaxError("Operations is missing or empty; a PATCH needs a list of at least one operation.")
    if len(entries) > OPERATIONS_MAX:
        raise InvalidSyntaxError(f"Operations has {len(entries)} entries; at most {OPERATIONS_MAX} are read.")
    found: list[Operation] = []
    for entry in entries:
        found.extend(_operations_in(entry, core_urn, reading))
    return found


def _folded(entry: JsonObject) -> JsonObject:
    return {key.lower(): value for key, value in entry.items()}


def _operations_in(entry: JsonValue, core_urn: str, reading: Reading) -> Iterator[Operation]:
    if not isinstance(entry, dict):
        raise InvalidSyntaxError(f"An operation is {kind_of(entry)}; it must be an object with op.")
    parts = _folded(entry)
    verb = _verb(parts.get("op"), reading)
    path, value = parts.get("path"), parts.get("value")
    if path is not None and not isinstance(path, str):
        raise InvalidPathError(f"A path is {kind_of(path)}; it must be a text such as name.givenName.")
    if verb != "remove" and "value" not in parts:
        raise InvalidValueError(f"An operation {verb} has no value. Send the value, or null to clear the attribute.")
    if path == "":
        reading.tolerate("path was empty and was read as absent", InvalidPathError)
    if path:
        yield Operation(verb, path, value, keyed=False)
        return
    if verb == "remove":
        _check_removal(value, reading)
    yield from _keyed(verb, value, core_urn)


def _verb(sent: JsonValue, reading: Reading) -> Verb:
    verb = sent.lower() if isinstance(sent, str) else None
    if verb not in _VERBS:
        shown = sent if isinstance(sent, str) else kind_of(sent)
        raise InvalidSyntaxError(f"op is {shown}; use add, replace or remove.")
    if verb != sent:
        reading.note(f"op arrived as {sent} and was read as {verb}")
    return cast("Verb", verb)


def _check_removal(value: JsonValue, reading: Reading) -> None:
    if not isinstance(value, dict):
        raise NoTargetError("An operation remove has no path. Name the attribute that is to go.")
    reading.tolerate("remove arrived without path; the keys of its value were read as paths", NoTargetError)


def _keyed(verb: Verb, value: JsonValue, core_urn: str) -> Iterator[Operation]:
    """Yield an operation for each key: with aadOptscim062020 the keys are paths."""
    if not isinstance(value, dict):
        raise InvalidValueError(f"A value without path is {kind_of(value)}; it must be an object of attributes.")
    for key, part in value.items():
        if key.lower() == core_urn.lower():
            yield from _keyed(verb, part, core_urn)
        elif key.lower() not in OURS:
            yield Operation(verb, key, part, keyed=True)
