"""A conversion is killed again and again: everybody is converted once and rightly, and undone exactly."""

import asyncio
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from directory import conversion_scans, conversions, secret_keys, users
from directory.model import PERMISSIONS, Actor, TenantId, UserAttributes
from directory.store.unit import open_store
from tests.directory.world import World, create_world
from tests.journeys.facts import half_written
from tests.journeys.serving import environment_for, read_rows, rolebook, serving
from tests.shape.tree import ROOT

CONFLICT_EVERY = 20
COUNT = 20_000
QUIET_REQUESTS = 2_000
PATIENCE_S = 300.0
PATCH = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]
STATE = (
    "SELECT u.id, u.user_name, u.user_name_key, u.display_name, u.search_key, u.document, u.active, u.role_id,"
    " (SELECT count(*) FROM alias_row a WHERE a.user_id = u.id) FROM user_row u ORDER BY u.id"
)


@dataclass(frozen=True)
class Begun:
    """A conversion that was scanned, and the secret of its source."""

    url: str
    tenant_id: UUID
    job_id: UUID
    secret: str


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_conversion_survives_kills_and_its_undo_is_exact(durable_database_url: str) -> None:
    assert convert_killed_and_undo(durable_database_url, count=600, kills=3, batch=20) == 570


@pytest.mark.battery
@pytest.mark.timeout(3600)
def test_a_conversion_of_20000_survives_20_kills_and_its_undo_is_exact(durable_database_url: str) -> None:
    assert convert_killed_and_undo(durable_database_url, count=COUNT, kills=20, batch=200) == 19_000


@pytest.mark.battery
@pytest.mark.timeout(3600)
def test_clients_are_served_while_20000_are_converted(
    durable_database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = asyncio.run(seeded(durable_database_url, COUNT, confirms=False))
    with serving(durable_database_url, tmp_path) as server:
        quiet = asyncio.run(latencies_ms(server.url, begun.secret, is_over=lambda count: count > QUIET_REQUESTS))
        asyncio.run(confirmed(durable_database_url, begun))
        busy = asyncio.run(latencies_ms(server.url, begun.secret, is_over=lambda _: progress(begun)[0] != "running"))
        assert progress(begun)[0] == "done"
        assert server.stop() == 0
    with capsys.disabled():
        print(  # noqa: T201 - a figure for people
            f"\nSCIM p95: {p95(quiet):.1f} ms quiet, {p95(busy):.1f} ms while converting"
            f" ({len(quiet)} and {len(busy)} requests)"
        )
    assert all(time_ms > 0 for time_ms in busy)


def convert_killed_and_undo(url: str, *, count: int, kills: int, batch: int) -> int:
    """Return how many were converted, each rightly, and restored exactly, whatever was killed in between."""
    begun = asyncio.run(seeded(url, count, confirms=True))
    before = read_rows(url, STATE)
    total = count - count // CONFLICT_EVERY

    killed = killed_on_the_way(begun, "run", kills=kills, total=total, batch=batch)

    assert killed == kills
    assert progress(begun) == ("done", total, total, 0)
    names = dict(read_rows(url, "SELECT display_name, user_name FROM user_row WHERE source_id IS NOT NULL"))
    assert names == {f"Person {number}": name_after(number) for number in range(count)}
    assert told(url, "user:name:converted") == Counter({1: total})
    assert half_written(url) == []
    assert_checked(url)

    asyncio.run(undo_begun(begun))
    killed_on_the_way(begun, "undo", kills=kills, total=total, batch=batch)

    assert progress(begun) == ("undone", total, total, total)
    assert read_rows(url, STATE) == before
    assert told(url, "user:name:restored") == Counter({1: total})
    assert_checked(url)
    return total


def assert_checked(url: str) -> None:
    """The program finds nothing wrong; a file that no server made is private as its would be."""
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).chmod(0o600)
    assert rolebook(url, "check")["ok"]


def name_after(number: int) -> str:
    return f"p{number}" if number % CONFLICT_EVERY == 0 else f"p{number}@example.org"


async def seeded(url: str, count: int, *, confirms: bool) -> Begun:
    """Push people, one in twenty with an e-mail that others have too, and scan them."""
    async with open_store(url):
        world = await create_world()
        world.now = datetime.now(UTC) - timedelta(minutes=1)
        for first in range(0, count, 50):
            async with asyncio.TaskGroup() as group:
                for number in range(first, min(first + 50, count)):
                    group.create_task(push(world, number))
        issued = await secret_keys.issue_secret(
            world.source.source_id, label="First", by=world.system, now=datetime.now(UTC)
        )
        job = await conversion_scans.start_scan(by=world.system, now=datetime.now(UTC))
        while await conversion_scans.go_on(job.tenant_id, job.job_id, now=datetime.now(UTC)):
            pass
        begun = Begun(url, job.tenant_id, job.job_id, issued.token)
        if confirms:
            await confirm(begun, world)
        return begun


async def push(world: World, number: int) -> None:
    address = "shared@example.org" if number % CONFLICT_EVERY == 0 else f"p{number}@example.org"
    document: dict[str, Any] = {
        "userName": f"p{number}",
        "externalId": f"ext-{number}",
        "displayName": f"Person {number}",
        "emails": [{"value": address, "primary": True}],
    }
    await users.create_user(UserAttributes(document), by=world.client, now=world.now, revive_inactive=False)


async def confirm(begun: Begun, world: World) -> None:
    job = await conversions.get_conversion(begun.job_id, by=world.system)
    expected = await conversions.count_open(job)
    await conversions.confirm(
        begun.job_id, alias_days=90, expected=expected, decided=0, by=world.system, now=datetime.now(UTC)
    )


async def confirmed(url: str, begun: Begun) -> None:
    async with open_store(url):
        by = system_of(begun)
        job = await conversions.get_conversion(begun.job_id, by=by)
        expected = await conversions.count_open(job)
        await conversions.confirm(
            begun.job_id, alias_days=90, expected=expected, decided=0, by=by, now=datetime.now(UTC)
        )


async def undo_begun(begun: Begun) -> None:
    async with open_store(begun.url):
        await conversions.undo(begun.job_id, by=system_of(begun), now=datetime.now(UTC))


def system_of(begun: Begun) -> Actor:
    return Actor(
        tenant_id=TenantId(begun.tenant_id), kind="system", label="command line", permissions=frozenset(PERMISSIONS)
    )


def killed_on_the_way(begun: Begun, deed: str, *, kills: int, total: int, batch: int) -> int:
    """Let processes go on with it, kill so many of them as soon as each got a little further, and let one finish."""
    killed = 0
    for turn in range(1, kills + 1):
        process = started(begun, deed, batch)
        goal = total * turn // (kills + 1)
        deadline = time.monotonic() + PATIENCE_S
        while done(begun, deed) < goal and process.poll() is None and time.monotonic() < deadline:
            pass
        killed += process.poll() is None
        process.kill()
        process.wait()
    assert started(begun, deed, batch).wait(PATIENCE_S) == 0
    return killed


def started(begun: Begun, deed: str, batch: int) -> "subprocess.Popen[bytes]":
    words = [begun.url, str(begun.tenant_id), str(begun.job_id), deed, str(batch)]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.journeys.conversion_process", *words], cwd=ROOT, env=environment_for(begun.url)
    )


def done(begun: Begun, deed: str) -> int:
    _, settled, _, restored = progress(begun)
    return settled if deed == "run" else restored


def progress(begun: Begun) -> tuple[str, int, int, int]:
    ((state, settled, applied, restored),) = read_rows(
        begun.url,
        "SELECT state, settled_count, applied_count, restored_count FROM conversion_row"  # noqa: S608 - our own id
        f" WHERE id = '{begun.job_id}'",
    )
    return state, settled, applied, restored


def told(url: str, action: str) -> Counter[int]:
    """Return how many users are told of how often."""
    rows = read_rows(
        url,
        f"SELECT subject_id, count(*) FROM event_row WHERE action = '{action}' GROUP BY subject_id",  # noqa: S608 - ours
    )
    return Counter(count for _, count in rows)


async def latencies_ms(url: str, secret: str, *, is_over: Callable[[int], bool]) -> list[float]:
    """Find and change users as providers do, four at a time, until told to end; asked every fifty requests."""
    found: list[float] = []
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/scim+json"}

    async def timed(client: httpx.AsyncClient, method: str, path: str, **body: Any) -> httpx.Response:  # noqa: ANN401 - JSON
        start = time.perf_counter()
        answer = await client.request(method, path, **body)
        found.append((time.perf_counter() - start) * 1000)
        assert answer.status_code in {200, 204}
        return answer

    async def ask(client: httpx.AsyncClient, number: int) -> None:
        while len(found) % 50 > 3 or not await asyncio.to_thread(is_over, len(found)):
            number = (number * 7 + 1) % COUNT
            answer = await timed(client, "GET", f'/scim/v2/Users?filter=userName eq "p{number}"')
            (resource,) = answer.json()["Resources"]
            change = [{"op": "replace", "path": "title", "value": f"Title {number}"}]
            await timed(
                client, "PATCH", f"/scim/v2/Users/{resource['id']}", json={"schemas": PATCH, "Operations": change}
            )

    async with (
        httpx.AsyncClient(base_url=url, headers=headers, timeout=30, trust_env=False) as client,
        asyncio.TaskGroup() as group,
    ):
        for number in range(4):
            group.create_task(ask(client, number))
    return found


def p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]
