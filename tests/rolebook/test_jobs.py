"""Background duties: done by one process of all, again after failures, and never by a holder that lost them."""

import asyncio
import contextvars
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from directory.errors import UnavailableError
from directory.store import claims
from directory.store.unit import in_unit, is_in_unit, unit_of_work
from rolebook.jobs import Duty, Jobs, clock
from rolebook.metrics import Metrics
from tests.journeys.serving import read_rows
from tests.rolebook.dutiful import DUTY, LATE_WRITE
from tests.shape.tree import ROOT

pytestmark = pytest.mark.anyio

SEEN: contextvars.ContextVar[str] = contextvars.ContextVar("seen", default="nothing")


async def nothing(_now: datetime) -> int:
    return 0


def outcomes(metrics: Metrics, duty: str) -> dict[str, float]:
    """Return how often the duty ended how."""
    return {
        sample.labels["outcome"]: sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == "rolebook_duty_runs_total" and sample.labels["duty"] == duty
    }


@pytest.mark.usefixtures("store")
async def test_a_duty_goes_on_until_nothing_is_left() -> None:
    left = [3, 2, 0]
    metrics = Metrics()
    jobs = Jobs(metrics, ())

    async def work(_now: datetime) -> int:
        return left.pop(0)

    await jobs.run(Duty(name="work", every_s=60, work=work))

    assert left == []
    assert metrics.registry.get_sample_value("rolebook_duty_done_total", {"duty": "work"}) == 5
    assert outcomes(metrics, "work") == {"done": 1}


@pytest.mark.usefixtures("store")
async def test_a_duty_that_another_holds_is_left_to_it() -> None:
    metrics = Metrics()
    here, there = Jobs(metrics, ()), Jobs(Metrics(), ())
    inner: list[dict[str, float]] = []

    async def work(_now: datetime) -> int:
        await here.run(Duty(name="work", every_s=0, work=nothing))
        inner.append(outcomes(metrics, "work"))
        return 0

    await there.run(Duty(name="work", every_s=0, work=work))

    assert inner == [{"elsewhere": 1}]
    assert here.failures == {}


@pytest.mark.usefixtures("store")
async def test_a_duty_is_not_due_again_before_its_time() -> None:
    metrics = Metrics()
    jobs = Jobs(metrics, ())

    for _ in range(2):
        await jobs.run(Duty(name="work", every_s=3600, work=nothing))

    assert outcomes(metrics, "work") == {"done": 1, "elsewhere": 1}


@pytest.mark.usefixtures("store")
async def test_with_nothing_to_do_nothing_is_claimed(database_url: str) -> None:
    async def is_waiting(_now: datetime) -> bool:
        return False

    await Jobs(Metrics(), ()).run(Duty(name="work", every_s=0, work=nothing, waits=is_waiting))

    assert await asyncio.to_thread(read_rows, database_url, "SELECT duty FROM job_row") == []


@pytest.mark.parametrize(("error", "outcome"), [(ValueError("no"), "failed"), (UnavailableError("no"), "unavailable")])
@pytest.mark.usefixtures("store")
async def test_a_failure_is_counted_until_the_duty_succeeds_again(error: Exception, outcome: str) -> None:
    metrics = Metrics()
    jobs = Jobs(metrics, ())
    errors = [error, error]

    async def work(_now: datetime) -> int:
        if errors:
            raise errors.pop()
        return 0

    duty = Duty(name="work", every_s=0, work=work)
    counted = []
    for _ in range(3):
        await jobs.run(duty)
        counted.append(jobs.failures.get("work", 0))

    assert counted == [1, 2, 0]
    assert outcomes(metrics, "work") == {outcome: 2, "done": 1}


@pytest.mark.usefixtures("store")
async def test_a_holder_that_was_frozen_past_its_lease_writes_nothing(database_url: str) -> None:
    metrics = Metrics()
    frozen, awake = Jobs(metrics, (), lease_s=0.05), Jobs(Metrics(), (), lease_s=30)
    took_over = False

    async def take_over(_now: datetime) -> int:
        nonlocal took_over
        took_over = True
        return 0

    async def work(now: datetime) -> int:
        while not took_over:
            await awake.run(Duty(name="work", every_s=0, work=take_over))
        await in_unit(None, lambda: claims.stamp_duty("late", now=now))
        return 0

    await frozen.run(Duty(name="work", every_s=0, work=work))

    assert outcomes(metrics, "work") == {"lost": 1}
    assert await asyncio.to_thread(read_rows, database_url, "SELECT duty FROM job_row") == [("work",)]


@pytest.mark.usefixtures("store")
async def test_each_run_starts_in_a_context_of_its_own() -> None:
    found: list[object] = []
    done = asyncio.Event()

    async def work(_now: datetime) -> int:
        found.extend([is_in_unit(), SEEN.get()])
        done.set()
        return 0

    jobs = Jobs(Metrics(), [Duty(name="work", every_s=60, work=work, waits=None)])
    SEEN.set("the starter's")
    async with jobs.running():
        async with unit_of_work(None):
            await jobs.tick()
        await asyncio.wait_for(done.wait(), 5)

    assert found == [False, "nothing"]


@pytest.mark.usefixtures("store")
async def test_the_scheduler_comes_by_on_its_own_and_the_end_waits_for_what_is_under_way() -> None:
    began, told = asyncio.Event(), []

    async def work(_now: datetime) -> int:
        began.set()
        await asyncio.sleep(0)
        told.append("worked")
        return 0

    async def write_down(_now: datetime) -> int:
        told.append("written down")
        return 0

    jobs = Jobs(
        Metrics(),
        [Duty(name="work", every_s=60, work=work)],
        own=[Duty(name="write down", every_s=60, work=write_down)],
    )
    async with jobs.running():
        await asyncio.wait_for(began.wait(), 5)

    assert jobs.is_ticking
    assert told == ["written down", "worked", "written down"]


@pytest.mark.parametrize("process_count", [2])
async def test_two_processes_never_do_one_duty_at_the_same_time(
    database_url: str, tmp_path: Path, process_count: int
) -> None:
    diary = tmp_path / "diary"
    with ExitStack() as running:
        processes = [running.enter_context(dutiful(database_url, diary, "50")) for _ in range(process_count)]
        for process in processes:
            assert await asyncio.to_thread(process.wait, 60) == 0
    lines = [line.split() for line in diary.read_text(encoding="utf-8").splitlines()]

    assert len({process for process, _ in lines}) == process_count
    assert [word for _, word in lines] == ["began", "ended"] * 50 * process_count
    assert all(began[0] == ended[0] for began, ended in zip(lines[::2], lines[1::2], strict=True))


async def test_a_duty_goes_to_another_process_when_its_holder_is_killed(database_url: str, tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    with dutiful(database_url, diary, "hold") as holder:
        await asyncio.to_thread(wait_for, diary, "began")
        holder.kill()
        with dutiful(database_url, diary, "take over") as heir:
            assert await asyncio.to_thread(heir.wait, 30) == 0

    assert diary.read_text(encoding="utf-8").split()[1::2] == ["began", "took"]


async def test_a_process_that_wakes_after_its_duty_was_taken_over_writes_nothing(
    database_url: str, tmp_path: Path
) -> None:
    diary = tmp_path / "diary"
    with dutiful(database_url, diary, "hold") as holder:
        await asyncio.to_thread(wait_for, diary, "began")
        with dutiful(database_url, diary, "take over") as heir:
            assert await asyncio.to_thread(heir.wait, 30) == 0
        await asyncio.to_thread(holder.communicate, "wake up\n", 30)
    written = await asyncio.to_thread(read_rows, database_url, "SELECT duty FROM job_row")

    assert diary.read_text(encoding="utf-8").splitlines()[-1].endswith(" lost")
    assert written == [(DUTY,)]
    assert (LATE_WRITE,) not in written


@contextmanager
def dutiful(database_url: str, diary: Path, deed: str) -> Iterator[subprocess.Popen[str]]:
    """Give a process that does ``deed``, and end it afterwards."""
    words = [sys.executable, "-m", "tests.rolebook.dutiful", database_url, str(diary), deed]
    with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(diary: Path, word: str) -> None:
    """Return when ``word`` stands in the diary."""
    deadline = clock().timestamp() + 30
    while not diary.exists() or word not in diary.read_text(encoding="utf-8"):
        assert clock().timestamp() < deadline
