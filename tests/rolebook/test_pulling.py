"""The pulls of processes: who takes which, how many at a time, and what becomes of them when one ends."""

import asyncio
from datetime import timedelta

import pytest

from directory import leases
from directory.pulls import runs, sources
from directory.pulls.due import ask_due, kind_due
from directory.pulls.model import Run
from directory.store.compiled import Statement
from directory.store.unit import Engine, execute, fetch_one
from rolebook.pulling import Puller, lease_name
from tests.directory.world import create_world
from tests.rolebook.scripted import Directory, Scene, means_for, open_scene

pytestmark = pytest.mark.anyio

_DUE = Statement("UPDATE pull_row SET next_at = $2::timestamptz WHERE source_id = $1::uuid", house=True)
_HELD = Statement("SELECT count(*) AS held FROM job_row WHERE holder IS NOT NULL")


@pytest.fixture
async def scenes(store: Engine) -> list[Scene]:
    """Four tenants, each with a directory of its own."""
    assert store.engine_type in {"sqlite", "postgres"}
    worlds = [await create_world(f"tenant-{number}") for number in range(4)]
    return [await open_scene(world, Directory(people=["ann", "bob", "cid"])) for world in worlds]


async def let_be_due(scene: Scene) -> None:
    """Let the time of a source's next pull come."""
    await execute(_DUE, scene.source.source_id, scene.clock() - timedelta(minutes=1))


async def runs_of(scene: Scene) -> list[Run]:
    """Return all pulls of a source, the newest first."""
    return await runs.list_runs(scene.source.tenant_id, scene.source.source_id, limit=50)


async def until_done(*scenes: Scene) -> None:
    """Wait until nothing is asked for or under way any more."""
    async with asyncio.timeout(30):
        for scene in scenes:
            while True:
                if await runs.current_run(scene.source.tenant_id, scene.source.source_id) is None:
                    break
                await asyncio.sleep(0)


async def until_staged(scene: Scene, run: Run) -> None:
    """Wait until the first page of a pull is kept."""
    async with asyncio.timeout(30):
        while True:
            if (await scene.run(run)).page_count:
                break
            await asyncio.sleep(0)


async def test_all_that_is_due_is_pulled_two_at_a_time(scenes: list[Scene]) -> None:
    gates = [scene.directory.waits.setdefault(("users", 1), asyncio.Event()) for scene in scenes]
    for scene in scenes:
        await let_be_due(scene)
    puller = Puller(means_for(scenes))
    async with puller.running():
        await puller.look(scenes[0].clock())
        async with asyncio.timeout(30):
            for scene in scenes[:2]:
                await scene.directory.reached["users", 1].wait()
        begun = [bool(scene.directory.asked) for scene in scenes]
        for gate in gates:
            gate.set()
        await until_done(*scenes)

    assert begun == [True, True, False, False]
    assert [[(run.state, run.cause) for run in await runs_of(scene)] for scene in scenes] == [
        [("done", "first run")]
    ] * 4
    held = await fetch_one(_HELD)
    assert held is not None
    assert held["held"] == 0


async def test_what_is_due_is_asked_for_once_however_many_processes_look(scenes: list[Scene]) -> None:
    for scene in scenes[:2]:
        await let_be_due(scene)

    asked = [await ask_due(scenes[0].clock()) for _ in range(3)]

    assert asked == [2, 0, 0]
    assert [len(await runs_of(scene)) for scene in scenes] == [1, 1, 0, 0]


async def test_a_paused_source_is_left_alone(scenes: list[Scene]) -> None:
    paused = scenes[0]
    await let_be_due(paused)
    await sources.pause(paused.source.source_id, by=paused.world.system, now=paused.clock())

    assert await ask_due(paused.clock()) == 0


async def test_everything_is_pulled_the_first_time_and_once_a_day(scenes: list[Scene]) -> None:
    scene = scenes[0]
    puller = Puller(means_for(scenes))
    kinds = [kind_due(scene.source, scene.clock())]
    await let_be_due(scene)
    async with puller.running():
        await puller.look(scene.clock())
        await until_done(scene)
    pulled = await scene.reread_source()
    kinds.append(kind_due(pulled, scene.clock()))
    kinds.append(kind_due(pulled, scene.clock() + timedelta(hours=24)))

    assert kinds == [("full", "first run"), ("delta", "schedule"), ("full", "daily")]
    assert pulled.next_at is not None
    assert timedelta(minutes=26) < pulled.next_at - scene.clock() < timedelta(minutes=34)


async def test_of_two_processes_one_does_a_pull(scenes: list[Scene]) -> None:
    scene = scenes[0]
    gate = scene.directory.waits.setdefault(("users", 1), asyncio.Event())
    first, second = Puller(means_for(scenes)), Puller(means_for(scenes))
    await scene.ask()
    async with first.running(), second.running():
        await first.look(scene.clock())
        await scene.directory.reached["users", 1].wait()
        await second.look(scene.clock())
        gate.set()
        await until_done(scene)

    assert scene.directory.closed_count == 1
    assert [run.resumed_count for run in await runs_of(scene)] == [0]


async def test_a_frozen_process_writes_nothing_once_another_has_its_pull(scenes: list[Scene]) -> None:
    scene = scenes[0]
    gate = scene.directory.waits.setdefault(("users", 1), asyncio.Event())
    asked = await scene.ask()
    frozen, other = Puller(means_for(scenes), lease_s=0), Puller(means_for(scenes))
    async with frozen.running():
        await frozen.look(scene.clock())
        await until_staged(scene, asked)
        scene.clock.skip(seconds=10)
        scene.directory.waits.clear()
        lease = await other.claim(scene.source.source_id)
        assert lease is not None
        await other.work(asked.tenant_id, asked.run_id, lease)
        done = await scene.run(asked)
        gate.set()

    after = await scene.run(asked)
    assert (done.state, done.resumed_count) == ("done", 1)
    assert after == done


async def test_a_process_that_ends_gives_its_pull_back(scenes: list[Scene]) -> None:
    scene = scenes[0]
    scene.directory.waits["users", 1] = asyncio.Event()
    asked = await scene.ask()
    first, second = Puller(means_for(scenes)), Puller(means_for(scenes))
    async with first.running():
        await first.look(scene.clock())
        await scene.directory.reached["users", 1].wait()
    left = await scene.run(asked)
    scene.directory.waits.clear()
    async with second.running():
        await second.look(scene.clock())
        await until_done(scene)

    ended = await scene.run(asked)
    assert (left.state, left.page_count) == ("fetching", 1)
    assert (ended.state, ended.page_count, ended.resumed_count) == ("done", 2, 1)


async def test_a_source_that_somebody_holds_is_left_to_them(scenes: list[Scene]) -> None:
    scene = scenes[0]
    await scene.ask()
    name = lease_name(scene.source.source_id)
    held = await leases.claim(name, "somebody", now=scene.clock(), every_s=0, lease_s=3600)
    puller = Puller(means_for(scenes))
    async with puller.running():
        await puller.look(scene.clock())

    assert held is not None
    assert [run.state for run in await runs_of(scene)] == ["asked"]


async def test_one_person_comes_before_others_that_wait(scenes: list[Scene]) -> None:
    scene = scenes[0]
    await scene.ask("delta")
    one = await scene.ask("one", user_key="ann")

    current = await runs.current_run(scene.source.tenant_id, scene.source.source_id)

    assert current == one
