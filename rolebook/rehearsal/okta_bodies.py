"""The bodies that Okta sends: the app wizard's PUT, the catalogue's PATCH, and group push.

https://developer.okta.com/docs/api/openapi/okta-scim/guides/scim-20/
"""

from collections.abc import Mapping, Sequence

from rolebook.rehearsal.checks import GROUP, USER
from rolebook.rehearsal.company import Person, Team
from rolebook.rehearsal.exchange import Json

Body = dict[str, object]
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def new_user(person: Person) -> Body:
    """Return the body of POST /Users, with a password that nobody may ever read back."""
    return {
        "schemas": [USER],
        "userName": person.user_name,
        "name": {"givenName": person.given_name, "familyName": person.family_name, "middleName": ""},
        "emails": [{"primary": True, "value": person.user_name, "type": "work"}],
        "displayName": person.display_name,
        "locale": "en-US",
        "externalId": person.external_id,
        "groups": [],
        "password": f"pw-{person.external_id}",
        "active": True,
    }


def values_of(person: Person) -> Body:
    """Return what must be read back after ``new_user``."""
    return {
        "userName": person.user_name,
        "name": {"givenName": person.given_name, "familyName": person.family_name},
        "emails": [{"primary": True, "value": person.user_name, "type": "work"}],
        "displayName": person.display_name,
        "locale": "en-US",
        "externalId": person.external_id,
        "active": True,
    }


def merged(fetched: Mapping[str, Json], person: Person, *, active: bool) -> tuple[Body, Body]:
    """Return the body of PUT, which is what was just read with the changes in it, and what must be read back."""
    name = {"givenName": person.given_name, "familyName": f"{person.family_name}-Ng"}
    changes = {"displayName": f"{person.display_name} II", "title": person.title, "active": active}
    body = {**fetched, **changes, "name": {**name, "middleName": ""}, "groups": []}
    return body, {**changes, "name": name, "userName": person.user_name, "externalId": person.external_id}


def patch(*operations: Mapping[str, object]) -> Body:
    """Return the message around operations."""
    return {"schemas": [PATCH], "Operations": list(operations)}


def status_set(*, active: bool) -> Body:
    """Return how catalogue apps disable and enable: without path."""
    return patch({"op": "replace", "value": {"active": active}})


def password_set(person: Person) -> Body:
    """Return a password sync."""
    return patch({"op": "replace", "value": {"password": f"pw2-{person.external_id}"}})


def new_group(team: Team, members: Sequence[str]) -> Body:
    """Return the body of POST /Groups in a group push."""
    return {"schemas": [GROUP], "displayName": team.display_name, "members": member_list(members)}


def replaced_group(group_id: str, display_name: str, members: Sequence[str]) -> Body:
    """Return the body of PUT /Groups."""
    return {"schemas": [GROUP], "id": group_id, "displayName": display_name, "members": member_list(members)}


def renamed(group_id: str, display_name: str) -> Body:
    """Return a rename, whose value holds the id too."""
    return patch({"op": "replace", "value": {"id": group_id, "displayName": display_name}})


def members_swapped(leaving: str, joining: str) -> Body:
    """Return one removal by value path and one addition, in one message."""
    return patch(
        {"op": "remove", "path": f'members[value eq "{leaving}"]'},
        {"op": "add", "path": "members", "value": member_list([joining])},
    )


def members_removed(user_ids: Sequence[str]) -> Body:
    """Return a PATCH that lets users leave, each by a path of its own."""
    return patch(*({"op": "remove", "path": f'members[value eq "{user_id}"]'} for user_id in user_ids))


def members_added(user_ids: Sequence[str]) -> Body:
    """Return a PATCH that lets users join."""
    return patch({"op": "add", "path": "members", "value": member_list(user_ids)})


def members_replaced(user_ids: Sequence[str]) -> Body:
    """Return a full push of the members."""
    return patch({"op": "replace", "path": "members", "value": member_list(user_ids)})


def member_list(user_ids: Sequence[str]) -> list[Body]:
    """Return members as Okta lists them."""
    return [{"value": user_id, "display": f"member {user_id}"} for user_id in user_ids]
