"""What an operator set for a source, at the door: networks, rate, domains, off."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from directory import closing, door_refusals, sources
from directory.sub_tenants import states
from directory.tenants import system_actor
from directory.traffic import flush, list_requests
from tests.scim.clients import Client, client_of, minimal_app

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("store")]

NOW = datetime.now(UTC)


async def settle(client: Client, **changes: str) -> None:
    await sources.edit_settings(client.source.source_id, changes, by=system_actor(client.tenant), now=NOW)


async def causes(client: Client) -> list[tuple[str, int]]:
    await door_refusals.flush_refusals(now=NOW)
    found = await door_refusals.list_refusals(client.tenant.tenant_id, client.source.source_id, now=datetime.now(UTC))
    return [(one.cause, one.count) for one in found]


def calling_from(client: Client, host: str) -> httpx.AsyncClient:
    app: Any = minimal_app()
    transport = httpx.ASGITransport(app=app, client=(host, 4711))
    headers = {"authorization": f"Bearer {client.token}"}
    return httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("203.0.113.7", 200),
        ("::ffff:203.0.113.7", 200),
        ("2001:db8::1", 200),
        ("198.51.100.7", 403),
        ("testclient", 403),
    ],
)
async def test_requests_come_from_the_networks_that_were_set(host: str, status: int) -> None:
    async with client_of("okta") as client:
        await settle(client, networks="203.0.113.0/24, 2001:db8::/32")
        async with calling_from(client, host) as http:
            answer = await http.get("/scim/v2/Users")
        assert answer.status_code == status
        assert await causes(client) == ([] if status == 200 else [("network", 1)])


async def test_a_refusal_is_recorded_and_says_what_to_do() -> None:
    async with client_of("okta") as client:
        await settle(client, networks="203.0.113.0/24")
        answer = await client.send("GET", "/Users")
        await flush(now=NOW)
        (record,) = await list_requests(client.tenant.tenant_id, limit=5)
    assert (answer.status_code, record.status) == (403, 403)
    assert "certain networks" in answer.json()["detail"]
    assert record.detail is not None
    assert "certain networks" in record.detail


async def test_beyond_its_rate_a_source_is_told_when_to_come_again() -> None:
    async with client_of("okta") as client:
        await settle(client, rate_per_s="1")
        statuses = [(await client.send("GET", "/Users")).status_code for _ in range(6)]
        answer = await client.send("GET", "/Users")
        assert statuses[:4] == [200] * 4
        assert 429 in statuses
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json()["status"] == "429"
        assert dict(await causes(client))["rate"] >= 2


async def test_users_of_other_domains_are_refused_and_those_who_are_here_can_be_disabled() -> None:
    async with client_of("entra") as client:
        guest = await client.create("/Users", userName="guest@other.example")
        await settle(client, accepted_domains="example.org")
        refused = await client.send("POST", "/Users", {"userName": "eve@other.example"})
        await client.create("/Users", userName="ann", emails=[{"type": "work", "value": "ann@Example.org"}])
        disabled = await client.send(
            "PATCH", f"/Users/{guest}", {"Operations": [{"op": "replace", "path": "active", "value": False}]}
        )
        renamed = await client.send(
            "PATCH",
            f"/Users/{guest}",
            {"Operations": [{"op": "replace", "path": "userName", "value": "eve@third.example"}]},
        )
        replaced = await client.send("PUT", f"/Users/{guest}", {"userName": "guest@example.org"})
    assert refused.status_code == 400
    assert "accepts addresses of example.org and eve@other.example is of another domain" in refused.json()["detail"]
    assert disabled.status_code == 204
    assert (renamed.status_code, replaced.status_code) == (400, 200)


async def test_a_source_that_is_off_gets_the_answer_of_every_refused_secret() -> None:
    async with client_of("okta") as client:
        await closing.turn_off(client.source.source_id, "keep", by=system_actor(client.tenant), now=NOW)
        answer = await client.send("GET", "/Users")
        nonsense = await client.http.get("/scim/v2/Users", headers={"authorization": "Bearer nonsense"})
        assert (answer.status_code, answer.content) == (401, nonsense.content)
        assert ("source paused", 1) in await causes(client)


@pytest.mark.parametrize("deed", ["suspend", "delete"])
async def test_a_tenant_that_is_shut_gets_the_answer_of_every_refused_secret(deed: str) -> None:
    async with client_of("okta") as client:
        assert (await client.send("GET", "/Users")).status_code == 200
        by, tenant = system_actor(client.tenant), client.tenant
        if deed == "suspend":
            await states.suspend_tenant(tenant.tenant_id, by=by, now=NOW)
        else:
            await states.delete_tenant(tenant.tenant_id, tenant.name, by=by, now=NOW)
        for path in ("/Users", "/Groups", "/ServiceProviderConfig", "/nowhere"):
            answer = await client.send("GET", path)
            nonsense = await client.http.get(f"/scim/v2{path}", headers={"authorization": "Bearer nonsense"})
            assert (answer.status_code, answer.content) == (nonsense.status_code, nonsense.content)
        told = {cause for cause, _ in await causes(client)}
        assert ("tenant suspended" in told) == (deed == "suspend")


@pytest.mark.parametrize(
    ("header", "cause"),
    [
        ("Bearer Bearer {token}", "doubled bearer"),
        ("Basic {token}", "not bearer"),
        ("{token}", "not bearer"),
        ("Bearer {token}x", "altered"),
        ("Bearer {cut}", "altered"),
    ],
)
async def test_the_cause_of_a_refusal_is_told_and_never_the_secret(header: str, cause: str) -> None:
    async with client_of("okta") as client:
        sent = header.format(token=client.token, cut=client.token[:-9])
        answer = await client.http.get("/scim/v2/Users", headers={"authorization": sent})
        assert answer.status_code == 401
        await door_refusals.flush_refusals(now=NOW)
        found = await door_refusals.list_refusals(
            client.tenant.tenant_id, client.source.source_id, now=datetime.now(UTC)
        )
        assert [(one.cause, one.count) for one in found] == [(cause, 1)]
        assert client.token.rpartition("_")[2][:12] not in repr(found)


async def test_a_wrong_path_is_told_to_the_owner_of_the_secret() -> None:
    async with client_of("okta") as client:
        assert (await client.http.get("/scim/v2/v2/Users")).status_code == 404
        await door_refusals.flush_refusals(now=NOW)
        (found,) = await door_refusals.list_refusals(
            client.tenant.tenant_id, client.source.source_id, now=datetime.now(UTC)
        )
        assert (found.cause, found.path) == ("wrong path", "/scim/v2/v2/Users")


async def test_no_header_and_two_headers_are_told_apart() -> None:
    async with client_of("okta") as client:
        two = [("authorization", f"Bearer {client.token}")] * 2
        await client.http.send(httpx.Request("GET", "http://test/scim/v2/Users", headers=two))
        del client.http.headers["authorization"]
        await client.send("GET", "/Users")
        assert await causes(client) == [("two headers", 1)]
        nobodys = await door_refusals.list_nobodys_refusals(now=datetime.now(UTC))
        assert [one.cause for one in nobodys] == ["no header"]
