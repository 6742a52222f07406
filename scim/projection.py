"""Which attributes an answer has: ``attributes`` and ``excludedAttributes`` (RFC 7644 section 3.9)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from directory.model import JsonObject, JsonValue
from scim.attributes import Vocabulary
from scim.errors import InvalidPathError
from scim.filters import TEXT_MAX
from scim.matching import matches
from scim.paths import Path, WholeExtension, parse_path
from scim.quirks import Reading

_ITEM = re.compile(r'(?:"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[^,"\[])+')
_ALWAYS = frozenset({"schemas", "id"})

Named = Path | WholeExtension


@dataclass(frozen=True, slots=True)
class Projection:
    """What a client wants to see, and what not; None for all that is returned by default."""

    wanted: tuple[Named, ...] | None = None
    unwanted: tuple[Named, ...] = ()

    def asks_for(self, name: str, urn: str | None = None) -> bool:
        """Whether any of the attribute, of the extension ``urn``, will be in the answer; else it is not read at all."""
        if any(_is_whole(path, name, urn) for path in self.unwanted):
            return False
        return self.wanted is None or any(_names(path, name, urn) for path in self.wanted)

    def apply(self, resource: JsonObject) -> JsonObject:
        """Return what of the resource the client gets."""
        shown = resource
        if self.wanted is not None:
            shown = {key: value for key, value in resource.items() if key in _ALWAYS}
            for path in self.wanted:
                _show(shown, resource, path)
        for path in self.unwanted:
            shown = _hide(shown, path)
        return shown if shown is resource else _with_own_schemas(shown)


EVERYTHING = Projection()


def projection_from(parameters: Mapping[str, str], names: Vocabulary, reading: Reading) -> Projection:
    """Return what ``attributes`` and ``excludedAttributes`` ask for; names that no schema has are noted."""
    wanted = parameters.get("attributes")
    unwanted = parameters.get("excludedattributes")
    if not wanted and not unwanted:
        return EVERYTHING
    return Projection(_paths(wanted, names, reading) if wanted else None, _paths(unwanted or "", names, reading))


def _paths(text: str, names: Vocabulary, reading: Reading) -> tuple[Named, ...]:
    if len(text) > TEXT_MAX:
        raise InvalidPathError(f"The list of attributes has {len(text)} characters; at most {TEXT_MAX} are read.")
    items = [item.strip() for item in _ITEM.findall(text)]
    parsed = [parse_path(item, names, reading) for item in items if item]
    return tuple(path for path in parsed if path is not None)


def _names(path: Named, name: str, urn: str | None) -> bool:
    if isinstance(path, WholeExtension):
        return path.urn == urn
    return (path.place.urn, path.place.attribute.name) == (urn, name)


def _is_whole(path: Named, name: str, urn: str | None) -> bool:
    return _names(path, name, urn) and (isinstance(path, WholeExtension) or (path.part is None and path.where is None))


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _show(shown: JsonObject, resource: JsonObject, path: Named) -> None:
    if isinstance(path, WholeExtension):
        if path.urn in resource:
            shown[path.urn] = resource[path.urn]
        elif _core_urn(resource) == path.urn:
            shown.update({key: value for key, value in resource.items() if key[:4].lower() != "urn:"})
        return
    urn, name = path.place.urn, path.place.attribute.name
    source = resource if urn is None else _object(resource.get(urn))
    if name not in source:
        return
    before = shown if urn is None else _object(shown.get(urn))
    value = _selected(source[name], path)
    if value in (None, [], {}):
        return
    merged = {**before, name: _merged(before.get(name), value)}
    shown.update(merged if urn is None else {urn: merged})


def _with_own_schemas(shown: JsonObject) -> JsonObject:
    """Return a resource whose ``schemas`` are those of the attributes it still has (RFC 7643 section 3)."""
    listed = shown.get("schemas")
    if not isinstance(listed, list):
        return shown
    return {**shown, "schemas": [urn for number, urn in enumerate(listed) if number == 0 or urn in shown]}


def _core_urn(resource: JsonObject) -> JsonValue:
    schemas = resource.get("schemas")
    return schemas[0] if isinstance(schemas, list) and schemas else None


def _selected(value: JsonValue, path: Path) -> JsonValue:
    """Return the elements and the part of an attribute's value that a path names."""
    if isinstance(value, list):
        chosen = [item for item in value if isinstance(item, dict) and (not path.where or matches(path.where, item))]
        return [_part(item, path) for item in chosen] if path.where or path.part else value
    return _part(value, path) if isinstance(value, dict) else value


def _part(item: JsonObject, path: Path) -> JsonValue:
    return item if path.part is None else {key: value for key, value in item.items() if key == path.part.name}


def _merged(before: JsonValue, value: JsonValue) -> JsonValue:
    """Return both parts of an attribute that was asked for part by part."""
    if isinstance(before, dict) and isinstance(value, dict):
        return {**before, **value}
    if isinstance(before, list) and isinstance(value, list) and len(before) == len(value):
        return [_merged(one, other) for one, other in zip(before, value, strict=True)]
    return value


def _hide(shown: JsonObject, path: Named) -> JsonObject:
    if isinstance(path, WholeExtension):
        return {key: value for key, value in shown.items() if key != path.urn}
    urn, name = path.place.urn, path.place.attribute.name
    if path.place.attribute.returned == "always":
        return shown
    container = shown if urn is None else _object(shown.get(urn))
    if name not in container:
        return shown
    rest = {key: value for key, value in container.items() if key != name}
    if path.part is not None or path.where is not None:
        rest = {**container, name: _without(container[name], path)}
    return rest if urn is None else {**shown, urn: rest}


def _without(value: JsonValue, path: Path) -> JsonValue:
    if isinstance(value, list):
        kept = [_without(item, path) for item in value]
        return [item for item in kept if item != {}]
    if not isinstance(value, dict) or (path.where is not None and not matches(path.where, value)):
        return value
    return {} if path.part is None else {key: part for key, part in value.items() if key != path.part.name}
