"""One run, carried out from its beginning to its end."""

import pytest

from connectors.connector import Step
from connectors.errors import SourceError
from directory.pulls import run_life, staging
from directory.pulls.configuring import edit_config
from directory.pulls.rhythm import set_mode
from directory.store.unit import Engine
from tests.directory.pulls.pulled import GRAPH
from tests.directory.world import create_world
from tests.rolebook.carried_out import PEOPLE, outcome_of, people_of, small_directory, work
from tests.rolebook.scripted import Scene, open_scene

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("store")]


@pytest.fixture
async def scene(store: Engine) -> Scene:
    assert store.engine_type in {"sqlite", "postgres"}
    return await open_scene(await create_world(), small_directory())


async def test_a_full_pull_brings_everybody_and_says_so(scene: Scene) -> None:
    run = await work(scene, await scene.ask())

    assert (run.state, run.page_count, run.object_count, run.expected_count) == ("done", 5, 7, 7)
    assert run.counts == {"user:create": 5, "group:create": 2, "members:join": 5}
    assert await people_of(scene) == dict.fromkeys(PEOPLE, True)
    assert set(run.timings) >= {"fetch", "stage", "plan", "apply users"}
    source = await scene.reread_source()
    assert (source.identity, source.failures, source.full_done_at is not None) == ("directory-1", 0, True)
    assert scene.directory.closed_count == 1


async def test_the_next_delta_begins_where_the_pull_ended(scene: Scene) -> None:
    await work(scene, await scene.ask())
    scene.directory.asked.clear()

    run = await work(scene, await scene.ask("delta"))

    assert scene.directory.asked == [("users", "delta 0"), ("groups", "delta 0")]
    assert (run.state, run.counts) == ("done", {})


async def test_a_broken_stream_ends_the_run_and_removes_nobody(scene: Scene) -> None:
    await work(scene, await scene.ask())
    scene.directory.people = ["ann", "bob", "cid"]
    scene.directory.troubles["users", 1] = SourceError("protocol", "half a page came", remedy="Ask them.")

    run = await work(scene, await scene.ask())

    assert (run.state, run.error_kind, run.error_words, run.error_remedy) == (
        "failed",
        "protocol",
        "half a page came",
        "Ask them.",
    )
    assert await people_of(scene) == dict.fromkeys(PEOPLE, True)
    source = await scene.reread_source()
    assert (source.failures, source.error_words) == (1, "half a page came")
    cursors = await staging.read_cursors(source.tenant_id, source.source_id)
    assert cursors["users"].committed == "delta 0"


async def test_who_is_missing_twice_is_gone_and_who_is_missing_once_stays(scene: Scene) -> None:
    await work(scene, await scene.ask())
    scene.directory.people = ["ann", "bob", "cid", "dee"]

    once = await work(scene, await scene.ask())
    here_once = await people_of(scene)
    twice = await work(scene, await scene.ask())

    assert (once.counts.get("missing:once"), here_once["eve"]) == (1, True)
    assert twice.counts.get("user:delete") == 1
    assert set(await people_of(scene)) == {"ann", "bob", "cid", "dee"}


async def test_who_comes_back_in_between_is_not_missing_again(scene: Scene) -> None:
    await work(scene, await scene.ask())
    for people in (PEOPLE[:4], PEOPLE, PEOPLE[:4]):
        scene.directory.people = list(people)
        await work(scene, await scene.ask())

    assert set(await people_of(scene)) == set(PEOPLE)


async def test_nobody_at_all_is_never_applied_however_often_it_is_said(scene: Scene) -> None:
    await work(scene, await scene.ask())
    scene.directory.people = []

    ended = [await work(scene, await scene.ask()) for _ in range(3)]

    run = ended[-1]
    assert (run.state, run.error_kind) == ("done", "empty")
    assert "5 are known" in run.error_words
    assert await people_of(scene) == dict.fromkeys(PEOPLE, True)
    assert (await scene.reread_source()).failures == 3


async def test_another_directory_is_never_applied(scene: Scene) -> None:
    await work(scene, await scene.ask())
    scene.directory.identity, scene.directory.people = "directory-2", ["zoe"]

    run = await work(scene, await scene.ask())

    assert (run.state, run.error_kind, run.page_count) == ("failed", "config", 0)
    assert "Directory-2" in run.error_words
    assert set(await people_of(scene)) == set(PEOPLE)


async def test_a_check_that_fails_is_kept_with_what_to_do(scene: Scene) -> None:
    scene.directory.step = Step(
        key="permissions", words="Permissions", outcome="failed", detail="may not read", missing=("User.Read.All",)
    )

    run = await work(scene, await scene.ask())

    assert (run.state, run.error_kind) == ("failed", "permission")
    assert "User.Read.All" in run.error_words
    assert [step["outcome"] for step in run.steps] == ["passed", "failed"]
    assert scene.directory.given == []


async def test_a_stream_that_was_forgotten_is_read_from_its_start(scene: Scene) -> None:
    await work(scene, await scene.ask())
    scene.directory.expired.add("delta 0")
    scene.directory.asked.clear()

    run = await work(scene, await scene.ask("delta"))

    assert run.state == "done"
    assert scene.directory.asked == [
        ("users", "delta 0"),
        ("users", None),
        ("groups", "delta 0"),
        ("groups", None),
    ]
    cursors = await staging.read_cursors(run.tenant_id, run.source_id)
    assert cursors["users"].whole
    assert (await scene.reread_source()).full_done_at is not None


async def test_a_dry_run_changes_nothing_and_leaves_the_cursors(scene: Scene) -> None:
    before = await outcome_of(scene.world)

    run = await work(scene, await scene.ask(dry=True))

    events, members, staged = await outcome_of(scene.world)
    assert (run.state, run.counts["user:create"]) == ("done", 5)
    assert (events.pop("source:pull:asked"), events, members, staged) == (1, *before)
    cursors = await staging.read_cursors(run.tenant_id, run.source_id)
    assert [cursor.committed for cursor in cursors.values()] == [None, None]
    assert (await scene.reread_source()).full_done_at is None


async def test_an_error_that_nobody_expected_ends_the_run_without_its_words(scene: Scene) -> None:
    scene.directory.troubles["users", 1] = LookupError("the secret is sesame")

    run = await work(scene, await scene.ask())

    assert (run.state, run.error_kind) == ("failed", "transient")
    assert "LookupError" in run.error_words
    assert "sesame" not in run.error_words


async def test_a_source_that_was_only_compared_is_taken_over_as_a_whole(scene: Scene) -> None:
    source_id, by = scene.source.source_id, scene.world.system
    await set_mode(source_id, "audit", scene.world.source.source_id, by=by, now=scene.clock())
    await work(scene, await scene.ask())
    await set_mode(source_id, "provision", by=by, now=scene.clock())

    run = await work(scene, await scene.ask("delta"))

    assert run.counts == {"user:create": 5, "group:create": 2, "members:join": 5}


async def test_a_pull_of_another_place_ends_with_it(scene: Scene) -> None:
    run = await scene.ask()
    await run_life.begin(run.tenant_id, run.run_id, now=scene.clock())
    elsewhere = {**GRAPH, "tenant": "fabrikam.example"}
    await edit_config(scene.source.source_id, elsewhere, by=scene.world.system, now=scene.clock())

    assert (await work(scene, run)).state == "cancelled"
