"""A directory that audits, for tests: people as it says them, and pulls of it played page by page."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from directory.model import JsonValue, User
from directory.pulls import drift, drift_lists, run_life, runs, sources, staging
from directory.pulls.absence import settle_absence
from directory.pulls.ground import read_ground
from directory.pulls.model import Drift, ObjectKind, PullSource, Run, RunKind, Seen, SeenOp, SeenPage
from tests.directory.pulls.pulled import graph_source
from tests.directory.world import World

PAGE = 3


@dataclass
class Auditor:
    """A pulled source in audit mode, and the directory behind it."""

    world: World
    source: PullSource
    people: dict[str, dict[str, JsonValue]] = field(default_factory=dict)
    """What is said of each, by the id there."""
    ops: dict[str, SeenOp] = field(default_factory=dict)
    """Of those who are no plain upserts."""
    given: dict[str, Mapping[str, JsonValue]] = field(default_factory=dict)
    assigned: set[str] | None = None
    """Who is assigned to the application, where only those are meant."""

    def says(self, name: str, ext_id: str | None = None, /, **values: JsonValue) -> None:
        """Let the directory have a person as the push has them: ``ext-<name>``, unless said otherwise."""
        said: dict[str, JsonValue] = {"userName": f"{name}@example.org", "active": True, **values}
        self.people[ext_id or f"ext-{name}"] = said

    async def pull(
        self, kind: RunKind = "full", *, only: list[str] | None = None, began: datetime | None = None
    ) -> Run:
        """Pull everybody, or in a delta ``only`` these; compare; return the run as it was."""
        world, tenant_id = self.world, self.source.tenant_id
        asked = await runs.ask_run(self.source.source_id, kind, cause="operator", by=world.system, now=world.tick())
        run, _ = await run_life.begin(tenant_id, asked.run_id, now=began or world.tick())
        ext_ids = sorted(self.people) if only is None else only
        for at in range(0, max(len(ext_ids), 1), PAGE):
            page = SeenPage(objects=tuple(self._seen(ext_id) for ext_id in ext_ids[at : at + PAGE]), resume=str(at))
            await staging.stage_page(run, "users", page, now=world.now)
        await staging.end_stream(run, "users", whole=kind == "full", checkpoint="c", now=world.now)
        if self.assigned is not None:
            await self._stage_scope(run, self.assigned, whole=kind == "full")
        run = await run_life.enter_stage(run, "planning", "Comparing", timings={}, now=world.tick())
        await settle_absence(run, (await staging.read_cursors(tenant_id, run.source_id)).values(), now=world.now)
        await self.compare(run)
        await run_life.end_run(run, run_life.Ended(state="done"), now=world.now)
        self.source = await sources.get_pull_source(tenant_id, self.source.source_id)
        await sources.note_ok(self.source, None, "", None, whole=kind == "full", now=world.now)
        self.source = await sources.get_pull_source(tenant_id, self.source.source_id)
        return run

    async def _stage_scope(self, run: Run, assigned: set[str], *, whole: bool) -> None:
        pairs: list[tuple[ObjectKind, str]] = [("user", ext_id) for ext_id in sorted(assigned)]
        await staging.stage_page(run, "scope", SeenPage(assigned=tuple(pairs)), now=self.world.now)
        for stream in ("scope", "groups"):
            every = whole or stream == "scope"
            await staging.end_stream(run, stream, whole=every, checkpoint=None, now=self.world.now)

    async def compare(self, run: Run) -> int:
        """Compare until nothing is left; return in how many batches."""
        ground = await read_ground(self.source, run)
        reached: str | None = ""
        count = 0
        while reached is not None:
            reached = await drift.compare_batch(ground, reached, now=self.world.tick())
            count += 1
        return count

    async def drifts(self) -> list[Drift]:
        """Return all that was found."""
        found = await drift_lists.list_drifts(self.source.tenant_id, self.source.source_id, limit=10_000)
        assert found.next_after is None
        return found.drifts

    async def told(self) -> set[tuple[str, str, str]]:
        """Return (kind, label, attribute) of all that was found."""
        return {(one.kind, one.label.partition("@")[0], one.target) for one in await self.drifts()}

    def _seen(self, ext_id: str) -> Seen:
        values = dict(self.people.get(ext_id, {}))
        op = self.ops.get(ext_id, "upsert" if ext_id in self.people else "purged")
        given = self.given.get(ext_id)
        return Seen(kind="user", ext_id=ext_id, op=op, values=values, given=None if given is None else dict(given))


async def create_auditor(world: World, *, match_target: str | None = None) -> Auditor:
    """Create a source that audits the world's own."""
    source = await graph_source(world, "Entra by Graph", mode="audit", audits_source_id=world.source.source_id)
    if match_target is not None:
        source = await sources.set_mode(
            source.source_id, "audit", world.source.source_id, match_target, by=world.system, now=world.tick()
        )
    return Auditor(world=world, source=replace(source))


async def pushed_alike(world: World, auditor: Auditor, name: str, /, **values: JsonValue) -> User:
    """Push a person whom the directory has in the same way."""
    auditor.says(name, **values)
    return await world.push_user(name, **values)
