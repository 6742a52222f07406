"""One run that is left in the middle of it, and gone on with by whoever comes next."""

import asyncio
from datetime import timedelta

import pytest

from connectors.errors import SourceError
from directory.leases import LeaseLostError
from directory.pulls import runs
from directory.pulls.run_forgetting import forget_runs
from directory.store.unit import Engine
from tests.directory.world import create_world
from tests.rolebook.carried_out import PEOPLE, dying_after, outcome_of, people_of, small_directory, work
from tests.rolebook.scripted import Scene, open_scene

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("store")]


@pytest.fixture
async def scene(store: Engine) -> Scene:
    assert store.engine_type in {"sqlite", "postgres"}
    return await open_scene(await create_world(), small_directory())


async def test_left_after_any_unit_of_work_it_is_gone_on_with_and_nothing_is_done_twice(store: Engine) -> None:
    step = 1 if store.engine_type == "sqlite" else 4
    calm = await open_scene(await create_world("calm"), small_directory())
    await work(calm, await calm.ask())
    expected = await outcome_of(calm.world)
    is_done, count = False, 0
    while not is_done:
        scene = await open_scene(await create_world(f"after-{count}"), small_directory())
        run = await scene.ask()
        try:
            with dying_after(count):
                is_done = (await work(scene, run)).state == "done"
        except LeaseLostError:
            run = await work(scene, run)
            assert run.state == "done", count
        await forget_runs(now=scene.clock())
        assert await outcome_of(scene.world) == expected, count
        count += step
    assert count > 10


@pytest.mark.parametrize(("stream", "at"), [("users", 0), ("users", 1), ("users", 2), ("groups", 0), ("groups", 1)])
async def test_pages_that_were_staged_are_not_read_again(scene: Scene, stream: str, at: int) -> None:
    scene.directory.troubles[stream, at] = SourceError("throttled", "asked us to wait 600 s", retry_after_s=600)
    run = await scene.ask()
    await work(scene, run)
    given = list(scene.directory.given)
    scene.directory.given.clear()

    run = await work(scene, run)

    assert (run.state, run.resumed_count, run.object_count) == ("done", 1, 7)
    assert not set(given) & set(scene.directory.given)
    assert await people_of(scene) == dict.fromkeys(PEOPLE, True)


async def test_another_directory_behind_a_run_that_is_resumed_is_not_applied_either(scene: Scene) -> None:
    scene.directory.troubles["groups", 0] = LeaseLostError("pull")
    run = await scene.ask()
    with pytest.raises(LeaseLostError):
        await work(scene, run)
    scene.directory.identity = "directory-2"

    run = await work(scene, run)

    assert (run.state, run.error_kind) == ("failed", "config")
    assert await people_of(scene) == {}


async def test_what_was_begun_a_day_ago_is_begun_anew(scene: Scene) -> None:
    scene.directory.troubles["users", 2] = LeaseLostError("pull")
    run = await scene.ask()
    with pytest.raises(LeaseLostError):
        await work(scene, run)
    scene.clock.skip(hours=25)
    scene.directory.asked.clear()

    await work(scene, run)

    assert scene.directory.asked[0] == ("users", None)
    assert await people_of(scene) == dict.fromkeys(PEOPLE, True)


async def test_a_wait_beyond_our_patience_puts_the_run_off(scene: Scene) -> None:
    scene.directory.troubles["users", 1] = SourceError("throttled", "asked us to wait 600 s", retry_after_s=600)
    asked = await scene.ask()

    run = await work(scene, asked)
    left = await runs.current_run(run.tenant_id, run.source_id)
    scene.directory.given.clear()
    ended = await work(scene, asked)

    assert run.state == "fetching"
    assert "600 s" in run.waiting
    assert left == run
    assert ended.state == "done"
    assert ("users", 0) not in scene.directory.given


async def test_a_pull_that_was_cancelled_says_what_it_did(scene: Scene) -> None:
    run = await scene.ask()
    scene.directory.waits["groups", 0] = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        working = group.create_task(work(scene, run))
        await scene.directory.reached["groups", 0].wait()
        await runs.ask_cancel(run.run_id, by=scene.world.system, now=scene.clock())

    ended = working.result()
    assert ended.state == "cancelled"
    assert ended.error_words == "Cancelled after 3 pages, before anything was changed."
    assert await people_of(scene) == {}
    due_at = (await scene.reread_source()).next_at
    assert due_at is not None
    assert due_at > scene.clock() + timedelta(minutes=15)


async def test_a_pull_that_waits_tells_why(scene: Scene) -> None:
    run = await scene.ask()
    event = scene.directory.waits["groups", 0] = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        working = group.create_task(work(scene, run))
        while True:
            shown = await scene.run(run)
            if shown.waiting:
                break
            await asyncio.sleep(0)
        event.set()

    assert shown.waiting == "the directory asked us to wait 27 s"
    assert shown.waited_ms == 27_000
    assert working.result().state == "done"


async def test_a_process_that_ends_leaves_the_run_to_the_next(scene: Scene) -> None:
    run = await scene.ask()
    scene.directory.waits["users", 1] = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        working = group.create_task(work(scene, run))
        await scene.directory.reached["users", 1].wait()
        scene.means.stopping.set()
    left = working.result()
    scene.means.stopping.clear()
    scene.directory.waits.clear()

    ended = await work(scene, run)

    assert left.state == "fetching"
    assert (ended.state, ended.resumed_count) == ("done", 1)


async def test_a_run_that_nobody_can_get_on_with_ends(scene: Scene) -> None:
    run = await scene.ask()
    for _ in range(6):
        scene.directory.troubles["users", 0] = LeaseLostError("pull")
        with pytest.raises(LeaseLostError):
            await work(scene, run)

    ended = await work(scene, run)

    assert ended.state == "failed"
    assert "interrupted again and again" in ended.error_words
