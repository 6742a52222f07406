"""``rolebook serve``: migrate, say how to begin, and run the server processes."""

import errno
import fcntl
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib import import_module
from types import FrameType

import uvicorn
from uvicorn.supervisors import Multiprocess

from rolebook.settings import Settings

GRACE_S = 10
"""How long a stop waits for requests under way and for open event streams."""


class ServedAlreadyError(OSError):
    """Another process serves the same SQLite file."""


def listen(settings: Settings) -> socket.socket:
    """Take the port before anything is printed; requests that come early wait in the queue.

    Raises:
        OSError: the port is taken or the address is not ours.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            words = "is taken: stop what uses it, or choose another with --port"
            raise OSError(f"{settings.host}:{settings.port} {words}") from error
        raise
    listener.set_inheritable(True)
    return listener


def bound_settings(settings: Settings, listener: socket.socket) -> Settings:
    """Return the settings with the port that was taken, if the system chose it."""
    return replace(settings, port=listener.getsockname()[1])


@contextmanager
def serving_alone(settings: Settings) -> Iterator[None]:
    """Hold the SQLite file against a second server: each would count, seal and cache for itself.

    Commands may write beside a server; PostgreSQL takes several of them. The lock ends with the process.

    Raises:
        ServedAlreadyError: another process serves the file.
    """
    if settings.database_path is None:
        yield
        return
    path = settings.database_path.resolve()
    with path.with_name(f"{path.name}.serving").open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ServedAlreadyError(f"{path.name} is served by another process: stop that one first") from error
        yield


def application(settings: Settings) -> object:
    """Return the application of one server process.

    Loaded by name, when it is served: pages, doors and the framework take a second to import, which no other command
    needs.
    """
    return import_module("rolebook.app").create_app(settings)


def run_server(settings: Settings, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are finished, batched records written."""
    config = uvicorn.Config(
        app=partial(application, settings),
        factory=True,
        loop="uvloop",
        http="httptools",
        ws="none",
        workers=settings.workers,
        access_log=False,
        log_config=None,
        log_level=settings.log_level,
        server_header=False,
        forwarded_allow_ips=settings.forwarded_allow_ips,
        proxy_headers=bool(settings.forwarded_allow_ips),
        timeout_graceful_shutdown=GRACE_S,
    )
    if settings.workers > 1:
        Multiprocess(config, sockets=[listener]).run()
        return
    server = uvicorn.Server(config)

    def end_well(_number: int, _frame: FrameType | None) -> None:
        """The server raises the signal that stopped it once more when it has ended: a stop asked for is no failure."""
        if not server.started:  # it has not taken the signals over yet, and nothing is open
            raise SystemExit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end_well)
    server.run(sockets=[listener])
