"""Whoever watches over one pull: writes how far it is, keeps its lease while it waits, and says when it is to stop."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Literal

import structlog

from connectors.terms import Wait
from directory.errors import UnavailableError
from directory.pulls import run_life
from directory.pulls.model import Run
from directory.pulls.run_life import Beat

log = structlog.get_logger("rolebook.pulling")

LOOKS_S = 1.0
"""How often it is looked whether somebody wants the pull to end, and written what moved."""

RENEWED_S = 20.0
"""So often the lease is renewed, whatever moved: a page may be slow, and a source may let us wait for minutes."""


class PullStoppedError(Exception):
    """The pull goes on no more: somebody cancelled it, or this process ends and another one takes it up."""

    def __init__(self, why: Literal["cancelled", "stopping"]) -> None:
        super().__init__(why)
        self.why = why


class Watch:
    """The progress of one pull as a connector tells it, and the wish to end it."""

    def __init__(self, run: Run, *, clock: Callable[[], datetime], stopping: asyncio.Event) -> None:
        """Count on from what the run counted before it was resumed."""
        self._run = run
        self._clock = clock
        self._stopping = stopping
        self._requests = run.request_count
        self._waited_s = run.waited_ms / 1000
        self._waiting = ""
        self._written = Beat(request_count=run.request_count, waited_ms=run.waited_ms, waiting=run.waiting)
        self._cancelled = run.cancel_asked

    def waiting(self, wait: Wait) -> None:
        """A pause begins."""
        self._waited_s += wait.seconds
        self._waiting = wait.words

    def requested(self) -> None:
        """A request was answered, or is on its way again."""
        self._requests += 1
        self._waiting = ""

    def cancel(self) -> None:
        """Somebody wants the pull to end."""
        self._cancelled = True

    def check(self) -> None:
        """Let the pull end here, between two pages or batches, if it is to.

        Raises:
            PullStoppedError: it is to.
        """
        if self._cancelled:
            raise PullStoppedError("cancelled")
        if self._stopping.is_set():
            raise PullStoppedError("stopping")

    async def write(self) -> None:
        """Write what moved; nothing if nothing did."""
        beat = self._beat()
        if beat != self._written:
            await run_life.note_progress(self._run, beat, now=self._clock())
            self._written = beat

    async def go_round(self) -> None:
        """Look again and again, until cancelled.

        A pull that waits stops in the middle of its pause: nothing is half done then.

        Raises:
            PullStoppedError: it is to end, and waits.
            LeaseLostError: another process has it by now.
        """
        since_renewed_s = 0.0
        while True:
            await self._pause()
            since_renewed_s += LOOKS_S
            try:
                self._cancelled |= await run_life.is_cancel_asked(self._run)
                if since_renewed_s >= RENEWED_S or self._beat() != self._written:
                    await self._renew()
                    since_renewed_s = 0.0
            except UnavailableError as error:  # whether the lease outlasts it, its number will tell
                log.warning("progress of a pull not written", run_id=str(self._run.run_id), exc_info=error)
            if self._waiting:
                self.check()

    async def _pause(self) -> None:
        if self._stopping.is_set():
            await asyncio.sleep(LOOKS_S)
            return
        try:
            async with asyncio.timeout(LOOKS_S):
                await self._stopping.wait()
        except TimeoutError:
            pass

    async def _renew(self) -> None:
        beat = self._beat()
        await run_life.note_progress(self._run, beat, now=self._clock())
        self._written = beat

    def _beat(self) -> Beat:
        return Beat(request_count=self._requests, waited_ms=round(self._waited_s * 1000), waiting=self._waiting)
