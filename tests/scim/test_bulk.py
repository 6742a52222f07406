from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from directory.events import list_events
from directory.model import JsonObject
from directory.traffic import flush, get_request, list_requests
from scim.bulk_plan import BULK_URN, BYTES_MAX, OPERATIONS_MAX, plan_bulk
from scim.errors import InvalidSyntaxError, InvalidValueError, TooManyOperationsError
from tests.scim.clients import client_of
from tests.scim.readings import lenient, strict


def request(*operations: Any, **more: Any) -> JsonObject:  # noqa: ANN401 any JSON
    return {"schemas": [BULK_URN], "Operations": list(operations), **more}


def post(bulk_id: str, *references: str) -> JsonObject:
    return {
        "method": "POST",
        "path": "/Groups",
        "bulkId": bulk_id,
        "data": {"members": [{"value": f"bulkId:{name}"} for name in references]},
    }


def order(*operations: JsonObject) -> list[str | None]:
    return [operation.bulk_id for operation in plan_bulk(request(*operations), lenient()).operations]


@pytest.mark.rfc("7644#3.7.1")
def test_what_is_referred_to_runs_first_and_the_rest_as_sent() -> None:
    assert order(post("a"), post("b"), post("c")) == ["a", "b", "c"]
    assert order(post("a", "c"), post("b"), post("c")) == ["b", "c", "a"]
    assert order(post("a", "b"), post("b", "c"), post("c"), post("d")) == ["c", "b", "a", "d"]


def test_operations_that_wait_for_each_other_are_found() -> None:
    plan = plan_bulk(request(post("a", "b"), post("b", "a"), post("c", "a"), post("d", "d"), post("e")), lenient())
    assert plan.circular == {0, 1, 3}


@pytest.mark.parametrize(
    "body",
    [
        {"schemas": [BULK_URN]},
        request(),
        request("x"),
        request({"method": "GET", "path": "/Users"}),
        request({"method": "POST"}),
        {"schemas": [BULK_URN], "Operations": {}},
    ],
)
def test_message_that_is_no_bulk_request_is_refused(body: JsonObject) -> None:
    with pytest.raises(InvalidSyntaxError):
        plan_bulk(body, lenient())


def test_bulk_id_twice_or_a_senseless_limit_of_errors_is_refused() -> None:
    for body in (
        request(post("a"), post("a")),
        *(request(post("a"), failOnErrors=limit) for limit in (0, -1, "1", True)),
    ):
        with pytest.raises(InvalidValueError):
            plan_bulk(body, lenient())


def test_missing_schema_is_refused_when_read_strictly() -> None:
    with pytest.raises(InvalidSyntaxError):
        plan_bulk({"Operations": [post("a")]}, strict())
    assert plan_bulk({"operations": [post("a")]}, lenient()).operations


@pytest.mark.rfc("7644#3.7.4")
def test_more_operations_than_advertised_are_refused() -> None:
    plan_bulk(request(*(post(str(number)) for number in range(OPERATIONS_MAX))), lenient())
    with pytest.raises(TooManyOperationsError):
        plan_bulk(request(*(post(str(number)) for number in range(OPERATIONS_MAX + 1))), lenient())


@pytest.mark.anyio
@pytest.mark.usefixtures("sqlite_store")
async def test_limits_are_enforced_as_advertised() -> None:
    async with client_of("okta", f"t-{uuid4().hex[:12]}") as client:
        bulk = (await client.send("GET", "/ServiceProviderConfig")).json()["bulk"]
        assert bulk == {"supported": True, "maxOperations": OPERATIONS_MAX, "maxPayloadSize": BYTES_MAX}
        many = await client.send("POST", "/Bulk", request(*[{"method": "DELETE", "path": "/Users/x"}] * 1001))
        large = await client.send("POST", "/Bulk", b" " * (BYTES_MAX + 1))
    assert (many.status_code, many.json()["scimType"]) == (413, "tooMany")
    assert (large.status_code, large.json()["status"]) == (413, "413")


@pytest.mark.anyio
@pytest.mark.usefixtures("store")
async def test_each_operation_has_a_record_that_its_reference_finds() -> None:
    async with client_of("okta", f"t-{uuid4().hex[:12]}") as client:
        tenant_id = client.tenant.tenant_id
        body = request(
            {"method": "POST", "path": "/Users", "bulkId": "a", "data": {"UserName": "ada", "password": "s3cret"}},
            {"method": "POST", "path": "/Users", "bulkId": "b", "data": {"displayName": "nameless"}},
        )
        created, failed = (await client.send("POST", "/Bulk", body)).json()["Operations"]
        await flush(now=datetime.now(UTC))
        records = await list_requests(tenant_id, limit=10)
        reference = failed["response"]["detail"].rpartition("Reference ")[2].rstrip(".")
        found = await get_request(tenant_id, reference)
        event = next(event for event in await list_events(tenant_id, limit=20) if event.action == "user:created")
        cause = next(record for record in records if record.request_id == event.request_id)
    assert (created["status"], failed["status"]) == ("201", "400")
    assert {(record.method, record.path, record.status) for record in records} == {
        ("POST", "/scim/v2/Bulk", 200),
        ("POST", "/scim/v2/Bulk #1 /Users", 201),
        ("POST", "/scim/v2/Bulk #2 /Users", 400),
    }
    assert (found.path, found.scim_type) == ("/scim/v2/Bulk #2 /Users", "invalidValue")
    assert cause.path == "/scim/v2/Bulk #1 /Users"
    assert "s3cret" not in str(records)


@pytest.mark.anyio
@pytest.mark.usefixtures("store")
async def test_version_is_a_precondition_and_a_failed_reference_fails_alone() -> None:
    async with client_of("okta", f"t-{uuid4().hex[:12]}") as client:
        ada = await client.create("/Users", userName="ada")
        patch: JsonObject = {"Operations": [{"op": "replace", "path": "title", "value": "x"}]}
        body = request(
            {"method": "PATCH", "path": f"/Users/{ada}", "version": 'W/"7"', "data": patch},
            {"method": "PATCH", "path": f"/Users/{ada}", "version": 'W/"1"', "data": patch},
            {"method": "POST", "path": "/Users", "bulkId": "b", "data": {"userName": "ADA"}},
            {"method": "DELETE", "path": "/Users/bulkId:b"},
            {"method": "PUT", "path": "/Users", "data": {"userName": "ada"}},
            {"method": "POST", "path": "/Me", "data": {}},
            {"method": "POST", "path": "/Users"},
            {"method": "DELETE", "path": f"/Users/{ada}"},
        )
        answers = (await client.send("POST", "/Bulk", body)).json()["Operations"]
        gone = await client.send("GET", f"/Users/{ada}")
    assert [answer["status"] for answer in answers] == ["412", "200", "409", "409", "405", "404", "400", "204"]
    assert answers[1]["version"] == 'W/"2"'
    assert gone.status_code == 404
