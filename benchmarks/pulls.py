"""Pulls of a large directory, end to end: the first, one without changes, an idle one, and a day's changes."""

import base64
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.pull_pages import Waited, measure_waits
from benchmarks.roster import ROLEBOOK_POSTGRES, ROLEBOOK_SQLITE
from benchmarks.seeding import ROOT
from benchmarks.tables import table
from benchmarks.throughput import database
from tests.connectors.serving import Served, served
from tests.journeys.serving import environment_for

KEYS = base64.b64encode(b"a key ring for the programs, long").decode()
UPDATES, LEAVERS, MOVES = 500, 100, 2_000
PULLS = ("first, everything", "everything again, unchanged", "idle", "changes")
WANTED_S: Mapping[str, tuple[float, float]] = {
    "first, everything": (120, 90),
    "everything again, unchanged": (45, 45),
    "idle": (0.5, 0.5),
    "changes": (3, 3),
}
"""At most, on SQLite and on PostgreSQL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large the directory is."""

    users: int
    groups: int
    memberships: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What was found on one database."""

    system: str
    size: Size
    bare: Mapping[str, Any]
    pulls: Mapping[str, Mapping[str, Any]]
    waited: Waited


def measure_pulls(postgres: str, size: Size) -> Iterator[Pulled]:
    """Yield how long pulls take on both databases."""
    for system in (ROLEBOOK_SQLITE, ROLEBOOK_POSTGRES):
        with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as stack:
            folder = Path(name)
            url = f"sqlite:///{folder / 'rolebook.sqlite'}"
            if system is ROLEBOOK_POSTGRES:
                url = stack.enter_context(database(postgres))
            fake = stack.enter_context(
                served("graph", folder, users=size.users, groups=size.groups, memberships=size.memberships)
            )
            settings = settings_for(fake)
            with working(url, settings) as worker:
                pulls = {
                    "first, everything": worker.do("full"),
                    "everything again, unchanged": worker.do("full"),
                    "idle": worker.do("delta"),
                }
                change(fake, size)
                pulls["changes"] = worker.do("delta")
                bare = worker.do("bare")
            waited = measure_waits(url, folder, fake, settings, size.users)
            yield Pulled(system=system.name, size=size, bare=bare, pulls=pulls, waited=waited)


class Worker:
    """The process that pulls."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def do(self, deed: str) -> dict[str, Any]:
        """Let it do something and return what it says."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the worker cannot be talked to")
        self._process.stdin.write(f"{deed}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line.startswith("{"):
            raise RuntimeError(f"the worker ended at {deed}: {line}")
        answer: dict[str, Any] = json.loads(line)
        return answer


def settings_for(fake: Served) -> dict[str, str]:
    """Return the settings with which programs reach a directory of ours."""
    return {
        "ROLEBOOK_PULL_PRIVATE": "yes",
        "ROLEBOOK_PULL_CA": str(fake.certificate),
        "ROLEBOOK_PULL_GRAPH": fake.base,
        "ROLEBOOK_KEYS": KEYS,
    }


@contextmanager
def working(url: str, settings: Mapping[str, str]) -> Iterator[Worker]:
    """Give a process that pulls from a directory of ours into an empty database."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.pull_worker"],
        cwd=ROOT,
        env=environment_for(url, **settings),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Worker(process)
        finally:
            process.kill()


def change(fake: Served, size: Size) -> None:
    """Change what a large organisation changes in a day: people, leavers, and memberships of many groups."""
    step = max(1, size.users // (UPDATES + LEAVERS + 1))
    with httpx.Client(base_url=fake.base, verify=fake.tls, timeout=60, trust_env=False) as client:
        for number in range(UPDATES):
            deed(client, "edit_user", number=number * step, department="Moved", title="Moved")
        for number in range(UPDATES, UPDATES + LEAVERS):
            deed(client, "edit_user", number=number * step, status="SUSPENDED")
        for number in range(MOVES // 2):
            crew = size.groups // 4 + number % (size.groups // 2)
            first = crew * 7919 % size.users
            deed(client, "remove_member", number=crew, member=(first + number // (size.groups // 2)) % size.users)
            deed(client, "add_member", number=crew, member=(first + size.users // 2 + number) % size.users)


def deed(client: httpx.Client, name: str, **values: object) -> None:
    """Change one thing."""
    client.post(f"/_control/{name}", json=values).raise_for_status()


def pull_table(found: Sequence[Pulled]) -> str:
    """Return how long each pull took beside what is wanted, and what it cost."""
    head = ["", *(name for one in found for name in (one.system, "wanted"))]
    rows = [["fetched and worded only", *(cell for one in found for cell in (f"{one.bare['took_s']:.1f} s", ""))]]
    for name in PULLS:
        cells = []
        for place, one in enumerate(found):
            cells += [_cell(one.pulls[name]), f"≤ {WANTED_S[name][place]:g} s"]
        rows.append([name, *cells])
    return table(head, rows)


def wait_table(found: Sequence[Pulled]) -> str:
    """Return what operators wait for while a server pulls."""
    head = ["while one of ten people changes", "pull", "pages and fragments", "p50", "p95, wanted ≤ 100 ms"]
    rows = [
        [
            one.system,
            f"{one.waited.pull_s:.0f} s",
            f"{one.waited.pages:,}",
            f"{one.waited.p50_ms:.0f} ms",
            f"{one.waited.p95_ms:.0f} ms",
        ]
        for one in found
    ]
    return table(head, rows)


def phase_table(found: Sequence[Pulled]) -> str:
    """Return where the time of each pull went."""
    phases = list(dict.fromkeys(phase for one in found for pull in one.pulls.values() for phase in pull["timings"]))
    rows = [
        [f"{name}, {one.system}", *(f"{one.pulls[name]['timings'].get(phase, 0):.1f}" for phase in phases)]
        for name in PULLS
        for one in found
    ]
    return table(["seconds", *phases], rows)


def _cell(pull: Mapping[str, Any]) -> str:
    wrote = ", nothing written" if pull["unchanged"] else ""
    return (
        f"{pull['took_s']:.1f} s, {pull['requests']:,} requests, {pull['private_mib']} MiB,"
        f" stall {pull['stall_ms']} ms ({pull['busy_ms']} ms of processor){wrote}"
    )
