"""What the directory reads from the attributes that a source reports of a user."""

from collections.abc import Mapping
from typing import Any

from directory.errors import InvalidError
from directory.model import GroupAttributes, JsonValue, Promoted, UserAttributes
from directory.names import name_key

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

KEY_BYTES_MAX = 2000
"""Bytes of a text that things are found by: an index entry of PostgreSQL holds 2,704."""

TEXT_MAX = 8192
"""Characters of a promoted text; longer ones are refused (input limits of the security reference)."""


def promoted_from(attributes: UserAttributes) -> Promoted:
    """Return what the directory shows, finds and decides by.

    The display name falls back to ``name.formatted``, then given and family name, then the user name. The e-mail is
    the primary one, else the first of type work, else the first.
    """
    document = attributes.document
    enterprise = _mapping(document.get(ENTERPRISE))
    return Promoted(
        display_name=_display_name(attributes),
        email=main_email(document.get("emails")),
        department=_text(enterprise.get("department")),
        title=_text(document.get("title")),
        manager_ref=_manager_ref(_mapping(enterprise.get("manager"))),
    )


def manager_named(ref: str) -> str:
    """Return what a reference names: the last part of a resource's address, or else all of it."""
    return ref.rpartition("/Users/")[2].strip("/ ") or ref


def check_user(attributes: UserAttributes) -> None:
    """Refuse attributes that cannot be a user.

    Raises:
        InvalidError: no user name, or a name, id or status of the wrong kind.
    """
    document = attributes.document
    user_name = document.get("userName")
    if not isinstance(user_name, str) or not user_name.strip():
        raise InvalidError("userName", "is missing: every user needs a non-empty text")
    check_texts(document, ("userName", "externalId", "displayName"))
    check_keys(document, ("userName", "externalId"))
    for _, address in emails_of(attributes):
        check_key("emails", address)
    if not isinstance(document.get("active", True), bool):
        raise InvalidError("active", "must be true or false")


def check_group(attributes: GroupAttributes) -> None:
    """Refuse attributes that cannot be a group.

    Raises:
        InvalidError: no display name, or a name or id of the wrong kind.
    """
    display_name = attributes.document.get("displayName")
    if not isinstance(display_name, str) or not display_name.strip():
        raise InvalidError("displayName", "is missing: every group needs a non-empty text")
    check_texts(attributes.document, ("displayName", "externalId"))
    check_keys(attributes.document, ("displayName", "externalId"))


def check_texts(document: Mapping[str, JsonValue], names: tuple[str, ...]) -> None:
    """Refuse promoted attributes that are no text, or too long."""
    for name in names:
        value = document.get(name)
        if value is not None and (not isinstance(value, str) or len(value) > TEXT_MAX):
            raise InvalidError(name, f"must be a text of at most {TEXT_MAX} characters")


def check_keys(document: Mapping[str, JsonValue], names: tuple[str, ...]) -> None:
    """Refuse texts that are too long to be found by."""
    for name in names:
        value = document.get(name)
        if isinstance(value, str):
            check_key(name, value)


def check_key(name: str, value: str) -> None:
    """Refuse a text that is too long to be found by.

    Raises:
        InvalidError: it, or its key, takes more than 2,000 bytes.
    """
    # A key can be longer than its text (U+FDFA makes 18 characters), but not by more than 33 bytes for each of it.
    if len(value) > KEY_BYTES_MAX // 33 and max(len(value.encode()), len(name_key(value).encode())) > KEY_BYTES_MAX:
        raise InvalidError(name, f"is longer than {KEY_BYTES_MAX} bytes")


def _mapping(value: JsonValue) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: JsonValue) -> str | None:
    return value[:TEXT_MAX] if isinstance(value, str) and value else None


def _manager_ref(manager: Mapping[str, Any]) -> str | None:
    """Return the reference as it came: the value, else the address (RFC 7643 section 4.3)."""
    return _text(manager.get("value")) or _text(manager.get("$ref"))


def _display_name(attributes: UserAttributes) -> str:
    name = _mapping(attributes.document.get("name"))
    parts = [part for part in (_text(name.get("givenName")), _text(name.get("familyName"))) if part]
    return (
        _text(attributes.document.get("displayName"))
        or _text(name.get("formatted"))
        or " ".join(parts)
        or attributes.user_name
    )


def _elements(value: JsonValue) -> list[Mapping[str, Any]]:
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, dict) and _text(item.get("value"))]


def emails_of(attributes: UserAttributes) -> tuple[tuple[str | None, str], ...]:
    """Return (type, address) of every e-mail, in order."""
    elements = _elements(attributes.document.get("emails"))
    return tuple((_text(item.get("type")), str(item["value"])) for item in elements)


def main_email(value: JsonValue) -> str | None:
    """Return the address among ``emails`` that is primary, else the first of type work, else the first."""
    items = _elements(value)
    ranked = sorted(items, key=lambda item: (item.get("primary") is not True, item.get("type") != "work"))
    return _text(ranked[0]["value"]) if ranked else None
