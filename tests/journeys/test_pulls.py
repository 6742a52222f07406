"""A directory of ours is pulled by the real programs: looked at first, taken over, followed, and left alone."""

import asyncio
import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest

from directory.store.compiled import Statement
from directory.store.unit import execute, open_store
from tests.connectors.serving import Served, served
from tests.journeys.facts import half_written, wrong_roles
from tests.journeys.pulled import Which, differences, meant_by, resources_in, stored_of, told_twice
from tests.journeys.serving import read_rows, rolebook, serving
from tests.rolebook.disturbing import wait_until
from tests.rolebook.pull_house import config_for, secrets_for
from tests.rolebook.pull_processes import reaching

KEYS = base64.b64encode(b"a key ring for the programs, long").decode()
MAKE_DUE = Statement("UPDATE pull_row SET next_at = $1::timestamptz", house=True)
LEAVER, GONE, MOVER = 5, 15, 25


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("which", get_args(Which))
def test_from_the_trial_to_the_leaver(which: Which, database_url: str, tmp_path: Path) -> None:
    with served(which, tmp_path, users=120, groups=6, memberships=300) as fake:
        settings = {**reaching(fake), "ROLEBOOK_KEYS": KEYS}

        def run(*words: str) -> Any:  # noqa: ANN401 - whatever the command prints
            return rolebook(database_url, *words, **settings)

        if database_url.startswith("sqlite:"):
            Path(database_url.removeprefix("sqlite:///")).chmod(0o600)
        source_id = connect(run, fake, which, tmp_path)
        before = resources_in(database_url)
        trial = run("pull", source_id, "--dry-run")
        assert (trial["state"], resources_in(database_url)) == ("done", before)

        first = run("pull", source_id)
        assert first["counts"] == trial["counts"]
        check_the_same(database_url, source_id, fake, which)
        assert told_twice(database_url) == []

        change(fake)
        moved = run("pull", source_id)
        assert (moved["kind"], [one["action"] for one in moved["taking"]][:1]) == ("delta", ["user:disable"])
        for _ in range(2):  # who was deleted for good shows, at Okta, by being missing twice
            run("pull", source_id, "--full")
        check_the_same(database_url, source_id, fake, which)

        before = resources_in(database_url)
        again = run("pull", source_id, "--full")
        assert (again["state"], resources_in(database_url)) == ("done", before)
        assert run("check")["ok"]
    assert (half_written(database_url), wrong_roles(database_url)) == ([], [])


@pytest.mark.slow
def test_a_server_pulls_what_is_due(database_url: str, tmp_path: Path) -> None:
    with served("graph", tmp_path, users=60, groups=3, memberships=90) as fake:
        settings = {**reaching(fake), "ROLEBOOK_KEYS": KEYS}
        source_id = connect(lambda *words: rolebook(database_url, *words, **settings), fake, "graph", tmp_path)
        asyncio.run(make_due(database_url))
        with serving(database_url, tmp_path, settings=settings):
            wait_until(lambda: read_rows(database_url, "SELECT state, cause FROM run_row") == [("done", "first run")])
        check_the_same(database_url, source_id, fake, "graph")


def connect(run: Callable[..., Any], fake: Served, which: Which, folder: Path) -> str:
    """Create a tenant and its connection, as an operator does who has a file with the configuration."""
    config = folder / "connection.json"
    config.write_text(json.dumps({**config_for(which, fake.base), "secrets": secrets_for(which)}), encoding="utf-8")
    slug = run("tenant", "create", "Contoso")["tenant"]
    words = ("source", "create", "--tenant", slug, "--kind", which, "--name", "Directory", "--config", str(config))
    source_id: str = run(*words)["source"]
    return source_id


def change(fake: Served) -> None:
    """Let somebody leave, somebody vanish, somebody move, somebody join, and a group change."""
    fake.control("edit_user", number=LEAVER, status="SUSPENDED")
    fake.control("purge_user", number=GONE)
    fake.control("edit_user", number=MOVER, department="Elsewhere", login="moved@example.org")
    joined = fake.control("create_user", department="New")["number"]
    fake.control("add_member", number=2, member=joined)
    fake.control("rename_group", number=3, name="Another name")


def check_the_same(url: str, source_id: str, fake: Served, which: Which) -> None:
    """Everything is as the directory has it."""
    assert differences(stored_of(url, source_id), meant_by(fake.export(), which)) == []


async def make_due(url: str) -> None:
    """Let all sources be due now."""
    async with open_store(url):
        await execute(MAKE_DUE, datetime.now(UTC))
