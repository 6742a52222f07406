"""What arrives as the value of an attribute, brought to the one form that is stored."""

import re

from directory.model import JsonObject, JsonValue
from scim.attributes import Place, Vocabulary
from scim.errors import InvalidSyntaxError, InvalidValueError
from scim.quirks import (
    DISCARDED,
    FOREIGN_GROUP_SCHEMA,
    MISSPELT_URNS,
    Reading,
    bare_reference,
    json_text_role,
    lone_element,
    means_removal,
    number_as_text,
    one_element_array,
    role_display_name,
    string_boolean,
    wrapped_value,
)
from scim.schemas import Attribute

ELEMENTS_MAX = 100
"""Elements of one multi-valued attribute; members of groups have a limit of their own."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", re.ASCII)


def kind_of(value: JsonValue) -> str:
    """Return what a JSON value is, in the words of an error's detail."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
        case _:
            return "an object"


def read_value(attribute: Attribute, value: JsonValue, reading: Reading) -> JsonValue:
    """Return the stored form of ``value``, or None where it says that the attribute is to go.

    Raises:
        InvalidValueError: the value is of a kind that the attribute cannot be read from.
    """
    if attribute.kind == "any":
        return without_empty(value)
    if means_removal(value):
        return None
    if attribute.multi_valued:
        return _read_elements(attribute, lone_element(attribute.name, value, reading), reading)
    single = one_element_array(attribute.name, value, reading)
    if means_removal(single):
        return None
    if attribute.kind == "complex":
        return read_complex(attribute, single, reading) or None
    return _read_simple(attribute, wrapped_value(attribute.name, single, reading), reading)


def read_complex(attribute: Attribute, value: JsonValue, reading: Reading) -> JsonObject:
    """Return an object with the schema's names and only declared, writable parts."""
    element = value
    if not isinstance(element, dict):
        element = bare_reference(attribute.name, value, reading) if attribute.part("value") else None
    if element is None:
        raise InvalidValueError(
            f"{attribute.name} takes an object and {kind_of(value)} arrived. Map its parts one by one in your IdP."
        )
    if attribute.name == "roles":
        element = role_display_name(json_text_role(element, reading), reading)
    found: JsonObject = {}
    for key, item in element.items():
        part = attribute.part(key)
        if part is None:
            reading.note(f"{attribute.name}.{key} is no part of the schema and was not stored")
        elif part.mutability != "readOnly" and (read := read_value(part, item, reading)) is not None:
            found[part.name] = read
    return found


def _read_elements(attribute: Attribute, values: list[JsonValue], reading: Reading) -> JsonValue:
    if len(values) > ELEMENTS_MAX:
        raise InvalidValueError(f"{attribute.name} has {len(values)} entries; at most {ELEMENTS_MAX} are kept.")
    if attribute.kind != "complex":
        simple = [_read_simple(attribute, value, reading) for value in values if not means_removal(value)]
        return simple or None
    read = [read_complex(attribute, value, reading) for value in values if not means_removal(value)]
    return one_primary(attribute, [element for element in read if element], reading) or None


def one_primary(attribute: Attribute, elements: list[JsonObject], reading: Reading) -> list[JsonValue]:
    """Return the elements with only the first primary one left primary (RFC 7643 section 2.4)."""
    kept: list[JsonValue] = []
    seen = False
    for element in elements:
        demoted = seen and element.get("primary") is True
        if demoted:
            reading.note(f"{attribute.name} arrived with several primary entries; the first one stays primary")
        kept.append({**element, "primary": False} if demoted else element)
        seen = seen or element.get("primary") is True
    return kept


def _read_simple(attribute: Attribute, value: JsonValue, reading: Reading) -> JsonValue:
    name = attribute.name
    read: JsonValue = None
    if attribute.kind == "boolean":
        read = value if isinstance(value, bool) else string_boolean(name, value, reading)
    elif attribute.kind in {"integer", "decimal"}:
        read = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    elif isinstance(value, str):
        read = value if attribute.kind != "dateTime" or _MOMENT.fullmatch(value) else None
    else:
        read = number_as_text(name, value, reading)
    if read is None:
        raise InvalidValueError(f"{name} takes a {attribute.kind} and {kind_of(value)} arrived. Change its mapping.")
    return read


def without_empty(value: JsonValue) -> JsonValue:
    """Return a value that no schema describes, without the parts that say that something is to go."""
    if isinstance(value, dict):
        kept = {key: without_empty(part) for key, part in value.items()}
        return {key: part for key, part in kept.items() if part is not None} or None
    if isinstance(value, list):
        return [part for part in map(without_empty, value) if part is not None] or None
    return None if means_removal(value) else value


def read_body(names: Vocabulary, body: JsonObject, reading: Reading) -> JsonObject:
    """Return the document that the body of a POST or PUT describes.

    Attributes of ours (``id``, ``meta``, ``groups``) and ``members`` are left out, as are those that no schema knows.
    """
    check_schemas(names, body, reading)
    document: JsonObject = {}
    for key, value in body.items():
        _read_entry(names, document, (key, value), reading)
    return document


def _read_entry(names: Vocabulary, document: JsonObject, entry: tuple[str, JsonValue], reading: Reading) -> None:
    key, value = entry
    urn, rest = names.split_urn(key)
    if urn is not None and not rest and isinstance(value, dict):
        for inner, part in value.items():
            _read_entry(names, document, (f"{urn}:{inner}", part), reading)
        return
    place = _place_of(names, key)
    if place is None:
        _note_unread(names, key, value, reading)
    elif place.attribute.mutability != "readOnly" and place.attribute.name != "members":
        read = read_value(place.attribute, value, reading)
        if read is not None:
            put(document, place.urn, place.attribute.name, read)


def _place_of(names: Vocabulary, key: str) -> Place | None:
    """Return where what comes under a key is stored, or None."""
    urn, rest = names.split_urn(key)
    if not rest or rest.lower() in DISCARDED or names.why_unread(urn, rest) is not None:
        return None
    return names.find(key)


def _note_unread(names: Vocabulary, key: str, value: JsonValue, reading: Reading) -> None:
    """Note why what came under a key is not stored; that there was nothing is not worth it."""
    urn, rest = names.split_urn(key)
    if rest.lower() in DISCARDED:
        reading.note(f"{rest} was dropped: it is never stored")
    elif (why := names.why_unread(urn, rest)) is not None:
        reading.note(f"{key} was left out: {why}")
    elif value is not None:
        reading.note(f"{key} is no attribute of the schema and was not stored")


def put(document: JsonObject, urn: str | None, name: str, value: JsonValue) -> None:
    """Set an attribute of the core or of an extension in a document that is the caller's own."""
    if urn is None:
        document[name] = value
        return
    extension = document.get(urn)
    document[urn] = {**(extension if isinstance(extension, dict) else {}), name: value}


def check_schemas(names: Vocabulary, body: JsonObject, reading: Reading) -> None:
    """Note, or refuse, a ``schemas`` list that does not say what the body is."""
    sent = next((value for key, value in body.items() if key.lower() == "schemas"), None)
    listed = {item.lower() for item in sent if isinstance(item, str)} if isinstance(sent, list) else set[str]()
    if names.core_urn.lower() not in listed:
        reading.tolerate(f"schemas does not list {names.core_urn}", InvalidSyntaxError)
    known = {*names.urns, FOREIGN_GROUP_SCHEMA}
    for urn in sorted(listed - known):
        if not any(key.lower() == urn for key in body):
            reading.tolerate(f"schemas lists {urn}, which is not known here", InvalidSyntaxError)
    for urn in sorted(listed & MISSPELT_URNS.keys()):
        reading.tolerate(f"schemas lists {urn}, which was read as {MISSPELT_URNS[urn]}", InvalidSyntaxError)
    for key in body:
        if key[:4].lower() == "urn:" and key.lower() not in listed and key.lower() != names.core_urn.lower():
            reading.tolerate(f"{key} is used and not listed in schemas", InvalidSyntaxError)
