"""How our own Okta shows people and groups."""

from datetime import UTC, datetime
from functools import lru_cache

from tests.fakes.population import Crew, Person

APP = "0oa1rolebook0000000f"
ORG = "00o1example00000000f"


def user_id(number: int) -> str:
    """Give the id of a user."""
    return f"00u{number:017d}"


def group_id(number: int) -> str:
    """Give the id of a group."""
    return f"00g{number:017d}"


def number_of(ident: str, prefix: str) -> int | None:
    """Give the number in an id of a kind (00u, 00g), or None for anything else."""
    digits = ident.removeprefix(prefix)
    return int(digits) if ident.startswith(prefix) and len(digits) == 17 and digits.isdecimal() else None


@lru_cache(maxsize=4096)
def moment(seconds: float) -> str:
    """Give a time as Okta words it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(seconds * 1000) % 1000:03d}Z"


def seconds_of(text: str) -> float:
    """Give the time that a filter names."""
    return datetime.fromisoformat(text).timestamp()


def shown_user(person: Person, born_at: float) -> dict[str, object]:
    """Give a user; what is empty is left out, as Okta does."""
    profile = {
        "login": person.login,
        "email": person.mail or f"home-{person.login}",
        "firstName": person.given,
        "lastName": person.family,
        "title": person.title,
        "department": person.department,
        "employeeNumber": str(person.number),
        "managerId": None if person.manager is None else user_id(person.manager),
        "costCenter": f"C{person.number % 100}",
    }
    return {
        "id": user_id(person.number),
        "status": person.status,
        "created": moment(born_at),
        "statusChanged": moment(born_at),
        "lastUpdated": moment(person.changed_at),
        "type": {"id": "oty1"},
        "profile": {name: value for name, value in profile.items() if value is not None},
    }


def shown_group(crew: Crew) -> dict[str, object]:
    """Give a group."""
    return {
        "id": group_id(crew.number),
        "created": moment(crew.changed_at),
        "lastUpdated": moment(crew.changed_at),
        "lastMembershipUpdated": moment(crew.joined_at),
        "objectClass": ["okta:user_group"],
        "type": "OKTA_GROUP",
        "profile": {"name": crew.name, "description": None},
    }
