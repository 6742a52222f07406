"""A large directory, pulled bare: pages are passed on one by one, and never kept."""

import time
from contextlib import aclosing
from pathlib import Path

import pytest

from connectors.entra.config import Endpoints
from connectors.entra.connector import Graph
from connectors.entra.mapping import DEFAULT_RULES
from connectors.pull import each_page
from connectors.records import Done
from tests.connectors.entra.graphs import BY_SECRET, CONFIG
from tests.connectors.serving import Served, served

pytestmark = pytest.mark.anyio

USERS, GROUPS, MEMBERSHIPS = 100_000, 5_000, 1_000_000


def private_mib() -> float:
    """Give the memory that is this process's alone."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


async def counted(server: Served) -> tuple[int, int]:
    """Pull everything, and count people and memberships."""
    people = edges = 0
    endpoints = Endpoints(server.base, server.base)
    async with aclosing(Graph(CONFIG, BY_SECRET, DEFAULT_RULES, server.terms(), endpoints=endpoints)) as graph:
        for stream in ("users", "groups"):
            async for item in each_page(graph, stream, None):
                if not isinstance(item, Done):
                    people += sum(one.kind == "user" for one in item.records)
                    edges += len(item.edges)
    return people, edges


@pytest.mark.battery
async def test_a_hundred_thousand_people_take_neither_minutes_nor_memory(tmp_path: Path) -> None:
    with served("graph", tmp_path, users=USERS, groups=GROUPS, memberships=MEMBERSHIPS) as server:
        before, begun = private_mib(), time.perf_counter()
        people, edges = await counted(server)
        took_s, more_mib = time.perf_counter() - begun, private_mib() - before

    assert (people, round(edges, -2)) == (USERS, MEMBERSHIPS)
    assert took_s < 90
    assert more_mib < 100
