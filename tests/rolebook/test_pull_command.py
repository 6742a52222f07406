"""The command ``rolebook pull``: what it prints and how it ends."""

import io
from dataclasses import replace

import pytest

from directory.model import JsonObject
from directory.pulls.model import RunItem
from rolebook.pull_command import answer_for, lines_for
from rolebook.pull_progress import PullBar, line_for
from tests.rolebook.test_pull_endings import RUN

LEAVER = RunItem(
    seq=1,
    kind="user",
    action="user:disable",
    ext_id="id-eve",
    subject_id=None,
    label="Eve",
    detail="out of scope",
    changes=(),
)


def test_a_run_is_told_as_a_table_with_who_loses_access() -> None:
    run = replace(
        RUN, state="done", dry=True, counts={"user:create": 1_200, "user:disable": 1}, why={"users": [1, 2, 3]}
    )

    lines = lines_for(answer_for(run, [LEAVER]))

    assert lines == [
        "  user:create       1,200",
        "  user:disable          1",
        "Access that would be taken:",
        "  user:disable   Eve  out of scope",
        "The guard holds what takes access away: it is more than its limits allow.",
    ]


def test_a_failure_is_told_with_what_to_do() -> None:
    run = replace(RUN, state="failed", error_kind="auth", error_words="no entry", error_remedy="Knock.")

    answer = answer_for(run, [])

    assert answer["error"] == {"kind": "auth", "words": "no entry", "remedy": "Knock."}
    assert lines_for(answer) == ["Failed: no entry", "Knock."]


def test_steps_are_told_one_by_one() -> None:
    steps: tuple[JsonObject, ...] = (
        {"words": "Connect", "outcome": "passed", "detail": ""},
        {"words": "Find", "outcome": "failed", "detail": "no"},
    )

    lines = lines_for(answer_for(replace(RUN, state="failed", steps=steps), []))

    assert lines == ["Connect: passed.", "Find: failed. no"]


def test_nothing_to_change_is_said() -> None:
    assert lines_for(answer_for(replace(RUN, state="done"), [])) == ["Nothing to change."]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"phase": "Fetching", "object_count": 20, "request_count": 3}, "Fetching: 20 objects, 3 requests"),
        (
            {"phase": "Fetching", "object_count": 20, "expected_count": 40},
            "[############............]  50 %  Fetching",
        ),
        (
            {"waiting": "it asked us to wait 27 s", "phase": "Fetching"},
            "it asked us to wait 27 s: 0 objects, 0 requests",
        ),
        ({"state": "done", "to_do_count": 3, "request_count": 7}, "Done: 0 objects, 7 requests"),
        (
            {"state": "applying", "phase": "Applying", "done_count": 9, "to_do_count": 3},
            "[########################] 100 %  Applying",
        ),
    ],
)
def test_a_line_says_how_far_it_is(changes: dict[str, object], line: str) -> None:
    assert line_for(replace(RUN, **changes)) == line  # type: ignore[arg-type]  # fields by name


def test_a_terminal_has_one_line_and_a_file_one_for_each_stage() -> None:
    terminal, file = io.StringIO(), io.StringIO()
    for bar in (PullBar(terminal, is_terminal=True), PullBar(file, is_terminal=False)):
        for run in (RUN, RUN, replace(RUN, object_count=5), replace(RUN, state="planning")):
            bar.show(replace(run, phase=run.state))
        bar.end()

    assert terminal.getvalue().count("\r") == 3
    assert terminal.getvalue().endswith("\n")
    assert file.getvalue().splitlines() == ["fetching: 0 objects, 0 requests", "planning: 0 objects, 0 requests"]
