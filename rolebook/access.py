"""What happens around every request: it is timed, counted and logged, and a body that drips in is given up."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from time import perf_counter

import structlog
from litestar.enums import ScopeType
from litestar.exceptions import ClientException
from litestar.types import (
    ASGIApp,
    HTTPReceiveMessage,
    HTTPScope,
    Message,
    Receive,
    Scope,
    Send,
    WebSocketReceiveMessage,
)

from rolebook.metrics import Metrics

log = structlog.get_logger("rolebook.access")

BODY_S = 30.0
"""Time for a whole body. The server has no limit of its own: a thousand dripping clients hold a thousand requests."""

SECURITY_HEADERS: Mapping[bytes, bytes] = {
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'; sandbox",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
}
"""What every answer carries; a door that shows pages says more of its own."""

STRICT_TRANSPORT: Mapping[bytes, bytes] = {b"strict-transport-security": b"max-age=31536000; includeSubDomains"}

UNMATCHED = "(no such path)"
WATCHMEN = frozenset({"/health/live", "/health/ready", "/metrics"})
"""Asked every few seconds by machines: logged only when the level is debug."""


class SlowBodyError(ClientException):
    """The body did not arrive in time."""

    status_code = 408


class BodyReader:
    """``receive`` of one request, with a deadline for the body and a plain answer for a client that went away."""

    def __init__(self, receive: Receive, *, deadline: float) -> None:
        self._receive = receive
        self._deadline = deadline
        self._complete = False
        self.gave_up = False

    async def __call__(self) -> HTTPReceiveMessage | WebSocketReceiveMessage:
        """Return the next message of the request.

        Raises:
            SlowBodyError: the body is not there by the deadline.
            ClientException: the client went away in the middle of it.
        """
        if self._complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            self.gave_up = True
            raise SlowBodyError(f"the body did not arrive within {BODY_S:.0f} s") from None
        if message["type"] == "http.disconnect":
            raise ClientException("the client went away before its body was complete")
        self._complete = not message.get("more_body", False)
        return message


@dataclass(frozen=True, slots=True)
class Caller:
    """Which door served a request, and the ids it is logged with."""

    door: str
    ids: Callable[[], Mapping[str, str]]
    """Asked only where a line is written."""


class Watch:
    """Wraps the whole application, so that answers to unknown paths are seen too."""

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        whose: Callable[[HTTPScope], Caller],
        *,
        body_s: float = BODY_S,
        is_https: bool = False,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._whose = whose
        self._headers = {**SECURITY_HEADERS, **(STRICT_TRANSPORT if is_https else {})}
        self._missing = lru_cache(maxsize=128)(self._missing_from)
        self.body_s = body_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        body = BodyReader(receive, deadline=asyncio.get_running_loop().time() + self.body_s)
        status = 500

        async def observe(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                names = tuple([name for name, _ in message["headers"]])
                message["headers"] = [*message["headers"], *self._missing(names)]
                if body.gave_up:  # the rest of the body must not hold the connection
                    message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        self._metrics.in_flight_count += 1
        try:
            await self._app(scope, body, observe)
        finally:
            self._metrics.in_flight_count -= 1
            self._note(scope, status, perf_counter() - started)

    def _missing_from(self, sent: tuple[bytes, ...]) -> list[tuple[bytes, bytes]]:
        """Return the security headers that the door did not set itself."""
        names = {name.lower() for name in sent}
        return [(name, value) for name, value in self._headers.items() if name not in names]

    def _note(self, scope: HTTPScope, status: int, elapsed_s: float) -> None:
        """Count and log: the template of the route and ids, never the query, the body or a name."""
        route = scope.get("path_template") or UNMATCHED
        caller = self._whose(scope)
        self._metrics.count_request(caller.door, route, scope["method"], status, elapsed_s)
        level = logging.DEBUG if route in WATCHMEN else logging.INFO
        if not log.is_enabled_for(level):
            return
        log.log(
            level,
            "request",
            door=caller.door,
            method=scope["method"][:16],
            route=route,
            status=status,
            ms=round(elapsed_s * 1000, 1),
            **caller.ids(),
        )
