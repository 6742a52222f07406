"""Processes that pull from a directory of ours, started and watched by tests."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from connectors.offered import Offered
from connectors.terms import Network
from directory import guard_limits
from directory.guard import Limits
from directory.model import SourceId
from directory.pull_run import RunId
from directory.pulls import runs
from directory.pulls.kinds import offer_connectors
from directory.pulls.model import RunKind
from directory.pulls.sources import create_pull_source
from directory.store.unit import open_store
from rolebook.jobs import clock
from tests.connectors.serving import Served
from tests.directory.world import World, create_world
from tests.journeys.pulled import Which
from tests.journeys.serving import environment_for
from tests.rolebook.pull_house import config_for, secrets_for
from tests.shape.tree import ROOT


def reaching(fake: Served) -> dict[str, str]:
    """Return the settings with which processes reach a directory of ours instead of the real ones."""
    return {
        "ROLEBOOK_PULL_PRIVATE": "yes",
        "ROLEBOOK_PULL_CA": str(fake.certificate),
        "ROLEBOOK_PULL_GRAPH": fake.base,
    }


@contextmanager
def puller(url: str, settings: Mapping[str, str], diary: Path, *deeds: str) -> Iterator[subprocess.Popen[str]]:
    """Give a process that pulls, and end it afterwards."""
    words = [sys.executable, "-m", "tests.rolebook.pull_process", str(diary), *deeds]
    environment = environment_for(url, **settings)
    with subprocess.Popen(words, cwd=ROOT, env=environment, stdin=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def offering_served(fake: Served) -> Iterator[None]:
    """Let this process know connectors that reach a directory of ours."""
    network = Network(tls=fake.tls, private_addresses=True, graph_at=(fake.base, fake.base))
    offer_connectors(Offered(network=network))
    try:
        yield
    finally:
        offer_connectors(None)


async def connect_tenants(url: str, fake: Served, which: Which, slugs: list[str]) -> list[tuple[World, SourceId]]:
    """Create tenants that each have a connection to the same directory; their guards let everything pass."""
    made = []
    async with open_store(url):
        with offering_served(fake):
            for slug in slugs:
                world = await create_world(slug)
                by, now = world.system, clock()
                await guard_limits.set_limits(Limits(on=False), by=by, now=now)
                config, secrets = config_for(which, fake.base), secrets_for(which)
                source = await create_pull_source(which, which, config, secrets, by=by, now=now)
                made.append((world, source.source_id))
    return made


def ask(url: str, world: World, source_id: SourceId, kind: RunKind = "full") -> RunId:
    """Ask for a pull, and return it."""

    async def asked() -> RunId:
        async with open_store(url):
            run = await runs.ask_run(source_id, kind, cause="command line", by=world.system, now=clock())
            return run.run_id

    return asyncio.run(asked())
