"""How our own Graph shows people and groups."""

from tests.fakes.graph_tokens import APPLICATION
from tests.fakes.population import Crew, Person

USER = "#microsoft.graph.user"
GROUP = "#microsoft.graph.group"
COST_CENTRE = "extension_" + APPLICATION.replace("-", "") + "_costCentre"

USER_FIELDS = (
    "id", "userPrincipalName", "mail", "otherMails", "displayName", "givenName", "surname", "jobTitle", "department",
    "employeeId", "accountEnabled", "userType", "externalUserState", "preferredLanguage", "mobilePhone", "companyName",
    "businessPhones", "officeLocation", "onPremisesExtensionAttributes", COST_CENTRE,
)  # fmt: skip
GROUP_FIELDS = ("id", "displayName", "description", "groupTypes", "mailNickname", "securityEnabled")


def user_id(number: int) -> str:
    """Give the object id of a user."""
    return f"{number:08x}-aaaa-4000-8000-{number:012x}"


def group_id(number: int) -> str:
    """Give the object id of a group."""
    return f"{number:08x}-bbbb-4000-8000-{number:012x}"


def number_of(object_id: str, letter: str) -> int | None:
    """Give the number of a user (a) or a group (b), or None for anything else."""
    parts = object_id.split("-")
    if len(parts) != 5 or parts[1] != letter * 4:
        return None
    return int(parts[4], 16)


def principal_name(person: Person) -> str:
    """Give the user principal name; guests have a strange one."""
    if person.guest:
        return person.login.replace("@", "_") + "#EXT#@example.onmicrosoft.com"
    return person.login


def user_values(person: Person) -> dict[str, object]:
    """Give all that is known of a user; None where there is nothing."""
    return {
        "id": user_id(person.number),
        "userPrincipalName": principal_name(person),
        "mail": person.mail,
        "otherMails": [f"home-{person.login}"],
        "displayName": person.name,
        "givenName": person.given,
        "surname": person.family,
        "jobTitle": person.title,
        "department": person.department,
        "employeeId": str(person.number),
        "accountEnabled": person.status == "ACTIVE",
        "userType": "Guest" if person.guest else "Member",
        "preferredLanguage": "en-GB",
        "onPremisesExtensionAttributes": {"extensionAttribute1": f"E{person.number % 10}"},
        COST_CENTRE: f"C{person.number % 100}",
    }


def shown_user(person: Person, select: list[str], *, limited: bool = False) -> dict[str, object]:
    """Give a user with the properties that were selected, nulls included."""
    values = user_values(person)
    if limited:
        return {"@odata.type": USER, "id": values["id"]} | {name: None for name in select if name != "id"}
    return {name: values.get(name) for name in select if name != "manager"}


def shown_group(crew: Crew, select: list[str]) -> dict[str, object]:
    """Give a group with the properties that were selected."""
    values: dict[str, object] = {
        "id": group_id(crew.number),
        "displayName": crew.name,
        "groupTypes": [],
        "securityEnabled": True,
    }
    return {name: values.get(name) for name in select if name != "members"}


def reference(number: int, kind: str) -> dict[str, object]:
    """Give a member as a relation shows it."""
    return {"@odata.type": kind, "id": user_id(number) if kind == USER else group_id(number)}
