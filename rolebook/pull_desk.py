"""Where the pages of a pull go: into the room, one after the other, each with the place behind it."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from time import perf_counter

from connectors.records import Done
from directory.pulls import staging
from directory.pulls.model import Cursor, Run, SeenPage
from rolebook.pull_watch import Watch

RESUMED_WITHIN = timedelta(hours=24)
"""A stream that was begun longer ago begins anew: who was read first may be gone by now."""


class RunDesk:
    """The desk of one run."""

    def __init__(
        self,
        run: Run,
        cursors: Mapping[str, Cursor],
        watch: Watch,
        *,
        targets: frozenset[str] | None,
        clock: Callable[[], datetime],
    ) -> None:
        """``targets`` are what the source's rules speak of."""
        self._run = run
        self._cursors = dict(cursors)
        self._watch = watch
        self._targets = targets
        self._clock = clock
        self._turn = asyncio.Lock()
        self.staged_s = 0.0
        """How long staging took, and waiting for a writer."""

    def is_done(self, stream: str) -> bool:
        """Tell whether the stream came to its end before this run was resumed."""
        cursor = self._mine(stream)
        return cursor is not None and cursor.done

    async def cursor_for(self, stream: str) -> str | None:
        """Return from where the stream is to be read: behind its last page, or else where the last pull ended."""
        cursor = self._mine(stream)
        if cursor is not None and cursor.resume:
            if cursor.begun_at is not None and self._clock() - cursor.begun_at < RESUMED_WITHIN:
                return cursor.resume
            await self.restart(stream)
            return None
        stored = self._cursors.get(stream)
        return None if stored is None or self._run.kind == "full" else stored.committed

    async def stage(self, stream: str, page: SeenPage, page_count: int) -> None:
        """Keep what pages say, and from where the stream goes on behind them.

        Raises:
            PullStoppedError: the pull is to end; these pages are kept.
        """
        async with self._turn:
            began = perf_counter()
            cancelled = await staging.stage_page(
                self._run, stream, page, now=self._clock(), page_count=page_count, targets=self._targets
            )
            self.staged_s += perf_counter() - began
        if cancelled:
            self._watch.cancel()
        self._watch.check()

    async def end(self, stream: str, done: Done) -> None:
        """Keep that the stream came to its end."""
        async with self._turn:
            await staging.end_stream(
                self._run, stream, whole=done.whole, checkpoint=done.checkpoint, objects=done.objects, now=self._clock()
            )

    async def restart(self, stream: str) -> None:
        """Forget how far the stream was."""
        async with self._turn:
            await staging.restart_stream(self._run, stream, now=self._clock())

    def _mine(self, stream: str) -> Cursor | None:
        cursor = self._cursors.get(stream)
        return cursor if cursor is not None and cursor.run_id == self._run.run_id else None
