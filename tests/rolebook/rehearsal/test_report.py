"""How a rehearsal is told: while it goes on, and in the end."""

import asyncio
import io
import json
from functools import partial

import pytest

from rolebook.rehearsal.company import Size
from rolebook.rehearsal.comparing import Wrong
from rolebook.rehearsal.progress import Bar
from rolebook.rehearsal.report import Outcome
from rolebook.rehearsal.stage import Act, perform
from rolebook.rehearsal.tally import EXAMPLES_PER_STEP, Tally, percentile_ms
from rolebook.rehearsal.wire import AbandonedError, UnreachableError


def tally_of(times_s: list[float], *, wrong: int = 0) -> Tally:
    tally = Tally()
    for number, took_s in enumerate(times_s):
        with tally.timing("create user"):
            pass
        tally.note("create user", took_s)
        if number < wrong:
            tally.note_wrong("create user", f"POST /Users {number}", Wrong("status 201", "500"))
    return tally


def outcome_of(tally: Tally, *, kept: bool = False) -> Outcome:
    return Outcome(
        provider="entra", base_url="http://x", prefix="a1", seed=1, size=Size(users=2, groups=1),
        concurrency=8, kept=kept, tally=tally,
    )  # fmt: skip


@pytest.mark.parametrize(("percent", "expected"), [(50, 50.0), (95, 95.0), (99, 99.0), (100, 100.0)])
def test_percentiles_are_of_the_nearest_rank(percent: int, expected: float) -> None:
    assert percentile_ms([number / 1000 for number in range(1, 101)], percent) == expected
    assert percentile_ms([], percent) == 0


def test_requests_side_by_side_count_their_time_once() -> None:
    tally = Tally()
    with tally.timing("create user"):
        step = tally.steps["create user"]
        began_at_s = step.busy_since_s
        with tally.timing("create user"):
            assert step.under_way == 2
        assert step.busy_s == 0
        assert step.busy_since_s == began_at_s

    assert step.busy_s > 0
    assert step.under_way == tally.together.under_way == 0


def test_the_table_has_a_line_for_each_step_and_one_for_all() -> None:
    lines = outcome_of(tally_of([0.001, 0.002, 0.1]), kept=True).lines()
    cells = next(line for line in lines if line.startswith("create user")).split()

    assert cells[:4] == ["create", "user", "3", "0"]
    assert cells[5:] == ["2.0", "100.0", "100.0", "100.0"]
    assert any(line.startswith("all ") for line in lines)
    assert lines[-2:] == ["Kept: everything whose name has a1.", "Every answer was right."]


def test_only_the_first_wrong_answers_of_a_step_are_shown_and_all_are_counted() -> None:
    outcome = outcome_of(tally_of([0.001] * 9, wrong=8))
    document = outcome.document()

    assert not outcome.ok
    assert outcome.lines()[-1] == "8 wrong answers."
    assert document["wrong"] == 8
    assert isinstance(document["examples"], list)
    assert len(document["examples"]) == EXAMPLES_PER_STEP
    assert json.loads(json.dumps(document)) == document


def test_a_sequence_that_could_not_go_on_is_no_success() -> None:
    tally = tally_of([0.001])
    tally.abandoned, tally.waits, tally.waited_s = 2, 3, 12.0
    lines = outcome_of(tally).lines()

    assert not outcome_of(tally).ok
    assert "2 sequences could not go on." in lines
    assert "Put off by 429 or 503: 3 times, 12 s." in lines


def test_objects_of_an_act_run_side_by_side_and_acts_one_after_the_other() -> None:
    log: list[str] = []

    async def play(name: str) -> None:
        log.append(f"{name} begins")
        await asyncio.sleep(0)
        log.append(f"{name} ends")
        if name == "b":
            raise AbandonedError(name)

    acts = [Act("first", [partial(play, "a"), partial(play, "b")]), Act("second", [partial(play, "c")])]
    tally, stream = Tally(), io.StringIO()
    asyncio.run(perform(acts, tally, Bar(stream, tally, 3, is_terminal=False), concurrency=2))

    assert log == ["a begins", "b begins", "a ends", "b ends", "c begins", "c ends"]
    assert tally.abandoned == 1
    assert [line.split()[:4] for line in stream.getvalue().splitlines()] == [
        ["66", "%", "first", "2/2"],
        ["100", "%", "second", "1/1"],
    ]


def test_nothing_is_sent_after_the_connection_broke() -> None:
    log: list[str] = []

    async def play(name: str) -> None:
        log.append(name)
        raise UnreachableError(name)

    acts = [Act("first", [partial(play, name) for name in "abcd"]), Act("second", [partial(play, "e")])]
    tally = Tally()
    with pytest.raises(ExceptionGroup):
        asyncio.run(perform(acts, tally, Bar(io.StringIO(), tally, 5, is_terminal=False), concurrency=1))

    assert log == ["a"]


def test_a_terminal_gets_a_bar_that_fills() -> None:
    async def play() -> None:
        await asyncio.sleep(0)

    tally, stream = Tally(), io.StringIO()
    acts = [Act("create users", [play, play])]
    asyncio.run(perform(acts, tally, Bar(stream, tally, 2, is_terminal=True), concurrency=1))
    drawn = stream.getvalue().split("\r\x1b[K")

    assert drawn[1].startswith("[........................]   0 %  create users")
    assert drawn[-1].startswith("[########################] 100 %  create users")
    assert drawn[-1].endswith("\n")
