"""What each identity provider calls things, and where its administrators enter them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from directory.attribute_guide import Field
from directory.model import Preset

Shows = Literal["", "connection", "mapping", "groups", "check"]
"""What of this portal a step needs: the values to paste, the attribute table, the group mappings, the check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideStep:
    """One step at the identity provider, in its own words."""

    title: str
    text: str
    shows: Shows = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """The words of one identity provider; ``key_label`` is what it calls the secret."""

    name: str
    endpoint_label: str
    key_label: str
    steps: tuple[GuideStep, ...]
    attributes: Mapping[Field, str]
    """What the provider calls the attribute that belongs there."""
    group_rows: tuple[tuple[str, str], ...] = ()
    """Rows of the provider's own mapping of groups: its attribute, and SCIM's."""


_ENTRA = (
    GuideStep(
        title="Create the application",
        text="In the Microsoft Entra admin center open Enterprise applications > New application > Create your own "
        "application, and choose “Integrate any other application you don't find in the gallery (Non-gallery)”.",
    ),
    GuideStep(
        title="Enter the Admin Credentials",
        text="Open Provisioning > New configuration, paste Tenant URL and Secret Token, choose Test Connection, then "
        "Create. Entra asks for a user that cannot exist; an empty answer is right.",
        shows="connection",
    ),
    GuideStep(
        title="Check the attribute mapping of users",
        text="Open Provisioning > Attribute mapping > Provision Microsoft Entra ID Users. userPrincipalName → userName "
        "has matching precedence 1; add the rows that the table names as missing.",
        shows="mapping",
    ),
    GuideStep(
        title="Check the attribute mapping of groups",
        text="Open Provision Microsoft Entra ID Groups: displayName → displayName with matching precedence 1, "
        "objectId → externalId, members → members.",
    ),
    GuideStep(
        title="Say who is in scope",
        text="Under Users and groups assign the groups whose people you want here. Under Provisioning > Settings the "
        "scope is “Sync only assigned users and groups”. Nested groups are not followed: assign each one.",
    ),
    GuideStep(
        title="Try one person, then start",
        text="Provision on demand sends one person now. Then choose Start provisioning: the first cycle begins within "
        "40 minutes, and Entra comes back about every 40 minutes.",
        shows="check",
    ),
    GuideStep(title="Give groups a role", text="Pushed groups decide access roles by an ordered list.", shows="groups"),
)
_OKTA = (
    GuideStep(
        title="Switch SCIM on for the application",
        text="In the Okta Admin Console open Applications > your application > General > App Settings > Edit and "
        "choose SCIM under Provisioning.",
    ),
    GuideStep(
        title="Enter the connection",
        text="Open Provisioning > Integration > Edit: the SCIM connector base URL is the Base URL from here, the "
        "unique identifier field for users is userName, the authentication mode is HTTP Header with the API Token. "
        "Tick Push New Users, Push Profile Updates and Push Groups. Choose Test Connector Configuration, then Save.",
        shows="connection",
    ),
    GuideStep(
        title="Let Okta write",
        text="Open Provisioning > To App > Edit and enable Create Users, Update User Attributes and Deactivate Users.",
    ),
    GuideStep(
        title="Check the attribute mappings",
        text="Further down under To App > Attribute Mappings add the rows that the table names as missing. userName "
        "comes from Sign On > Application username format: choose Email or Okta username.",
        shows="mapping",
    ),
    GuideStep(
        title="Assign people",
        text="Under Assignments assign people or groups. Only who is assigned is created here.",
    ),
    GuideStep(
        title="Push groups",
        text="Under Push Groups push the groups that decide roles. Pushing creates nobody: it sends names and members "
        "of people who are assigned. Do not push the group that you assign with.",
        shows="check",
    ),
    GuideStep(title="Give groups a role", text="Pushed groups decide access roles by an ordered list.", shows="groups"),
)


def _plain(place: str, test: str) -> tuple[GuideStep, ...]:
    """Return the steps of a provider that needs few words."""
    return (
        GuideStep(title="Enter the connection", text=f"Open {place}.", shows="connection"),
        GuideStep(title="Check the attribute mapping", text="Add the rows that the table names.", shows="mapping"),
        GuideStep(title="Test and start", text=test, shows="check"),
        GuideStep(
            title="Give groups a role", text="Pushed groups decide access roles by an ordered list.", shows="groups"
        ),
    )


_SCIM_NAMES: Mapping[Field, str] = MappingProxyType(
    {
        "userName": "user name",
        "active": "status",
        "externalId": "its own id of the user",
        "displayName": "display name",
        "email": "work e-mail",
        "department": "department",
        "manager": "manager",
        "givenName": "first name",
        "familyName": "last name",
        "title": "job title",
        "employeeNumber": "employee number",
        "mobile": "mobile phone",
    }
)
_ENTRA_NAMES: Mapping[Field, str] = MappingProxyType(
    {
        "userName": "userPrincipalName",
        "active": 'Switch([IsSoftDeleted], , "False", "True", "True", "False")',
        "externalId": "objectId",
        "displayName": "displayName",
        "email": "mail",
        "department": "department",
        "manager": "manager",
        "givenName": "givenName",
        "familyName": "surname",
        "title": "jobTitle",
        "employeeNumber": "employeeId",
        "mobile": "mobile",
    }
)
_OKTA_NAMES: Mapping[Field, str] = MappingProxyType(
    {
        "userName": "Application username format",
        "active": "sent by Okta itself",
        "externalId": "sent by Okta itself",
        "displayName": "user.displayName",
        "email": "user.email",
        "department": "user.department",
        "manager": "user.managerId",
        "givenName": "user.firstName",
        "familyName": "user.lastName",
        "title": "user.title",
        "employeeNumber": "user.employeeNumber",
        "mobile": "user.mobilePhone",
    }
)

GUIDES: Mapping[Preset, Guide] = MappingProxyType(
    {
        "entra": Guide(
            name="Microsoft Entra ID",
            endpoint_label="Tenant URL",
            key_label="Secret Token",
            steps=_ENTRA,
            attributes=_ENTRA_NAMES,
            group_rows=(("displayName", "displayName"), ("objectId", "externalId"), ("members", "members")),
        ),
        "okta": Guide(
            name="Okta", endpoint_label="Base URL", key_label="API Token", steps=_OKTA, attributes=_OKTA_NAMES
        ),
        "onelogin": Guide(
            name="OneLogin",
            endpoint_label="SCIM Base URL",
            key_label="SCIM Bearer Token",
            steps=_plain(
                "Applications > your application > Configuration > API Connection, and paste SCIM Base URL and SCIM "
                "Bearer Token",
                "Choose Enable, then switch on Provisioning > Enable provisioning. Groups are sent by Rules.",
            ),
            attributes=_SCIM_NAMES,
        ),
        "jumpcloud": Guide(
            name="JumpCloud",
            endpoint_label="Base URL",
            key_label="Token Key",
            steps=_plain(
                "SSO Applications > your application > Identity Management, and paste Base URL and Token Key",
                "Choose Test Connection, then Activate. Connect user groups under User Groups.",
            ),
            attributes=_SCIM_NAMES,
        ),
        "strict": Guide(
            name="Another SCIM 2.0 client",
            endpoint_label="Endpoint",
            key_label="Token",
            steps=_plain(
                "the place where the client asks for a SCIM endpoint and a bearer token, and paste both",
                "Let it read ServiceProviderConfig, or search a person.",
            ),
            attributes=_SCIM_NAMES,
        ),
    }
)
PRESETS: tuple[Preset, ...] = tuple(GUIDES)


def endpoint_for(public_url: str) -> str:
    """Return the address that every identity provider pushes to; the secret decides tenant and source."""
    return f"{public_url}/scim/v2"
