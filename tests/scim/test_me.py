"""/Me: the SCIM administrator user of the connection."""

from datetime import UTC, datetime

import pytest

from directory import access_roles, locks, source_administrators
from directory.tenants import system_actor
from tests.scim.clients import BASE_URL, client_of

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("store"), pytest.mark.rfc("7644#3.11")]

NOW = datetime.now(UTC)


async def test_the_chosen_user_is_answered() -> None:
    async with client_of("okta") as client:
        by = system_actor(client.tenant)
        role = await access_roles.find_role(client.tenant.tenant_id, "user_manager")
        assert role is not None
        amy = await locks.create_local_user("amy", display_name="Amy", role_id=role.role_id, by=by, now=NOW)
        await source_administrators.set_responsible(client.source.source_id, amy.user_id, by=by, now=NOW)

        answer = await client.send("GET", "/Me")

    assert answer.status_code == 200
    assert (answer.json()["userName"], answer.headers["location"]) == ("amy", f"{BASE_URL}/Users/{amy.user_id}")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_nobody_is_changed_through_it(method: str) -> None:
    async with client_of("okta") as client:
        answer = await client.send(method, "/Me", {} if method != "DELETE" else None)
    assert answer.status_code == 404


async def test_without_a_choice_there_is_nobody() -> None:
    async with client_of("okta") as client:
        assert (await client.send("GET", "/Me")).status_code == 404
