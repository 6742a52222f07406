"""Whatever goes wrong on the way: nobody loses access by it, and two pulls later everything is as it is there."""

import asyncio
import gc
import random
from contextlib import AsyncExitStack
from typing import get_args

import pytest

from directory.pulls.model import RunKind
from tests.fakes.faults import FAULT_KINDS, Fault, FaultKind
from tests.fakes.graph import fake_graph
from tests.fakes.okta import fake_okta
from tests.journeys.pulled import Which, differences, stored_of, without_access
from tests.rolebook.pull_house import Fake, Pulled, connect_tenant, offering

# httpcore 1.0.9 closes a connection whose handshake fails, but leaves one whose handshake is cancelled to the collector
# (_backends/anyio.py, start_tls: `except Exception`). A stream that ends in an error cancels the one beside it.
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.usefixtures("store"),
    pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning"),
]

POINTS = 10
FEW_KINDS: tuple[FaultKind, ...] = ("503", "cut JSON", "no value", "duplicate page")


async def open_small(stack: AsyncExitStack, which: Which) -> Fake:
    """Serve a small directory whose pages are smaller still."""
    if which == "okta":
        okta = await stack.enter_async_context(fake_okta(users=40, groups=5, memberships=60))
        okta.page_max = 9
        return okta
    graph = await stack.enter_async_context(fake_graph(users=40, groups=5, memberships=60))
    graph.deltas.page_size, graph.deltas.member_page, graph.deltas.replay = 9, 15, True
    return graph


@pytest.mark.slow
@pytest.mark.parametrize("which", get_args(Which))
async def test_trouble_at_any_request_costs_nobody_their_access(which: Which, database_url: str) -> None:
    await check_troubles(database_url, which, FEW_KINDS, points=2)


@pytest.mark.battery
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", FAULT_KINDS)
@pytest.mark.parametrize("which", get_args(Which))
async def test_every_kind_of_trouble_at_ten_requests(which: Which, kind: FaultKind, database_url: str) -> None:
    await check_troubles(database_url, which, (kind,), points=POINTS)


async def check_troubles(url: str, which: Which, kinds: tuple[FaultKind, ...], *, points: int) -> None:
    """Change the directory, break a pull of it at one request after the other, and pull again."""
    async with AsyncExitStack() as stack:
        fake = await open_small(stack, which)
        offered = stack.enter_context(offering(fake))
        pulled = await connect_tenant("pulled", fake, which, offered)
        await pulled.pull("full")
        assert await wrong(url, pulled) == []
        count = await requests_of_a_pull(pulled)
        for kind in kinds:
            chance = random.Random(kind)
            for point in range(points):
                fake.people.stir(chance, times=4)
                fault = Fault(kind, begin=point * count // points, count=chance.choice((1, 3, 9, 30)))
                assert await lost_by(url, pulled, fault, "full" if point % 2 else "delta") == set(), fault
                for _ in range(2):
                    await pulled.pull("full")
                assert await wrong(url, pulled) == [], fault
    gc.collect()  # so that no later test is told of these connections


async def lost_by(url: str, pulled: Pulled, fault: Fault, kind: RunKind) -> set[str]:
    """Return who lost access by a pull that met with a fault, although their directory has them active."""
    before = await asyncio.to_thread(without_access, url, source_id(pulled))
    pulled.fake.faults.cause(fault)
    await pulled.pull(kind)
    pulled.fake.faults.listed.clear()
    lost = await asyncio.to_thread(without_access, url, source_id(pulled)) - before
    users = pulled.meant().users
    return {ext for ext in lost if ext in users and users[ext][1]}


async def requests_of_a_pull(pulled: Pulled) -> int:
    """Return how many requests everything takes."""
    return (await pulled.pull("full")).request_count


async def wrong(url: str, pulled: Pulled) -> list[str]:
    """Return where the database differs from the directory."""
    return differences(await asyncio.to_thread(stored_of, url, source_id(pulled)), pulled.meant())


def source_id(pulled: Pulled) -> str:
    """Return the source's id."""
    return str(pulled.source.source_id)
