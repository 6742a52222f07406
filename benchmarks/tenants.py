"""What a request costs in a database with a thousand tenants, against the same tenant by itself."""

import asyncio
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks import operations
from benchmarks.driving import Load
from benchmarks.large import CACHE, Costs
from benchmarks.operations import Target
from benchmarks.pages import sign_in, taken_ms
from benchmarks.roster import ROLEBOOK_POSTGRES, ROLEBOOK_SQLITE
from benchmarks.seeding import copy_to_postgres, copy_to_sqlite, template_for
from benchmarks.systems import Running, System, running
from benchmarks.tables import table
from benchmarks.throughput import PER_S_MAX, Effort, database

EACH = 100
"""People of each tenant."""

TURNS = 40
WANTED_TIMES = 1.2
PAGES = ("overview", "sub-accounts", "groups", "activity")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowded:
    """What was found on one database: by operation, of the tenant by itself and among the others."""

    system: str
    tenants: int
    alone: Mapping[str, float]
    """Processor time of the server in microseconds for a request of SCIM; milliseconds for a page."""
    among: Mapping[str, float]
    times: Mapping[str, float]
    """Medians of the rounds' own ratios."""


def measure_tenants(effort: Effort, postgres: str, count: int) -> Iterator[Crowded]:
    """Yield what both databases cost with so many tenants; the two servers take turns."""
    for system in (ROLEBOOK_SQLITE, ROLEBOOK_POSTGRES):
        with ExitStack() as stack:
            alone = Measured(stack, system, postgres, "alone", 1, effort)
            among = Measured(stack, system, postgres, "among", count, effort)
            found: dict[str, list[tuple[float, float]]] = {}
            for _ in range(effort.rounds):
                for name in alone.operations:
                    found.setdefault(name, []).append((alone.cost(name, effort), among.cost(name, effort)))
                for name in PAGES:
                    found.setdefault(name, []).append(paged_ms(alone, among, name))
            yield Crowded(
                system=system.name,
                tenants=count,
                alone={name: statistics.median(one for one, _ in costs) for name, costs in found.items()},
                among={name: statistics.median(other for _, other in costs) for name, costs in found.items()},
                times={name: statistics.median(other / one for one, other in costs) for name, costs in found.items()},
            )


class Measured:
    """A server on a directory of so many tenants, and what is asked of one of them."""

    def __init__(self, stack: ExitStack, system: System, postgres: str, name: str, count: int, effort: Effort) -> None:
        """Start it; ``stack`` ends it."""
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        template, seeded = template_for(CACHE, EACH, neighbours=count - 1)
        if system is ROLEBOOK_SQLITE:
            database_url = copy_to_sqlite(template, folder)
        else:
            database_url = stack.enter_context(database(postgres, name))
            asyncio.run(copy_to_postgres(template, database_url))
        server = stack.enter_context(running(system, folder, database_url, seeded.token))
        target = Target(port=server.port, base=system.base, token=server.token, user_ids=seeded.user_ids)
        self._costs = Costs(server, loads(target, folder, effort))
        self._browser = _browser(server, database_url)
        stack.callback(self._browser.close)
        self.operations = ("GET by id", "userName eq", "PATCH", "POST")

    def cost(self, name: str, effort: Effort) -> float:
        """Return how much processor time one request costs, in microseconds.

        Raises:
            RuntimeError: an answer was wrong.
        """
        used_us, _ = self._costs.measure(name, effort)
        if self._costs.wrong:
            raise RuntimeError(f"{name}: {self._costs.wrong} wrong answers")
        return used_us

    def page_ms(self, path: str) -> float:
        """Return how long a page takes.

        Raises:
            RuntimeError: it was none.
        """
        return taken_ms(self._browser, path, {}, turns=1, warm_up=0)[0]


def paged_ms(alone: Measured, among: Measured, path: str) -> tuple[float, float]:
    """Return how long a page takes with both: they are asked by turns, so that what else goes on slows down both."""
    pairs = [(alone.page_ms(path), among.page_ms(path)) for _ in range(TURNS)]
    return statistics.median(one for one, _ in pairs), statistics.median(other for _, other in pairs)


def loads(target: Target, folder: Path, effort: Effort) -> Mapping[str, Load]:
    """Return what is driven, by name."""
    posts = int(effort.rounds * (effort.warm_up_s + effort.window_s) * PER_S_MAX / 2)
    requests = operations.create(target, posts, "new.example")
    return {
        "GET by id": Load(folder / "get.bin", target, operations.get(target, 4_000)),
        "userName eq": Load(folder / "find.bin", target, operations.find(target, 4_000)),
        "PATCH": Load(folder / "patch.bin", target, operations.patch(target, 20_000)),
        "POST": Load(folder / "post.bin", target, requests, wraps=False),
    }


def _browser(server: Running, database_url: str) -> httpx.Client:
    url = f"http://localhost:{server.port}"
    client = httpx.Client(base_url=f"{url}/t/contoso/", timeout=60, trust_env=False)
    sign_in(client, url, database_url)
    return client


def crowded_table(found: Sequence[Crowded]) -> str:
    """Return how many times as much each thing costs among so many tenants."""
    head = ["database", "operation", "1 tenant", f"{found[0].tenants:,} tenants", "times", "wanted"]
    rows = [
        [
            one.system,
            name,
            *(f"{cost:,.1f} ms" if name in PAGES else f"{cost:,.0f} µs" for cost in (one.alone[name], one.among[name])),
            f"{times:.2f}",
            f"≤ {WANTED_TIMES}",
        ]
        for one in found
        for name, times in one.times.items()
    ]
    return table(head, rows)
