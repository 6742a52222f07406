from datetime import UTC, datetime, timedelta
from typing import Final

import httpx
import pytest

from directory import callers
from directory.secret_keys import issue_secret, list_secrets, revoke_secret
from directory.tenants import system_actor
from directory.tokens import new_secret_token
from directory.traffic import flush, get_request, list_requests
from tests.scim.clients import Client, client_of

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("store")]

NOW: Final = datetime.now(UTC)


async def with_header(client: Client, *values: str) -> httpx.Response:
    request = httpx.Request("GET", "http://test/scim/v2/Users", headers=[("authorization", value) for value in values])
    return await client.http.send(request)


async def test_every_refused_secret_gets_the_same_answer() -> None:
    async with client_of("okta") as client:
        expired = await issue_secret(
            client.source.source_id,
            label="old",
            lifetime=timedelta(days=1),
            by=system_actor(client.tenant),
            now=NOW - timedelta(days=2),
        )
        sent = [
            [],
            ["Bearer nonsense"],
            ["Basic YTpi"],
            [f"Bearer {new_secret_token().text}"],
            [f"Bearer {client.token[:-1]}x"],
            [f"Bearer {expired.token}"],
            [f"Bearer {client.token}", f"Bearer {client.token}"],
        ]
        answers = [await with_header(client, *values) for values in sent]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert {answer.headers["www-authenticate"] for answer in answers} == {'Bearer realm="scim"'}
    assert answers[0].json()["status"] == "401"
    assert client.token not in answers[0].text


async def test_revoked_secret_opens_nothing_and_its_use_is_recorded() -> None:
    async with client_of("okta") as client:
        (secret,) = await list_secrets(client.tenant.tenant_id, client.source.source_id)
        await revoke_secret(secret.secret_id, by=system_actor(client.tenant), now=NOW)
        callers.forget()
        answer = await client.send("GET", "/Users")
        await flush(now=NOW)
        (record,) = await list_requests(client.tenant.tenant_id, limit=10)
    assert answer.status_code == 401
    assert (record.status, record.detail) == (401, "The secret was refused: revoked.")
    assert record.source_id == client.source.source_id


@pytest.mark.trap("L7")
async def test_cookie_or_query_never_authenticates() -> None:
    async with client_of("okta") as client:
        del client.http.headers["authorization"]
        client.http.cookies.set("session", client.token)
        answer = await client.send("GET", f"/Users?access_token={client.token}")
    assert answer.status_code == 401


async def test_discovery_needs_a_secret_too() -> None:
    async with client_of("okta") as client:
        del client.http.headers["authorization"]
        answers = [await client.send("GET", path) for path in ("/ServiceProviderConfig", "/Schemas", "/ResourceTypes")]
    assert [answer.status_code for answer in answers] == [401, 401, 401]


async def test_reads_and_refusals_are_recorded_with_what_was_said() -> None:
    async with client_of("okta") as client:
        await client.send("GET", '/Users?filter=userName eq "ada"', user_agent="Okta SCIM Client 1.0")
        refused = await client.send("POST", "/Users", {"userName": "", "password": "hunter2"})
        await flush(now=NOW)
        failed, read = await list_requests(client.tenant.tenant_id, limit=10)
    assert (read.method, read.status, read.software) == ("GET", 200, "Okta SCIM Client 1.0")
    assert "filter=" in read.path
    assert (failed.status, failed.scim_type) == (400, "invalidValue")
    assert failed.request_body == '{"userName":"","password":"(dropped)"}'
    assert refused.json()["detail"] == f"{failed.detail} Reference {failed.reference}."


async def test_write_is_recorded_once_with_its_leniencies() -> None:
    async with client_of("entra") as client:
        ada = await client.create("/Users", userName="ada", schemas=["urn:ietf:params:scim:schemas:core:2.0:User"])
        body = {"Operations": [{"op": "Replace", "path": "active", "value": "False"}]}
        assert (await client.send("PATCH", f"/Users/{ada}", body)).status_code == 204
        await flush(now=NOW)
        patched, created = await list_requests(client.tenant.tenant_id, limit=10)
        record = await get_request(client.tenant.tenant_id, patched.request_id)
    assert (created.method, created.status, created.leniencies) == ("POST", 201, ())
    assert (record.method, record.status) == ("PATCH", 204)
    assert 'active arrived as the text "False" and was read as false' in record.leniencies
    assert record.duration_us > 0


async def test_source_sees_only_what_is_its_own() -> None:
    async with client_of("okta", "acme") as acme, client_of("okta", "other") as other:
        ada = await acme.create("/Users", userName="ada")
        staff = await acme.create("/Groups", displayName="Staff")
        for method, path, body in (
            ("GET", f"/Users/{ada}", None),
            ("DELETE", f"/Users/{ada}", None),
            ("PUT", f"/Users/{ada}", {"userName": "eve"}),
            ("PATCH", f"/Groups/{staff}", {"Operations": [{"op": "remove", "path": "members"}]}),
            ("GET", f"/Groups/{staff}", None),
        ):
            assert (await other.send(method, path, body)).status_code == 404
        for text in ('userName eq "ada" or userName pr', 'userName ne "x"'):
            assert (await other.send("GET", f"/Users?filter={text}")).json()["totalResults"] == 0
        await other.create("/Users", userName="ada")


async def test_a_secret_sent_where_it_does_not_belong_is_recorded_nowhere() -> None:
    async with client_of("okta") as client:
        told = [
            await client.send("GET", f"/Users/{client.token}"),
            await client.send("GET", f"/{client.token}"),
            await client.send("GET", f'/Users?filter=userName eq "{client.token}"'),
            await client.send("GET", f"/Users?filter={client.token} eq 1"),
            await client.send("GET", f'/Users?filter=password eq "{client.token}"'),
            await client.send("POST", "/Users", {"userName": "", "title": client.token}),
            await client.send("POST", "/Users", {"userName": "ada", "active": client.token}),
            await client.send(client.token, "/Users"),
        ]
        await flush(now=NOW)
        listed = await list_requests(client.tenant.tenant_id, limit=20)
        kept = [await get_request(client.tenant.tenant_id, record.request_id) for record in listed]
    assert len(kept) == 7  # what no endpoint takes is refused before it is recorded
    assert client.token.lower() not in "".join(answer.text for answer in told).lower()
    assert client.token.lower() not in repr(kept).lower()
