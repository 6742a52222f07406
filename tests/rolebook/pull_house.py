"""Pulls in the test's own event loop, from a directory of ours, without waiting for anything."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from connectors.connector import Connector
from connectors.offered import Offered
from connectors.terms import Network, Progress, Terms
from directory import guard_limits
from directory.guard import Limits
from directory.pulls import run_life, runs
from directory.pulls.kinds import offer_connectors
from directory.pulls.model import PullSource, Run, RunKind
from directory.pulls.sources import create_pull_source, open_secrets
from rolebook.jobs import clock
from rolebook.pull_means import Means
from rolebook.pull_work import carry_out
from tests.connectors.pulling import HurriedClock
from tests.directory.world import World, create_world
from tests.fakes.control import export
from tests.fakes.graph import FakeGraph
from tests.fakes.graph_tokens import APPLICATION, DIRECTORY, SECRET
from tests.fakes.okta import FakeOkta
from tests.fakes.okta_tokens import TOKEN
from tests.fakes.web import client_tls
from tests.journeys.pulled import Directory, Which, meant_by

Fake = FakeGraph | FakeOkta
PUT_OFF_MAX = timedelta(days=1)


def config_for(which: Which, base: str) -> dict[str, Any]:
    """Return the configuration of a connection to a directory of ours."""
    return {"tenant": DIRECTORY, "client_id": APPLICATION} if which == "graph" else {"org_url": base, "auth": "token"}


def secrets_for(which: Which) -> dict[str, str]:
    """Return its credentials."""
    return {"client_secret": SECRET} if which == "graph" else {"token": TOKEN}


@dataclass(slots=True)
class Pulled:
    """A tenant whose people come from a directory of ours."""

    world: World
    source: PullSource
    fake: Fake
    which: Which
    means: Means

    async def pull(self, kind: RunKind = "delta", *, dry: bool = False) -> Run:
        """Ask for a pull and carry it out, after one that was left open and goes on where it was."""
        by, source_id = self.world.system, self.source.source_id
        later = clock() + PUT_OFF_MAX
        left = [run_id for _, one, run_id in await run_life.list_next_runs(later, limit=9) if one == source_id]
        for run_id in left:
            await carry_out(by.tenant_id, run_id, self.means)
        asked = await runs.ask_run(source_id, kind, cause="command line", by=by, now=clock(), dry=dry)
        await carry_out(by.tenant_id, asked.run_id, self.means)
        return await runs.get_run(by.tenant_id, asked.run_id)

    def meant(self) -> Directory:
        """Return what it should have come to."""
        return meant_by(export_of(self.fake), self.which)


def export_of(fake: Fake) -> dict[str, Any]:
    """Return the truth, with numbers as words, as JSON has them."""
    truth: dict[str, Any] = export(fake.people)
    return truth


@contextmanager
def offering(fake: Fake) -> Iterator[Offered]:
    """Let the connectors of this process reach a directory of ours instead of the real ones."""
    offered = Offered(network=Network(tls=client_tls(), private_addresses=True, graph_at=(fake.base, fake.base)))
    offer_connectors(offered)
    try:
        yield offered
    finally:
        offer_connectors(None)


def hurried(offered: Offered) -> Means:
    """Return the means of pulls whose waits take no time."""

    async def connect(source: PullSource, progress: Progress) -> Connector:
        terms = Terms(network=offered.network, progress=progress, clock=HurriedClock())
        secrets = await open_secrets(source)
        return await offered.connected(source.kind, source.config, secrets, source.rules, terms=terms)

    return Means(connect=connect, stopping=asyncio.Event())


async def connect_tenant(slug: str, fake: Fake, which: Which, offered: Offered, *, guarded: bool = False) -> Pulled:
    """Create a tenant with a connection to a directory of ours; its guard lets everything pass, unless it is wanted."""
    world = await create_world(slug)
    if not guarded:
        await guard_limits.set_limits(Limits(on=False), by=world.system, now=clock())
    config, secrets = config_for(which, fake.base), secrets_for(which)
    source = await create_pull_source(which, which.title(), config, secrets, by=world.system, now=clock())
    return Pulled(world, source, fake, which, hurried(offered))
