"""A connection that sends somebody who is here is told so, and goes on by itself once that is decided."""

from datetime import UTC, datetime

import pytest

from directory import adoptions, locks
from directory.access_roles import list_roles
from directory.adoptions import EntryFilter, Verdict
from directory.model import User
from directory.tenants import system_actor
from directory.traffic import flush, list_requests
from tests.scim.clients import Client, client_of

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("store")]

NOW = datetime.now(UTC)


async def local_user(client: Client, name: str, email: str | None = None) -> User:
    (viewer,) = [role for role in await list_roles(client.tenant.tenant_id) if role.shipped == "viewer"]
    return await locks.create_local_user(
        name, email=email, role_id=viewer.role_id, by=system_actor(client.tenant), now=NOW
    )


async def decide(client: Client, verdict: Verdict) -> None:
    page = await adoptions.list_entries(client.tenant.tenant_id, EntryFilter(), limit=5)
    (entry,) = page.entries
    case = await adoptions.get_case(client.tenant.tenant_id, entry.entry_id)
    await adoptions.decide(
        entry.entry_id, verdict, seen=case.seen, by=system_actor(client.tenant), now=datetime.now(UTC)
    )


async def test_a_taken_name_is_409_and_201_with_the_same_id_once_adopted() -> None:
    async with client_of("entra") as client:
        ann = await local_user(client, "ann@example.org")
        body = {"userName": "Ann@Example.org", "externalId": "e1", "title": "Boss"}
        refused = await client.send("POST", "/Users", body)
        assert (refused.status_code, refused.json()["scimType"]) == (409, "uniqueness")
        assert "An administrator decides under Adoption" in refused.json()["detail"]
        found = await client.send("GET", '/Users?filter=userName eq "ann@example.org"')
        assert found.json()["totalResults"] == 0
        await decide(client, "adopt")
        found = await client.send("GET", '/Users?filter=userName eq "ann@example.org"')
        assert found.json()["Resources"][0]["id"] == str(ann.user_id)
        created = await client.send("POST", "/Users", body)
        assert (created.status_code, created.json()["id"]) == (201, str(ann.user_id))
        assert (created.json()["title"], created.json()["userName"]) == ("Boss", "ann@example.org")
        assert (await client.send("POST", "/Users", body)).status_code == 409
        await flush(now=NOW)
        assert {record.status for record in await list_requests(client.tenant.tenant_id, limit=9)} >= {409, 201}


@pytest.mark.parametrize(("preset", "status"), [("entra", 409), ("okta", 409), ("strict", 201)])
async def test_an_address_of_somebody_else_waits_unless_the_connection_says_otherwise(preset: str, status: int) -> None:
    async with client_of(preset) as client:  # type: ignore[arg-type]  # presets there are
        await local_user(client, "ann", "ann@example.org")
        body = {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "other",
            "externalId": "e1",
            "emails": [{"value": "ANN@example.org"}],
        }
        assert (await client.send("POST", "/Users", body)).status_code == status


async def test_who_is_kept_apart_is_created_the_next_time() -> None:
    async with client_of("okta") as client:
        ann = await local_user(client, "ann", "ann@example.org")
        body = {"userName": "other", "externalId": "e1", "emails": [{"value": "ann@example.org"}]}
        assert (await client.send("POST", "/Users", body)).status_code == 409
        await decide(client, "apart")
        created = await client.send("POST", "/Users", body)
        assert created.status_code == 201
        assert created.json()["id"] != str(ann.user_id)


async def test_a_change_that_takes_a_name_is_409_and_one_that_shares_an_address_is_not() -> None:
    async with client_of("okta") as client:
        await local_user(client, "victim", "victim@example.org")
        ident = await client.create("/Users", userName="mallory", externalId="m")
        body = {"userName": "victim", "externalId": "m", "active": True}
        assert (await client.send("PUT", f"/Users/{ident}", body)).status_code == 409
        shared = {"userName": "mallory", "externalId": "m", "emails": [{"value": "victim@example.org"}]}
        assert (await client.send("PUT", f"/Users/{ident}", shared)).status_code == 200
        page = await adoptions.list_entries(client.tenant.tenant_id, EntryFilter(), limit=5)
        assert [(entry.matched, str(entry.own_user_id)) for entry in page.entries] == [("e-mail", ident)]
