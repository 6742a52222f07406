"""Requests prepared for the compiled driver, and what it says of a window of them."""

import json
import struct
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DRIVER = Path(__file__).parents[1] / ".venv/peers/driver"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request, and what makes an answer to it right: its status, and how often its body says the marker."""

    method: str
    path: str
    body: Any = None
    statuses: tuple[int, ...] = (200,)
    marker: str = ""
    least: int = 1
    most: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a server listens on loopback, and what opens it."""

    port: int
    base: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What came of driving for a while; times are of right answers."""

    ok: int
    wrong: int
    late: int
    """Right answers that came after the end, which count as work of the server but not as its rate."""
    seconds: float
    next: int
    p50_us: int
    p95_us: int
    p99_us: int
    first_wrong: str

    @property
    def rate(self) -> float:
        """Right answers per second."""
        return self.ok / self.seconds if self.seconds > 0 else 0.0


class Load:
    """A file of requests for one server, driven window by window, each going on where the last one ended."""

    def __init__(self, path: Path, server: Address, requests: Iterable[Request], *, wraps: bool = True) -> None:
        self.path = path
        self.port = server.port
        self._next = 0
        encoded = [_encoded(request, server) for request in requests]
        self.count = len(encoded)
        path.write_bytes(struct.pack("<4sII", b"RBQ1", self.count, wraps) + b"".join(encoded))

    def drive(self, connections: int, window_s: float) -> Window:
        """Drive for so long, or until the requests are used up.

        Raises:
            CalledProcessError: the driver could not work at all.
        """
        words = [DRIVER, self.port, self.path, connections, int(window_s * 1000), self._next]
        done = subprocess.run(
            [str(word) for word in words], check=True, capture_output=True, text=True, timeout=window_s + 60
        )
        window = Window(**json.loads(done.stdout))
        self._next = window.next
        return window


def _encoded(request: Request, server: Address) -> bytes:
    head = [
        f"{request.method} {request.path} HTTP/1.1",
        f"Host: localhost:{server.port}",
        f"Authorization: Bearer {server.token}",
        "Accept: application/scim+json",
        "User-Agent: bench",
    ]
    body = b"" if request.body is None else json.dumps(request.body, separators=(",", ":")).encode()
    if body:
        head += ["Content-Type: application/scim+json; charset=utf-8", f"Content-Length: {len(body)}"]
    text = "\r\n".join([*head, "", ""]).encode() + body
    marker = request.marker.encode()
    status, other = (*request.statuses, 0)[:2]
    numbers = struct.pack("<IHHIII", len(text), status, other, request.least, request.most, len(marker))
    return numbers + text + marker
