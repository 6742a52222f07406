"""Two processes send the same mails through a server that fails at every step: none arrives twice."""

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest

from directory.store.compiled import Statement
from directory.store.unit import execute, fetch, open_store
from tests.directory.world import World, create_world
from tests.fakes.mail_sink import STEPS, Faults, MailSink, mail_sink
from tests.journeys.serving import environment_for
from tests.rolebook.mailboxes import a_moment, messages_for, queue
from tests.shape.tree import ROOT

pytestmark = pytest.mark.anyio

PATIENCE_S = 600.0
FAULTS = {"drops": dict.fromkeys(STEPS, 0.03), "refuses": {"mail": 0.04, "rcpt": 0.04, "content": 0.06}}
"""Three in ten tries fail, at one step or another."""

LATER = Statement(
    "UPDATE outbox_row SET next_at = $1::timestamptz WHERE state = 'queued' AND next_at > $1::timestamptz",
    house=True,
)
DEAD = Statement("UPDATE outbox_row SET lease_until = $1::timestamptz WHERE leased_by LIKE $2::text", house=True)
STATES = Statement("SELECT id, state FROM outbox_row WHERE tenant_id = $1::uuid")
OPEN = frozenset({"queued", "sending", "handing"})


@asynccontextmanager
async def worker(database_url: str, sink: MailSink) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.journeys.mail_worker",
        database_url,
        str(sink.port),
        cwd=ROOT,
        env=environment_for(database_url),
        stdin=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.stdin is not None:
            process.stdin.close()
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
        await process.wait()


async def states_of(world: World) -> dict[str, str]:
    """Return the state of each mail, and let everything that waits for its time be due."""
    await execute(LATER, datetime.now(UTC))
    return {str(row["id"]): row["state"] for row in await fetch(STATES, world.tenant.tenant_id)}


async def until(world: World, open_count: int) -> dict[str, str]:
    """Return the states once no more than so many are open."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            states = await states_of(world)
            if sum(state in OPEN for state in states.values()) <= open_count:
                return states
            await a_moment()


def assert_told_the_truth(states: dict[str, str], sink: MailSink) -> None:
    refs = [ref.strip("<>").partition("@")[0] for ref in sink.message_refs]
    assert [ref for ref, count in Counter(refs).items() if count > 1] == []
    assert set(states.values()) <= {"sent", "failed", "unknown"}
    assert {ident for ident, state in states.items() if state == "sent"} <= set(refs)
    assert not {ident for ident, state in states.items() if state == "failed"} & set(refs)


async def test_two_processes_send_each_mail_once_or_say_that_nobody_knows(own_postgres_url: str) -> None:
    async with open_store(own_postgres_url), mail_sink(Faults(**FAULTS, seed=7)) as sink:
        world = await create_world()
        await queue(*messages_for(60), by=world.system, now=datetime.now(UTC))
        async with worker(own_postgres_url, sink), worker(own_postgres_url, sink):
            states = await until(world, 0)

    assert_told_the_truth(states, sink)


@pytest.mark.battery
@pytest.mark.timeout(1800)
async def test_a_thousand_mails_with_one_process_killed_and_one_frozen(own_postgres_url: str) -> None:
    async with open_store(own_postgres_url), mail_sink(Faults(**FAULTS, seed=11)) as sink:
        world = await create_world()
        await queue(*messages_for(1000), by=world.system, now=datetime.now(UTC))
        async with worker(own_postgres_url, sink) as first, worker(own_postgres_url, sink):
            await until(world, 700)
            first.kill()
            await first.wait()
            await give_up_on(first.pid)
            async with worker(own_postgres_url, sink) as third:
                await until(world, 400)
                third.send_signal(signal.SIGSTOP)
                await give_up_on(third.pid)  # as after ten minutes: the others take its mails
                await until(world, 100)
                third.send_signal(signal.SIGCONT)
                states = await until(world, 0)

    assert_told_the_truth(states, sink)
    told = Counter(states.values())
    assert told["sent"] > 800
    assert told["unknown"] < 200


async def give_up_on(pid: int) -> None:
    """Let the leases of a process be over."""
    await execute(DEAD, datetime.now(UTC) - timedelta(seconds=1), f"%:{pid}:%")
