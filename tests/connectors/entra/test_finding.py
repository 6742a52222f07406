from contextlib import aclosing

import msgspec
import pytest

from connectors.connector import Finding
from connectors.entra.config import GraphConfig
from tests.connectors.entra.graphs import CONFIG, connect, expected_user
from tests.fakes.graph import FakeGraph
from tests.fakes.graph_people import group_id, principal_name, user_id

pytestmark = pytest.mark.anyio

ASSIGNED = msgspec.structs.replace(CONFIG, scope="assigned")


async def found(graph: FakeGraph, key: str, config: GraphConfig = CONFIG) -> Finding:
    async with aclosing(connect(graph, config)) as connector:
        return await connector.find_user(key)


@pytest.mark.parametrize("key", ["user000005@example.org", user_id(5)])
async def test_somebody_is_found_by_name_and_by_id(graph: FakeGraph, key: str) -> None:
    finding = await found(graph, key)

    assert finding.record is not None
    assert finding.record.values == expected_user(graph.people.person(5))
    assert [step.outcome for step in finding.steps] == ["passed", "passed", "passed"]
    assert set(finding.groups) == {group_id(one) for one in graph.people.crews_of(5)}


@pytest.mark.parametrize("key", ["nobody@example.org", "", "a b", "../users", "x" * 400])
async def test_nobody_is_found_in_words(graph: FakeGraph, key: str) -> None:
    finding = await found(graph, key)

    assert finding.record is None
    assert finding.steps[-1].key == "find"
    assert finding.steps[-1].outcome == "failed"


async def test_a_guest_is_out_of_scope_and_the_step_says_why(graph: FakeGraph) -> None:
    finding = await found(graph, principal_name(graph.people.person(17)))

    assert finding.record is not None
    assert not finding.in_scope
    assert "guest" in finding.steps[-1].detail


async def test_scope_is_by_person_or_by_group(graph: FakeGraph) -> None:
    graph.people.assign(user=3)
    graph.people.add_member(2, 4)
    graph.people.remove_member(2, 9)
    graph.people.assign(crew=2)

    assert (await found(graph, user_id(3), ASSIGNED)).in_scope
    assert (await found(graph, user_id(4), ASSIGNED)).steps[-1].detail == f"by the group {group_id(2)}"
    assert not (await found(graph, user_id(9), ASSIGNED)).in_scope
