import random
from contextlib import aclosing

import msgspec
import pytest

from connectors.errors import SourceError
from connectors.records import Done, Page, Principal
from tests.connectors.entra.graphs import CONFIG, connect, truth
from tests.connectors.pulling import Mirror
from tests.fakes.graph import FakeGraph
from tests.fakes.graph_people import group_id, user_id

pytestmark = pytest.mark.anyio


async def test_a_pull_from_the_start_shows_everybody(graph: FakeGraph) -> None:
    mirror = Mirror()
    async with aclosing(connect(graph)) as connector:
        await mirror.pull(connector, "users", "groups")

    assert mirror.seen() == truth(graph)
    assert len(mirror.users) == 89  # one of 90 is a guest
    assert mirror.rejects == []


async def test_deltas_follow_whatever_happens(graph: FakeGraph) -> None:
    chance = random.Random(7)
    mirror = Mirror()
    graph.deltas.replay = True
    graph.deltas.reordered = True
    async with aclosing(connect(graph)) as connector:
        await mirror.pull(connector, "users", "groups")
        for _ in range(12):
            graph.people.stir(chance, times=8)
            await mirror.pull(connector, "users", "groups")

            assert mirror.seen() == truth(graph)


async def test_an_idle_delta_takes_two_requests(graph: FakeGraph) -> None:
    mirror = Mirror()
    async with aclosing(connect(graph)) as connector:
        await mirror.pull(connector, "users", "groups")
        graph.requests.clear()
        await mirror.pull(connector, "users", "groups")

    assert sum(graph.requests.values()) == 2


@pytest.mark.parametrize("expiry", [410, 400, 404])
async def test_an_expired_delta_asks_to_begin_anew_and_converges(graph: FakeGraph, expiry: int) -> None:
    mirror = Mirror()
    async with aclosing(connect(graph)) as connector:
        await mirror.pull(connector, "users", "groups")
        graph.deltas.expiry = expiry
        graph.deltas.generation += 1
        graph.people.purge_user(40)
        with pytest.raises(SourceError) as caught:
            await mirror.pull(connector, "users")
        await mirror.pull_anew_if_expired(connector, "users", "groups")

    assert caught.value.kind == "cursor_expired"
    assert mirror.seen() == truth(graph)


async def test_a_pull_goes_on_after_any_page(graph: FakeGraph) -> None:
    async with aclosing(connect(graph)) as connector:
        whole = [item async for item in connector.pages("users", None)]
        for at, page in enumerate(whole[:-1]):
            assert isinstance(page, Page)
            rest = [item async for item in connector.pages("users", page.resume)]

            assert [records_of(one) for one in rest] == [records_of(one) for one in whole[at + 1 :]]
            assert isinstance(rest[-1], Done)
            assert rest[-1].whole


def records_of(item: Page | Done) -> list[str]:
    """Name what an item of a stream has."""
    return [one.ext_id for one in item.records] if isinstance(item, Page) else ["done"]


async def test_a_delta_is_never_whole(graph: FakeGraph) -> None:
    async with aclosing(connect(graph)) as connector:
        first = [item async for item in connector.pages("users", None)][-1]
        assert isinstance(first, Done)
        second = [item async for item in connector.pages("users", first.checkpoint)][-1]

    assert first.whole
    assert isinstance(second, Done)
    assert not second.whole


async def test_another_mapping_needs_a_chain_of_its_own(graph: FakeGraph) -> None:
    mirror = Mirror()
    async with aclosing(connect(graph)) as connector:
        await mirror.pull(connector, "users")
    changed = msgspec.structs.replace(CONFIG, guests=True)
    async with aclosing(connect(graph, changed)) as connector:
        with pytest.raises(SourceError) as caught:
            await mirror.pull(connector, "users")
        await mirror.pull_anew_if_expired(connector, "users")

    assert caught.value.kind == "cursor_expired"
    assert mirror.users == truth(graph, guests=True)[0]


async def test_empty_pages_with_a_next_link_are_no_end(graph: FakeGraph) -> None:
    graph.deltas.empty_pages = True
    mirror = Mirror()
    async with aclosing(connect(graph)) as connector:
        await mirror.pull(connector, "users", "groups")

    assert mirror.seen() == truth(graph)


async def test_deleted_and_restored_people_come_and_go(graph: FakeGraph) -> None:
    graph.deltas.ghosts = True
    mirror = Mirror()
    async with aclosing(connect(graph)) as connector:
        await mirror.pull(connector, "users", "groups")
        graph.people.edit_user(30, gone="soft")
        await mirror.pull(connector, "users", "groups")
        assert mirror.binned == {user_id(30)}
        graph.people.edit_user(30, gone="")
        graph.people.purge_user(31)
        await mirror.pull(connector, "users", "groups")

    assert mirror.seen() == truth(graph)
    assert user_id(30) in mirror.users


async def test_status_and_manager_that_graph_leaves_out_stay_and_are_asked_for(graph: FakeGraph) -> None:
    graph.deltas.hides = ("accountEnabled", "manager@delta")
    mirror = Mirror()
    async with aclosing(connect(graph)) as connector:
        await mirror.pull(connector, "users", "groups")
        graph.people.edit_user(20, manager=5)
        graph.people.edit_user(5, department="New")
        await mirror.pull(connector, "users")

    assert mirror.seen() == truth(graph)
    assert mirror.users[user_id(5)]["active"] is True


async def test_only_ids_and_nulls_are_a_missing_permission_and_clear_nobody(graph: FakeGraph) -> None:
    mirror = Mirror()
    async with aclosing(connect(graph)) as connector:
        await mirror.pull(connector, "users")
        before = mirror.seen()
        graph.deltas.limited = True
        graph.people.edit_user(3, department="New")
        with pytest.raises(SourceError) as caught:
            await mirror.pull(connector, "users")

    assert caught.value.kind == "permission"
    assert "User.Read.All" in caught.value.remedy
    assert mirror.seen() == before


async def test_people_whom_the_rules_cannot_take_are_rejected_alone(graph: FakeGraph) -> None:
    graph.people.edit_user(7, login=" ")
    graph.people.edit_user(8, login="x" * 3000)
    mirror = Mirror()
    async with aclosing(connect(graph)) as connector:
        await mirror.pull(connector, "users")

    assert {one.ext_id for one in mirror.rejects} == {user_id(7), user_id(8)}
    assert len(mirror.users) == 87


async def test_scope_is_who_is_assigned_and_groups_are_those_assigned(graph: FakeGraph) -> None:
    graph.people.assign(user=3)
    graph.people.assign(crew=1)
    graph.people.assign(crew=2)
    mirror = Mirror()
    config = msgspec.structs.replace(CONFIG, scope="assigned")
    async with aclosing(connect(graph, config)) as connector:
        assert connector.stages("full") == (("scope",), ("users", "groups"))
        scope = [item async for item in connector.pages("scope", None)]
        await mirror.pull(connector, "users", "groups")

    assert isinstance(scope[0], Page)
    assert scope[0].assigned == [
        Principal("user", user_id(3)),
        Principal("group", group_id(1)),
        Principal("group", group_id(2)),
    ]
    assert set(mirror.groups) == {group_id(1), group_id(2)}
    assert mirror.users == truth(graph)[0]


async def test_more_groups_than_a_filter_takes_are_sorted_out_here(graph: FakeGraph) -> None:
    for _ in range(70):
        graph.people.assign(crew=graph.people.create_group("One of many"))
    mirror = Mirror()
    config = msgspec.structs.replace(CONFIG, scope="assigned")
    async with aclosing(connect(graph, config)) as connector:
        await mirror.pull(connector, "groups")

    assert len(mirror.groups) == 70


@pytest.mark.parametrize("broken", ["nobody", "no application"])
async def test_an_application_without_people_stops_the_pull(graph: FakeGraph, broken: str) -> None:
    graph.has_principal = broken == "nobody"
    config = msgspec.structs.replace(CONFIG, scope="assigned")
    async with aclosing(connect(graph, config)) as connector:
        with pytest.raises(SourceError) as caught:
            await Mirror().pull(connector, "scope")

    assert caught.value.kind == "config"
    assert caught.value.permanent


async def test_nested_groups_are_given_as_they_are(graph: FakeGraph) -> None:
    graph.people.nest_group(0, 1)
    graph.people.nest_group(1, 0)
    mirror = Mirror()
    async with aclosing(connect(graph)) as connector:
        await mirror.pull(connector, "groups")

    assert mirror.nested == {(group_id(0), group_id(1)), (group_id(1), group_id(0))}


async def test_a_directory_without_anybody_is_told_as_it_is(graph: FakeGraph) -> None:
    graph.deltas.nobody = True
    async with aclosing(connect(graph)) as connector:
        items = [item async for item in connector.pages("users", None)]

    assert isinstance(items[-1], Done)
    assert items[-1].objects == 0
