"""The doors side by side: whoever owns a path words what goes wrong there."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from directory.store.errors import SchemaError
from directory.store.unit import current_engine, open_store
from rolebook.access import Watch
from rolebook.app import create_app, door_of
from rolebook.jobs import clock
from rolebook.provision import Connection, create_source, create_tenant
from tests.databases import PostgresDatabases
from tests.rolebook.house import client_of, open_house, settings_for

pytestmark = pytest.mark.anyio

SCIM_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


@pytest.mark.parametrize(
    ("path", "door"),
    [
        ("/scim", "scim"),
        ("/scim/v2/Users", "scim"),
        ("/SCIM/v2/Users", "scim"),
        ("//scim/v2/Users", "scim"),
        ("/scimitar", "portal"),
        ("/health/live", "house"),
        ("/metrics", "house"),
        ("/metrics/of/others", "portal"),
        ("/", "portal"),
        ("/t/example/users", "portal"),
    ],
)
def test_each_path_belongs_to_one_door(path: str, door: str) -> None:
    assert door_of(path) == door


@pytest.mark.trap("L11")
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/scim/v2/Nothing", 404), ("GET", "/scim", 404), ("PUT", "/scim/v2/Users", 401)],
)
async def test_what_the_framework_refuses_below_scim_is_a_scim_error(
    database_url: str, method: str, path: str, status: int
) -> None:
    async with open_house(settings_for(database_url)) as http:
        answer = await http.request(method, path)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/scim+json")
    assert (answer.json()["schemas"], answer.json()["status"]) == ([SCIM_ERROR], str(status))


@pytest.mark.trap("L11")
@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/sign-in", 405)])
async def test_what_the_framework_refuses_elsewhere_is_a_page(
    database_url: str, method: str, path: str, status: int
) -> None:
    async with open_house(settings_for(database_url)) as http:
        answer = await http.request(method, path)

    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(("method", "path", "status"), [("POST", "/metrics", 405), ("GET", "/health/nothing", 404)])
async def test_what_the_framework_refuses_of_the_house_is_plain(
    database_url: str, method: str, path: str, status: int
) -> None:
    async with open_house(settings_for(database_url)) as http:
        answer = await http.request(method, path)

    assert (answer.status_code, answer.json()) == (status, {"status": str(status)})


@pytest.mark.trap("L12")
@pytest.mark.parametrize("path", ["/schema", "/schema/openapi.json", "/docs"])
async def test_the_framework_publishes_nothing_by_itself(database_url: str, path: str) -> None:
    async with open_house(settings_for(database_url)) as http:
        assert (await http.get(path)).status_code == 404


@pytest.mark.trap("L10")
async def test_a_fault_of_ours_is_told_with_a_reference_and_logged_without_names(
    sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_for(sqlite_url)
    async with open_house(settings) as http:
        await create_tenant("Example", slug=None, parent_slug=None, now=clock())
        wanted = Connection(kind="scim", preset="strict", label="Strict")
        source = await create_source("example", wanted, settings.base_url, now=clock())
        await current_engine().execute("DROP TABLE event_value_row")
        body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ann@example.com"}
        answer = await http.post("/scim/v2/Users", json=body, headers={"Authorization": f"Bearer {source['secret']}"})
    logged = capsys.readouterr().err

    assert answer.status_code == 500
    assert "reference" in answer.json()["detail"].lower()
    assert "event_value_row" not in answer.text
    assert "scim request failed" in logged
    assert "ann@example.com" not in logged
    assert source["secret"] not in logged


@pytest.mark.parametrize("kind", ["sqlite_url", "own_postgres_url"])
async def test_a_database_of_a_newer_program_is_refused(request: pytest.FixtureRequest, kind: str) -> None:
    database_url: str = request.getfixturevalue(kind)
    owner_url = database_url
    if kind != "sqlite_url":
        databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
        owner_url = databases.url_of(database_url.rpartition("/")[2])
    async with open_store(owner_url) as engine:
        await engine.execute(
            "INSERT INTO migration (name, app_name, ran_on) VALUES ('m9999_later', 'directory', CURRENT_TIMESTAMP)"
        )

    with expect_refusal("newer than this program"):
        async with open_house(settings_for(database_url)):
            pass


@pytest.mark.trap("S2")
async def test_a_push_that_drips_in_is_a_scim_error(sqlite_url: str) -> None:
    settings = settings_for(sqlite_url)
    app = create_app(settings)
    assert isinstance(app.asgi_handler, Watch)
    app.asgi_handler.body_s = 0.05
    async with app.lifespan(), client_of(app) as http:
        await create_tenant("Example", slug=None, parent_slug=None, now=clock())
        source = await create_source("example", Connection(kind="scim", preset="entra", label="E"), "", now=clock())
        bearer = {"Authorization": f"Bearer {source['secret']}", "Content-Type": "application/scim+json"}
        pushed = await http.post("/scim/v2/Users", content=dripping(), headers=bearer)

    assert (pushed.status_code, pushed.json()["status"]) == (408, "408")


async def dripping() -> AsyncIterator[bytes]:
    yield b"{"
    await asyncio.Event().wait()


async def test_a_database_without_tables_is_refused(tmp_path: Path) -> None:
    with expect_refusal("run migrate"):
        async with open_house(settings_for(f"sqlite:///{tmp_path}/empty.sqlite")):
            pass


def expect_refusal(words: str) -> pytest.RaisesGroup[SchemaError]:
    """Expect the start to fail; the framework starts in a task group, which wraps errors."""
    return pytest.RaisesGroup(pytest.RaisesExc(SchemaError, match=words), flatten_subgroups=True)
