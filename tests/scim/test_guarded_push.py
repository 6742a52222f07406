"""A provider that goes mad, through the door: it sees no error and reads what it reported, and access stays."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from directory import access_roles, held, held_effects, mappings, upkeep
from directory.errors import NotFoundError
from directory.held import HeldFilter, Selection
from directory.model import GroupId, UserId
from directory.tenants import system_actor
from directory.users import get_user
from tests.scim.clients import Client, client_of

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("store")]

SHARE = 150
COUNTS = [SHARE, pytest.param(1_000, marks=[pytest.mark.battery, pytest.mark.timeout(900)])]
FILTER = "/Users?filter=userName+eq+%22p0%40example.org%22"


async def fill(client: Client, count: int) -> tuple[list[str], str]:
    """Push so many users and a mapped group that has them all; return their ids, and the group's."""
    ids = [
        await client.create("/Users", userName=f"p{at}@example.org", externalId=f"e{at}", active=True)
        for at in range(count)
    ]
    members = [{"value": one} for one in ids]
    group_id = await client.create("/Groups", displayName="Staff", externalId="staff", members=members)
    roles = {role.shipped: role.role_id for role in await access_roles.list_roles(client.tenant.tenant_id)}
    by, now = system_actor(client.tenant), datetime.now(UTC)
    await mappings.add_mapping(GroupId(UUID(group_id)), roles["editor"], consent=False, by=by, now=now)
    assert await mappings.redecide(client.tenant.tenant_id, now=now, batches=100) == 0
    return ids, group_id


def operation(op: str, path: str, value: Any) -> dict[str, Any]:  # noqa: ANN401  # any JSON
    """Return the body of a PATCH."""
    return {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": op, "path": path, "value": value}],
    }


async def active_editors(client: Client, ids: Sequence[str]) -> int:
    """Return how many of them may still sign in, as editors."""
    tenant_id, count = client.tenant.tenant_id, 0
    roles = {role.role_id: role.shipped for role in await access_roles.list_roles(tenant_id)}
    for one in ids:
        try:
            user = await get_user(tenant_id, UserId(UUID(one)))
        except NotFoundError:
            continue
        count += user.active and roles[user.decision.role_id] == "editor"
    return count


async def waiting_count(client: Client) -> int:
    """Return how many held changes wait."""
    return await held.count_held(client.tenant.tenant_id, HeldFilter())


async def approve(client: Client, selection: Selection) -> None:
    """Approve what is shown, until all of it has taken effect."""
    by, now = system_actor(client.tenant), datetime.now(UTC)
    shown = await held.show(selection, by=by, limit=1)
    await held.decide(selection, "approved", shown.plan_hash, by=by, now=now)
    while await held_effects.apply_approved(now=now):
        pass


async def assert_sound(client: Client) -> None:
    """What is stored follows from what was reported and held."""
    tenant_id = client.tenant.tenant_id
    assert (await upkeep.recompute_roles(tenant_id)).differing == ()
    assert await upkeep.list_misstated_users(tenant_id) == []
    assert await upkeep.list_misheld_users(tenant_id) == []
    assert await upkeep.list_miscounted_groups(tenant_id) == []
    assert await upkeep.list_mistallied_sources(tenant_id) == []


@pytest.mark.parametrize("count", COUNTS)
async def test_of_sixty_percent_disabled_as_many_are_as_the_limit_allows(count: int) -> None:
    async with client_of("entra") as client:
        ids, _ = await fill(client, count)
        leavers = ids[: count * 6 // 10]
        for one in leavers:
            answer = await client.send("PATCH", f"/Users/{one}", operation("replace", "active", value=False))
            assert answer.status_code in {200, 204}
            assert (await client.send("GET", f"/Users/{one}")).json()["active"] is False
        # Ten percent of the active, who become fewer with each.
        left = await active_editors(client, ids)
        assert count - left <= count // 10
        assert await waiting_count(client) == len(leavers) - (count - left)
        picked = await held.list_held(client.tenant.tenant_id, HeldFilter(), after=None, limit=3)
        await approve(client, Selection(held_ids=tuple(line.held.held_id for line in picked)))
        assert await active_editors(client, ids) == left - 3
        assert await waiting_count(client) == len(leavers) - (count - left) - 3
        await assert_sound(client)


@pytest.mark.parametrize("count", COUNTS)
async def test_of_all_deleted_as_many_are_as_the_limit_allows(count: int) -> None:
    async with client_of("entra") as client:
        ids, group_id = await fill(client, count)
        for one in ids:
            assert (await client.send("DELETE", f"/Users/{one}")).status_code == 204
            assert (await client.send("GET", f"/Users/{one}")).status_code == 404
        assert (await client.send("GET", FILTER)).json()["totalResults"] == 0
        assert (await client.send("GET", "/Users")).json()["totalResults"] == 0
        assert (await client.send("GET", f"/Groups/{group_id}")).json().get("members", []) == []
        left = await active_editors(client, ids)
        assert count - left <= count // 10
        assert await waiting_count(client) == left
        await assert_sound(client)
        await approve(client, Selection(wanted=HeldFilter()))
        assert await active_editors(client, ids) == 0
        await assert_sound(client)


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("way", ["put", "patch replace", "patch remove", "one by one", "delete"])
async def test_group_that_is_emptied_keeps_its_members_in_effect(count: int, way: str) -> None:
    async with client_of("entra") as client:
        ids, group_id = await fill(client, count)
        path = f"/Groups/{group_id}"
        match way:
            case "put":
                body = {"displayName": "Staff", "externalId": "staff", "members": []}
                assert (await client.send("PUT", path, body)).status_code == 200
            case "patch replace":
                assert (await client.send("PATCH", path, operation("replace", "members", []))).status_code < 300
            case "patch remove":
                members = [{"value": one} for one in ids]
                assert (await client.send("PATCH", path, operation("remove", "members", members))).status_code < 300
            case "one by one":
                for one in ids:
                    body = operation("remove", "members", [{"value": one}])
                    assert (await client.send("PATCH", path, body)).status_code < 300
            case _:
                assert (await client.send("DELETE", path)).status_code == 204
        shown = await client.send("GET", path)
        assert shown.status_code == (404 if way == "delete" else 200)
        assert shown.json().get("members", []) == []
        assert count - await active_editors(client, ids) <= (count // 10 if way == "one by one" else 0)
        await assert_sound(client)


async def test_one_leaver_is_out_at_once() -> None:
    async with client_of("entra") as client:
        ids, _ = await fill(client, 12)
        answer = await client.send("PATCH", f"/Users/{ids[0]}", operation("replace", "active", value=False))
        assert answer.status_code < 300
        assert await active_editors(client, ids) == 11
        assert await waiting_count(client) == 0


async def test_provider_that_comes_to_its_senses_overtakes_everything() -> None:
    async with client_of("entra") as client:
        ids, group_id = await fill(client, 30)
        for one in ids:
            assert (await client.send("DELETE", f"/Users/{one}")).status_code == 204
        for at, one in enumerate(ids):
            body = {"userName": f"p{at}@example.org", "externalId": f"e{at}", "active": True}
            answer = await client.send("POST", "/Users", body)
            assert (answer.status_code, answer.json()["id"]) == (201, one)
        members = [{"value": one} for one in ids]
        answer = await client.send("PATCH", f"/Groups/{group_id}", operation("add", "members", members))
        assert answer.status_code < 300
        assert await active_editors(client, ids) == 30
        assert await waiting_count(client) == 0
        await assert_sound(client)
