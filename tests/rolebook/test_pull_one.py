"""One person pulled now, in five steps that are all told."""

from dataclasses import replace

import pytest

from connectors.connector import Connector
from connectors.errors import SourceError
from directory.leases import LeaseLostError
from directory.pulls import sources
from directory.pulls.model import Run
from directory.store.compiled import Statement
from directory.store.unit import Engine, fetch
from rolebook.pull_work import carry_out
from tests.directory.world import create_world
from tests.rolebook.carried_out import dying_after
from tests.rolebook.scripted import Directory, Scene, open_scene

pytestmark = pytest.mark.anyio

KEYS = ["connect", "find", "scope", "match", "decide"]
_PEOPLE = Statement("SELECT user_name FROM user_row WHERE tenant_id = $1::uuid")
_MEMBERS = Statement(
    "SELECT u.user_name FROM member_row m JOIN user_row u ON u.tenant_id = m.tenant_id AND u.id = m.user_id"
    " WHERE m.tenant_id = $1::uuid ORDER BY u.user_name"
)


@pytest.fixture
async def scene(store: Engine) -> Scene:
    assert store.engine_type in {"sqlite", "postgres"}
    return await open_scene(await create_world(), Directory(people=["ann", "bob"], groups={"crew": ["ann"]}))


async def pulled(scene: Scene, key: str, *, dry: bool = False) -> Run:
    """Pull one person."""
    run = await scene.ask("one", user_key=key, dry=dry)
    await carry_out(run.tenant_id, run.run_id, scene.means)
    return await scene.run(run)


def steps_of(run: Run) -> dict[str, tuple[object, str]]:
    """Return the outcome and the words of each step."""
    return {str(step["key"]): (step["outcome"], str(step["detail"])) for step in run.steps}


async def test_a_new_person_is_created_alone(scene: Scene) -> None:
    run = await pulled(scene, "ann@example.org")

    steps = steps_of(run)
    assert (run.state, run.counts) == ("done", {"user:create": 1})
    assert list(steps) == KEYS
    assert {outcome for outcome, _ in steps.values()} == {"passed"}
    assert "a new user" in steps["match"][1]
    assert steps["decide"][1] == "Loanee, the default, since no mapped group has the user."
    assert (await scene.reread_source()).last_ok_at is None


async def test_memberships_of_known_groups_come_along(scene: Scene) -> None:
    whole = await scene.ask()
    scene.directory.groups = {"crew": []}
    await carry_out(whole.tenant_id, whole.run_id, scene.means)
    scene.directory.groups = {"crew": ["ann"], "unknown": ["ann"]}

    run = await pulled(scene, "ann")

    members = await fetch(_MEMBERS, run.tenant_id)
    assert [row["user_name"] for row in members] == ["ann@example.org"]
    assert run.counts == {"members:join": 1}


async def test_who_is_not_there_ends_the_run_at_that_step(scene: Scene) -> None:
    run = await pulled(scene, "zoe")

    steps = steps_of(run)
    assert (run.state, run.error_words) == ("failed", "there is no such user")
    assert list(steps) == KEYS
    assert [outcome for outcome, _ in steps.values()] == ["passed", "failed", "skipped", "skipped", "skipped"]
    assert (await scene.reread_source()).failures == 0


async def test_a_connection_that_says_no_is_the_first_step(scene: Scene) -> None:
    scene.directory.identity = "directory-1"
    whole = await scene.ask()
    await carry_out(whole.tenant_id, whole.run_id, scene.means)
    scene.directory.identity = "directory-2"

    run = await pulled(scene, "ann")

    steps = steps_of(run)
    assert run.state == "failed"
    assert [outcome for outcome, _ in steps.values()] == ["failed", "skipped", "skipped", "skipped", "skipped"]
    assert "another directory" in steps["connect"][1]


async def test_nothing_new_is_said_too(scene: Scene) -> None:
    await pulled(scene, "ann")

    run = await pulled(scene, "ann")

    assert (run.state, run.counts.get("user:change")) == ("done", None)
    assert "nothing about the user changed" in steps_of(run)["match"][1]
    assert steps_of(run)["decide"][1].startswith("Loanee")


async def test_a_dry_one_says_what_would_be_and_does_nothing(scene: Scene) -> None:
    run = await pulled(scene, "ann", dry=True)

    assert (run.state, run.counts) == ("done", {"user:create": 1})
    assert steps_of(run)["decide"] == ("passed", "The user would be created.")
    assert await fetch(_MEMBERS, run.tenant_id) == []


async def test_left_after_any_unit_of_work_it_is_gone_on_with(store: Engine) -> None:
    step = 1 if store.engine_type == "sqlite" else 4
    count, is_done = 0, False
    while not is_done:
        other = await open_scene(await create_world(f"after-{count}"), Directory(people=["ann"]))
        asked = await other.ask("one", user_key="ann")
        try:
            with dying_after(count):
                await carry_out(asked.tenant_id, asked.run_id, other.means)
            is_done = True
        except LeaseLostError:
            await carry_out(asked.tenant_id, asked.run_id, other.means)
        run = await other.run(asked)
        assert (run.state, run.counts, list(steps_of(run))) == ("done", {"user:create": 1}, KEYS), count
        assert steps_of(run)["decide"][1].startswith("Loanee"), count
        count += step
    assert count > 5


async def test_a_source_that_does_not_answer_is_told_in_the_first_step(scene: Scene) -> None:
    async def refuse(*_: object) -> Connector:
        raise SourceError("config", "the stored credentials cannot be opened here", remedy="Enter them again.")

    asked = await scene.ask("one", user_key="ann")
    await carry_out(asked.tenant_id, asked.run_id, replace(scene.means, connect=refuse))

    run = await scene.run(asked)
    assert (run.state, run.error_remedy) == ("failed", "Enter them again.")
    assert steps_of(run)["connect"][0] == "failed"


async def test_a_connector_that_only_compares_changes_nobody(scene: Scene) -> None:
    world = scene.world
    await sources.set_mode(scene.source.source_id, "audit", world.source.source_id, by=world.system, now=scene.clock())

    run = await pulled(scene, "ann")

    assert (run.state, run.counts) == ("done", {})
    assert "only compares" in steps_of(run)["decide"][1]
    assert await fetch(_PEOPLE, run.tenant_id) == []


async def test_whoever_was_not_assigned_comes_with_the_assignment(scene: Scene) -> None:
    scene.directory.unassigned = {"ann"}
    assert (await pulled(scene, "ann")).state == "done"
    assert await fetch(_PEOPLE, scene.source.tenant_id) == []

    scene.directory.unassigned = set()
    assert (await pulled(scene, "ann")).counts["user:create"] == 1


async def test_whoever_was_not_assigned_comes_with_a_pull_that_says_nothing_of_them(scene: Scene) -> None:
    whole = await scene.ask()
    await carry_out(whole.tenant_id, whole.run_id, scene.means)
    scene.directory.unassigned = {"ann"}
    assert (await pulled(scene, "ann")).counts == {"user:disable": 1}

    scene.directory.people = ["bob"]  # the next delta tells nothing of her, and everybody is in scope by now
    delta = await scene.ask("delta")
    await carry_out(delta.tenant_id, delta.run_id, scene.means)

    assert (await scene.run(delta)).counts["user:enable"] == 1
