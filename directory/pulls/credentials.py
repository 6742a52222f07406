"""Credentials of a pulled source: one sealed value, for one source and for the place that they were entered for."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from directory.errors import InvalidError
from directory.key_ring import KeyRing, Place
from directory.model import JsonObject, JsonValue, SourceId, TenantId
from directory.pulls.kinds import PullKind

CHARS_MAX = 20_000
"""Of one credential: a certificate with its chain has some thousand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedCredentials:
    """Credentials as a row keeps them."""

    text: str | None
    """None where there are none."""
    names: str
    """Which there are, and what they were entered for, as JSON: nothing of it is secret."""


class _Names(msgspec.Struct, frozen=True):
    names: tuple[str, ...] = ()
    bound_to: dict[str, Any] = {}


class _Sealed(msgspec.Struct, frozen=True):
    secrets: dict[str, str]
    bound_to: dict[str, Any]


def sealed_place(tenant_id: TenantId, source_id: SourceId) -> Place:
    """Return where sealed credentials belong; moved to another source, they do not open."""
    return Place("pull_row", tenant_id, source_id, "sealed")


def bound_values(kind: PullKind, config: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return what says where credentials go: whoever changes one of these cannot have them sent elsewhere."""
    return {name: config.get(name) for name in kind.bound_to}


def seal_credentials(
    ring: KeyRing, secrets: Mapping[str, str], bound_to: Mapping[str, JsonValue], place: Place
) -> SealedCredentials:
    """Return credentials as a row keeps them."""
    if not secrets:
        return SealedCredentials(text=None, names=_text(_Names()))
    sealed = ring.seal(_text(_Sealed(dict(secrets), dict(bound_to))), place)
    return SealedCredentials(text=sealed, names=_text(_Names(tuple(sorted(secrets)), dict(bound_to))))


def open_credentials(ring: KeyRing, sealed: str, config: JsonObject, place: Place) -> dict[str, str]:
    """Return credentials by name; none of those that were entered for another place than the configuration names.

    Raises:
        KeyRingError: the key is not on the ring, or the value was changed or moved.
    """
    opened = msgspec.json.decode(ring.open(sealed, place), type=_Sealed)
    return opened.secrets if _is_for(opened.bound_to, config) else {}


def names_in(text: str, config: JsonObject) -> tuple[str, ...]:
    """Return which credentials there are for the place that the configuration names."""
    try:
        found = msgspec.json.decode(text, type=_Names)
    except msgspec.ValidationError:  # the empty list of a row that never had any
        return ()
    return found.names if _is_for(found.bound_to, config) else ()


def place_mark(kind: PullKind, config: Mapping[str, JsonValue]) -> str:
    """Return what a form remembers of the place that it asks credentials for: nothing of it is secret."""
    return hashlib.blake2b(_text(bound_values(kind, config)).encode(), digest_size=12).hexdigest()


def checked_credentials(kind: PullKind, given: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return credentials as they are kept; an empty one stays as it is, and None forgets it.

    Raises:
        InvalidError: names one that the kind does not know, or that is too long. The value is never part of it.
    """
    known = {field.name for field in kind.credentials}
    checked: dict[str, str | None] = {}
    for name, value in given.items():
        if name not in known:
            raise InvalidError("secrets", f"has a credential that there is not; there are: {', '.join(sorted(known))}")
        text = None if value is None else value.strip()
        if text is not None and (len(text) > CHARS_MAX or not _is_storable(text)):
            raise InvalidError(name, f"has more than {CHARS_MAX:,} characters, or some that no credential has")
        if text != "":
            checked[name] = text
    return checked


def _is_storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= mark <= "\udfff" for mark in text)


def _is_for(bound_to: Mapping[str, JsonValue], config: JsonObject) -> bool:
    return all(config.get(name) == value for name, value in bound_to.items())


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()
