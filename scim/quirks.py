"""Each deviation of an identity provider that we read all the same: named, with evidence, noted when used.

docs/scim-divergences.md lists the same names under the sections of the RFC; a test compares the two.
"""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from directory.model import JsonObject, JsonValue, SourceSettings
from scim.errors import InvalidValueError, ScimError
from scim.hiding import hidden
from scim.schemas import ENTERPRISE_URN

NOTE_LENGTH_MAX = 300
NOTES_MAX = 40
"""Kept per request; more would only repeat themselves."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How one source's requests are read, and where each leniency is noted in plain words."""

    settings: SourceSettings
    notes: list[str]

    def note(self, words: str) -> None:
        """Keep ``words`` on the request's record, once."""
        shown = hidden(words)[:NOTE_LENGTH_MAX]
        if len(self.notes) < NOTES_MAX and shown not in self.notes:
            self.notes.append(shown)

    def tolerate(self, words: str, error: Callable[[str], ScimError]) -> None:
        """Note a deviation, or refuse it where the source is read strictly."""
        if not self.settings.lenient_reader:
            raise error(f"{words}. This connection is read strictly.")
        self.note(words)


# Entra sends the string "False" here unless the app was created with aadOptscim062020.
# tests/idp/entra/disable_user_string_false.json
def string_boolean(name: str, value: JsonValue, reading: Reading) -> bool | None:
    """Return the boolean that a text such as ``"False"`` means, or None."""
    if not isinstance(value, str) or value.lower() not in {"true", "false"}:
        return None
    if not reading.settings.string_booleans:
        raise InvalidValueError(f'{name} arrived as the text "{value}". Send true or false without quotation marks.')
    meant = value.lower() == "true"
    reading.note(f'{name} arrived as the text "{value}" and was read as {str(meant).lower()}')
    return meant


# Okta's catalogue apps send "value":[false]; Entra sends managers and display names as a list of one.
# tests/idp/okta/deactivate_user_array.json
def one_element_array(name: str, value: JsonValue, reading: Reading) -> JsonValue:
    """Return the element of a list of one that was sent for a single value."""
    if not isinstance(value, list):
        return value
    if len(value) != 1:
        raise InvalidValueError(f"{name} takes one value and {len(value)} arrived in a list. Send the value alone.")
    reading.tolerate(f"{name} arrived as a list of one and was read as its element", InvalidValueError)
    return value[0]


# Entra replaces displayName with [{"$ref":null,"value":"User x"}].
# tests/idp/entra/replace_display_name_wrapped.json
def wrapped_value(name: str, value: JsonValue, reading: Reading) -> JsonValue:
    """Return the ``value`` of an object that was sent for a simple attribute."""
    if not isinstance(value, dict):
        return value
    inner = next((value[key] for key in value if key.lower() == "value"), None)
    if inner is None or isinstance(inner, dict | list):
        raise InvalidValueError(f"{name} takes a simple value and an object arrived. Send the value alone.")
    reading.tolerate(f"{name} arrived as an object and was read as its value", InvalidValueError)
    return inner


# JumpCloud and hand-written clients: "members": {"value": "id"}, "emails": {"value": "x@y"}.
# tests/idp/jumpcloud/add_member_not_in_array.json
def lone_element(name: str, value: JsonValue, reading: Reading) -> list[JsonValue]:
    """Return a list, also where a single element was sent for a multi-valued attribute."""
    if isinstance(value, list):
        return value
    reading.tolerate(f"{name} arrived without its list and was read as a list of one", InvalidValueError)
    return [value]


# Entra without the complex flag: "value":"id" for manager; raw strings among members.
# tests/idp/entra/manager_as_string.json
def bare_reference(name: str, value: JsonValue, reading: Reading) -> JsonObject | None:
    """Return ``{"value": text}`` for a bare text that was sent for a complex attribute, or None for anything else."""
    if not isinstance(value, str):
        return None
    reading.tolerate(f"{name} arrived as bare text and was read as its value", InvalidValueError)
    return {"value": value}


# Mapped numbers (employeeNumber) arrive as JSON numbers from several providers.
# tests/idp/onelogin/create_user_numbers_and_nulls.json
def number_as_text(name: str, value: JsonValue, reading: Reading) -> str | None:
    """Return the text of a number that was sent for a text attribute, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    reading.tolerate(f"{name} arrived as a number and was read as text", InvalidValueError)
    return str(value)


# Entra's AppRoleAssignmentsComplex puts JSON text into a role's value.
# tests/idp/entra/add_roles_json_text.json
def json_text_role(element: JsonObject, reading: Reading) -> JsonObject:
    """Return the role that a JSON text in ``value`` describes."""
    value = element.get("value")
    if not isinstance(value, str) or not value.startswith("{"):
        return element
    try:
        meant = msgspec.json.decode(value)
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError):
        return element
    texts = {key: found for key, found in meant.items() if isinstance(found, str)}
    reading.tolerate("roles arrived as JSON text and were read as objects", InvalidValueError)
    named = {"value": texts.get("value", texts.get("id", "")), "display": texts.get("displayName", "")}
    return {**element, **{key: found for key, found in named.items() if found}}


# Microsoft's Postman collection adds {"displayName":"new User","value":"id"} as a member.
# tests/idp/entra/postman_member_label.json
def member_display_name(element: JsonObject, reading: Reading) -> JsonValue:
    """Return what a member is called under ``displayName``, or under ``display`` in another case; None for nothing."""
    parts = {key.lower(): part for key, part in element.items()}
    if "display" in parts:
        return parts["display"]
    if "displayname" in parts:
        reading.note("members arrived with displayName and were read with display")
    return parts.get("displayname")


# Nested groups: {"value":"g2","type":"Group"} among a group's members.
# tests/idp/any/nested_group.json
def nested_group(element: JsonObject, reading: Reading) -> bool:
    """Whether a member is said to be a group: it is kept and shown, and nobody's role comes from it."""
    kind = next((part for key, part in element.items() if key.lower() == "type"), None)
    if not isinstance(kind, str) or kind.lower() != "group":
        return False
    reading.note("members named a group; it was kept, and no role comes from the members of that group")
    return True


# Some Entra tenants send displayName for display in app roles.
# tests/idp/entra/replace_roles_display_name.json
def role_display_name(element: JsonObject, reading: Reading) -> JsonObject:
    """Return the role with ``displayName`` under the schema's name ``display``."""
    key = next((key for key in element if key.lower() == "displayname"), None)
    if key is None or "display" in element:
        return element
    reading.note("roles arrived with displayName and were read with display")
    return {**{name: value for name, value in element.items() if name != key}, "display": element[key]}


# Entra and Okta clear an attribute with "", null or {"value": ""}.
# tests/idp/entra/clear_with_empty_text.json
def means_removal(value: JsonValue) -> bool:
    """Whether a value that was sent means that the attribute is to go."""
    if isinstance(value, dict):
        parts = {key.lower(): part for key, part in value.items()}
        return "value" in parts and all(part in (None, "") for key, part in parts.items() if key != "$ref")
    return value is None or value in ("", [])


# Entra's create misspells the extension's URN: no colon before User.
# tests/idp/entra/create_user_legacy.json
MISSPELT_URNS = {"urn:ietf:params:scim:schemas:extension:enterprise:2.0user": ENTERPRISE_URN}

# Entra marks its groups with a schema of its own, which has no attributes.
# tests/idp/entra/create_group.json
FOREIGN_GROUP_SCHEMA = "http://schemas.microsoft.com/2006/11/resourcemanagement/adscim/2.0/group"

# Passwords are accepted and dropped: IdPs never write passwords here.
# tests/idp/okta/create_user.json
DISCARDED = frozenset({"password"})
