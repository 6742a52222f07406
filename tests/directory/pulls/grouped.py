"""Pulls of groups in a small tenant: pages are staged as a stream gives them, then planned and applied."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from directory import groups, users
from directory.model import Actor, Group, JsonObject, SourceId, User, UserAttributes
from directory.pulls import run_life, runs, staging
from directory.pulls.ground import Ground, read_ground
from directory.pulls.group_apply import apply_groups_batch
from directory.pulls.group_plan import plan_groups_batch
from directory.pulls.model import PullSource, Run, Seen, SeenEdge, SeenPage
from directory.store.pulls import present
from tests.directory.pulls.pulled import GRAPH, graph_source
from tests.directory.world import World


@dataclass
class Outcome:
    """What a run of groups planned and did."""

    planned: dict[str, int] = field(default_factory=dict)
    applied: dict[str, int] = field(default_factory=dict)
    items: list[tuple[str, str, str]] = field(default_factory=list)
    """(action, group, detail)"""
    toll: int = 0


def group_seen(ext_id: str, name: str | None = None) -> Seen:
    return Seen(kind="group", ext_id=ext_id, values={"displayName": name or ext_id})


def edges(group: str, *members: str, inner: Iterable[str] = (), left: Iterable[str] = ()) -> tuple[SeenEdge, ...]:
    """Edges of one group: users, groups inside, and users who are no longer there."""
    return (
        *(SeenEdge(group, member) for member in members),
        *(SeenEdge(group, member, is_group=True) for member in inner),
        *(SeenEdge(group, member, there=False) for member in left),
    )


@dataclass
class Puller:
    """A pulled source of a world."""

    world: World
    source: PullSource

    @property
    def by(self) -> Actor:
        return Actor(
            tenant_id=self.world.tenant.tenant_id,
            kind="source",
            label=self.source.label,
            source_id=self.source_id,
        )

    @property
    def source_id(self) -> SourceId:
        return self.source.source_id

    async def user(self, name: str) -> User:
        """Have a person of the source here, called ``name`` by it."""
        document: JsonObject = {
            "userName": f"{name}@example.org",
            "externalId": name,
            "displayName": name,
            "active": True,
        }
        user, _ = await users.create_user(
            UserAttributes(document), by=self.by, now=self.world.tick(), revive_inactive=True
        )
        return user

    async def people(self, names: Iterable[str]) -> list[User]:
        return [await self.user(name) for name in names]

    async def begin(self, *pages: SeenPage, whole: bool = True) -> Ground:
        """Stage pages of groups, as a stream that ended."""
        world = self.world
        run = await runs.ask_run(
            self.source_id, "full" if whole else "delta", cause="operator", by=world.system, now=world.tick()
        )
        run, _ = await run_life.begin(run.tenant_id, run.run_id, now=world.tick())
        for page in pages:
            await staging.stage_page(run, "groups", page, now=world.tick())
        await staging.end_stream(run, "groups", whole=whole, checkpoint="c", now=world.tick())
        run = await run_life.enter_stage(run, "applying", "", timings={}, now=world.tick())
        return await read_ground(self.source, run)

    async def pull(self, *pages: SeenPage, whole: bool = True) -> Outcome:
        """Pull groups to the end."""
        ground = await self.begin(*pages, whole=whole)
        outcome = Outcome()
        await self.plan(ground, outcome)
        await self.apply(ground, outcome)
        await self.end(ground.run)
        return outcome

    async def plan(self, ground: Ground, outcome: Outcome) -> None:
        reached: str | None = ""
        while reached is not None:
            planned = await plan_groups_batch(ground, reached, now=self.world.tick())
            reached = planned.reached
            add_to(outcome.planned, planned.counts)
            outcome.items += [(item.action, item.ext_id, item.detail) for item in planned.items]
            outcome.toll += planned.toll.roles

    async def apply(self, ground: Ground, outcome: Outcome, *, batches: int | None = None) -> str | None:
        """Apply what is staged, or so many batches of it."""
        reached: str | None = ""
        while reached is not None and (batches is None or batches > 0):
            reached, counts = await apply_groups_batch(ground, reached, now=self.world.tick())
            add_to(outcome.applied, counts)
            batches = None if batches is None else batches - 1
        return reached

    async def end(self, run: Run) -> None:
        await staging.drop_staged(run)
        await run_life.end_run(run, run_life.Ended(state="done"), now=self.world.tick())

    async def group(self, ext_id: str) -> Group | None:
        tenant_id = self.world.tenant.tenant_id
        found = (await present.groups_here(tenant_id, self.source_id, [ext_id])).get(ext_id)
        return None if found is None or found.deleted else await groups.get_group(tenant_id, found.group_id)

    async def members(self, ext_id: str) -> set[str]:
        """Who is in a group, by the source's ids; who waits included."""
        tenant_id = self.world.tenant.tenant_id
        found = (await present.groups_here(tenant_id, self.source_id, [ext_id])).get(ext_id)
        if found is None or found.deleted:
            return set()
        there = await present.present_in(tenant_id, self.source_id, {found.group_id: found})
        return there[found.group_id].direct.users

    async def inner(self, ext_id: str) -> set[str]:
        """Which groups are in a group."""
        tenant_id = self.world.tenant.tenant_id
        found = (await present.groups_here(tenant_id, self.source_id, [ext_id]))[ext_id]
        there = await present.present_in(tenant_id, self.source_id, {found.group_id: found})
        return there[found.group_id].direct.groups


def add_to(counts: dict[str, int], more: Mapping[str, int]) -> None:
    for name, count in more.items():
        counts[name] = counts.get(name, 0) + count


async def create_puller(world: World, *, expands: bool = False) -> Puller:
    config = {**GRAPH, "nested": "transitive"} if expands else GRAPH
    return Puller(world, await graph_source(world, config=config))


def page(objects: Sequence[Seen] = (), *said: tuple[SeenEdge, ...], complete: Sequence[str] = ()) -> SeenPage:
    return SeenPage(
        objects=tuple(objects),
        edges=tuple(edge for several in said for edge in several),
        complete_groups=tuple(complete),
        resume="next",
    )
