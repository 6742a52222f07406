"""The servers that are compared: each a process of its own on loopback, started empty, ended whatever happens."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[1]
PEERS = ROOT / ".venv/peers"
APPS = Path(__file__).parent / "peers"
TOKEN = "benchmark-token"
START_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A server: what it promises, and how it is started."""

    name: str
    durable: str
    authenticated: str
    records: str
    base: str
    leaves: str = "okta"
    is_ours: bool = False
    needs_postgres: bool = False
    command: Callable[["Place"], Sequence[str | Path]]
    variables: Callable[["Place"], Mapping[str, str]] = lambda _: {}
    prepare: Callable[["Place"], str] = lambda _: TOKEN
    """Sets up its database; returns the token that opens it."""
    at: Path = APPS


@dataclass(slots=True, kw_only=True)
class Place:
    """Where a server runs."""

    folder: Path
    port: int
    database_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server that answers."""

    pid: int
    port: int
    token: str


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(system: System, folder: Path, database_url: str = "", token: str = "") -> Iterator[Running]:
    """Start a server, give it when it listens, and end its processes; with ``token`` its database is ready."""
    place = Place(folder=folder, port=free_port(), database_url=database_url)
    token = token or system.prepare(place)
    passed_on = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [str(word) for word in system.command(place)],
            cwd=system.at,
            env={**passed_on, "BENCH_TOKEN": token, **system.variables(place)},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            wait_until_answering(process, f"http://127.0.0.1:{place.port}{system.base}/Users/0", folder / "server.log")
            yield Running(pid=worker_of(process.pid), port=place.port, token=token)
        finally:
            end(process)


def wait_until_answering(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Return when something is answered, whatever it is.

    Raises:
        RuntimeError: the server ended, or takes too long.
    """
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(httpx.TransportError):
            httpx.get(url, timeout=5, trust_env=False)
            return
        time.sleep(0.05)
    raise RuntimeError(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")


def worker_of(pid: int) -> int:
    """Return the process that does the work: the last child of a supervisor, or the process itself."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[-1]) if children else pid


def end(process: subprocess.Popen[bytes]) -> None:
    """End a server with all processes of its session."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def cpu_us(pid: int) -> float:
    """Return the processor time that a process has used, in user and kernel mode."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1e6 / os.sysconf("SC_CLK_TCK")


def private_bytes(pid: int) -> int:
    """Return how much memory is the process's own: RssAnon."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("RssAnon"))
