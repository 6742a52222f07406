"""What operators did to a pulled source is taken back, but for its credentials; and none goes elsewhere by it."""

from collections.abc import Awaitable, Callable

import pytest

from directory import closing, undo
from directory.model import Actor, JsonObject
from directory.pulls import sources
from directory.pulls.model import PullSource
from tests.directory.pulls.pulled import GRAPH, OKTA, graph_source, okta_source
from tests.directory.undoing import hash_of, lead_of_last, operator_in, state_of, undone
from tests.directory.world import World

pytestmark = pytest.mark.anyio

RULES: list[JsonObject] = [{"rule": "direct", "target": "userName", "source": "mail"}]
Deed = Callable[[World, PullSource, Actor], Awaitable[object]]


async def configure(world: World, source: PullSource, by: Actor) -> None:
    await sources.edit_config(source.source_id, {**GRAPH, "guests": True}, by=by, now=world.tick())


async def remap(world: World, source: PullSource, by: Actor) -> None:
    await sources.edit_rules(source.source_id, RULES, by=by, now=world.tick())


async def slow_down(world: World, source: PullSource, by: Actor) -> None:
    await sources.edit_schedule(source.source_id, interval_min=40, full_every_h=48, by=by, now=world.tick())


async def pause(world: World, source: PullSource, by: Actor) -> None:
    await sources.pause(source.source_id, by=by, now=world.tick())


async def compare(world: World, source: PullSource, by: Actor) -> None:
    await sources.set_mode(source.source_id, "audit", world.source.source_id, "title", by=by, now=world.tick())


async def turn_off(world: World, source: PullSource, by: Actor) -> None:
    await closing.turn_off(source.source_id, "keep", by=by, now=world.tick())


async def add_another(world: World, source: PullSource, by: Actor) -> None:
    secrets = {"client_secret": "sesame"}
    await sources.create_pull_source("graph", f"Beside {source.label}", GRAPH, secrets, by=by, now=world.tick())


@pytest.mark.parametrize("deed", [configure, remap, slow_down, pause, compare, turn_off, add_another])
async def test_what_was_done_is_taken_back(world: World, deed: Deed) -> None:
    source = await graph_source(world)
    by = await operator_in(world)
    before = hash_of(await state_of(world))
    await deed(world, source, by)
    assert hash_of(await state_of(world)) != before

    await undone(world, await lead_of_last(world, by), by)

    assert hash_of(await state_of(world)) == before
    assert (await sources.get_pull_source(source.tenant_id, source.source_id)).secret_names == ("client_secret",)


async def test_entering_credentials_cannot_be_taken_back(world: World) -> None:
    source = await graph_source(world)
    by = await operator_in(world)
    await sources.set_secrets(source.source_id, {"client_secret": "new"}, by=by, now=world.tick())

    shown = await undo.preview_undo(await lead_of_last(world, by), by=by, now=world.tick())
    assert not shown.state.open
    assert "Enter those that hold" in shown.state.reason


async def test_going_back_to_where_it_was_takes_no_credentials_of_the_other_place_along(world: World) -> None:
    source = await okta_source(world)
    by = await operator_in(world)
    elsewhere = {**OKTA, "org_url": "https://other.okta.com"}
    await sources.edit_config(source.source_id, elsewhere, by=by, now=world.tick())
    lead = await lead_of_last(world, by)
    await sources.set_secrets(source.source_id, {"token": "of the other"}, by=world.system, now=world.tick())

    await undone(world, lead, by)

    back = await sources.get_pull_source(source.tenant_id, source.source_id)
    assert back.config["org_url"] == "https://example.okta.com"
    assert back.secret_names == ()
    assert await sources.open_secrets(back) == {}
