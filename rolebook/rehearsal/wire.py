"""The provider's end of the wire: sends a request, waits when it is told to, and has every answer checked."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter

import httpx

from rolebook.rehearsal.checks import Check
from rolebook.rehearsal.comparing import Wrong
from rolebook.rehearsal.exchange import MEDIA_TYPE, Reply, Request
from rolebook.rehearsal.tally import Tally

ANSWER_S = 60.0
"""Okta's socket timeout."""

TRIES_MAX = 10
"""As often as Okta sends a request that is put off."""

WAIT_DEFAULT_S = 1.0
"""After a 503 that does not say how long; Okta would wait minutes, and a rehearsal should end."""

WAIT_MAX_S = 300.0

IDLE_S = 2.0
"""Connections are dropped before the server does it: uvicorn ends idle ones after 5 s, in the midst of a request."""

Pause = Callable[[float], Awaitable[None]]


class UnreachableError(Exception):
    """There is nobody to rehearse with: no connection, no answer, or no SCIM endpoint."""


class AbandonedError(Exception):
    """What an object's sequence needs was not answered, so that the rest of it makes no sense."""


@dataclass(slots=True)
class Wire:
    """A client with one secret, and the tally of what it was answered."""

    http: httpx.AsyncClient
    secret: str
    tally: Tally = field(default_factory=Tally)
    pause: Pause = asyncio.sleep

    @property
    def address(self) -> str:
        """Where the endpoint is."""
        return str(self.http.base_url).rstrip("/")

    async def ask(self, step: str, request: Request, *checks: Check) -> Reply:
        """Send a request until it is answered, and count it under ``step``; the first check that fails says why.

        Raises:
            UnreachableError: the connection broke, or no answer came in time.
        """
        with self.tally.timing(step):
            reply, took_s, wrong = await self._send_patiently(request)
        self.tally.note(step, took_s)
        found = wrong or next((each for check in checks for each in check(reply)), None)
        if found is not None:
            self.tally.note_wrong(step, request.line, Wrong(found.expected, self._without_secret(found.got)))
        return reply

    async def ask_for_id(self, step: str, request: Request, *checks: Check) -> str:
        """Send a request that creates something and return the id.

        Raises:
            AbandonedError: there is none.
        """
        reply = await self.ask(step, request, *checks)
        resource_id = reply.resource().get("id")
        if reply.status not in {200, 201} or not isinstance(resource_id, str) or not resource_id:
            raise AbandonedError(step)
        return resource_id

    async def _send_patiently(self, request: Request) -> tuple[Reply, float, Wrong | None]:
        """Return the answer, how long the last try took, and what is wrong with being put off, if anything is."""
        wrong = None
        tries = 0
        while True:
            sent_at_s = perf_counter()
            response = await self._send(request)
            took_s = perf_counter() - sent_at_s
            tries += 1
            if response.status_code not in {429, 503} or tries == TRIES_MAX:
                return _reply_from(response), took_s, wrong
            retry_after = response.headers.get("retry-after", "")
            if response.status_code == 429 and not retry_after.isdecimal():
                wrong = Wrong("429 with Retry-After in whole seconds", retry_after or "none")
            await self._wait(min(float(retry_after), WAIT_MAX_S) if retry_after.isdecimal() else WAIT_DEFAULT_S)

    async def _send(self, request: Request) -> httpx.Response:
        headers = {"Authorization": f"Bearer {request.secret or self.secret}", "Accept": MEDIA_TYPE}
        content = request.content()
        if content is not None:
            headers["Content-Type"] = f"{MEDIA_TYPE}; charset=utf-8"
        try:
            return await self.http.request(request.method, request.path, content=content, headers=headers)
        except httpx.TimeoutException as error:
            raise UnreachableError(f"no answer within {ANSWER_S:.0f} s to {request.line}") from error
        except httpx.TransportError as error:
            words = str(error) or type(error).__name__
            raise UnreachableError(f"{self.address} cannot be reached: {words}") from error
        except httpx.DecodingError as error:
            raise UnreachableError(f"the answer to {request.line} cannot be read: {error}") from error

    async def _wait(self, seconds: float) -> None:
        self.tally.waits += 1
        self.tally.waited_s += seconds
        await self.pause(seconds)

    def _without_secret(self, text: str) -> str:
        return text.replace(self.secret, "[hidden]")


def known_id(ids: Mapping[int, str], number: int) -> str:
    """Return the endpoint's id of a person or a group.

    Raises:
        AbandonedError: it was never created.
    """
    if number not in ids:
        raise AbandonedError(number)
    return ids[number]


@asynccontextmanager
async def connected(base_url: str, secret: str, *, concurrency: int) -> AsyncIterator[Wire]:
    """Give a wire to the endpoint at a well-formed address."""
    limits = httpx.Limits(max_connections=concurrency, keepalive_expiry=IDLE_S)
    async with httpx.AsyncClient(base_url=base_url, limits=limits, timeout=ANSWER_S) as http:
        yield Wire(http, secret)


def _reply_from(response: httpx.Response) -> Reply:
    return Reply(
        status=response.status_code,
        text=response.text,
        media_type=response.headers.get("content-type", ""),
        location=response.headers.get("location"),
        etag=response.headers.get("etag"),
    )
