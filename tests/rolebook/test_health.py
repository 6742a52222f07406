"""What machines that watch are told, and who may read the counters."""

import asyncio
from datetime import datetime

import httpx
import pytest
from litestar import Litestar

from directory.store.unit import current_engine
from rolebook.app import create_app
from rolebook.health import Readiness
from rolebook.jobs import Duty, Jobs, clock
from rolebook.metrics import Metrics
from tests.rolebook.house import client_of, open_house, settings_for

pytestmark = pytest.mark.anyio


@pytest.fixture
def app(sqlite_url: str) -> Litestar:
    return create_app(settings_for(sqlite_url))


async def test_a_process_that_serves_is_live_and_ready(database_url: str) -> None:
    async with open_house(settings_for(database_url)) as http:
        live, ready = await http.get("/health/live"), await http.get("/health/ready")

    assert (live.status_code, live.json()) == (200, {"status": "live"})
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "failing": [], "duties_failing": []})


async def test_liveness_does_not_ask_the_database(app: Litestar) -> None:
    async with client_of(app) as http:
        assert (await http.get("/health/live")).status_code == 200


async def test_a_database_that_takes_no_writes_makes_the_process_unready(database_url: str) -> None:
    async with open_house(settings_for(database_url)) as http:
        await current_engine().close_connection_pool()
        answer = await http.get("/health/ready")
        await current_engine().start_connection_pool()

    assert (answer.status_code, answer.json()["failing"]) == (503, ["database"])


@pytest.mark.usefixtures("sqlite_store")
async def test_the_write_test_is_kept_for_two_seconds(sqlite_url: str) -> None:
    written = 0

    def now() -> datetime:
        nonlocal written
        written += 1
        return clock()

    readiness = Readiness(settings_for(sqlite_url), Jobs(Metrics(), ()), now=now)
    for _ in range(3):
        assert await readiness.failing() == []

    assert written == 1


async def test_whoever_asks_meanwhile_gets_the_same_answer(database_url: str) -> None:
    settings = settings_for(database_url)
    async with open_house(settings):
        readiness = Readiness(settings, Jobs(Metrics(), ()))
        await current_engine().close_connection_pool()
        answers = await asyncio.gather(readiness.failing(), readiness.failing())
        await current_engine().start_connection_pool()

    assert list(answers) == [["database"], ["database"]]


async def test_head_is_answered(database_url: str) -> None:
    async with open_house(settings_for(database_url)) as http:
        answers = [await http.head(path) for path in ("/health/live", "/health/ready")]

    assert [(answer.status_code, answer.content) for answer in answers] == [(200, b"")] * 2


async def test_a_duty_that_fails_is_named(database_url: str) -> None:
    async def fail(_now: datetime) -> int:
        raise ValueError("no")

    settings = settings_for(database_url)
    app = create_app(settings)
    jobs: Jobs = app.state.jobs
    async with app.lifespan(), client_of(app) as http:
        await jobs.run(Duty(name="hopeless", every_s=0, work=fail))
        answer = await http.get("/health/ready")

    assert (answer.status_code, answer.json()["duties_failing"]) == (200, ["hopeless"])


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("10.1.2.3", {}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "10.1.2.3"}, 404),
        ("127.0.0.1", {"Forwarded": "for=10.1.2.3"}, 404),
    ],
)
async def test_without_a_token_only_this_machine_reads_metrics(
    app: Litestar, address: str, headers: dict[str, str], status: int
) -> None:
    async with client_of(app, address=address) as http:
        assert (await http.get("/metrics", headers=headers)).status_code == status


@pytest.mark.parametrize(
    ("authorization", "status"), [("Bearer s3cret", 200), ("Bearer other", 404), ("Bearer s3créт", 404), (None, 404)]
)
async def test_with_a_token_whoever_shows_it_reads_metrics(
    sqlite_url: str, authorization: str | None, status: int
) -> None:
    app = create_app(settings_for(sqlite_url, ROLEBOOK_METRICS_TOKEN="s3cret"))
    headers = httpx.Headers({} if authorization is None else {"Authorization": authorization}, encoding="utf-8")
    async with client_of(app, address="10.1.2.3") as http:
        assert (await http.get("/metrics", headers=headers)).status_code == status


async def test_metrics_tell_of_requests_and_duties(database_url: str) -> None:
    async with open_house(settings_for(database_url)) as http:
        await http.get("/scim/v2/Users")
        text = (await http.get("/metrics")).text

    assert 'rolebook_requests_total{door="scim",method="GET",route="/scim/v2/Users",status="401"} 1.0' in text
    assert "rolebook_database_unavailable_total 0.0" in text
    assert "process_resident_memory_bytes" in text
