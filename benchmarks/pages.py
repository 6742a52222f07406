"""How long the portal's pages take with 100,000 people and 1,000,000 events: what an operator waits for."""

import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.history import grown_template
from benchmarks.large import CACHE
from benchmarks.roster import ROLEBOOK_POSTGRES, ROLEBOOK_SQLITE
from benchmarks.seeding import copy_to_postgres, copy_to_sqlite
from benchmarks.systems import Running, System, running
from benchmarks.throughput import database
from tests.journeys.serving import rolebook

TURNS = 40
WARM_UP = 3
SAME_SITE = {"Sec-Fetch-Site": "same-origin"}
FRAGMENT = {"HX-Request": "true", "HX-Target": "div#sub-accounts-list"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Paged:
    """What was found on one database."""

    system: str
    events: int
    p50_ms: Mapping[str, float]
    p95_ms: Mapping[str, float]


def measure_pages(postgres: str, count: int, events: int, turns: int = TURNS) -> Iterator[Paged]:
    """Yield how long each page takes on both databases."""
    template, seeded = grown_template(CACHE, count, events)
    for system in (ROLEBOOK_SQLITE, ROLEBOOK_POSTGRES):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder, ExitStack() as stack:
            if system is ROLEBOOK_SQLITE:
                database_url = copy_to_sqlite(template, Path(folder))
            else:
                database_url = stack.enter_context(database(postgres))
                asyncio.run(copy_to_postgres(template, database_url))
            server = stack.enter_context(running(system, Path(folder), database_url, seeded.token))
            yield _measure(system, server, database_url, template, turns)


def _measure(system: System, server: Running, database_url: str, template: Path, turns: int) -> Paged:
    url = f"http://localhost:{server.port}"
    with httpx.Client(base_url=f"{url}/t/contoso/", timeout=60, trust_env=False) as client:
        sign_in(client, url, database_url)
        taken = {name: taken_ms(client, path, headers, turns) for name, path, headers in each_page(template)}
    return Paged(
        system=system.name,
        events=count_events(template),
        p50_ms={name: statistics.median(times) for name, times in taken.items()},
        p95_ms={name: sorted(times)[int(0.95 * len(times))] for name, times in taken.items()},
    )


def taken_ms(
    client: httpx.Client, path: str, headers: Mapping[str, str], turns: int, warm_up: int = WARM_UP
) -> list[float]:
    """Return how long each of so many turns of a page takes, after a few that do not count."""
    times: list[float] = []
    for turn in range(turns + warm_up):
        began = time.perf_counter()
        answer = client.get(path, headers=dict(headers))
        took_ms = (time.perf_counter() - began) * 1000
        if answer.status_code != 200 or not answer.content:
            raise RuntimeError(f"{path} answered {answer.status_code}")
        if turn >= warm_up:
            times.append(took_ms)
    return times


def sign_in(client: httpx.Client, url: str, database_url: str) -> None:
    """Give a client the session of a new administrator."""
    new = ("user", "create", "--tenant", "contoso", "--user-name", "operator", "--role", "administrator")
    made: dict[str, Any] = rolebook(database_url, *new, ROLEBOOK_PUBLIC_URL=url)
    answer = client.post(made["sign_in_url"], headers={**SAME_SITE, "Origin": url})
    if answer.status_code != 303:
        raise RuntimeError(f"signing in answered {answer.status_code}")


def each_page(template: Path) -> Sequence[tuple[str, str, Mapping[str, str]]]:
    """Return name, address and headers of what is asked for: whole pages, and the fragments that typing asks for."""
    with sqlite3.connect(f"file:{template}?mode=ro", uri=True) as connection:
        user_id, group_id = (
            connection.execute(f"SELECT id FROM {table} ORDER BY id LIMIT 1 OFFSET 7").fetchone()[0]
            for table in ("user_row", "group_row")
        )
        (source_id,) = connection.execute("SELECT id FROM source_row").fetchone()
        (request_id,) = connection.execute("SELECT id FROM request_row ORDER BY id LIMIT 1").fetchone()
        (event_id,) = connection.execute("SELECT id FROM event_row ORDER BY id LIMIT 1 OFFSET 5000").fetchone()
    pages = {
        "Overview": "overview",
        "Sub Accounts": "sub-accounts",
        "Sub Accounts, active Editors": "sub-accounts?status=active&role=editor",
        "Sub Accounts, search": "sub-accounts?q=berg",
        "Sub Accounts, newest first": "sub-accounts?sort=modified&order=desc",
        "User": f"sub-accounts/{user_id}",
        "Groups": "groups",
        "Group": f"groups/{group_id}",
        "Group Mappings": "group-mappings",
        "Roles": "roles",
        "Role locks": "role-locks",
        "Configure SCIM": f"configure-scim/{source_id}",
        "Activity, changes": "activity",
        "Activity, one action": "activity?action=user:disabled",
        "Activity, requests": "activity/requests",
        "Activity, failed requests": "activity/requests?result=failed",
        "Change": f"activity/changes/{event_id}",
        "Request": f"activity/requests/{request_id}",
        "Search": "search?q=berg",
    }
    whole = [(name, path, dict[str, str]()) for name, path in pages.items()]
    return [*whole, ("Sub Accounts, typing", "sub-accounts?q=person.4", FRAGMENT)]


def count_events(template: Path) -> int:
    """Return how many events there are."""
    with sqlite3.connect(f"file:{template}?mode=ro", uri=True) as connection:
        return int(connection.execute("SELECT count(*) FROM event_row").fetchone()[0])
