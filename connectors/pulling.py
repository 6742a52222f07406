"""Fetching a whole pull: the streams of a stage side by side, their pages staged while the next are on their way."""

import asyncio
from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol

from connectors.connector import Connector, Mode
from connectors.errors import SourceError
from connectors.pull import each_page
from connectors.records import Done, Page
from directory.pulls.model import Seen, SeenEdge, SeenPage

QUEUED_PAGES = 4
"""Of each stream: so many may wait to be staged before no more are fetched."""

JOINED_OBJECTS, JOINED_EDGES = 600, 8_000
"""Pages that wait are staged together up to here: about 20 ms of SQLite's writer."""

RESTARTS_MAX = 2
"""How often a stream that its source has forgotten begins anew, before that is an error."""


class Desk(Protocol):
    """Where pages go. What it raises ends the pull."""

    def is_done(self, stream: str) -> bool:
        """Tell whether the stream came to its end before this pull was resumed."""

    async def cursor_for(self, stream: str) -> str | None:
        """Return from where the stream is to be read; None: from the start."""

    async def stage(self, stream: str, page: SeenPage, page_count: int) -> None:
        """Keep what ``page_count`` pages say, and from where the stream goes on behind them."""

    async def end(self, stream: str, done: Done) -> None:
        """Keep that the stream came to its end."""

    async def restart(self, stream: str) -> None:
        """Forget how far the stream was: its source has, too."""


async def fetch(connector: Connector, mode: Mode, desk: Desk) -> None:
    """Bring all streams of a pull to their end.

    Raises:
        SourceError: a stream did not come to its end; of several the one that somebody has to act on.
    """
    for stage in connector.stages(mode):
        streams = [stream for stream in stage if not desk.is_done(stream)]
        try:
            async with asyncio.TaskGroup() as side_by_side:
                for stream in streams:
                    side_by_side.create_task(_fetch_stream(connector, stream, desk))
        except BaseExceptionGroup as several:
            raise weightiest(several) from several


async def _fetch_stream(connector: Connector, stream: str, desk: Desk) -> None:
    cursor = await desk.cursor_for(stream)
    for tried in range(RESTARTS_MAX + 1):
        try:
            await _fetch_from(connector, stream, cursor, desk)
        except SourceError as error:
            if error.kind != "cursor_expired" or tried == RESTARTS_MAX:
                raise
        else:
            return
        await desk.restart(stream)
        cursor = None


@dataclass(slots=True)
class _Queue:
    """Pages on their way from the source to the desk, and how the stream ended."""

    items: asyncio.Queue[Page | Done | SourceError] = field(default_factory=lambda: asyncio.Queue(QUEUED_PAGES))

    async def fill(self, connector: Connector, stream: str, cursor: str | None) -> None:
        """Fetch; an error comes behind the pages before it, so that these are kept."""
        try:
            async with aclosing(each_page(connector, stream, cursor)) as pages:
                async for item in pages:
                    await self.items.put(item)
        except SourceError as error:
            await self.items.put(error)

    async def empty(self, stream: str, desk: Desk) -> None:
        """Stage until the stream ends."""
        while True:
            item = await self.items.get()
            waiting: list[Page] = []
            while isinstance(item, Page):
                waiting.append(item)
                if self.items.empty() or _is_enough(waiting):
                    break
                item = self.items.get_nowait()
            if waiting:
                await desk.stage(stream, seen_page(waiting), len(waiting))
            if isinstance(item, Done):
                await desk.end(stream, item)
                return
            if isinstance(item, SourceError):
                raise item


async def _fetch_from(connector: Connector, stream: str, cursor: str | None, desk: Desk) -> None:
    queue = _Queue()
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(queue.fill(connector, stream, cursor))
            both.create_task(queue.empty(stream, desk))
    except BaseExceptionGroup as several:
        raise weightiest(several) from several


def seen_page(pages: Iterable[Page]) -> SeenPage:
    """Return pages of one stream, in their order, as one that can be staged."""
    pages = list(pages)
    return SeenPage(
        objects=tuple(
            Seen(
                kind=one.kind,
                ext_id=one.ext_id,
                op=one.op,
                values=one.values,
                reason=one.reason,
                given=one.raw if one.kind == "user" else None,
            )
            for page in pages
            for one in page.records
        ),
        edges=tuple(
            SeenEdge(one.group, one.member, one.member_kind == "group", one.op == "add")
            for page in pages
            for one in page.edges
        ),
        rejects=tuple((one.kind, one.ext_id, one.reason) for page in pages for one in page.rejects),
        assigned=tuple((one.kind, one.ext_id) for page in pages for one in page.assigned),
        complete_groups=tuple(group for page in pages for group in page.complete_groups),
        resume=pages[-1].resume,
    )


def weightiest(several: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the one error of many that says most: one that is no source's, else one that somebody has to act on."""
    found = list(_each(several))
    others = [one for one in found if not isinstance(one, SourceError)]
    permanent = [one for one in found if isinstance(one, SourceError) and one.permanent]
    return [*others, *permanent, *found][0]


def _each(several: BaseExceptionGroup[BaseException]) -> Iterable[BaseException]:
    for one in several.exceptions:
        if isinstance(one, BaseExceptionGroup):
            yield from _each(one)
        else:
            yield one


def _is_enough(waiting: list[Page]) -> bool:
    objects = sum(len(page.records) for page in waiting)
    return objects >= JOINED_OBJECTS or sum(len(page.edges) for page in waiting) >= JOINED_EDGES
