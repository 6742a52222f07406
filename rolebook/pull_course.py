"""The course of one pull: fetched and staged, then planned, then applied; from wherever it was left."""

from collections.abc import Callable
from datetime import datetime
from time import perf_counter

from connectors.connector import Connector
from connectors.pulling import fetch
from directory.pulls import absence, ground, run_life, staging
from directory.pulls.applying import apply_batch
from directory.pulls.drift import compare_batch
from directory.pulls.ground import Ground
from directory.pulls.kinds import current_connectors
from directory.pulls.model import PullSource, Run
from directory.pulls.outcomes import note_failure, note_ok
from directory.pulls.planning import plan_batch
from directory.pulls.progress import apply_state
from directory.pulls.run_life import Ended, Problem
from directory.pulls.sources import get_pull_source
from directory.store.pulls.progress import read_progress
from directory.store.unit import in_joined_unit
from rolebook.pull_checks import check_connection
from rolebook.pull_desk import RunDesk
from rolebook.pull_watch import Watch

LOOKED_S = 0.25
"""How often it is looked what applying is at, for the times of its parts."""

EMPTY = "empty"
"""The kind of problem of a pull that found nobody at all."""


class Course:
    """One run on its way; every step can be taken again by whoever resumes it."""

    def __init__(self, source: PullSource, run: Run, watch: Watch, *, clock: Callable[[], datetime]) -> None:
        """Go on from where the run is."""
        self.source = source
        self.run = run
        self.timings: dict[str, float] = dict(run.timings)
        self._watch = watch
        self._clock = clock

    async def fetch(self, connector: Connector) -> None:
        """Bring all streams to their end, and see who is missing.

        Raises:
            SourceError: the connection does not work, another directory answers, or a stream broke off.
            PullStoppedError: the pull is to end.
        """
        await check_connection(connector, self.source, self.run, now=self._clock())
        await run_life.set_phase(self.run, "Fetching users and groups")
        self._watch.check()
        cursors = await staging.read_cursors(self.run.tenant_id, self.run.source_id)
        desk = RunDesk(self.run, cursors, self._watch, targets=self.targets(), clock=self._clock)
        began = perf_counter()
        try:
            await fetch(connector, "full" if self.run.kind == "full" else "delta", desk)
        finally:
            self._took("stage", desk.staged_s)
            self._took("fetch", perf_counter() - began - desk.staged_s)
            await self._watch.write()
        await self._settle()

    async def _settle(self) -> None:
        cursors = await staging.read_cursors(self.run.tenant_id, self.run.source_id)
        ignored = await absence.settle_absence(self.run, cursors.values(), now=self._clock())
        if ignored:
            await run_life.warn(self.run, no_users_problem(ignored))
        await self.enter_planning()

    async def enter_planning(self) -> None:
        """Everything is there: from here on nothing is asked of the source."""
        await run_life.note_rejects(self.run)
        await self._enter("planning", "Comparing")

    async def plan(self) -> None:
        """Find out what is to change, or in an audit what differs.

        Raises:
            PullStoppedError: the pull is to end.
        """
        began = perf_counter()
        standing = await self._ground()
        try:
            if self.source.mode == "audit":
                reached: str | None = ""
                while reached is not None:
                    self._watch.check()
                    reached = await compare_batch(standing, reached, now=self._clock())
            else:
                self._watch.check()
                while await plan_batch(standing, now=self._clock()):
                    self._watch.check()
        finally:
            self._took("plan", perf_counter() - began)

    async def apply(self) -> None:
        """Let it become true, batch by batch.

        Raises:
            PullStoppedError: the pull is to end; what was applied stays.
        """
        await self._enter("applying", "Applying")
        standing = await self._ground()
        self._watch.check()
        part, began = "users", perf_counter()
        try:
            while await apply_batch(standing, now=self._clock()):
                if perf_counter() - began >= LOOKED_S:
                    self._took(f"apply {part}", perf_counter() - began)
                    part, began = await self._part(), perf_counter()
                self._watch.check()
        finally:
            self._took(f"apply {part}", perf_counter() - began)

    async def _part(self) -> str:
        state = apply_state(await read_progress(self.run.tenant_id, self.run.run_id))
        return "groups" if state is not None and state.part == "groups" else "users"

    async def finish(self) -> None:
        """End the run: the next one begins where this one's streams ended, in one transaction with all that says so."""
        now = self._clock()
        self.run = await run_life.reread(self.run)
        await self._watch.write()
        await absence.take_back(self.run)

        async def body() -> None:
            if not self.run.dry and self.run.kind != "one":
                await self._settle_source(now)
            await run_life.end_run(self.run, Ended(state="done", timings=self.timings), now=now)

        await in_joined_unit(self.run.tenant_id, body)

    async def _settle_source(self, now: datetime) -> None:
        current = await get_pull_source(self.run.tenant_id, self.run.source_id)
        if (current.config, current.mode) != (self.source.config, self.source.mode):
            return  # it leads elsewhere by now: neither that directory nor its cursors are this source's
        if self.run.error_kind == EMPTY:
            words, remedy = self.run.error_words, self.run.error_remedy
            await note_failure(self.source, "protocol", words, remedy, None, now)
            return
        identity = await run_life.read_identity(self.run)
        await staging.commit_cursors(self.run, now)
        standing = await self._ground()
        whole = standing.whole_users and standing.whole_groups
        await note_ok(self.source, identity.key, identity.name, identity.expires_at, whole=whole, now=now)

    async def _enter(self, state: run_life.Stage, phase: str) -> None:
        self.run = await run_life.enter_stage(self.run, state, phase, timings=self.timings, now=self._clock())

    async def _ground(self) -> Ground:
        """Return what planning and applying stand on, with the measures in which the whole run is beyond the guard."""
        self.run = await run_life.reread(self.run)
        return await ground.read_ground(self.source, self.run)

    def targets(self) -> frozenset[str]:
        """Return what the source's rules speak of."""
        rules = self.source.rules
        if rules is None:
            rules = current_connectors().get_kind(self.source.kind).default_rules
        return frozenset(str(rule.get("target")) for rule in rules)

    def _took(self, part: str, seconds: float) -> None:
        self.timings[part] = round(self.timings.get(part, 0.0) + max(0.0, seconds), 3)


def no_users_problem(known_count: int) -> Problem:
    """Return what is said where a source says that nobody is there, though people are known."""
    return Problem(
        kind=EMPTY,
        words=f"The directory says that it has no users, while {known_count:,} are known. Nobody was removed for that.",
        remedy="Look whether the connection still has its permissions, and whether the scope assigns anybody.",
    )
