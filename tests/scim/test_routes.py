import httpx
import pytest
from litestar.exceptions import ClientException, HTTPException
from msgspec import json

from directory.errors import (
    AlreadyExistsError,
    DirectoryError,
    ForbiddenError,
    InvalidError,
    LastAdministratorError,
    NotFoundError,
    StaleError,
    UnavailableError,
    UnknownSecretError,
)
from directory.model import JsonValue
from directory.noted import noted
from scim.bodies import GROUP_BYTES_MAX, USER_BYTES_MAX
from scim.errors import from_directory
from scim.gate import word_error
from scim.routes import owns
from tests.scim.clients import BASE_URL, Client, client_of

pytestmark = [pytest.mark.anyio]

SCIM_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
USER = b'{"userName": "ada"}'


async def posted(client: Client, content: bytes, content_type: str) -> httpx.Response:
    return await client.http.post("/scim/v2/Users", content=content, headers={"content-type": content_type})


@pytest.mark.trap("L7")
@pytest.mark.usefixtures("store")
async def test_only_json_media_types_are_read() -> None:
    async with client_of("okta") as client:
        for name in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            answer = await posted(client, USER, name)
            assert (answer.status_code, answer.json()["status"]) == (415, "415")
        assert (await posted(client, USER, "application/scim+json; charset=utf-8")).status_code == 201
        assert (await posted(client, USER, "Application/JSON")).status_code == 409


@pytest.mark.trap("L5")
@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"userName": ',
        b"[]",
        b'"x"',
        b'{"a":' * 990 + b"1" + b"}" * 990,
        b'{"userName": "\xff"}',
        b'{"userName": "a", "userName": "b"}',
        b'{"userName": "a\\u0000"}',
    ],
)
async def test_body_that_is_no_plain_json_object_is_invalid_syntax(content: bytes) -> None:
    async with client_of("okta") as client:
        ada = await client.create("/Users", userName="ada")
        for method, path in (("POST", "/Users"), ("PUT", f"/Users/{ada}"), ("PATCH", f"/Users/{ada}")):
            answer = await client.send(method, path, content)
            assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidSyntax")


@pytest.mark.trap("L6")
@pytest.mark.usefixtures("store")
async def test_only_the_documented_texts_are_booleans() -> None:
    async with client_of("okta") as client:
        values: tuple[JsonValue, ...] = (0, 1, 1.0, "no", "0", {})
        for value in values:
            answer = await client.send("POST", "/Users", {"userName": "ada", "active": value})
            assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")


@pytest.mark.trap("L8")
@pytest.mark.usefixtures("store")
async def test_body_over_the_limit_is_refused_by_size() -> None:
    async with client_of("okta") as client:
        for path, limit in (("/Users", USER_BYTES_MAX), ("/Groups", GROUP_BYTES_MAX)):
            answer = await client.send("POST", path, b'{"x":"' + b"a" * limit + b'"}')
            assert (answer.status_code, answer.json()["schemas"]) == (413, [SCIM_ERROR])


@pytest.mark.usefixtures("store")
async def test_group_of_many_members_is_read_and_answered() -> None:
    members = [{"value": f"nobody-{n}", "display": "x" * 60} for n in range(3000)]
    async with client_of("okta") as client:
        staff = await client.create("/Groups", displayName="Staff", members=members)
        body = {"Operations": [{"op": "replace", "path": "members", "value": members[:2500]}]}
        assert (await client.send("PATCH", f"/Groups/{staff}", body)).status_code == 200


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(("method", "path"), [("PUT", "/Users"), ("BREW", "/Groups")])
async def test_a_method_that_nobody_knows_is_recorded_and_told_to_known_clients_only(method: str, path: str) -> None:
    async with client_of("okta") as client:
        refused = await client.send(method, path)
        unknown = await client.send(method, path, authorization="Bearer nothing")
        records = [(one.method, one.path, one.status) for one in noted.take_requests(10)]
    assert (refused.status_code, unknown.status_code) == (405, 401)
    assert "allow" in refused.headers
    assert "allow" not in unknown.headers
    assert records == [(method, f"/scim/v2{path}", 405)]


@pytest.mark.trap("L11")
@pytest.mark.usefixtures("store")
async def test_what_the_framework_refuses_is_a_scim_error() -> None:
    async with client_of("okta") as client:
        for method, path, status in (
            ("GET", "/scim/v2/Nothing", 404),
            ("GET", "/scim/nothing/at/all", 404),
            ("GET", "/scim", 404),
            ("PUT", "/scim/v2/Users", 405),
            ("POST", "/scim/Schemas", 405),
        ):
            answer = await client.http.request(method, path)
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/scim+json"
            assert answer.json()["schemas"] == [SCIM_ERROR]
            assert ("GET" in answer.headers.get("allow", "")) is (status == 405)


@pytest.mark.usefixtures("store")
@pytest.mark.trap("L13")
async def test_addresses_come_from_the_public_url_never_from_host() -> None:
    async with client_of("okta") as client:
        body = {"userName": "ada"}
        answer = await client.send("POST", "/Users", body, host="evil.example", x_forwarded_host="evil.example")
        alias = await client.http.get(f"/scim/Users/{answer.json()['id']}/")
    assert answer.headers["location"] == f"{BASE_URL}/Users/{answer.json()['id']}"
    assert "evil" not in answer.text
    assert alias.json()["meta"]["location"] == answer.headers["location"]


@pytest.mark.usefixtures("store")
async def test_options_tell_the_methods_and_doubled_slashes_do_no_harm() -> None:
    async with client_of("okta") as client:
        ada = await client.create("/Users", userName="ada")
        told = await client.send("OPTIONS", f"/Users/{ada}")
        found = await client.http.get(f"/scim//v2/Users/{ada}//")
    assert (told.status_code, told.headers["allow"]) == (204, "DELETE, GET, OPTIONS, PATCH, PUT")
    assert found.json()["id"] == ada


@pytest.mark.usefixtures("store")
async def test_answers_are_never_kept_by_caches() -> None:
    async with client_of("okta") as client:
        answers = [await client.send("GET", path) for path in ("/Users", "/Schemas", "/Users/nobody", "/nothing")]
    assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}


@pytest.mark.usefixtures("store")
async def test_ids_of_any_kind_are_not_found_rather_than_a_fault() -> None:
    async with client_of("okta") as client:
        for ident in ("%00", "%ff", "a" * 3000, "é", "{01980000-0000-7000-8000-000000000000}"):
            assert (await client.send("GET", f"/Users/{ident}")).status_code == 404


def test_door_owns_its_paths_and_no_others() -> None:
    assert all(owns(path) for path in ("/scim", "/scim/v2/Users", "/SCIM/x", "//scim/v2/Users"))
    assert not any(owns(path) for path in ("/", "/scimitar", "/t/acme/scim"))


@pytest.mark.parametrize(
    ("error", "status", "scim_type"),
    [
        (NotFoundError("user", "x"), 404, None),
        (AlreadyExistsError("user", "userName", "ada"), 409, "uniqueness"),
        (StaleError("user", "x", actual=3), 412, None),
        (InvalidError("active", "must be true or false"), 400, "invalidValue"),
        (UnavailableError(), 503, None),
        (UnknownSecretError("unknown"), 401, None),
        (ForbiddenError("users:manage"), 403, None),
        (LastAdministratorError(), 403, None),
    ],
)
def test_every_error_of_the_directory_has_its_status(error: DirectoryError, status: int, scim_type: str | None) -> None:
    worded = from_directory(error)
    assert (worded.status, worded.scim_type) == (status, scim_type)
    assert worded.detail.endswith(".")


@pytest.mark.trap("S5")
def test_transient_fault_asks_for_patience_in_whole_seconds() -> None:
    answer = word_error(UnavailableError(), None)
    assert answer.status == 503
    assert int(dict(answer.headers)[b"retry-after"]) > 0


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ValueError("ada@secret.example"), 500),
        (ClientException("ada@secret.example"), 400),
        (HTTPException("ada@secret.example", status_code=408), 408),
        (HTTPException("ada@secret.example", status_code=502), 500),
    ],
)
def test_words_of_unknown_errors_are_never_repeated(error: Exception, status: int) -> None:
    answer = word_error(error, None)
    assert answer.status == status
    assert json.decode(answer.content)["schemas"] == [SCIM_ERROR]
    assert b"ada" not in answer.content
