"""Around every request: the log line, the counters, and the end of a body that drips in."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from litestar import Litestar, Request, get, post
from litestar.datastructures import State

from rolebook import logs
from rolebook.access import Caller, Watch
from rolebook.metrics import Metrics
from tests.rolebook.house import open_house, settings_for
from tests.rolebook.test_keys import KEY

pytestmark = pytest.mark.anyio

AnyRequest = Request[object, object, State]


@get("/things/{thing_id:str}", sync_to_thread=False)
def get_thing() -> str:
    return "thing"


@post("/things")
async def post_thing(request: AnyRequest) -> int:
    return len(await request.body())


CALLER = Caller("somewhere", lambda: {"tenant_id": "t-1"})


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def client(metrics: Metrics) -> AsyncIterator[httpx.AsyncClient]:
    logs.set_up("info")
    app = Litestar([get_thing, post_thing], openapi_config=None, logging_config=None)
    app.asgi_handler = Watch(app.asgi_handler, metrics, lambda _scope: CALLER, body_s=0.05)
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # httpx's own idea of a scope
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        yield http


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [line for line in map(json.loads, capsys.readouterr().err.splitlines()) if line["event"] == "request"]


@pytest.mark.trap("L14")
async def test_a_line_has_the_template_and_ids_but_neither_path_nor_query(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    await client.get("/things/ann@example.com?filter=ann")

    (line,) = lines_of(capsys)

    assert "ann" not in str(line)
    assert (line["route"], line["status"], line["tenant_id"]) == ("/things/{thing_id}", 200, "t-1")
    assert isinstance(line["ms"], float)


async def test_unknown_paths_share_one_name_so_that_nobody_can_make_up_new_ones(
    client: httpx.AsyncClient, metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in ("/a", "/b"):
        await client.get(path)

    lines = lines_of(capsys)

    assert [(line["route"], line["status"]) for line in lines] == [("(no such path)", 404)] * 2
    assert b'route="(no such path)",status="404"} 2.0' in metrics.render()


async def test_requests_are_counted_by_door_template_method_and_status(
    client: httpx.AsyncClient, metrics: Metrics
) -> None:
    for name in ("a", "b"):
        await client.get(f"/things/{name}")
    text = metrics.render().decode()

    labels = 'door="somewhere",method="GET",route="/things/{thing_id}"'
    assert f'rolebook_requests_total{{{labels},status="200"}} 2.0' in text
    assert f"rolebook_request_seconds_count{{{labels}}} 2.0" in text
    assert "rolebook_requests_in_flight 0.0" in text


async def test_a_method_nobody_knows_does_not_make_a_label(client: httpx.AsyncClient, metrics: Metrics) -> None:
    await client.request("BREW", "/things/pot")

    assert b'method="OTHER"' in metrics.render()
    assert b"BREW" not in metrics.render()


@pytest.mark.trap("S2")
async def test_a_body_that_drips_in_is_given_up_and_the_connection_closed(client: httpx.AsyncClient) -> None:
    stuck = asyncio.Event()

    async def dripping() -> AsyncIterator[bytes]:
        yield b"x"
        await stuck.wait()

    answer = await client.post("/things", content=dripping())

    assert answer.status_code == 408
    assert answer.headers["connection"] == "close"


async def test_a_client_that_goes_away_is_no_fault_of_ours(metrics: Metrics) -> None:
    app = Litestar([post_thing], openapi_config=None, logging_config=None)
    watch = Watch(app.asgi_handler, metrics, lambda _scope: CALLER)
    app.asgi_handler = watch
    messages = iter([{"type": "http.request", "body": b"x", "more_body": True}, {"type": "http.disconnect"}])
    sent: list[dict[str, object]] = []

    async def receive() -> object:
        return next(messages)

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope: dict[str, object] = {
        "type": "http", "method": "POST", "path": "/things", "raw_path": b"/things", "query_string": b"",
        "headers": [], "http_version": "1.1", "scheme": "http", "root_path": "", "client": None, "server": None,
    }  # fmt: skip
    await app(scope, receive, send)  # type: ignore[arg-type]  # a scope as a server makes it

    assert sent[0]["status"] == 400


@pytest.mark.parametrize("is_https", [False, True])
async def test_every_answer_of_every_door_has_the_security_headers_once(database_url: str, is_https: bool) -> None:
    public = {"ROLEBOOK_PUBLIC_URL": "https://rolebook.example", "ROLEBOOK_KEYS": KEY} if is_https else {}
    paths = ("/scim/v2/Users", "/scim/v2/no", "/health/live", "/health/no", "/metrics", "/sign-in", "/no", "/static/x")
    async with open_house(settings_for(database_url, **public)) as http:
        answers = [await http.request(method, path) for path in paths for method in ("GET", "OPTIONS", "BREW")]

    for answer in answers:
        headers = answer.headers
        assert headers.get_list("x-content-type-options") == ["nosniff"], answer.url
        assert headers.get_list("x-frame-options") == ["DENY"], answer.url
        assert headers.get_list("referrer-policy") == ["no-referrer"], answer.url
        (policy,) = headers.get_list("content-security-policy")
        assert policy.startswith("default-src 'none'"), answer.url
        assert len(headers.get_list("strict-transport-security")) == is_https, answer.url
