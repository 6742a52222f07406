"""Where a mapped value goes: targets are named flat, documents are as RFC 7643 has them."""

import re
from collections.abc import Mapping
from functools import lru_cache

from directory.model import JsonObject, JsonValue
from directory.person import ENTERPRISE

MANAGER = f"{ENTERPRISE}:manager"
_TYPED = re.compile(r"(emails|phoneNumbers)\[(\w{1,40})\]")
_SIMPLE = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}(\.[A-Za-z][A-Za-z0-9]{0,63})?")
_EXTENSION = re.compile(r"(urn:[A-Za-z0-9:._-]{1,200}):([A-Za-z][A-Za-z0-9]{0,63})")
RESERVED = frozenset({"id", "meta", "schemas", "groups", "password", "roles", "entitlements", "externalid", "members"})
"""In small letters: names of SCIM are the same in large ones (RFC 7643 section 2.1)."""

_CORE = "urn:ietf:params:scim:schemas:core:"


@lru_cache(maxsize=1000)
def is_target(target: str) -> bool:
    """Whether a value can go there: never where only Rolebook or the source's own id belongs."""
    folded = target.lower()
    if folded.partition(".")[0] in RESERVED or folded.startswith(_CORE):
        return False
    return any(form.fullmatch(target) for form in (_TYPED, _SIMPLE, _EXTENSION))


def document_for(values: Mapping[str, JsonValue], *, ext_id: str) -> JsonObject:
    """Return the document (RFC 7643 section 3) that flat values make; None and empty texts leave nothing behind.

    Neither does what is no target, whoever says it: no source gives roles, passwords or ids.
    """
    document: JsonObject = {"externalId": ext_id}
    for target in sorted(values):
        value = values[target]
        if value is not None and value != "" and is_target(target):
            _place(document, target, value)
    return document


def path_of(target: str) -> tuple[str, ...] | None:
    """Return the names that lead to a single text in a document; None where it lies in a list, but for ``emails``."""
    if typed := _TYPED.fullmatch(target):
        return (typed[1],) if typed[1] == "emails" else None
    if extension := _EXTENSION.fullmatch(target):
        return extension[1], extension[2]
    return tuple(target.split(".")) if _SIMPLE.fullmatch(target) else None


def values_at(document: Mapping[str, JsonValue], target: str) -> list[JsonValue]:
    """Return what a document says there: nothing, one value, or one of each element of the type that is meant."""
    if typed := _TYPED.fullmatch(target):
        items = document.get(typed[1])
        elements = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
        return [item.get("value") for item in elements if str(item.get("type", "")).lower() == typed[2].lower()]
    if extension := _EXTENSION.fullmatch(target):
        inner = document.get(extension[1])
        return _said(inner.get(extension[2])) if isinstance(inner, dict) else []
    outer, _, name = target.partition(".")
    found = document.get(outer)
    if not name:
        return _said(found)
    return _said(found.get(name)) if isinstance(found, dict) else []


def _said(value: JsonValue) -> list[JsonValue]:
    return [] if value is None else [value]


def _place(document: JsonObject, target: str, value: JsonValue) -> None:
    if typed := _TYPED.fullmatch(target):
        items = document.setdefault(typed[1], [])
        if isinstance(items, list):
            items.append({"type": typed[2], "value": value, "primary": not items})
    elif target == MANAGER:
        _inner(document, ENTERPRISE)["manager"] = {"value": value}
    elif extension := _EXTENSION.fullmatch(target):
        _inner(document, extension[1])[extension[2]] = value
    elif "." in target:
        outer, _, inner = target.partition(".")
        _inner(document, outer)[inner] = value
    else:
        document[target] = value


def _inner(document: JsonObject, name: str) -> JsonObject:
    inner = document.setdefault(name, {})
    return inner if isinstance(inner, dict) else {}
