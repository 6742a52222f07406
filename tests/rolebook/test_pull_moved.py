"""A connection that is led elsewhere while it is pulled: nobody of the other place comes, and nothing of it is kept."""

import asyncio

import pytest

from directory.pulls import sources
from directory.store.unit import Engine
from rolebook.pull_work import carry_out
from tests.directory.pulls.pulled import GRAPH
from tests.directory.world import create_world
from tests.rolebook.carried_out import people_of, small_directory
from tests.rolebook.scripted import Scene, open_scene

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("store")]

ELSEWHERE = {**GRAPH, "tenant": "elsewhere.example"}


@pytest.fixture
async def scene(store: Engine) -> Scene:
    assert store.engine_type in {"sqlite", "postgres"}
    return await open_scene(await create_world(), small_directory())


async def test_the_pull_ends_and_neither_people_nor_the_directory_stay(scene: Scene) -> None:
    run, wait = await scene.ask(), asyncio.Event()
    scene.directory.waits["users", 1] = wait
    async with asyncio.TaskGroup() as group:
        group.create_task(carry_out(run.tenant_id, run.run_id, scene.means))
        await scene.directory.reached["users", 1].wait()
        await sources.edit_config(scene.source.source_id, ELSEWHERE, by=scene.world.system, now=scene.clock())
        wait.set()

    assert (await scene.run(run)).state == "cancelled"
    assert await people_of(scene) == {}
    source = await scene.reread_source()
    assert (source.identity, source.next_at, source.failures, source.full_done_at) == (None, None, 0, None)


async def test_a_pull_that_was_left_open_does_not_go_on_elsewhere(scene: Scene) -> None:
    run = await scene.ask()
    scene.means.stopping.set()
    await carry_out(run.tenant_id, run.run_id, scene.means)
    scene.means.stopping.clear()
    await sources.edit_config(scene.source.source_id, ELSEWHERE, by=scene.world.system, now=scene.clock())

    await carry_out(run.tenant_id, run.run_id, scene.means)

    assert (await scene.run(run)).state == "cancelled"
    assert await people_of(scene) == {}


async def test_what_else_is_changed_meanwhile_holds_from_the_next_pull_on(scene: Scene) -> None:
    run, wait = await scene.ask(), asyncio.Event()
    scene.directory.waits["users", 1] = wait
    async with asyncio.TaskGroup() as group:
        group.create_task(carry_out(run.tenant_id, run.run_id, scene.means))
        await scene.directory.reached["users", 1].wait()
        await sources.edit_config(
            scene.source.source_id, {**GRAPH, "guests": True}, by=scene.world.system, now=scene.clock()
        )
        wait.set()

    assert (await scene.run(run)).state == "done"
    source = await scene.reread_source()
    assert source.next_at is not None
    assert (source.full_done_at, source.next_at <= scene.clock()) == (None, True)
