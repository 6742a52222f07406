"""The people that are pushed, as Entra and Okta describe them."""

from collections.abc import Mapping
from typing import Any

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

_GIVEN = ("Ada", "Bruno", "Chiara", "Dmitri", "Edda", "Farid", "Greta", "Hugo", "Ines", "Jarek")
_FAMILY = ("Abe", "Brandt", "Conti", "Dubois", "Eriksen", "Faber", "Galli", "Horvat", "Ivanova", "Jensen", "Keller")
_DEPARTMENTS = ("Sales", "Research", "Finance", "Support", "Legal", "Operations")

Document = Mapping[str, Any]


def user_name(number: int, realm: str = "contoso.example") -> str:
    """Return the unique userName of a person."""
    return f"person.{number}@{realm}"


def entra_user(number: int, realm: str = "contoso.example") -> Document:
    """Return a person as Entra's initial cycle creates it, without the empty attributes."""
    given, family = _GIVEN[number % len(_GIVEN)], _FAMILY[number % len(_FAMILY)]
    name = user_name(number, realm)
    return {
        "schemas": [USER, ENTERPRISE],
        "externalId": f"{realm}-{number:012x}",
        "userName": name,
        "active": True,
        "displayName": f"{given} {family}",
        "title": "Analyst",
        "emails": [{"type": "work", "value": name, "primary": True}],
        "name": {"formatted": f"{given} {family}", "familyName": family, "givenName": given},
        ENTERPRISE: {"employeeNumber": f"{number:06}", "department": _DEPARTMENTS[number % len(_DEPARTMENTS)]},
    }


def okta_user(number: int, user_id: str, given_name: str, realm: str = "contoso.example") -> Document:
    """Return a person as Okta puts it back: the whole resource, merged with what changed, and its empty groups."""
    name = user_name(number, realm)
    family = _FAMILY[number % len(_FAMILY)]
    return {
        "schemas": [USER],
        "id": user_id,
        "userName": name,
        "name": {"givenName": given_name, "familyName": family},
        "emails": [{"primary": True, "value": name, "type": "work"}],
        "displayName": f"{given_name} {family}",
        "locale": "en-US",
        "externalId": f"{realm}-{number:012x}",
        "groups": [],
        "active": True,
    }


def patch(*operations: Document) -> Document:
    """Return a PATCH message."""
    return {"schemas": [PATCH], "Operations": list(operations)}


def entra_replace(path: str, value: str) -> Document:
    """Return a change of one attribute in Entra's default flavour, with its capital letter."""
    return patch({"op": "Replace", "path": path, "value": value})


def okta_activate(*, active: bool) -> Document:
    """Return what Okta's catalogue applications send to disable or enable a person."""
    return patch({"op": "replace", "value": {"active": active}})


def entra_join(user_id: str) -> Document:
    """Return the message that adds one member."""
    return patch({"op": "Add", "path": "members", "value": [{"value": user_id}]})


def entra_leave(user_id: str) -> Document:
    """Return the message that removes one member, in Entra's default flavour."""
    return patch({"op": "Remove", "path": "members", "value": [{"value": user_id}]})


def okta_leave(user_id: str) -> Document:
    """Return the message that removes one member, in Okta's words and in Entra's newer ones."""
    return patch({"op": "remove", "path": f'members[value eq "{user_id}"]'})
