from datetime import timedelta

import pytest

from directory.errors import ForbiddenError, InvalidError, NotFoundError
from directory.ids import new_id
from directory.model import Actor, SourceId
from directory.pull_run import RunId
from directory.pulls import run_life, runs, staging
from directory.pulls.model import PullSource, Run, RunKind, SeenEdge, SeenPage
from directory.pulls.run_forgetting import IDLE_RUNS_KEPT, RUNS_KEPT, forget_runs
from directory.pulls.run_life import Beat, Ended, Problem
from directory.store.compiled import Statement
from directory.store.unit import Engine, fetch_one
from tests.directory.pulls.pulled import graph_source
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio

_EVENTS = Statement("SELECT count(*) AS told FROM event_row WHERE tenant_id = $1::uuid AND action LIKE 'source:pull:%'")
_LEFT = Statement(
    "SELECT (SELECT count(*) FROM run_row) AS runs, (SELECT count(*) FROM staged_edge_row) AS edges,"
    " (SELECT count(*) FROM run_reject_row) AS rejects",
    house=True,
)


@pytest.fixture
async def world(store: Engine) -> World:
    assert store.engine_type in {"sqlite", "postgres"}
    return await create_world()


@pytest.fixture
async def source(world: World) -> PullSource:
    return await graph_source(world)


async def ask(world: World, source: PullSource, kind: RunKind = "delta", key: str | None = None) -> Run:
    """Ask for a pull as an operator does."""
    return await runs.ask_run(source.source_id, kind, cause="operator", by=world.system, now=world.tick(), user_key=key)


async def begun(world: World, run: Run) -> Run:
    """Return a run that somebody took up."""
    taken, _ = await run_life.begin(run.tenant_id, run.run_id, now=world.tick())
    return taken


async def count_told(world: World) -> int:
    """Return how many events of pulls there are."""
    row = await fetch_one(_EVENTS, world.tenant.tenant_id)
    return 0 if row is None else int(row["told"])


async def test_asking_twice_gives_the_same_run_and_is_told_once(world: World, source: PullSource) -> None:
    first, second = await ask(world, source), await ask(world, source)

    assert first == second
    assert (first.state, first.kind, first.dry, first.asked_label) == ("asked", "delta", False, "command line")
    assert await count_told(world) == 1


async def test_other_wishes_are_other_runs(world: World, source: PullSource) -> None:
    delta = await ask(world, source)
    full = await ask(world, source, "full")
    ann, bob = await ask(world, source, "one", "ann"), await ask(world, source, "one", "bob")

    listed = await runs.list_runs(world.tenant.tenant_id, source.source_id, limit=10)
    older = await runs.list_runs(world.tenant.tenant_id, source.source_id, before=ann.run_id, limit=1)

    assert [run.run_id for run in listed] == [bob.run_id, ann.run_id, full.run_id, delta.run_id]
    assert [run.run_id for run in older] == [full.run_id]


async def test_once_it_is_over_another_can_be_asked_for(world: World, source: PullSource) -> None:
    run = await begun(world, await ask(world, source))
    await run_life.end_run(run, Ended(state="done"), now=world.tick())

    again = await ask(world, source)

    assert again.run_id != run.run_id


async def test_a_schedule_tells_nobody(world: World, source: PullSource) -> None:
    await runs.ask_run(source.source_id, "delta", cause="schedule", by=world.system, now=world.tick())

    assert await count_told(world) == 0


@pytest.mark.parametrize("key", [None, "", "   ", "a\nb", "x" * 400])
async def test_one_person_needs_a_name(world: World, source: PullSource, key: str | None) -> None:
    with pytest.raises(InvalidError, match="user_key"):
        await ask(world, source, "one", key)


async def test_sources_that_are_not_pulled_and_those_of_others_are_not_there(world: World, source: PullSource) -> None:
    other = await create_world("other")
    for source_id, by in (
        (world.source.source_id, world.system),
        (source.source_id, other.system),
        (SourceId(new_id(world.now)), world.system),
    ):
        with pytest.raises(NotFoundError):
            await runs.ask_run(source_id, "delta", cause="operator", by=by, now=world.tick())
    run = await ask(world, source)
    with pytest.raises(NotFoundError):
        await runs.ask_cancel(run.run_id, by=other.system, now=world.tick())
    with pytest.raises(NotFoundError):
        await runs.get_run(other.tenant.tenant_id, run.run_id)
    assert await runs.list_runs(other.tenant.tenant_id, source.source_id, limit=10) == []


async def test_asking_and_cancelling_take_a_permission(world: World, source: PullSource) -> None:
    run = await ask(world, source)
    viewer = Actor(tenant_id=world.tenant.tenant_id, kind="operator", label="V", permissions=frozenset({"portal:view"}))
    with pytest.raises(ForbiddenError):
        await runs.ask_run(source.source_id, "full", cause="operator", by=viewer, now=world.tick())
    with pytest.raises(ForbiddenError):
        await runs.ask_cancel(run.run_id, by=viewer, now=world.tick())


async def test_a_run_that_nobody_began_is_cancelled_at_once(world: World, source: PullSource) -> None:
    run = await runs.ask_cancel((await ask(world, source)).run_id, by=world.system, now=world.tick())

    assert (run.state, run.error_words) == ("cancelled", "Cancelled by command line before it began.")
    assert run.ended_at is not None
    assert await runs.current_run(run.tenant_id, run.source_id) is None
    with pytest.raises(NotFoundError):
        await run_life.begin(run.tenant_id, run.run_id, now=world.tick())


async def test_one_under_way_is_asked_to_end_and_a_new_one_may_be_asked_for(world: World, source: PullSource) -> None:
    run = await begun(world, await ask(world, source))

    await runs.ask_cancel(run.run_id, by=world.system, now=world.tick())
    cancelled = await runs.ask_cancel(run.run_id, by=world.system, now=world.tick())
    again = await ask(world, source)

    assert (cancelled.state, cancelled.cancel_asked) == ("fetching", True)
    assert await run_life.is_cancel_asked(run)
    assert again.run_id != run.run_id
    assert await count_told(world) == 3  # two wishes and one cancellation


async def test_the_next_of_each_source_is_what_is_under_way_and_then_people(world: World, source: PullSource) -> None:
    other = await graph_source(world, "Another")
    await ask(world, source)
    one = await ask(world, source, "one", "ann")
    waiting = await begun(world, await ask(world, other))
    await ask(world, other, "one", "ann")

    found = await run_life.list_next_runs(world.tick(), limit=10)
    await run_life.put_off(waiting, world.now + timedelta(minutes=5), "later", now=world.tick())
    put_off = await run_life.list_next_runs(world.tick(), limit=10)
    await runs.ask_cancel(waiting.run_id, by=world.system, now=world.tick())
    cancelled = await run_life.list_next_runs(world.tick(), limit=10)
    later = await run_life.list_next_runs(world.tick() + timedelta(minutes=5), limit=10)

    assert {run_id for _, _, run_id in found} == {one.run_id, waiting.run_id}
    assert [run_id for _, _, run_id in put_off] == [one.run_id]
    assert {run_id for _, _, run_id in cancelled} == {one.run_id, waiting.run_id}
    assert {run_id for _, _, run_id in later} == {one.run_id, waiting.run_id}


async def test_the_life_of_a_run_is_kept(world: World, source: PullSource) -> None:
    run = await begun(world, await ask(world, source, "full"))
    await run_life.note_progress(run, Beat(request_count=3, waited_ms=27_000, waiting="we wait"), now=world.tick())
    waiting = await run_life.reread(run)
    resumed = await begun(world, run)
    planning = await run_life.enter_stage(run, "planning", "Comparing", timings={"fetch": 1.5}, now=world.tick())
    problem = Problem(kind="auth", words="No entry.", remedy="Knock.")
    ended = await run_life.end_run(
        run, Ended(state="failed", timings={"fetch": 2.5}, problem=problem), now=world.tick()
    )
    again = await run_life.end_run(run, Ended(state="done"), now=world.tick())
    after = await runs.get_run(run.tenant_id, run.run_id)

    assert (waiting.request_count, waiting.waited_ms, waiting.waiting) == (3, 27_000, "we wait")
    assert (resumed.resumed_count, resumed.waiting) == (1, "")
    assert (planning.state, planning.phase, planning.timings) == ("planning", "Comparing", {"fetch": 1.5})
    assert (ended, again) == (True, False)
    assert (after.state, after.error_kind, after.error_words, after.error_remedy) == (
        "failed",
        "auth",
        "No entry.",
        "Knock.",
    )
    assert after.timings == {"fetch": 2.5}


async def test_what_could_not_be_taken_over_is_listed(world: World, source: PullSource) -> None:
    run = await begun(world, await ask(world, source))
    page = SeenPage(rejects=(("user", "b", "no name"), ("group", "a", "too long"), ("user", "b", "no name at all")))
    await staging.stage_page(run, "users", page, now=world.tick())
    await run_life.note_rejects(run)

    listed = await runs.list_rejects(run.tenant_id, run.run_id, limit=10)
    rest = await runs.list_rejects(run.tenant_id, run.run_id, after=("group", "a"), limit=10)

    assert [(one.kind, one.ext_id, one.reason) for one in listed] == [
        ("group", "a", "too long"),
        ("user", "b", "no name at all"),
    ]
    assert rest == listed[1:]
    assert (await runs.get_run(run.tenant_id, run.run_id)).counts == {"rejected": 2}


async def test_old_runs_are_forgotten_with_all_that_belongs_to_them(world: World, source: PullSource) -> None:
    edges = (SeenEdge("g", "u"),)
    run = await begun(world, await ask(world, source))
    page = SeenPage(edges=edges, rejects=(("user", "b", "no name"),), assigned=(("user", "u"),))
    await staging.stage_page(run, "groups", page, now=world.tick())
    await run_life.end_run(run, Ended(state="failed"), now=world.tick())
    await until_forgotten(world)
    left = await fetch_one(_LEFT)
    world.now += RUNS_KEPT + timedelta(days=1)
    await until_forgotten(world)

    assert left is not None
    assert (left["runs"], left["edges"], left["rejects"]) == (1, 0, 1)
    gone = await fetch_one(_LEFT)
    assert gone is not None
    assert (gone["runs"], gone["edges"], gone["rejects"]) == (0, 0, 0)


async def test_of_runs_without_a_change_the_newest_are_kept(world: World, source: PullSource) -> None:
    made: list[RunId] = []
    for _ in range(IDLE_RUNS_KEPT + 3):
        run = await begun(world, await ask(world, source))
        await run_life.end_run(run, Ended(state="done"), now=world.tick())
        made.append(run.run_id)

    await until_forgotten(world)

    kept = await runs.list_runs(world.tenant.tenant_id, source.source_id, limit=1000)
    assert [run.run_id for run in kept] == made[3:][::-1]


async def until_forgotten(world: World) -> None:
    """Forget until nothing is left to be forgotten."""
    while await forget_runs(now=world.now):
        pass
