"""Where a mapped value goes: targets are named flat, documents are as RFC 7643 has them."""

import re
from collections.abc import Mapping

from directory.model import JsonObject, JsonValue
from directory.person import ENTERPRISE

MANAGER = f"{ENTERPRISE}:manager"
_TYPED = re.compile(r"(emails|phoneNumbers)\[(\w{1,40})\]")
_SIMPLE = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}(\.[A-Za-z][A-Za-z0-9]{0,63})?")
_EXTENSION = re.compile(r"(urn:[A-Za-z0-9:._-]{1,200}):([A-Za-z][A-Za-z0-9]{0,63})")
RESERVED = frozenset({"id", "meta", "schemas", "groups", "password", "roles", "entitlements", "externalId", "members"})


def is_target(target: str) -> bool:
    """Whether a value can go there: never where only Rolebook or the source's own id belongs."""
    if target.partition(".")[0] in RESERVED:
        return False
    return any(form.fullmatch(target) for form in (_TYPED, _SIMPLE, _EXTENSION))


def document_for(values: Mapping[str, JsonValue], *, ext_id: str) -> JsonObject:
    """Return the document (RFC 7643 section 3) that flat values make; None and empty texts leave nothing behind."""
    document: JsonObject = {"externalId": ext_id}
    for target in sorted(values):
        value = values[target]
        if value is not None and value != "":
            _place(document, target, value)
    return document


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
