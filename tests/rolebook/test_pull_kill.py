"""A process is killed at any moment of a first pull: the next one goes on there, and nothing is done or told twice."""

import asyncio
import random
from itertools import count
from pathlib import Path

import pytest

from directory.model import SourceId
from directory.pull_run import RunId
from directory.pulls.run_forgetting import forget_runs
from directory.store.unit import open_store
from rolebook.jobs import clock
from tests.connectors.serving import Served, served
from tests.directory.world import World
from tests.journeys.facts import half_written, wrong_roles
from tests.journeys.pulled import differences, meant_by, stored_of, told_twice
from tests.journeys.serving import read_rows
from tests.rolebook.disturbing import wait_until, words_in
from tests.rolebook.pull_processes import ask, connect_tenants, puller, reaching

SMALL = {"users": 150, "groups": 8, "memberships": 600}
LARGER = {"users": 500, "groups": 25, "memberships": 4_000}
STATES = "SELECT id, state, error_words FROM run_row"
LEFT_OVER = "SELECT group_ext FROM staged_edge_row"


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_pull_that_is_killed_again_and_again_comes_to_its_end(durable_database_url: str, tmp_path: Path) -> None:
    check_killed(durable_database_url, tmp_path, size=SMALL, kills=3)


@pytest.mark.battery
@pytest.mark.timeout(3600)
def test_100_kills_at_random_moments(durable_database_url: str, tmp_path: Path) -> None:
    check_killed(durable_database_url, tmp_path, size=LARGER, kills=100)


def check_killed(url: str, folder: Path, *, size: dict[str, int], kills: int) -> None:
    """Kill whoever pulls at a random moment, let the next go on, and begin with another tenant when it is done."""
    chance = random.Random(5)
    done = 0
    with served("graph", folder, **size) as fake:
        meant = meant_by(fake.export(), "graph")
        step_count = pull_undisturbed(url, folder, fake)
        for number in count():
            if done >= kills:
                break
            _, source_id, run_id = begin_another(url, fake, f"killed-{number}")
            while not is_over(url, run_id):
                steps = chance.randrange(step_count)
                done += kill_within(url, folder / f"diary-{number}-{done}", fake, steps)
            assert left_by(url, run_id) == ("done", "")
            assert differences(stored_of(url, str(source_id)), meant) == []
    assert (told_twice(url), half_written(url), wrong_roles(url)) == ([], [], [])
    asyncio.run(forget_left_over(url))
    assert read_rows(url, LEFT_OVER) == []


async def forget_left_over(url: str) -> None:
    """Do what the duty does about a pull whose process was killed between its end and its clearing up."""
    async with open_store(url):
        while await forget_runs(now=clock()):
            pass


def begin_another(url: str, fake: Served, slug: str) -> tuple[World, SourceId, RunId]:
    """Ask for everything of a new tenant's connection."""
    ((world, source_id),) = asyncio.run(connect_tenants(url, fake, "graph", [slug]))
    return world, source_id, ask(url, world, source_id)


def pull_undisturbed(url: str, folder: Path, fake: Served) -> int:
    """Return in how many steps a pull is done that nobody kills."""
    _, _, run_id = begin_another(url, fake, "undisturbed")
    diary = folder / "diary"
    with puller(url, reaching(fake), diary):
        wait_until(lambda: is_over(url, run_id))
    return words_in(diary).count("step")


def kill_within(url: str, diary: Path, fake: Served, steps: int) -> int:
    """Let a process pull, and kill it once it did so many steps; returns 0 if it had come to its end before."""

    def has_come() -> bool:
        words = words_in(diary)
        return _is_at(words, "ended:") or (_is_at(words, "began:") and words.count("step") >= steps)

    with puller(url, reaching(fake), diary) as process:
        wait_until(has_come)
        process.kill()
        process.wait(20)
    return 0 if _is_at(words_in(diary), "ended:") else 1


def _is_at(words: list[str], where: str) -> bool:
    return any(word.startswith(where) for word in words)


def is_over(url: str, run_id: RunId) -> bool:
    """Tell whether nothing more comes of a run."""
    return left_by(url, run_id)[0] in {"done", "failed", "cancelled"}


def left_by(url: str, run_id: RunId) -> tuple[str, str]:
    """Return the state of a run, and what is said of it."""
    return next((state, words) for one, state, words in read_rows(url, STATES) if one == str(run_id))
