"""Where the attributes of a user came from: for each value the change that brought it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from directory.model import JsonValue
from directory.plan import AttributeChange

VALUES_MAX = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One change of a user's attributes, with who made it."""

    event_id: UUID
    at: datetime
    actor_label: str
    reference: str | None
    changes: tuple[AttributeChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeLine:
    """One value of a user, and the change that brought it; None if that is older than what was looked through."""

    path: str
    value: str
    brought_by: Told | None


def attribute_lines(document: Mapping[str, JsonValue], told: Iterable[Told]) -> list[AttributeLine]:
    """Return a user's values in the order in which they were sent, each with its origin; ``told`` the newest first."""
    values = flattened(document)
    origins: dict[str, Told] = {}
    for change in told:
        for path in _touched(change.changes):
            if path in values:
                origins.setdefault(path, change)
    return [
        AttributeLine(path=path, value=value, brought_by=origins.get(path))
        for path, value in list(values.items())[:VALUES_MAX]
    ]


def flattened(document: Mapping[str, JsonValue]) -> dict[str, str]:
    """Return a document as path → text, one path for each value: ``name.familyName``, ``emails[work].value``."""
    found: dict[str, str] = {}
    for name, value in document.items():
        _flatten(_short(name), value, found)
    return found


def _short(name: str) -> str:
    """Return what people call an extension: the word before its version, as in ``…:enterprise:2.0:User``."""
    parts = name.split(":")
    return parts[-3] if parts[0] == "urn" and len(parts) > 3 else name


def _touched(changes: Iterable[AttributeChange]) -> Iterable[str]:
    for change in changes:
        old, new = flattened({change.name: change.old}), flattened({change.name: change.new})
        yield from (path for path in new if new[path] != old.get(path))


def _flatten(path: str, value: JsonValue, found: dict[str, str]) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            _flatten(f"{path}.{name}", inner, found)
    elif isinstance(value, list):
        for place, inner in enumerate(value, start=1):
            kind = inner.get("type") if isinstance(inner, dict) else None
            _flatten(f"{path}[{kind or place}]", inner, found)
    elif value is not None:
        _put(path, str(value).lower() if isinstance(value, bool) else str(value), found)


def _put(path: str, value: str, found: dict[str, str]) -> None:
    """Keep a value under its path, or, beside another one of the same kind, under a numbered one."""
    free = path
    number = 1
    while free in found:
        number += 1
        free = f"{path} ({number})"
    found[free] = value
