"""Pulls as their pages show them: brought to where a test wants them, as whoever works on them does."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

import msgspec

from directory import users
from directory.model import Actor, JsonObject, JsonValue, User, UserAttributes
from directory.pull_run import PullRun
from directory.pulls import run_life, runs
from directory.pulls.model import Action, ObjectKind, PullSource, Run, RunKind, Seen, SeenPage
from directory.pulls.run_life import Ended, Problem, Stage
from directory.pulls.staging import stage_page
from directory.store.pulls import progress
from directory.store.pulls.progress import read_progress, write_progress
from directory.store.pulls.seen import note_problem
from directory.store.unit import in_unit
from tests.directory.world import World
from tests.portal.browsing import Browser, Page

Noted = tuple[ObjectKind, Action, str, UUID | None, JsonValue]
"""What a pull does to one object: kind, action, name, who it is here, changes."""


async def asked(world: World, source: PullSource, kind: RunKind = "delta", *, dry: bool = False) -> Run:
    """Ask for a pull, as the schedule does."""
    key = "ann@example.org" if kind == "one" else None
    return await runs.ask_run(
        source.source_id, kind, dry=dry, user_key=key, cause="schedule", by=world.system, now=world.tick()
    )


async def begun(world: World, source: PullSource, kind: RunKind = "delta", *, dry: bool = False) -> Run:
    """Ask for a pull and begin it."""
    run = await asked(world, source, kind, dry=dry)
    taken, _ = await run_life.begin(run.tenant_id, run.run_id, now=world.tick())
    return taken


async def brought(
    world: World,
    run: Run,
    stage: Stage,
    counts: Mapping[str, int] | None = None,
    *,
    done: tuple[int, int] = (0, 0),
    why: dict[str, list[int]] | None = None,
) -> Run:
    """Bring a pull into a stage, with what it counted there; ``done`` is of how many it is through with how many."""
    await run_life.enter_stage(run, stage, stage.title(), timings={"fetch": 1.5}, now=world.tick())

    async def body() -> None:
        before = await read_progress(run.tenant_id, run.run_id)
        moved = replace(before, counts=dict(counts or {}), done_count=done[0], to_do_count=done[1], why=why or {})
        await write_progress(run.tenant_id, run.run_id, moved, now=world.tick())

    await in_unit(run.tenant_id, body)
    return await run_life.reread(run)


async def ended(world: World, run: Run, state: run_life.End = "done", problem: Problem | None = None) -> Run:
    """End a pull."""
    await run_life.end_run(run, Ended(state=state, timings={"fetch": 1.5}, problem=problem), now=world.tick())
    return await run_life.reread(run)


async def pulled(world: World, source: PullSource, counts: Mapping[str, int]) -> Run:
    """Let a pull come to its end with these counts."""
    return await ended(world, await brought(world, await begun(world, source), "applying", counts))


async def noted(run: Run, *items: Noted) -> None:
    """Note what a pull does."""

    async def body() -> None:
        await progress.add_items(
            run.tenant_id,
            run.run_id,
            [
                (seq, kind, action, f"ext-{name}", subject, name, "", msgspec.json.encode(changes).decode())
                for seq, (kind, action, name, subject, changes) in enumerate(items)
            ],
        )

    await in_unit(run.tenant_id, body)


async def with_steps(run: Run, *steps: JsonObject) -> None:
    """Keep steps that were tried."""
    await run_life.note_check(run, steps, expected_count=None)


def puller(source: PullSource, run: Run) -> Actor:
    """Return the source as the one who causes what a pull changes."""
    return Actor(
        tenant_id=source.tenant_id,
        kind="source",
        label=f"{source.label} (pull)",
        source_id=source.source_id,
        run=PullRun(run_id=run.run_id),
    )


def place(source: PullSource, *segments: object) -> str:
    """Return an address below a connector's."""
    return "/".join(["connectors", str(source.source_id), *map(str, segments)])


async def opened(browser: Browser, source: PullSource, *segments: object) -> Page:
    """Open a page below a connector's."""
    page = await browser.open(place(source, *segments))
    assert page.status == 200
    return page


async def rejected(world: World, run: Run, reasons: Mapping[str, str]) -> None:
    """Let a pull come across people that cannot be taken over."""
    page = SeenPage(rejects=tuple(("user", ext_id, reason) for ext_id, reason in reasons.items()))
    await stage_page(run, "users", page, now=world.tick())


async def pulled_user(world: World, run: Run, source: PullSource, name: str) -> User:
    """Create somebody as a pull does."""
    document: JsonObject = {"userName": f"{name}@example.org", "externalId": f"ext-{name}", "active": True}
    user, _ = await users.create_user(
        UserAttributes(document), by=puller(source, run), now=world.tick(), revive_inactive=True
    )
    return user


async def refused(world: World, run: Run, source: PullSource, ext_id: str, why: str) -> None:
    """Let a pull come across somebody whom the directory does not take."""
    seen = Seen(kind="user", ext_id=ext_id, values={"userName": "ann", "displayName": "=1+1"})
    await stage_page(run, "users", SeenPage(objects=(seen,)), now=world.tick())

    async def body() -> None:
        await note_problem(source.tenant_id, source.source_id, [ext_id], why)

    await in_unit(run.tenant_id, body)
