"""What whoever watches over a pull writes of it."""

import asyncio

import pytest

from connectors.terms import Wait
from directory.pulls import run_life
from directory.pulls.model import Run
from directory.store.unit import Engine
from rolebook.pull_watch import PullStoppedError, Watch
from tests.directory.counting import counted_statements
from tests.directory.world import create_world
from tests.rolebook.scripted import Directory, Scene, open_scene

pytestmark = pytest.mark.anyio


@pytest.fixture
async def scene(store: Engine) -> Scene:
    assert store.engine_type in {"sqlite", "postgres"}
    return await open_scene(await create_world(), Directory())


@pytest.fixture
async def run(scene: Scene) -> Run:
    asked = await scene.ask()
    taken, _ = await run_life.begin(asked.tenant_id, asked.run_id, now=scene.clock())
    return taken


def watch_over(scene: Scene, run: Run, stopping: asyncio.Event | None = None) -> Watch:
    """Return a watch over a run."""
    return Watch(run, clock=scene.clock, stopping=stopping or asyncio.Event())


async def test_requests_and_waits_are_counted_on_after_a_resumption(scene: Scene, run: Run) -> None:
    first = watch_over(scene, run)
    first.requested()
    first.waiting(Wait(1.5, throttled=False, words="trying again"))
    await first.write()
    between = await scene.run(run)
    second = watch_over(scene, between)
    second.requested()
    await second.write()
    after = await scene.run(run)

    assert (between.request_count, between.waited_ms, between.waiting) == (1, 1500, "trying again")
    assert (after.request_count, after.waited_ms, after.waiting) == (2, 1500, "")


async def test_what_did_not_move_is_not_written(store: Engine, scene: Scene, run: Run) -> None:
    watch = watch_over(scene, run)
    watch.requested()
    await watch.write()
    with counted_statements(store) as counted:
        await watch.write()

    assert counted.texts == []


async def test_it_lets_a_pull_end_between_pages(scene: Scene, run: Run) -> None:
    stopping = asyncio.Event()
    watch = watch_over(scene, run, stopping)
    watch.check()
    stopping.set()
    with pytest.raises(PullStoppedError, match="stopping"):
        watch.check()
    watch.cancel()
    with pytest.raises(PullStoppedError, match="cancelled"):
        watch.check()
