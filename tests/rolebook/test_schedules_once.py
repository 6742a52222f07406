"""Reports that are due are sent exactly once, whichever process is killed or frozen over them."""

import asyncio
import random
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from directory.store.compiled import Statement
from directory.store.unit import execute, open_store
from tests.directory.scheduling import local_user, make_schedule, terms
from tests.directory.world import create_world
from tests.journeys.serving import read_rows
from tests.rolebook.disturbing import freeze, pids_in, scheduled, wait_for_count, wait_until, words_in

OF_ONE_TENANT = 25
MAKE_DUE = Statement("UPDATE schedule_row SET next_at = $1::timestamptz", house=True)
MAILS = "SELECT dedupe_key, state FROM outbox_row"
RUNS = "SELECT schedule_id, outcome, missed_count FROM schedule_run_row"
TOLD = "SELECT subject_id FROM event_row WHERE action = 'schedule:sent'"
STILL_DUE = "SELECT id FROM schedule_row WHERE failure_count > 0 OR problem <> ''"


@pytest.mark.timeout(240)
def test_a_killed_and_a_frozen_sender_leave_each_report_sent_once(durable_postgres_url: str, tmp_path: Path) -> None:
    check_disturbed(durable_postgres_url, tmp_path, count=30, kills=1, freezes=1)


@pytest.mark.battery
@pytest.mark.timeout(900)
def test_200_due_reports_two_processes_kills_and_freezes(durable_postgres_url: str, tmp_path: Path) -> None:
    check_disturbed(durable_postgres_url, tmp_path, count=200, kills=12, freezes=6)


def test_a_sender_that_wakes_after_another_took_over_writes_nothing(database_url: str, tmp_path: Path) -> None:
    asyncio.run(prepare(database_url, 3))
    diary = tmp_path / "diary"
    with scheduled(database_url, diary, "hold") as holder:
        wait_until(lambda: "began" in words_in(diary))
        with scheduled(database_url, diary, "send"):
            wait_until(lambda: len(read_rows(database_url, RUNS)) == 3)
        before = [read_rows(database_url, text) for text in (MAILS, RUNS, TOLD)]
        holder.communicate("wake up\n", 30)

    assert words_in(diary)[-1] == "lost"
    assert [read_rows(database_url, text) for text in (MAILS, RUNS, TOLD)] == before
    check_each_once(database_url, 3)


def check_disturbed(url: str, folder: Path, *, count: int, kills: int, freezes: int) -> None:
    """Let two processes send, and kill or freeze whichever holds the duty, again and again."""
    asyncio.run(prepare(url, count))
    diary = folder / "diary"
    deeds = [*(["kill"] * kills), *(["freeze"] * freezes)]
    random.Random(7).shuffle(deeds)
    with ExitStack() as stack:
        running = [stack.enter_context(scheduled(url, diary, "send")) for _ in range(2)]
        for place, deed in enumerate(deeds, 1):
            reached = count * place // (len(deeds) + 1)
            wait_for_count(diary, reached)
            holder = next(process for process in running if process.pid == pids_in(diary)[-1])
            if deed == "freeze":
                freeze(holder, diary)
                continue
            holder.kill()
            holder.wait(20)
            running.remove(holder)
            running.append(stack.enter_context(scheduled(url, diary, "send")))
        wait_until(lambda: len(read_rows(url, RUNS)) >= count)
        for process in running:
            process.terminate()
            process.wait(20)
    check_each_once(url, count)


def check_each_once(url: str, count: int) -> None:
    """Every schedule has one run, one mail and one event, and none failed on the way."""
    mails, runs = read_rows(url, MAILS), read_rows(url, RUNS)
    assert len(mails) == count
    assert set(Counter(key for key, _ in mails).values()) == {1}
    assert set(Counter(schedule_id for schedule_id, _, _ in runs).values()) == {1}
    assert len(runs) == count
    assert {outcome for _, outcome, _ in runs} == {"sent"}
    assert len(read_rows(url, TOLD)) == count
    assert read_rows(url, STILL_DUE) == []


async def prepare(url: str, count: int) -> None:
    """Make schedules that are all due now, of a report with one row, in several tenants."""
    async with open_store(url):
        for first in range(0, count, OF_ONE_TENANT):
            world = await create_world(f"tenant-{first}")
            await local_user(world, "zoe")
            for number in range(first, min(first + OF_ONE_TENANT, count)):
                await make_schedule(world, terms(name=f"Number {number}"))
        await execute(MAKE_DUE, datetime.now(UTC))
