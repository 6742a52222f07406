"""The words of setting a connection up: steps, mistakes, refused requests, attributes."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from directory.attribute_guide import Field
from directory.diagnosis import Finding, Mistake
from directory.model import Preset
from directory.refusal_kinds import RefusalCause
from directory.setup_steps import Step
from portal.guides import GUIDES


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A finding as people read it."""

    title: str
    advice: str


STEP_TITLES: Mapping[Step, str] = MappingProxyType(
    {
        "authenticated": "Signed in with its secret",
        "discovery": "Read what the endpoint can do",
        "test query": "Asked for a user",
        "first user": "First user",
        "first group": "First group",
        "first membership": "First membership",
        "disable": "A user disabled",
    }
)
_STEP_HINTS: Mapping[Step, str] = MappingProxyType(
    {
        "authenticated": "Paste {endpoint_label} and {key_label}, then test the connection there.",
        "discovery": "{name} reads ServiceProviderConfig and Schemas when the connection is saved.",
        "test query": "The test asks for a user that cannot exist; an empty answer is right.",
        "first user": "Assign somebody, then send one person.",
        "first group": "Assign or push a group that decides a role.",
        "first membership": "Members follow their group; people who are not in scope are left out.",
        "disable": "Take a test account out of scope: it is disabled here, never deleted at once.",
    }
)
_OWN_HINTS: Mapping[tuple[Preset, Step], str] = MappingProxyType(
    {
        ("entra", "first user"): "Choose Provision on demand for one person. The first cycle takes up to 40 minutes.",
        ("entra", "test query"): "Test Connection asks for a random userName; an empty 200 is right.",
        ("okta", "first user"): "Assign somebody under Assignments. Push Groups alone creates nobody.",
        ("okta", "first group"): "Push a group under Push Groups.",
        ("okta", "first membership"): "Okta sends members of pushed groups once they are assigned to the application.",
        ("okta", "disable"): "Remove a test account's assignment: Okta sends active false.",
    }
)

_MISTAKES: Mapping[Mistake, tuple[str, str]] = MappingProxyType(
    {
        "doubled bearer": (
            "The secret is sent with “Bearer” twice ({requests} in the last hour)",
            "Paste the secret alone into {key_label}: {name} puts the word Bearer before it by itself.",
        ),
        "not bearer": (
            "The secret is not sent as a bearer token ({requests} in the last hour)",
            "Choose the authentication with a token or HTTP header at {name}, not user name and password.",
        ),
        "altered secret": (
            "A secret arrives cut short or altered ({requests} in the last hour)",
            "Copy the whole secret, without blanks or line breaks; if it is lost, rotate it.",
        ),
        "expired secret": (
            "A secret that is no longer valid is still used ({requests} in the last hour)",
            "Paste the present secret into {key_label}, or rotate and paste the new one.",
        ),
        "wrong path": (
            "Requests go to addresses that do not exist ({count} in the last hour)",
            "{endpoint_label} must be exactly the one shown here, without /Users or a second /v2 behind it.",
        ),
        "other client": (
            "This looks like {client}, and the connection is set up for {name}",
            "Choose {client} under Policies > Identity provider, so that labels, guide and answers fit.",
        ),
        "no user name": (
            "No userName in {count} of the last {total} requests",
            "Map an attribute that everybody has: {user_name} → userName.",
        ),
        "user name is id": (
            "userName holds an object id for {count} of {total} users",
            "Map {user_name} → userName with matching precedence 1, and {external_id} → externalId.",
        ),
        "user name plain": (
            "userName is no address for {count} of {total} users",
            "Map {user_name} → userName instead of an account name: people sign in by their address.",
        ),
        "status never sent": (
            "active was never sent: {users} created without it",
            "Add the row {active} → active. Without it nobody who leaves is disabled here.",
        ),
        "everybody inactive": (
            "All {total} users arrived disabled",
            "The expression for active is reversed. Use {active}.",
        ),
        "users taken": (
            "Refused because the user is here already: {requests}",
            "{name} does not find them by what it matches with. Match on userName (precedence 1).",
        ),
        "groups without people": (
            "{groups} arrived and nobody with them",
            "Groups bring names only. Assign the people to the application too (Okta: Assignments beside Push Groups).",
        ),
        "refused network": (
            "{requests} came from a network that is not accepted",
            "Add the network of {name} under Policies > Source networks, or empty the list.",
        ),
        "refused domain": (
            "Refused for the domain of the e-mail address: {requests}",
            "Leave them out of scope, or add the domain under Policies > Accepted e-mail domains.",
        ),
        "only tests": (
            "Only tests arrived so far",
            "The connection works; provisioning was not started. Assign people and choose Start at {name}.",
        ),
        "external id missing": (
            "externalId is missing for {count} of {total} users",
            "Add the row {external_id} → externalId. Without it a user who was deleted cannot come back as the same.",
        ),
        "external id is name": (
            "externalId repeats the user name for {count} of {total} users",
            "Map {external_id} → externalId: a name changes, and the link is lost with it.",
        ),
        "display name missing": (
            "displayName is missing for {count} of {total} users",
            "Add the row {display_name} → displayName.",
        ),
        "mail missing": (
            "The e-mail address is missing for {count} of {total} users",
            'Add the row {email} → emails[type eq "work"].value.',
        ),
        "mail not work": (
            "The e-mail address of {count} of {total} users is not of the type work",
            'Map {email} → emails[type eq "work"].value instead of another type.',
        ),
        "department missing": (
            "department is missing for {count} of {total} users",
            "Add the row {department} → urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department.",
        ),
        "manager missing": (
            "manager is missing for {count} of {total} users",
            "Add the row {manager} → urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.",
        ),
        "manager no id": (
            "manager is a name or an address for {count} of {total} users who have one",
            "Map the manager as a reference ({manager}), so that it names a user here.",
        ),
        "groups empty": (
            "{groups} arrived, none with members",
            "Map members → members for groups, and put the members in scope: who is not sent cannot join.",
        ),
        "members waiting": (
            "Members waiting for users who have not arrived: {count}",
            "Put them in scope at {name}; they join by themselves when they arrive.",
        ),
        "nested groups": (
            "Groups that are members of groups: {count}",
            "Nobody's role comes from a group inside a group. Assign or push each group by itself.",
        ),
        "slowed down": (
            "Asked to come later (429): {requests} in the last hour",
            "{name} repeats them. Raise the rate limit under Policies if it takes too long.",
        ),
        "texts for booleans": (
            "Booleans arrive as texts in {count} of the last {total} requests",
            "They are read all the same. Adding ?aadOptscim062020 to Tenant URL makes Entra send plain values.",
        ),
    }
)

CAUSES: Mapping[RefusalCause, str] = MappingProxyType(
    {
        "no header": "No Authorization header",
        "two headers": "Two Authorization headers",
        "not bearer": "Not a bearer token",
        "doubled bearer": "“Bearer” twice",
        "altered": "Secret cut short or altered",
        "unknown": "Unknown secret",
        "expired": "Expired secret",
        "revoked": "Revoked secret",
        "source paused": "SCIM is turned off",
        "tenant suspended": "Tenant suspended",
        "network": "From another network",
        "rate": "Too many requests (429)",
        "wrong path": "No such address",
    }
)

FIELD_NAMES: Mapping[Field, str] = MappingProxyType(
    {
        "userName": "User name",
        "active": "Status",
        "externalId": "Link to the source",
        "displayName": "Display name",
        "email": "E-mail",
        "department": "Department",
        "manager": "Manager",
        "givenName": "First name",
        "familyName": "Last name",
        "title": "Title",
        "employeeNumber": "Employee number",
        "mobile": "Mobile phone",
    }
)


OF_MAPPING: frozenset[Mistake] = frozenset(
    {
        "no user name",
        "user name is id",
        "user name plain",
        "status never sent",
        "everybody inactive",
        "users taken",
        "external id missing",
        "external id is name",
        "display name missing",
        "mail missing",
        "mail not work",
        "department missing",
        "manager missing",
        "manager no id",
    }
)
"""What the attribute mapping is to blame for."""


def hint_for(preset: Preset, step: Step) -> str:
    """Return what to do at the provider so that a step is seen."""
    guide = GUIDES[preset]
    words = _OWN_HINTS.get((preset, step), _STEP_HINTS[step])
    return words.format(name=guide.name, endpoint_label=guide.endpoint_label, key_label=guide.key_label)


def told_finding(finding: Finding, preset: Preset) -> Told:
    """Return a finding in the words of the provider that the connection is set up for."""
    guide = GUIDES[preset]
    title, advice = _MISTAKES[finding.mistake]
    words = {
        "count": f"{finding.count:,}",
        "total": f"{finding.total:,}",
        "requests": counted(finding.count, "request"),
        "users": counted(finding.count, "user"),
        "groups": counted(finding.count, "group"),
        "client": "" if finding.client is None else GUIDES[finding.client].name,
        "name": guide.name,
        "endpoint_label": guide.endpoint_label,
        "key_label": guide.key_label,
        "user_name": guide.attributes["userName"],
        "external_id": guide.attributes["externalId"],
        "display_name": guide.attributes["displayName"],
        "active": guide.attributes["active"],
        "email": guide.attributes["email"],
        "department": guide.attributes["department"],
        "manager": guide.attributes["manager"],
    }
    return Told(title=title.format(**words), advice=advice.format(**words))


def counted(count: int, thing: str) -> str:
    """Return a number with its thing: ``1 request``, ``3 requests``."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
