"""A strict client end to end: scim2-client discovers us, writes, and validates every answer against our schemas."""

from typing import Any

import pytest
from anyio import to_thread
from httpx2 import Client as HttpClient
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import Error

from directory.model import Preset
from directory.store.unit import Engine
from scim.schemas import ENTERPRISE_URN, GROUP_URN, USER_URN
from tests.scim.clients import minimal_app, new_source
from tests.scim.conformance.grammar import PATCH_URN
from tests.scim.serving import served

pytestmark = pytest.mark.anyio

PERSON: dict[str, Any] = {
    "schemas": [USER_URN, ENTERPRISE_URN],
    "externalId": "ext-ada",
    "userName": "ada@x.example",
    "name": {"givenName": "Ada", "familyName": "Lovelace"},
    "displayName": "Ada 山田",
    "active": True,
    "emails": [{"type": "work", "value": "ada@x.example", "primary": True}],
    "phoneNumbers": [{"type": "mobile", "value": "+47 22 00 00 00"}],
    "addresses": [{"type": "work", "country": "NO", "locality": "Oslo"}],
    "roles": [{"value": "editor", "display": "Editor", "primary": True}],
    ENTERPRISE_URN: {"department": "Engines", "employeeNumber": "1815", "manager": {"value": "somebody"}},
}


def patch(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [PATCH_URN], "Operations": list(operations)}


def write_and_read(address: str, token: str) -> dict[str, Any]:
    """Lead a user and a group through their lives and return what was found on the way; any invalid answer raises."""
    found: dict[str, Any] = {}
    with HttpClient(base_url=f"{address}/scim/v2", headers={"Authorization": f"Bearer {token}"}) as http:
        scim: Any = SyncSCIMClient(http)
        scim.discover()
        user = scim.create("User", PERSON)
        found["created"] = user.user_name
        clerk = scim.create("User", {"schemas": [USER_URN], "userName": "clerk@x.example"})
        group = scim.create("Group", {"schemas": [GROUP_URN], "displayName": "Staff", "members": [{"value": user.id}]})
        scim.modify("User", user.id, patch({"op": "replace", "path": 'emails[type eq "work"].value', "value": "new@x"}))
        scim.modify("User", user.id, patch({"op": "replace", "path": f"{ENTERPRISE_URN}:department", "value": "Looms"}))
        read = scim.query("User", user.id)
        found["patched"] = (read.emails[0].value, read[f"{ENTERPRISE_URN}:department"])
        found["groups"] = [one.display for one in read.groups]
        scim.modify("Group", group.id, patch({"op": "add", "path": "members", "value": [{"value": clerk.id}]}))
        scim.modify("Group", group.id, patch({"op": "remove", "path": f'members[value eq "{user.id}"]'}))
        found["members"] = [one.value for one in scim.query("Group", group.id).members] == [clerk.id]
        clerk.display_name = "The clerk"
        found["replaced"] = scim.replace(clerk).display_name
        named = {"filter": 'displayName sw "the"', "sortBy": "userName", "count": 5}
        found["searched"] = [one.user_name for one in scim.query("User", query_parameters=named).resources]
        shown = {"attributes": ["userName"]}
        found["projected"] = scim.query("User", user.id, query_parameters=shown).display_name
        found["paged"] = scim.query("User", query_parameters={"startIndex": 2, "count": 1}).total_results
        scim.delete("User", user.id)
        found["gone"] = scim.query("User", user.id, raise_scim_errors=False)
    return found


@pytest.mark.parametrize("preset", ["strict", "entra", "okta"])
async def test_every_answer_is_valid(store: Engine, preset: Preset) -> None:
    _, _, token = await new_source(preset, f"{preset}-{type(store).__name__.lower()}")
    async with served(minimal_app()) as address:
        found = await to_thread.run_sync(write_and_read, address, token)
    gone = found.pop("gone")
    assert isinstance(gone, Error)
    assert gone.status == 404
    assert found == {
        "created": "ada@x.example",
        "patched": ("new@x", "Looms"),
        "groups": ["Staff"],
        "members": True,
        "replaced": "The clerk",
        "searched": ["clerk@x.example"],
        "projected": None,
        "paged": 2,
    }
