"""Whoever moves many people between tenants is killed again and again: each is moved wholly, once, or not at all."""

import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.journeys.serving import environment_for, rolebook, serving
from tests.rolebook.moves import Begun, begin, moved_count, problems_of, progress
from tests.shape.tree import ROOT

PATIENCE_S = 120.0


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_move_survives_kills_of_whoever_works_on_it(durable_database_url: str) -> None:
    begun = begin(durable_database_url, 120)

    assert moved_by_processes(begun, kills=3) == 3

    assert_moved(begun)


@pytest.mark.battery
@pytest.mark.timeout(3600)
def test_a_move_of_1000_survives_20_kills_of_whoever_works_on_it(durable_database_url: str) -> None:
    begun = begin(durable_database_url, 1_000)

    assert moved_by_processes(begun, kills=20) == 20

    assert_moved(begun)


@pytest.mark.battery
@pytest.mark.timeout(7200)
def test_a_move_of_1000_survives_20_kills_of_the_server(durable_database_url: str, tmp_path: Path) -> None:
    begun = begin(durable_database_url, 1_000)

    with serving(durable_database_url, tmp_path) as server:
        for turn in range(1, 21):
            wait_until(begun, begun.count * turn // 21)
            server.kill()
            assert problems_of(begun) == []
            server.start()
        wait_until(begun, begun.count, is_over=lambda: progress(begun)[1])
        assert server.stop() == 0

    assert_moved(begun)


def moved_by_processes(begun: Begun, *, kills: int) -> int:
    """Let processes go on with it, kill so many as soon as each got a little further, and let one finish."""
    killed = 0
    for turn in range(1, kills + 1):
        process = started(begun)
        wait_until(begun, begun.count * turn // (kills + 1), is_over=partial(has_ended, process))
        killed += process.poll() is None
        process.kill()
        process.wait()
        assert problems_of(begun) == []
    assert started(begun).wait(PATIENCE_S) == 0
    return killed


def started(begun: Begun) -> "subprocess.Popen[bytes]":
    words = [sys.executable, "-m", "tests.rolebook.moves_process", begun.url]
    return subprocess.Popen(words, cwd=ROOT, env=environment_for(begun.url))


def has_ended(process: "subprocess.Popen[bytes]") -> bool:
    return process.poll() is not None


def wait_until(begun: Begun, goal: int, *, is_over: Callable[[], bool] = lambda: False) -> None:
    """Return when the walk has got so far."""
    deadline = time.monotonic() + PATIENCE_S
    while progress(begun)[0] < goal and not is_over():
        assert time.monotonic() < deadline, f"only {progress(begun)} after {PATIENCE_S} s"


def assert_moved(begun: Begun) -> None:
    """Everybody is where the rules lead, nothing is lost or told twice, and the program finds nothing wrong."""
    assert progress(begun)[1]
    assert problems_of(begun) == []
    assert moved_count(begun) == begun.count
    if begun.url.startswith("sqlite:///"):
        Path(begun.url.removeprefix("sqlite:///")).chmod(0o600)  # no server made this file
    assert rolebook(begun.url, "check")["ok"]
