"""Whoever is killed or frozen over a pull: it is done once, by one process at a time, and nothing is told twice."""

import asyncio
import random
import signal
import subprocess
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from directory.model import SourceId
from directory.store.compiled import Statement
from directory.store.unit import execute, open_store
from tests.connectors.serving import Served, served
from tests.journeys.facts import half_written
from tests.journeys.pulled import differences, meant_by, resources_in, stored_by_source, stored_of, told_twice
from tests.journeys.serving import read_rows
from tests.rolebook.disturbing import lines_of, wait_until
from tests.rolebook.pull_processes import ask, connect_tenants, puller, reaching

MAKE_DUE = Statement("UPDATE pull_row SET next_at = $1::timestamptz", house=True)
RUNS = "SELECT source_id, state, error_words FROM run_row"


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_pulls_of_a_killed_and_a_frozen_process_are_done_once(durable_postgres_url: str, tmp_path: Path) -> None:
    check_disturbed(durable_postgres_url, tmp_path, count=12, kills=1, freezes=1)


@pytest.mark.battery
@pytest.mark.timeout(1800)
def test_200_due_pulls_two_processes_kills_and_freezes(durable_postgres_url: str, tmp_path: Path) -> None:
    check_disturbed(durable_postgres_url, tmp_path, count=200, kills=20, freezes=10)


@pytest.mark.slow
def test_a_process_that_wakes_after_another_took_over_writes_nothing(database_url: str, tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    with served("graph", tmp_path, users=120, groups=4, memberships=200) as fake:
        ((world, source_id),) = asyncio.run(connect_tenants(database_url, fake, "graph", ["frozen"]))
        ask(database_url, world, source_id)
        with puller(database_url, reaching(fake), diary, "hold") as holder:
            wait_until(lambda: "holds" in words_of(diary, holder.pid))
            with puller(database_url, reaching(fake), diary):
                wait_until(lambda: [state for _, state, _ in read_rows(database_url, RUNS)] == ["done"])
            before = resources_in(database_url)
            assert holder.stdin is not None
            holder.stdin.write("wake up\n")
            holder.stdin.flush()
            wait_until(lambda: words_of(diary, holder.pid)[-1].startswith("lost:"))
        meant = meant_by(fake.export(), "graph")

    assert resources_in(database_url) == before
    assert differences(stored_of(database_url, str(source_id)), meant) == []
    assert (told_twice(database_url), half_written(database_url)) == ([], [])


def check_disturbed(url: str, folder: Path, *, count: int, kills: int, freezes: int) -> None:
    """Let two processes pull, and kill or freeze whichever has something in hand, again and again."""
    diary = folder / "diary"
    deeds = [*(["kill"] * kills), *(["freeze"] * freezes)]
    random.Random(11).shuffle(deeds)
    disturbed: set[int] = set()
    with served("graph", folder, users=30, groups=3, memberships=40) as fake, ExitStack() as stack:
        sources = asyncio.run(prepare(url, fake, count))
        running = [stack.enter_context(puller(url, reaching(fake), diary)) for _ in range(2)]
        for place, deed in enumerate(deeds, 1):
            wait_until(lambda place=place: ended_in(diary) >= count * place // (len(deeds) + 1))  # type: ignore[misc]  # bound now
            holder = wait_for_holder(diary, running)
            disturbed.add(holder.pid)
            if deed == "freeze":
                freeze(holder, diary)
                continue
            holder.kill()
            holder.wait(20)
            running.remove(holder)
            running.append(stack.enter_context(puller(url, reaching(fake), diary)))
        wait_until(lambda: sum(state == "done" for _, state, _ in read_rows(url, RUNS)) >= count)
        meant = meant_by(fake.export(), "graph")
    check_once(url, sources)
    check_one_at_a_time(diary, disturbed)
    stored = stored_by_source(url)
    assert [differences(stored[str(source_id)], meant) for source_id in sources] == [[]] * count


async def prepare(url: str, fake: Served, count: int) -> list[SourceId]:
    """Make sources that are all due now, each in a tenant of its own."""
    made = await connect_tenants(url, fake, "graph", [f"tenant-{number}" for number in range(count)])
    async with open_store(url):
        await execute(MAKE_DUE, datetime.now(UTC))
    return [source_id for _, source_id in made]


def check_once(url: str, sources: list[SourceId]) -> None:
    """Every source was pulled, none twice, and nothing was told twice."""
    found = read_rows(url, RUNS)
    assert [one for one in found if one[1] != "done"] == []
    assert sorted(source_id for source_id, _, _ in found) == sorted(map(str, sources))
    assert (told_twice(url), half_written(url)) == ([], [])


def check_one_at_a_time(diary: Path, disturbed: set[int]) -> None:
    """Nobody takes up what another process has in hand, unless that one was killed or frozen."""
    holders: dict[str, int] = {}
    for pid, line in lines_of(diary):
        word, _, run_id = line.partition(":")
        if word == "began":
            assert holders.get(run_id, int(pid)) in {int(pid), *disturbed}, run_id
            holders[run_id] = int(pid)
        elif run_id and holders.get(run_id) == int(pid):
            del holders[run_id]


def wait_for_holder(diary: Path, running: list["subprocess.Popen[str]"]) -> "subprocess.Popen[str]":
    """Return a process that has a pull in hand."""
    alive = {process.pid: process for process in running}

    def in_hand() -> list[int]:
        holders: dict[str, int] = {}
        for pid, line in lines_of(diary):
            word, _, run_id = line.partition(":")
            if word == "began":
                holders[run_id] = int(pid)
            elif run_id:
                holders.pop(run_id, None)
        return [pid for pid in holders.values() if pid in alive]

    wait_until(lambda: bool(in_hand()))
    return alive[(in_hand() or list(alive))[-1]]


def freeze(holder: "subprocess.Popen[str]", diary: Path) -> None:
    """Stop a process in the middle of whatever it does until another one takes a pull up, and let it go on."""
    holder.send_signal(signal.SIGSTOP)
    seen = len(lines_of(diary))
    try:
        wait_until(lambda: len(lines_of(diary)) > seen + 2)
    finally:
        holder.send_signal(signal.SIGCONT)


def ended_in(diary: Path) -> int:
    """Return how many pulls came to an end."""
    return sum(word.startswith("ended:") for _, word in lines_of(diary))


def words_of(diary: Path, pid: int) -> list[str]:
    """Return what one process wrote down."""
    return [word for one, word in lines_of(diary) if int(one) == pid]
