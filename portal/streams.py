"""Server-sent events: a fragment goes to the browser whenever there is something new to show."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

import structlog
from litestar import Response
from litestar.response import Stream

from directory.errors import DirectoryError, NotFoundError, UnavailableError
from directory.model import UserId
from portal.auth import Access, at_address, find_visit
from portal.rendering import environment, secure_headers
from portal.visit import PortalRequest, site_of

log = structlog.get_logger("portal.streams")

DONE = "event: done\ndata: done\n\n"
"""Named in ``hx-sse:close``: without it a stream that merely ends is connected to again."""

HEARTBEAT = ": still here\n\n"

EVERY_S = 1.0
HEARTBEAT_S = 15.0
"""Proxies end connections that are silent for long: often after 60 s."""

STREAMS_MAX = 4
"""Open streams of one operator in one process: browsers keep six connections to a host, and pages need some."""

STREAMS_OF_ALL_MAX = 200
"""Open streams of one process; each asks the database twice a second, whether anything happens or not."""

MARK_LENGTH_MAX = 200
_LINE_END = re.compile(r"\r\n|\r|\n")
_MARK_PATTERN = re.compile(rf"[ -~]{{1,{MARK_LENGTH_MAX}}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What a look found: the fragment as it is now."""

    mark: str
    """What the fragment shows, in printable ASCII: it comes back to the next look, also after a lost connection."""
    html: str
    """One fragment, swapped into the target of the element that opened the stream."""
    done: bool = False
    """Nothing more will come: the browser is told, and does not connect again."""


Look = Callable[[str | None], Awaitable[Update | None]]
"""Given the mark of what the browser shows, or None: the update that is due, or None while nothing is new."""


class Place:
    """One open stream, and when it is over."""

    def __init__(self) -> None:
        self._end = asyncio.Event()
        self.is_surplus = False
        """Whether it made room for another one: the browser must not come back with it."""

    def end(self, *, surplus: bool = False) -> None:
        """End the stream."""
        self.is_surplus = self.is_surplus or surplus
        self._end.set()

    async def ended(self, within_s: float) -> bool:
        """Wait, and tell whether the stream is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._end.wait()
        return self._end.is_set()


class OpenStreams:
    """The streams of this process: few of each operator, not too many of all, and all of them end with it."""

    def __init__(self, of_all_max: int = STREAMS_OF_ALL_MAX) -> None:
        """Keep the number of open streams at ``of_all_max``."""
        self._of_all_max = of_all_max
        self._places: dict[UserId, list[Place]] = {}
        self._is_ending = False

    @contextmanager
    def entered(self, user_id: UserId) -> Iterator[Place]:
        """Give a stream its place; an operator's oldest one makes room for one too many.

        Where all operators together have too many, the new one ends after its first look.
        """
        place = Place()
        own = self._places.setdefault(user_id, [])
        if sum(map(len, self._places.values())) >= self._of_all_max and len(own) < STREAMS_MAX:
            place.end(surplus=True)
        own.append(place)
        for oldest in own[:-STREAMS_MAX]:
            oldest.end(surplus=True)
        if self._is_ending:
            place.end()
        try:
            yield place
        finally:
            own.remove(place)
            if not own:
                self._places.pop(user_id, None)

    def count(self, user_id: UserId) -> int:
        """Return how many streams an operator has open."""
        return len(self._places.get(user_id, ()))

    def end_all(self) -> None:
        """End every stream now, and each later one after its first look: the process is asked to stop."""
        self._is_ending = True
        for place in [place for own in self._places.values() for place in own]:
            place.end()

    def reopen(self) -> None:
        """Let streams stay open, for a process that begins to serve."""
        self._is_ending = False


open_streams = OpenStreams()


def stream(request: PortalRequest, look: Look, *, every_s: float = EVERY_S) -> Response[Any]:
    """Answer with server-sent events: what ``look`` finds, now and every ``every_s`` seconds.

    ``look`` is given the mark of what the browser shows (``Last-Event-ID``, or ``since`` in the address at first); it
    should cost one indexed read while nothing is new. If it raises NotFoundError or ForbiddenError, that was the end.
    """
    headers = {
        **secure_headers(site_of(request)),
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",  # nginx would keep messages back
    }
    return Stream(_messages(request, look, every_s), media_type="text/event-stream", headers=headers)


def fragment(request: PortalRequest, name: str, **context: object) -> str:
    """Return the fragment ``name`` for an update, with the variables that every page has."""
    shell = {"notice": None, "visit": request.auth, "path": request.url.path}
    return environment().get_template(name).render(**shell, **context)


def mark_of(request: PortalRequest) -> str | None:
    """Return what the browser shows already, as it says itself."""
    told = str(request.headers.get("last-event-id") or request.query_params.get("since", ""))
    return told if _MARK_PATTERN.fullmatch(told) else None


def message_text(update: Update) -> str:
    """Return an update on the wire; a carriage return in somebody's name must not begin a field of its own."""
    assert _MARK_PATTERN.fullmatch(update.mark)  # noqa: S101 - marks are ours: ids, counts, digests
    lines = "".join(f"data: {line}\n" for line in _LINE_END.split(update.html)) if update.html else ""
    return f"id: {update.mark}\n{lines}\n" + (DONE if update.done else "")


async def _messages(request: PortalRequest, look: Look, every_s: float) -> AsyncIterator[str]:
    with open_streams.entered(request.auth.operator.user.user_id) as place:
        mark = mark_of(request)
        sent_at = monotonic()
        yield HEARTBEAT
        while True:
            update = await _looked(look, mark)
            if update is not None:
                mark, sent_at = update.mark, monotonic()
                yield message_text(update)
            elif monotonic() - sent_at >= HEARTBEAT_S:
                sent_at = monotonic()
                yield HEARTBEAT
            if (update is not None and update.done) or await place.ended(within_s=every_s):
                break
            if await _is_over(request, place):
                break
        if place.is_surplus:
            yield DONE


async def _is_over(request: PortalRequest, place: Place) -> bool:
    """Ask before every look, so that a stream outlives its sign-in by no more than one wait: one indexed read."""
    try:
        place.is_surplus = not await is_still_allowed(request)
    except UnavailableError:
        return True  # nobody can tell; the browser comes back and is asked who it is
    return place.is_surplus


async def is_still_allowed(request: PortalRequest) -> bool:
    """Whether the sign-in that opened the stream lives, and still carries the permission; watching keeps none alive."""
    visit = await find_visit(request, stamp=False)
    before = request.auth.operator
    if visit is None or visit.operator.session_id != before.session_id:
        return False
    try:
        visit = await at_address(request, visit)
    except NotFoundError:  # a scoped view that is over
        return False
    request.scope["auth"] = visit
    access: Access = request.route_handler.opt["access"]
    return access in {"public", "signed in"} or access in visit.operator.role.permissions


async def _looked(look: Look, mark: str | None) -> Update | None:
    """Return what a look finds; what is gone ends the stream, and a busy database is asked again."""
    try:
        return await look(mark)
    except UnavailableError:
        return None
    except DirectoryError as error:
        log.info("stream ended", reason=type(error).__name__)
        return Update(mark=mark or "gone", html="", done=True)
