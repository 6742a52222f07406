"""The bodies that Entra ID sends, in both flavours: as by default, and with the flag aadOptscim062020.

https://learn.microsoft.com/entra/identity/app-provisioning/application-provisioning-config-problem-scim-compatibility
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from rolebook.rehearsal.checks import ENTERPRISE, GROUP, USER
from rolebook.rehearsal.company import Person, Team

Body = dict[str, object]
Flavour = Literal["legacy", "062020"]

FOREIGN_GROUP = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
WORK_MAIL = 'emails[type eq "work"].value'
MOBILE = 'phoneNumbers[type eq "mobile"].value'

SCHEMA_PLACES: dict[str, tuple[str, ...]] = {
    USER: ("userName", "active", "displayName", "title", "preferredLanguage", "externalId", "name", "emails"),
    ENTERPRISE: ("employeeNumber", "department", "manager"),
    GROUP: ("displayName", "externalId", "members"),
}
"""What Entra offers for mapping only if discovery lists it."""


def new_user(person: Person) -> Body:
    """Return the body of POST /Users; what Entra has no value for is null."""
    return {
        "schemas": [USER, ENTERPRISE],
        "externalId": person.external_id,
        "userName": person.user_name,
        "active": True,
        "addresses": None,
        "displayName": person.display_name,
        "emails": [{"type": "work", "value": person.user_name, "primary": True}],
        "meta": {"resourceType": "User"},
        "name": {
            "formatted": person.display_name,
            "familyName": person.family_name,
            "givenName": person.given_name,
        },
        "phoneNumbers": None,
        "preferredLanguage": None,
        "title": person.title,
        ENTERPRISE: {"employeeNumber": person.employee_number, "department": person.department, "manager": None},
    }


def values_of(person: Person) -> Body:
    """Return what must be read back after ``new_user``."""
    return {
        "externalId": person.external_id,
        "userName": person.user_name,
        "active": True,
        "displayName": person.display_name,
        "emails": [{"type": "work", "value": person.user_name}],
        "name": {"familyName": person.family_name, "givenName": person.given_name},
        "title": person.title,
        ENTERPRISE: {"employeeNumber": person.employee_number, "department": person.department},
    }


def new_group(team: Team) -> Body:
    """Return the body of POST /Groups: never with members, and with a schema of Entra's own."""
    return {
        "schemas": [GROUP, FOREIGN_GROUP],
        "externalId": team.external_id,
        "displayName": team.display_name,
        "meta": {"resourceType": "Group"},
    }


def patch(*operations: Mapping[str, object]) -> Body:
    """Return the message around operations."""
    return {"schemas": [PATCH], "Operations": list(operations)}


def changes(person: Person, flavour: Flavour) -> tuple[Body, Body]:
    """Return a PATCH of several attributes, and what must be read back."""
    if flavour == "062020":
        return _changes_by_keys(person)
    mail = f"old.{person.user_name}"
    body = patch(
        {"op": "Replace", "path": "displayName", "value": f"{person.display_name} (Mr)"},
        {"op": "Add", "path": "title", "value": f"Senior {person.title}"},
        {"op": "Replace", "path": "name.familyName", "value": f"{person.family_name}-Ng"},
        {"op": "Replace", "path": WORK_MAIL, "value": mail},
        {"op": "Add", "path": MOBILE, "value": person.mobile},
        {"op": "Add", "path": f"{ENTERPRISE}:department", "value": f"{person.department} II"},
    )
    return body, {
        "userName": person.user_name,
        "displayName": f"{person.display_name} (Mr)",
        "title": f"Senior {person.title}",
        "name": {"familyName": f"{person.family_name}-Ng", "givenName": person.given_name},
        "emails": [{"type": "work", "value": mail}],
        "phoneNumbers": [{"type": "mobile", "value": person.mobile}],
        ENTERPRISE: {"department": f"{person.department} II", "employeeNumber": person.employee_number},
    }


def _changes_by_keys(person: Person) -> tuple[Body, Body]:
    """Return the same without path: keys are paths, operations in lower case, booleans as such."""
    mail = f"office.{person.user_name}"
    value = {
        "displayName": person.display_name,
        "name.givenName": f"{person.given_name}-Ann",
        "name.familyName": person.family_name,
        f"{ENTERPRISE}:employeeNumber": f"X{person.employee_number}",
        WORK_MAIL: mail,
        "active": True,
    }
    return patch({"op": "replace", "value": value}), {
        "displayName": person.display_name,
        "active": True,
        "name": {"givenName": f"{person.given_name}-Ann", "familyName": person.family_name},
        "emails": [{"type": "work", "value": mail}],
        ENTERPRISE: {"employeeNumber": f"X{person.employee_number}"},
    }


def cleared(flavour: Flavour) -> Body:
    """Return a PATCH that takes title, department and mobile number away, with empty texts as Entra does."""
    department = f"{ENTERPRISE}:department"
    if flavour == "062020":
        return patch({"op": "replace", "value": {"title": "", department: "", MOBILE: ""}})
    return patch(*({"op": "Replace", "path": path, "value": ""} for path in ("title", department, MOBILE)))


def manager_set(user_id: str, flavour: Flavour) -> Body:
    """Return a PATCH that names the manager."""
    path = f"{ENTERPRISE}:manager"
    if flavour == "062020":
        return patch({"op": "add", "path": path, "value": {"value": user_id}})
    return patch({"op": "Add", "path": path, "value": [{"$ref": None, "value": user_id}]})


def manager_cleared(flavour: Flavour) -> Body:
    """Return a PATCH that takes the manager away."""
    path = f"{ENTERPRISE}:manager"
    if flavour == "062020":
        return patch({"op": "replace", "path": path, "value": ""})
    return patch({"op": "Remove", "path": path})


def disabled() -> Body:
    """Return a soft delete: the text "False" is what Entra sends by default, and what many endpoints miss."""
    return patch({"op": "Replace", "path": "active", "value": "False"})


def enabled(flavour: Flavour) -> Body:
    """Return the way back from it."""
    if flavour == "062020":
        return patch({"op": "replace", "value": {"active": True}})
    return patch({"op": "Replace", "value": {"active": "True"}})


def renamed(name: str, value: str, flavour: Flavour) -> Body:
    """Return a PATCH of userName or displayName."""
    if flavour == "062020":
        return patch({"op": "replace", "value": {name: value}})
    return patch({"op": "Replace", "path": name, "value": value})


def members_added(user_ids: Sequence[str], flavour: Flavour) -> Body:
    """Return a PATCH that lets users join."""
    op = "add" if flavour == "062020" else "Add"
    return patch({"op": op, "path": "members", "value": [{"$ref": None, "value": user_id} for user_id in user_ids]})


def members_removed(user_ids: Sequence[str], flavour: Flavour) -> Body:
    """Return a PATCH that lets users leave."""
    if flavour == "062020":
        return patch(*({"op": "remove", "path": f'members[value eq "{user_id}"]'} for user_id in user_ids))
    value = [{"$ref": None, "value": user_id} for user_id in user_ids]
    return patch({"op": "Remove", "path": "members", "value": value})
