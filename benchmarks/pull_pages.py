"""What an operator waits for while the server pulls a day of large changes."""

import asyncio
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

from benchmarks.pages import FRAGMENT, sign_in
from directory.store.compiled import Statement
from directory.store.unit import execute, open_store
from tests.connectors.serving import Served
from tests.journeys.serving import read_rows, serving

EDITED_PART = 10
"""Of so many people one is edited."""

PAGES: Mapping[str, Mapping[str, str]] = {
    "overview": {},
    "sub-accounts?q=user00": FRAGMENT,
    "sub-accounts?status=active": FRAGMENT,
    "groups": {},
    "activity": {},
}
MAKE_DUE = Statement("UPDATE pull_row SET next_at = $1::timestamptz", house=True)
OPEN = "SELECT count(*) FROM run_row WHERE state IN ('asked', 'fetching', 'planning', 'applying')"
ALL = "SELECT count(*) FROM run_row"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """Milliseconds for a page or fragment, and how many were asked for while the pull lasted."""

    pages: int
    p50_ms: float
    p95_ms: float
    pull_s: float


def measure_waits(url: str, folder: Path, fake: Served, settings: Mapping[str, str], users: int) -> Waited:
    """Change people, let a server pull that, and look at pages all the while."""
    with httpx.Client(base_url=fake.base, verify=fake.tls, timeout=60, trust_env=False) as client:
        for number in range(3, users, EDITED_PART):
            values = {"number": number, "title": "Edited"}
            client.post("/_control/edit_user", json=values).raise_for_status()
    with (
        serving(url, folder, settings=settings) as server,
        httpx.Client(base_url=f"{server.url}/t/contoso/", timeout=60, trust_env=False) as client,
    ):
        sign_in(client, server.url, url)
        before = read_rows(url, ALL)
        asyncio.run(make_due(url))
        while read_rows(url, ALL) == before:
            client.get("overview")
        return _waited(client, url)


def _waited(client: httpx.Client, url: str) -> Waited:
    times: list[float] = []
    began = time.perf_counter()
    while read_rows(url, OPEN) != [(0,)]:
        for path, headers in PAGES.items():
            asked = time.perf_counter()
            client.get(path, headers=dict(headers)).raise_for_status()
            times.append((time.perf_counter() - asked) * 1000)
    return Waited(
        pages=len(times),
        p50_ms=round(statistics.median(times), 1),
        p95_ms=round(sorted(times)[int(0.95 * len(times))], 1),
        pull_s=round(time.perf_counter() - began, 1),
    )


async def make_due(url: str) -> None:
    """Let the source be due now."""
    async with open_store(url):
        await execute(MAKE_DUE, datetime.now(UTC))
