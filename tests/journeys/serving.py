"""The real server as a process of its own, and the database as it lies there, read without any code of ours."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import httpx

from directory.store.row_security import house_role
from tests.databases import APPLICATION
from tests.shape.tree import ROOT

START_S = 30.0
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
PASSED_ON = ("PATH", "HOME", "LANG", "PYTHONDONTWRITEBYTECODE", "COVERAGE_PROCESS_START")


def environment_for(database_url: str, **settings: str) -> dict[str, str]:
    """Return the environment of a program: nothing of ours but what is said here."""
    passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {**passed_on, "ROLEBOOK_DATABASE_URL": database_url, **settings}


def rolebook(database_url: str, *words: str, **settings: str) -> Any:  # noqa: ANN401 - whatever the command prints
    """Run one command with ``--json`` and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "rolebook", *words, "--json"],
        cwd=ROOT,
        env=environment_for(database_url, **settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if done.returncode:
        raise RuntimeError(f"rolebook {' '.join(words)} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


class Server:
    """``rolebook serve`` as a process, which may be killed and started again at the same address."""

    def __init__(
        self, database_url: str, folder: Path, *, workers: int = 1, settings: Mapping[str, str] = NO_SETTINGS
    ) -> None:
        self.database_url = database_url
        self._settings = settings
        self.greeting: dict[str, Any] = {}
        """What the last start printed."""
        self._workers = workers
        self._log = folder / "server.log"
        self._port = "0"
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://localhost:{self._port}"

    @property
    def log(self) -> str:
        """What it logged since it was first started."""
        return self._log.read_text(encoding="utf-8")

    @property
    def process(self) -> subprocess.Popen[str]:
        """The process that runs."""
        if self._process is None:
            raise RuntimeError("start() first")
        return self._process

    def start(self) -> None:
        """Start it and return when it is ready; its processes form a group of their own, as under a supervisor."""
        words = ["serve", "--port", self._port, "--workers", str(self._workers), "--json"]
        with self._log.open("a", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "rolebook", *words],
                cwd=ROOT,
                env=environment_for(self.database_url, **self._settings),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line:
            raise RuntimeError(f"the server did not start: {self.log}")
        self.greeting = json.loads(line)
        self._port = str(httpx.URL(self.greeting["url"]).port)
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Return when it takes requests."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            with suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/health/ready", timeout=5, trust_env=False).status_code == 200:
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise RuntimeError(f"the server is not ready: {self.log}")

    def kill(self) -> None:
        """Kill all its processes without any warning."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self._wait()

    def stop(self) -> int:
        """Ask it to end, and return the status it ended with."""
        self.process.terminate()
        return self._wait()

    def _wait(self) -> int:
        status = self.process.wait(20)
        if self.process.stdout:
            self.process.stdout.close()
        return status

    def close(self) -> None:
        """End it in whatever way, if it runs."""
        if self._process is not None and self._process.poll() is None:
            self.kill()


@contextmanager
def serving(
    database_url: str, folder: Path, *, workers: int = 1, settings: Mapping[str, str] = NO_SETTINGS
) -> Iterator[Server]:
    """Give a ready server and end it afterwards."""
    server = Server(database_url, folder, workers=workers, settings=settings)
    try:
        server.start()
        yield server
    finally:
        server.close()


def read_rows(database_url: str, sql: str) -> list[tuple[Any, ...]]:
    """Return rows as the database's own driver gives them; ids as text."""
    if database_url.startswith("sqlite:///"):
        with sqlite3.connect(database_url.removeprefix("sqlite:///")) as connection:
            rows: Sequence[Sequence[Any]] = connection.execute(sql).fetchall()
        connection.close()
    else:
        rows = asyncio.run(_read_postgres(database_url, sql))
    return [tuple(str(value) if isinstance(value, UUID) else value for value in row) for row in rows]


async def _read_postgres(database_url: str, sql: str) -> Sequence[Sequence[Any]]:
    connection = await asyncpg.connect(database_url)
    try:
        if urlsplit(database_url).username == APPLICATION:
            await connection.execute(f"SET ROLE {house_role(APPLICATION)}")  # else there are nobody's rows to see
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()
