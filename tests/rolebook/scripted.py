"""A directory of a few people as a script has it, pulled by a connector without a network, page by page."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from connectors.connector import Connector, Finding, Mode, Preflight, Step
from connectors.errors import SourceError
from connectors.records import Done, Edge, Page, Record
from connectors.terms import Progress, Wait
from directory.model import JsonObject
from directory.pulls import runs
from directory.pulls.model import PullSource, Run, RunKind
from directory.pulls.sources import create_pull_source, get_pull_source
from rolebook.pull_means import Means
from tests.directory.pulls.pulled import GRAPH
from tests.directory.world import World

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


@dataclass
class Directory:
    """Who is there, and what goes wrong when it is asked."""

    people: list[str] = field(default_factory=list)
    groups: dict[str, list[str]] = field(default_factory=dict)
    page_size: int = 2
    identity: str = "directory-1"
    step: Step | None = None
    """What a check of the connection finds last."""
    unassigned: set[str] = field(default_factory=set)
    """People whom a look for one of them finds out of scope."""
    troubles: dict[tuple[str, int], Exception] = field(default_factory=dict)
    """By stream and page, counted from its start: raised once, in place of that page."""
    waits: dict[tuple[str, int], asyncio.Event] = field(default_factory=dict)
    """Before such a page it is waited, as where the source asks us to."""
    reached: dict[tuple[str, int], asyncio.Event] = field(default_factory=lambda: defaultdict(asyncio.Event))
    """Set when such a page is asked for."""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """Streams that were begun, and from where."""
    given: list[tuple[str, int]] = field(default_factory=list)
    """Pages that were read."""
    closed_count: int = 0
    expired: set[str] = field(default_factory=set)
    """Cursors that it has forgotten."""

    def pages_of(self, stream: str) -> list[Page]:
        """Return the pages of a stream from its start, without their places."""
        if stream == "users":
            some = [self.people[at : at + self.page_size] for at in range(0, len(self.people), self.page_size)]
            return [Page(records=[person_record(name) for name in names], resume="") for names in some] or [
                Page(resume="")
            ]
        return [
            Page(
                records=[Record(kind="group", ext_id=f"id-{name}", values={"displayName": name})],
                edges=[Edge(f"id-{name}", f"id-{member}", "user") for member in members],
                resume="",
            )
            for name, members in self.groups.items()
        ]


def person_record(name: str) -> Record:
    """Return a person as the connector gives it."""
    values: JsonObject = {"userName": f"{name}@example.org", "displayName": name.title(), "active": True}
    return Record(kind="user", ext_id=f"id-{name}", values=values, raw={"userPrincipalName": name})


class Scripted:
    """A connector to such a directory."""

    def __init__(self, directory: Directory, progress: Progress) -> None:
        self._directory = directory
        self._progress = progress

    def stages(self, mode: Mode) -> tuple[tuple[str, ...], ...]:
        del mode
        return (("users",), ("groups",))

    async def pages(self, stream: str, cursor: str | None) -> AsyncIterator[Page | Done]:
        self._directory.asked.append((stream, cursor))
        if cursor in self._directory.expired:
            raise SourceError("cursor_expired", "forgotten")
        word, _, number = (cursor or "start 0").partition(" ")
        if word == "delta":  # nothing ever changes
            yield Page(resume="delta 0")
            yield Done(whole=False, checkpoint="delta 0")
            return
        for at, page in enumerate(self._directory.pages_of(stream)):
            if at < int(number):
                continue
            await self._before(stream, at)
            self._progress.requested()
            self._directory.given.append((stream, at))
            yield Page(records=page.records, edges=page.edges, resume=f"page {at + 1}")
        yield Done(whole=True, checkpoint="delta 0")

    async def _before(self, stream: str, at: int) -> None:
        self._directory.reached[stream, at].set()
        if trouble := self._directory.troubles.pop((stream, at), None):
            raise trouble
        if event := self._directory.waits.get((stream, at)):
            self._progress.waiting(Wait(27, throttled=True, words="the directory asked us to wait 27 s"))
            await event.wait()

    async def preflight(self, now: datetime) -> Preflight:
        del now
        passed = Step(key="directory", words="Directory", outcome="passed", detail=self._directory.identity)
        return Preflight(
            steps=(passed,) if self._directory.step is None else (passed, self._directory.step),
            identity=self._directory.identity,
            identity_name=self._directory.identity.title(),
            users=len(self._directory.people),
            groups=len(self._directory.groups),
        )

    async def find_user(self, key: str) -> Finding:
        name = key.partition("@")[0]
        if name not in self._directory.people:
            step = Step(key="find", words="Find the user", outcome="failed", detail="there is no such user")
            return Finding(steps=(step,))
        steps = (
            Step(key="find", words="Find the user", outcome="passed", detail=f"id-{name}"),
            Step(key="scope", words="In scope", outcome="warned" if name in self._directory.unassigned else "passed"),
        )
        groups = tuple(f"id-{group}" for group, members in self._directory.groups.items() if name in members)
        return Finding(
            steps=steps, record=person_record(name), groups=groups, in_scope=name not in self._directory.unassigned
        )

    async def aclose(self) -> None:
        self._directory.closed_count += 1


class RunningClock:
    """A clock that goes on by a millisecond each time somebody looks, and by more when it is told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def skip(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Scene:
    """A tenant that is pulled from such a directory."""

    world: World
    directory: Directory
    source: PullSource
    means: Means
    clock: RunningClock

    async def ask(self, kind: RunKind = "full", *, dry: bool = False, user_key: str | None = None) -> Run:
        """Ask for a pull."""
        by = self.world.system
        return await runs.ask_run(
            self.source.source_id, kind, cause="operator", by=by, now=self.clock(), dry=dry, user_key=user_key
        )

    async def run(self, run: Run) -> Run:
        """Return a run as it is now."""
        return await runs.get_run(run.tenant_id, run.run_id)

    async def reread_source(self) -> PullSource:
        """Return the source as it is now."""
        return await get_pull_source(self.source.tenant_id, self.source.source_id)


async def open_scene(world: World, directory: Directory, *, connect: Callable[..., Connector] = Scripted) -> Scene:
    """Connect a tenant with a directory."""
    source = await create_pull_source("graph", "Directory", GRAPH, {"client_secret": "x"}, by=world.system, now=START)
    clock = RunningClock()

    async def connecting(_source: PullSource, progress: Progress) -> Connector:
        return connect(directory, progress)

    means = Means(connect=connecting, clock=clock, stopping=asyncio.Event())
    return Scene(world=world, directory=directory, source=source, means=means, clock=clock)


def means_for(scenes: Sequence[Scene]) -> Means:
    """Return the means of one process that pulls all of them, by the clock of the first."""
    directories = {scene.source.source_id: scene.directory for scene in scenes}

    async def connect(source: PullSource, progress: Progress) -> Connector:
        return Scripted(directories[source.source_id], progress)

    return Means(connect=connect, clock=scenes[0].clock, stopping=asyncio.Event())
