"""Whole runs for tests: pages are given, staged, planned and applied, as the house does it; nobody is asked."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from directory.model import JsonValue
from directory.pulls import absence, applying, planning, run_life, runs, staging
from directory.pulls.ground import Ground, read_ground
from directory.pulls.model import PullSource, Run, RunKind, Seen, SeenEdge, SeenOp, SeenPage
from tests.directory.world import World


@dataclass
class Pulled:
    """A source with a directory behind it that says what a test has it say."""

    world: World
    source: PullSource

    async def staged(
        self,
        *pages: SeenPage,
        whole: bool = True,
        kind: RunKind = "full",
        dry: bool = False,
        scope: SeenPage | None = None,
    ) -> Run:
        """Begin a run, and stage pages of users, groups and members."""
        now = self.world.tick()
        asked = await runs.ask_run(
            self.source.source_id, kind, cause="operator", by=self.world.system, now=now, dry=dry, user_key="x"
        )
        run, _ = await run_life.begin(asked.tenant_id, asked.run_id, now=now)
        if scope is not None:
            await staging.stage_page(run, "scope", scope, now=now)
            await staging.end_stream(run, "scope", whole=True, checkpoint=None, now=now)
        for page in pages:
            await staging.stage_page(run, "users", page, now=now)
        for stream in ("users", "groups"):
            await staging.end_stream(run, stream, whole=whole, checkpoint="here", now=now)
        cursors = await staging.read_cursors(run.tenant_id, run.source_id)
        await absence.settle_absence(run, cursors.values(), now=now)
        return run

    async def planned(self, run: Run) -> Run:
        """Plan a run that is staged."""
        ground = await self.ground(run)
        while await planning.plan_batch(ground, now=self.world.tick()):
            pass
        return await runs.get_run(run.tenant_id, run.run_id)

    async def applied(self, run: Run) -> Run:
        """Apply a run that is planned, and end it."""
        ground = await self.ground(run)
        while await applying.apply_batch(ground, now=self.world.tick()):
            pass
        await staging.commit_cursors(run, self.world.tick())
        return await self.ended(run)

    async def applied_in_part(self, run: Run, *, batches: int) -> None:
        """Apply so many batches of a run that is planned, and break it off."""
        ground = await self.ground(run)
        for _ in range(batches):
            await applying.apply_batch(ground, now=self.world.tick())
        await run_life.end_run(run, run_life.Ended(state="cancelled"), now=self.world.tick())

    async def ended(self, run: Run) -> Run:
        """End a run."""
        await absence.take_back(run)
        await staging.drop_staged(run)
        await run_life.end_run(run, run_life.Ended(state="done"), now=self.world.tick())
        return await runs.get_run(run.tenant_id, run.run_id)

    async def pull(self, *pages: SeenPage, whole: bool = True, scope: SeenPage | None = None) -> Run:
        """Do a whole run."""
        return await self.applied(await self.planned(await self.staged(*pages, whole=whole, scope=scope)))

    async def ground(self, run: Run) -> Ground:
        """Return what planning and applying of a run stand on."""
        return await read_ground(self.source, await runs.get_run(run.tenant_id, run.run_id))

    def let_a_day_pass(self) -> None:
        """Let the guard's day pass."""
        self.world.now += timedelta(hours=25)


def person(name: str, op: SeenOp = "upsert", /, **values: JsonValue) -> Seen:
    """Return one person as a page says it; more values by their targets."""
    said: dict[str, JsonValue] = {"userName": f"{name}@example.org", "displayName": name.title(), "active": True}
    return Seen(kind="user", ext_id=f"id-{name}", op=op, values={**said, **values})


def page(*people: Seen, edges: Iterable[SeenEdge] = ()) -> SeenPage:
    """Return one page."""
    return SeenPage(objects=people, edges=tuple(edges), resume="next")
