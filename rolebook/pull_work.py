"""One run from beginning to end, in the hands of whoever holds its source's lease."""

import asyncio
from datetime import datetime

import structlog

from connectors.errors import SourceError
from connectors.pulling import weightiest
from directory.errors import DirectoryError, NotFoundError, UnavailableError
from directory.leases import LeaseLostError
from directory.model import TenantId
from directory.pull_run import RunId
from directory.pulls import absence, run_life, staging
from directory.pulls.model import PullSource, Run
from directory.pulls.run_life import Ended, Problem
from directory.pulls.sources import get_pull_source
from rolebook import pull_endings
from rolebook.pull_course import Course
from rolebook.pull_means import Means
from rolebook.pull_one import pull_one
from rolebook.pull_watch import PullStoppedError, Watch

log = structlog.get_logger("rolebook.pulling")


async def carry_out(tenant_id: TenantId, run_id: RunId, means: Means) -> None:
    """Bring a run to its end, from wherever it is. It stays open if this process ends or its source wants us to wait.

    Raises:
        LeaseLostError: another process has it by now.
        UnavailableError: the database is away; whoever comes next goes on.
    """
    try:
        run, is_stuck = await run_life.begin(tenant_id, run_id, now=means.clock())
    except NotFoundError:  # cancelled before it began
        return
    source = await get_pull_source(tenant_id, run.source_id)
    if is_stuck:
        await _fail(run, source, pull_endings.STUCK, means.clock())
    elif source.off:
        ended = Ended(state="failed", problem=Problem(kind="config", words="The connection is turned off."))
        await absence.take_back(run)
        await run_life.end_run(run, ended, now=means.clock())
    else:
        await _Work(source, run, means).go()
    after = await run_life.reread(run)
    if run_life.is_over(after.state):
        await staging.drop_staged(after)


class _Work:
    """A run under way."""

    def __init__(self, source: PullSource, run: Run, means: Means) -> None:
        self._means = means
        self._source = source
        self._watch = Watch(run, clock=means.clock, stopping=means.stopping)
        self._course = Course(source, run, self._watch, clock=means.clock)

    async def go(self) -> None:
        """Do all that is left, while somebody watches over it."""
        try:
            await self._watched()
        except PullStoppedError as stop:
            await self._stopped(stop)
        except SourceError as error:
            run = await run_life.reread(self._course.run)
            now = self._means.clock()
            await pull_endings.end_at_source(run, self._source, error, self._course.timings, now)
        except (UnavailableError, LeaseLostError):
            raise
        except DirectoryError as error:
            problem = Problem(kind="config", words=f"{error}"[:1].upper() + f"{error}"[1:300] + ".")
            await _fail(self._course.run, self._source, problem, self._means.clock())
        except Exception as error:
            log.error("pull failed", run_id=str(self._course.run.run_id), exc_info=error)  # noqa: TRY400 - structlog, with the error itself
            words = f"An error that nobody expected ended the pull ({type(error).__name__}); the server's log has it."
            await _fail(self._course.run, self._source, Problem(kind="transient", words=words), self._means.clock())

    async def _watched(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                rounds = group.create_task(self._watch.go_round())
                await self._stages()
                rounds.cancel()
        except BaseExceptionGroup as several:
            raise weightiest(several) from several

    async def _stages(self) -> None:
        course = self._course
        self._watch.check()
        if course.run.kind == "one":
            await pull_one(course, self._means, self._watch)
            return
        if course.run.state == "fetching":
            connector = await self._means.connect(self._source, self._watch)
            try:
                await course.fetch(connector)
            finally:
                await connector.aclose()
        if course.run.state == "planning":
            await course.plan()
        if not course.run.dry and self._source.mode == "provision":
            await course.apply()
        await course.finish()

    async def _stopped(self, stop: PullStoppedError) -> None:
        """End a run that was cancelled; one whose process ends is left as it is, for the next."""
        run = await run_life.reread(self._course.run)
        if stop.why == "cancelled":
            await pull_endings.end_cancelled(run, self._source, self._course.timings, self._means.clock())


async def _fail(run: Run, source: PullSource, problem: Problem, now: datetime) -> None:
    await pull_endings.end_failed(run, source, problem, run.timings, now=now)
