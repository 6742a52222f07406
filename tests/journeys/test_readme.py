"""The tour of the README, typed into a shell as it stands there."""

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.journeys.serving import environment_for, read_rows, serving
from tests.shape.tree import ROOT

_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def tour() -> str:
    """Return the commands of the tour, after those that start the server."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return "".join(_BLOCK.findall(text.partition("## A tour")[2]))


def test_the_tour_works_as_it_is_written(database_url: str, tmp_path: Path) -> None:
    curl = tmp_path / "curl"
    curl.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT}/tests/journeys/curl.py" "$@"\n', encoding="utf-8")
    curl.chmod(0o755)
    with serving(database_url, tmp_path) as server:
        script = tour().replace("http://localhost:8000", server.url).replace(".venv/bin/python", sys.executable)
        environment = environment_for(database_url)
        done = subprocess.run(
            ["sh", "-eu"],
            input=script,
            cwd=ROOT,
            env={**environment, "PATH": f"{tmp_path}:{environment['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    assert (done.returncode, done.stderr) == (0, "")
    assert [one for one in answers if "Error" in str(one["schemas"])] == []
    assert done.stdout.endswith("events of example: well\nkeys: well\n")
    assert read_rows(
        database_url,
        "SELECT u.user_name, u.active, g.display_name FROM user_row u JOIN member_row m ON m.user_id = u.id"
        " JOIN group_row g ON g.id = m.group_id ORDER BY u.user_name",
    ) == [("ann@example.com", False, "Employees"), ("ben@example.com", False, "Editors")]
