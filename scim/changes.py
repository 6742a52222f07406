"""Primitive changes of a document, and their effect: what a PATCH comes down to once it is understood."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from directory.model import JsonObject, JsonValue, SourceSettings
from scim.errors import InvalidValueError, NoTargetError
from scim.matching import element_for, matches
from scim.paths import Path
from scim.schemas import Attribute
from scim.values import ELEMENTS_MAX

Verb = Literal["add", "replace", "remove"]

# What is left of an element whose value was removed, and says nothing by itself.
_LABELS = frozenset({"type", "primary", "display"})
_MARKS = frozenset({"type", "primary"})


@dataclass(frozen=True, slots=True)
class Change:
    """One operation with its value in stored form; a removal's value, where there is one, names elements."""

    verb: Verb
    path: Path
    value: JsonValue = None


def apply_changes(
    document: Mapping[str, JsonValue], changes: Sequence[Change], settings: SourceSettings
) -> Mapping[str, JsonValue]:
    """Return the document after the changes, in order; the one that is passed in stays as it is.

    Raises:
        NoTargetError: a value path selects nothing, and nothing can be made from it.
        InvalidValueError: an attribute has come to have too many elements.
    """
    changed: JsonObject = dict(document)
    for change in changes:
        urn = change.path.place.urn
        if urn is None:
            _apply(changed, change, settings)
            continue
        sent = changed.get(urn)
        extension: JsonObject = dict(sent) if isinstance(sent, dict) else {}
        _apply(extension, change, settings)
        _set(changed, urn, extension or None)
    return changed


def without_extension(document: Mapping[str, JsonValue], urn: str) -> Mapping[str, JsonValue]:
    """Return the document without all that an extension says."""
    return {key: value for key, value in document.items() if key.lower() != urn.lower()}


def _apply(container: JsonObject, change: Change, settings: SourceSettings) -> None:
    attribute = change.path.place.attribute
    name = _key(container, attribute)
    if attribute.multi_valued and attribute.kind == "complex":
        before = container.get(name)
        elements = [item for item in before if isinstance(item, dict)] if isinstance(before, list) else []
        after = _changed_elements(elements, change, settings)
        _set(container, name, _as_value(attribute, after))
    elif change.path.part is not None:
        before = container.get(name)
        parts: JsonObject = dict(before) if isinstance(before, dict) else {}
        _set(parts, change.path.part.name, None if change.verb == "remove" else change.value)
        _set(container, name, parts or None)
    elif attribute.multi_valued and change.verb != "replace" and isinstance(change.value, list):
        _set(container, name, _united(container.get(name), change) or None)
    else:
        _set(container, name, None if change.verb == "remove" else change.value)


def _united(before: JsonValue, change: Change) -> list[JsonValue]:
    """Return simple values with those sent, each once, or without them."""
    known = before if isinstance(before, list) else []
    sent = change.value if isinstance(change.value, list) else []
    if change.verb == "remove":
        return [value for value in known if value not in sent]
    return _bounded(change.path.place.attribute, [*known, *(value for value in sent if value not in known)])


def _bounded(attribute: Attribute, values: list[JsonValue]) -> list[JsonValue]:
    if len(values) > ELEMENTS_MAX:
        raise InvalidValueError(f"{attribute.name} would have {len(values)} entries; at most {ELEMENTS_MAX} are kept.")
    return values


def _key(container: JsonObject, attribute: Attribute) -> str:
    """Return the attribute's key; an undeclared one keeps the spelling in which it was first stored."""
    if attribute.kind != "any" or attribute.name in container:
        return attribute.name
    wanted = attribute.name.lower()
    return next((key for key in container if key.lower() == wanted), attribute.name)


def _set(container: JsonObject, name: str, value: JsonValue) -> None:
    if value is None:
        container.pop(name, None)
    else:
        container[name] = value


def _as_value(attribute: Attribute, elements: list[JsonObject]) -> JsonValue:
    kept: list[JsonValue] = [element for element in elements if not element.keys() <= _MARKS]
    return _bounded(attribute, kept) or None


def _changed_elements(elements: list[JsonObject], change: Change, settings: SourceSettings) -> list[JsonObject]:
    if change.verb == "remove":
        return _removed(elements, change)
    if change.path.where is not None or change.path.part is not None:
        return _selected(elements, change, settings)
    sent = [item for item in change.value if isinstance(item, dict)] if isinstance(change.value, list) else []
    return sent if change.verb == "replace" else _added(elements, sent)


def _removed(elements: list[JsonObject], change: Change) -> list[JsonObject]:
    part, named = change.path.part, change.value
    kept: list[JsonObject] = []
    for element in elements:
        if not _is_selected(element, change) or (isinstance(named, list) and not _is_named(element, named)):
            kept.append(element)
        elif part is not None:
            rest = {key: value for key, value in element.items() if key != part.name}
            if part.name != "value" or not rest.keys() <= _LABELS:
                kept.append(rest)
    return kept


def _is_selected(element: JsonObject, change: Change) -> bool:
    return change.path.where is None or matches(change.path.where, element)


def _is_named(element: JsonObject, named: list[JsonValue]) -> bool:
    """Whether one of the values of a removal agrees with the element in all that it says, but for labels."""
    for item in named:
        if isinstance(item, dict):
            said = {key: value for key, value in item.items() if key not in _LABELS or key == "type"}
            if said and all(element.get(key) == value for key, value in said.items()):
                return True
    return False


def _added(elements: list[JsonObject], sent: list[JsonObject]) -> list[JsonObject]:
    """Return the elements and those sent; one with the same value and type is the same one."""
    result = list(elements)
    for item in sent:
        twin = next((at for at, element in enumerate(result) if _same(element, item)), None)
        if twin is None:
            result.append(item)
            twin = len(result) - 1
        else:
            result[twin] = {**result[twin], **item}
        if item.get("primary") is True:
            result = _with_primary(result, twin)
    return result


def _same(one: JsonObject, other: JsonObject) -> bool:
    if "value" in one or "value" in other:
        return one.get("value") == other.get("value") and one.get("type") == other.get("type")
    strip = {"primary"}
    return {k: v for k, v in one.items() if k not in strip} == {k: v for k, v in other.items() if k not in strip}


def _with_primary(elements: list[JsonObject], primary: int) -> list[JsonObject]:
    """Return the elements with only the one at ``primary`` primary (RFC 7643 section 2.4)."""
    return [
        {**element, "primary": False} if at != primary and element.get("primary") is True else element
        for at, element in enumerate(elements)
    ]


def _selected(elements: list[JsonObject], change: Change, settings: SourceSettings) -> list[JsonObject]:
    """Return the elements with those that the path selects changed, or one made from the path's equalities."""
    part = change.path.part
    news: JsonObject = {part.name: change.value} if part is not None else _as_object(change.value)
    result = list(elements)
    found = [at for at, element in enumerate(elements) if _is_selected(element, change)]
    if not found:
        result.append(_made(change, settings))
        found = [len(result) - 1]
    for at in found:
        result[at] = {**result[at], **news}
    if len(result) > len(elements) and result[-1] in elements:
        # The value says otherwise than the path, and did so before: adding an equal element is nothing new.
        return elements
    return _with_primary(result, found[0]) if news.get("primary") is True else result


def _as_object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _made(change: Change, settings: SourceSettings) -> JsonObject:
    where = change.path.where
    if where is None:
        return {}
    element = element_for(where) if settings.create_on_missing_value_path else None
    if element is None:
        raise NoTargetError(
            f"The path {change.path.text} selects no entry of the user. Add the entry first, or map it in your IdP "
            'as in emails[type eq "work"].value.'
        )
    return element
