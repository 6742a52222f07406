from contextlib import aclosing

import pytest

from connectors.errors import SourceError
from tests.connectors.entra.graphs import connect, truth
from tests.connectors.pulling import HurriedClock, Kept, Mirror, hurried_terms
from tests.fakes.faults import Fault
from tests.fakes.graph import FakeGraph
from tests.fakes.web import Reply

pytestmark = pytest.mark.anyio


async def test_a_quota_is_waited_for_as_long_as_graph_asks(graph: FakeGraph) -> None:
    clock = HurriedClock()
    graph.clock = clock.time
    graph.units_per_window = 4
    graph.deltas.page_size = 10
    terms = hurried_terms(clock)
    mirror = Mirror()
    async with aclosing(connect(graph, terms=terms)) as connector:
        await mirror.pull(connector, "users", "groups")

    assert mirror.seen() == truth(graph)
    assert graph.throttled == len(clock.slept)
    assert isinstance(terms.progress, Kept)
    assert terms.progress.waits[0].words == "Microsoft Graph asked us to wait 10 s"
    assert terms.waited_s == sum(clock.slept)


async def test_a_wait_that_is_too_long_ends_the_pull(graph: FakeGraph) -> None:
    too_long = Reply(429, {"error": {"code": "TooManyRequests"}}, [("Retry-After", "3600")])
    graph.part_faults.append(too_long)
    async with aclosing(connect(graph)) as connector:
        finding = await connector.find_user("user000005@example.org")

    assert finding.record is None
    assert finding.steps[-1].detail == "Microsoft Graph is throttling"


async def test_parts_of_a_batch_are_throttled_on_their_own(graph: FakeGraph) -> None:
    graph.part_faults.append(Reply(429, {"error": {"code": "TooManyRequests"}}, [("Retry-After", "2")]))
    graph.part_faults.append(Reply(503, {"error": {"code": "ServiceUnavailable"}}))
    async with aclosing(connect(graph)) as connector:
        finding = await connector.find_user("user000005@example.org")

    assert finding.record is not None
    assert finding.in_scope


async def test_a_pull_ends_when_its_requests_are_used_up(graph: FakeGraph) -> None:
    terms = hurried_terms()
    terms.requests_max = 3
    async with aclosing(connect(graph, terms=terms)) as connector:
        with pytest.raises(SourceError, match="made 3 requests"):
            await Mirror().pull(connector, "users")


async def test_a_pull_ends_when_its_time_is_used_up(graph: FakeGraph) -> None:
    terms = hurried_terms()
    terms.seconds_max = 10
    graph.faults.listed.append(Fault("429 with Retry-After", path="/users/delta", count=3))
    async with aclosing(connect(graph, terms=terms)) as connector:
        with pytest.raises(SourceError, match="minutes"):
            await Mirror().pull(connector, "users")
