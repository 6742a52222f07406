from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from directory.errors import NotFoundError
from directory.model import JsonValue
from directory.pulls import absence, run_life, runs, staging
from directory.pulls.edges import packed_by_group
from directory.pulls.merging import EXT_ID_MAX
from directory.pulls.model import PullSource, Run, Seen, SeenEdge, SeenPage
from directory.pulls.run_life import Ended
from directory.store.compiled import Statement
from directory.store.unit import Engine, execute, fetch
from tests.directory.counting import counted_statements
from tests.directory.pulls.pulled import graph_source
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio

_SEEN = Statement("SELECT * FROM seen_row WHERE source_id = $1::uuid ORDER BY kind, ext_id", house=True)
_EDGES = Statement("SELECT * FROM staged_edge_row WHERE run_id = $1::uuid ORDER BY group_ext, seq", house=True)
_ASSIGNED = Statement(
    "SELECT kind, ext_id FROM staged_assigned_row WHERE run_id = $1::uuid ORDER BY kind, ext_id", house=True
)
_APPLY_ALL = Statement(
    "UPDATE seen_row SET applied_hash = hash, pending = FALSE WHERE source_id = $1::uuid", house=True
)


@pytest.fixture
async def world(store: Engine) -> World:
    assert store.engine_type in {"sqlite", "postgres"}
    return await create_world()


@pytest.fixture
async def source(world: World) -> PullSource:
    return await graph_source(world)


async def begun(world: World, source: PullSource) -> Run:
    """Begin another run, once the one before is over."""
    current = await runs.current_run(source.tenant_id, source.source_id)
    if current is not None:
        await run_life.end_run(current, Ended(state="failed"), now=world.tick())
    asked = await runs.ask_run(source.source_id, "full", cause="operator", by=world.system, now=world.tick())
    return (await run_life.begin(asked.tenant_id, asked.run_id, now=world.tick()))[0]


def person(ext_id: str, **values: JsonValue) -> Seen:
    return Seen(kind="user", ext_id=ext_id, values=values or {"userName": ext_id}, given={"id": ext_id})


async def stage(world: World, run: Run, *people: Seen, stream: str = "users", **page: Any) -> bool:  # noqa: ANN401  # parts of a SeenPage
    """Stage one page."""
    return await staging.stage_page(
        run, stream, SeenPage(objects=people, **{"resume": "next", **page}), now=world.tick()
    )


async def seen_of(source: PullSource) -> dict[str, Any]:
    """Return what is kept of each object."""
    return {row["ext_id"]: row for row in await fetch(_SEEN, source.source_id)}


async def whole(world: World, source: PullSource, *people: str) -> Run:
    """Do a run that gives these people and ends whole, as far as absence."""
    run = await begun(world, source)
    await stage(world, run, *map(person, people))
    await staging.end_stream(run, "users", whole=True, checkpoint="end", now=world.tick())
    cursors = await staging.read_cursors(run.tenant_id, run.source_id)
    await absence.settle_absence(run, cursors.values(), now=world.tick())
    return run


async def test_a_page_its_place_and_its_counts_are_kept_together(world: World, source: PullSource) -> None:
    run = await begun(world, source)
    edges = (SeenEdge("g", "a"), SeenEdge("g", "h", is_group=True), SeenEdge("g", "a", there=False))
    group = Seen(kind="group", ext_id="g", values={"displayName": "G"})

    cancelled = await stage(
        world, run, person("a"), group, edges=edges, complete_groups=("empty",), assigned=(("user", "a"),)
    )

    assert not cancelled
    seen = await seen_of(source)
    assert (seen["a"]["said"], seen["a"]["given"], bool(seen["a"]["pending"])) == (
        '{"userName":"a"}',
        '{"id":"a"}',
        True,
    )
    assert (seen["g"]["kind"], seen["g"]["given"]) == ("group", None)
    staged = await fetch(_EDGES, run.run_id)
    assert [(row["group_ext"], row["seq"], bool(row["complete"])) for row in staged] == [
        ("empty", 1, True),
        ("g", 1, False),
    ]
    assert staged[1]["edges"] == packed_by_group(SeenPage(edges=edges))["g"]
    assert [row["ext_id"] for row in await fetch(_ASSIGNED, run.run_id)] == ["a"]
    cursor = (await staging.read_cursors(run.tenant_id, run.source_id))["users"]
    assert (cursor.run_id, cursor.resume, cursor.object_count, cursor.committed) == (run.run_id, "next", 2, None)
    after = await run_life.reread(run)
    assert (after.page_count, after.object_count) == (1, 2)


async def test_pages_are_numbered_across_resumptions(world: World, source: PullSource) -> None:
    run = await begun(world, source)
    for _ in range(2):
        await stage(world, run, stream="groups", edges=(SeenEdge("g", "a"),))
    await run_life.begin(run.tenant_id, run.run_id, now=world.tick())
    await stage(world, run, stream="groups", edges=(SeenEdge("g", "a", there=False),))

    assert [row["seq"] for row in await fetch(_EDGES, run.run_id)] == [1, 2, 3]


async def test_saying_the_same_again_leaves_nothing_to_apply(world: World, source: PullSource) -> None:
    await stage(world, await begun(world, source), person("a", title="A"), person("b", title="B"))
    await execute(_APPLY_ALL, source.source_id)

    run = await begun(world, source)
    await stage(world, run, person("a", title="A"), person("b", title="C"))

    seen = await seen_of(source)
    assert [bool(seen[name]["pending"]) for name in "ab"] == [False, True]
    assert {seen[name]["run_id"] for name in "ab"} == {run.run_id}


async def test_a_page_takes_the_same_statements_whatever_is_known(
    store: Engine, world: World, source: PullSource
) -> None:
    run = await begun(world, source)
    people = [person(f"u{at}", title="A") for at in range(50)]
    counts: list[int] = []
    for _ in range(2):
        with counted_statements(store) as counted:
            await stage(world, run, *people)
        counts.append(len(counted.texts))

    assert max(counts) <= 8


async def test_samples_are_kept_of_a_thousand_at_most(world: World, source: PullSource) -> None:
    run = await begun(world, source)
    for page in range(3):
        await stage(world, run, *(person(f"u{page}-{at}") for at in range(400)))

    assert sum(row["given"] is not None for row in (await seen_of(source)).values()) == staging.SAMPLES


async def test_an_id_that_cannot_be_kept_is_rejected_and_the_rest_is_taken(world: World, source: PullSource) -> None:
    run = await begun(world, source)
    await stage(
        world, run, person("a"), person("x" * 201), person("b\0"), edges=(SeenEdge("g\0", "a"), SeenEdge("g", "a"))
    )

    assert list(await seen_of(source)) == ["a"]
    rejects = await runs.list_rejects(run.tenant_id, run.run_id, limit=10)
    assert {len(one.ext_id) for one in rejects} == {1, EXT_ID_MAX}
    assert [row["group_ext"] for row in await fetch(_EDGES, run.run_id)] == ["g"]


async def test_a_run_that_is_over_stages_nothing(world: World, source: PullSource) -> None:
    run = await begun(world, source)
    await run_life.end_run(run, Ended(state="cancelled"), now=world.tick())

    with pytest.raises(NotFoundError):
        await stage(world, run, person("a"))

    assert await seen_of(source) == {}


async def test_a_page_tells_that_somebody_wants_the_run_to_end(world: World, source: PullSource) -> None:
    run = await begun(world, source)
    await runs.ask_cancel(run.run_id, by=world.system, now=world.tick())

    assert await stage(world, run, person("a"))


async def test_a_stream_that_begins_anew_forgets_its_memberships(world: World, source: PullSource) -> None:
    run = await begun(world, source)
    await stage(world, run, stream="groups", edges=(SeenEdge("g", "a"),))
    await stage(world, run, person("a"))

    await staging.restart_stream(run, "users", now=world.tick())
    kept = await fetch(_EDGES, run.run_id)
    await staging.restart_stream(run, "groups", now=world.tick())

    assert len(kept) == 1
    assert await fetch(_EDGES, run.run_id) == []
    cursors = await staging.read_cursors(run.tenant_id, run.source_id)
    assert [(one.resume, one.object_count) for one in cursors.values()] == [(None, 0), (None, 0)]


async def test_cursors_move_only_when_the_run_is_committed(world: World, source: PullSource) -> None:
    run = await begun(world, source)
    await stage(world, run, person("a"))
    await staging.end_stream(run, "users", whole=True, checkpoint="end", now=world.tick())
    await stage(world, run, stream="groups", resume="half")
    before = await staging.read_cursors(run.tenant_id, run.source_id)
    await staging.commit_cursors(run, world.tick())
    after = await staging.read_cursors(run.tenant_id, run.source_id)

    assert [before[name].committed for name in ("users", "groups")] == [None, None]
    assert [after[name].committed for name in ("users", "groups")] == ["end", None]
    assert (after["users"].done, after["users"].whole, after["users"].object_count) == (True, True, 1)


async def test_the_next_run_forgets_how_far_the_last_one_was_but_not_what_it_committed(
    world: World, source: PullSource
) -> None:
    first = await whole(world, source, "a", "b")
    await staging.commit_cursors(first, world.tick())

    run = await begun(world, source)
    await stage(world, run, person("a"))

    cursor = (await staging.read_cursors(run.tenant_id, run.source_id))["users"]
    assert (cursor.run_id, cursor.done, cursor.object_count, cursor.committed) == (run.run_id, False, 1, "end")
    assert cursor.begun_at is not None
    assert world.now - cursor.begun_at < timedelta(seconds=2)


async def test_only_two_whole_runs_in_a_row_make_somebody_gone(world: World, source: PullSource) -> None:
    await whole(world, source, "a", "b", "c")
    await execute(_APPLY_ALL, source.source_id)
    first = await whole(world, source, "a", "b")
    once = (await seen_of(source))["c"]
    await absence.settle_absence(
        first, (await staging.read_cursors(source.tenant_id, source.source_id)).values(), now=world.tick()
    )
    repeated = (await seen_of(source))["c"]
    await whole(world, source, "a")
    seen = await seen_of(source)

    assert (once["missing_run_id"], bool(once["gone"]), bool(once["pending"])) == (first.run_id, False, False)
    assert bool(repeated["gone"]) is False
    assert [bool(seen[name]["gone"]) for name in "abc"] == [False, False, True]
    assert [bool(seen[name]["pending"]) for name in "abc"] == [False, False, True]
    assert seen["b"]["missing_run_id"] is not None


async def test_being_seen_again_clears_both(world: World, source: PullSource) -> None:
    await whole(world, source, "a", "b")
    for _ in range(2):
        await whole(world, source, "a")
    await execute(_APPLY_ALL, source.source_id)

    await whole(world, source, "a", "b")

    seen = (await seen_of(source))["b"]
    assert (bool(seen["gone"]), seen["missing_run_id"], bool(seen["pending"])) == (False, None, True)


async def test_a_delta_and_a_stream_that_did_not_end_make_nobody_missing(world: World, source: PullSource) -> None:
    await whole(world, source, "a", "b")
    for is_whole in (False, None):
        run = await begun(world, source)
        await stage(world, run, person("a"))
        if is_whole is not None:
            await staging.end_stream(run, "users", whole=is_whole, checkpoint="end", now=world.tick())
        cursors = await staging.read_cursors(run.tenant_id, run.source_id)
        await absence.settle_absence(run, cursors.values(), now=world.tick())

    assert (await seen_of(source))["b"]["missing_run_id"] is None


async def test_nobody_at_all_makes_nobody_missing(world: World, source: PullSource) -> None:
    await whole(world, source, "a", "b")
    run = await begun(world, source)
    await stage(world, run)
    await staging.end_stream(run, "users", whole=True, checkpoint="end", now=world.tick())
    cursors = await staging.read_cursors(run.tenant_id, run.source_id)

    ignored = await absence.settle_absence(run, cursors.values(), now=world.tick())

    assert ignored == 2
    assert {row["missing_run_id"] for row in (await seen_of(source)).values()} == {None}


async def test_who_is_rejected_is_there_all_the_same(world: World, source: PullSource) -> None:
    await whole(world, source, "a", "b")
    for _ in range(2):
        run = await begun(world, source)
        await stage(world, run, person("a"), rejects=(("user", "b", "no name"),))
        await staging.end_stream(run, "users", whole=True, checkpoint="end", now=world.tick())
        cursors = await staging.read_cursors(run.tenant_id, run.source_id)
        await absence.settle_absence(run, cursors.values(), now=world.tick())

    assert (await seen_of(source))["b"]["missing_run_id"] is None


async def test_thousands_of_missing_are_noted_in_slices(world: World, source: PullSource) -> None:
    run = await begun(world, source)
    await stage(world, run, *(person(f"u{at:05d}") for at in range(2_500)))
    await staging.end_stream(run, "users", whole=True, checkpoint="end", now=world.tick())

    once = await whole(world, source, "u00000")
    marks = [row["missing_run_id"] for row in (await seen_of(source)).values()]
    await whole(world, source, "u00000")
    gone = sum(bool(row["gone"]) for row in (await seen_of(source)).values())

    assert (marks.count(once.run_id), marks.count(None)) == (2_499, 1)
    assert gone == 2_499
    assert UUID(int=0) not in marks
