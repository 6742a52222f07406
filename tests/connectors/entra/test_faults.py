"""Whatever goes wrong on the way: a stream comes to its end with everything, or it raises and nothing has happened."""

from contextlib import aclosing

import pytest

from connectors.errors import SourceError
from tests.connectors.entra.graphs import connect, truth
from tests.connectors.pulling import Mirror
from tests.fakes.faults import FAULT_KINDS, Fault, FaultKind
from tests.fakes.graph import FakeGraph

pytestmark = pytest.mark.anyio

POINTS = (0, 2, 4)
"""Users come on five pages, groups on four and more: the first, one in the middle, the last."""

LASTING: dict[FaultKind, str] = {
    "429 with Retry-After": "throttled",
    "429 without": "throttled",
    "401": "auth",
    "403": "permission",
    "404": "protocol",
    "no value": "protocol",
    "foreign next link": "protocol",
    "gzip bomb": "protocol",
    "redirect": "protocol",
    "duplicate page": "protocol",
}


@pytest.mark.parametrize("stream", ["users", "groups"])
@pytest.mark.parametrize("kind", FAULT_KINDS)
async def test_one_fault_is_got_over_or_raises_and_the_next_pull_converges(
    graph: FakeGraph, kind: FaultKind, stream: str
) -> None:
    for point in POINTS:
        mirror = Mirror()
        graph.faults.cause(Fault(kind, path=f"/{stream}/delta", begin=point))
        async with aclosing(connect(graph)) as connector:
            try:
                await mirror.pull(connector, stream)
            except SourceError as error:
                assert error.kind == LASTING[kind]  # noqa: PT017 either way is right; what raises says why
                assert mirror == Mirror()
            await mirror.pull(connector, "users", "groups")

        assert graph.faults.met == 1
        assert mirror.seen() == truth(graph)


@pytest.mark.parametrize("kind", FAULT_KINDS)
async def test_a_fault_that_lasts_raises_and_leaves_everything_as_it_was(graph: FakeGraph, kind: FaultKind) -> None:
    mirror = Mirror()
    async with aclosing(connect(graph)) as connector:
        await mirror.pull(connector, "users", "groups")
        before = mirror.seen()
        graph.people.purge_user(50)
        for point in POINTS:
            graph.faults.cause(Fault(kind, path="/(users|groups)/delta", begin=point, count=999))
            with pytest.raises(SourceError) as caught:
                await pull_anew(mirror, connect(graph))

            assert caught.value.kind == LASTING.get(kind, "transient")
            assert mirror.seen() == before


async def pull_anew(mirror: Mirror, connector: object) -> None:
    """Pull everything from the start, over what is there."""
    async with aclosing(connector) as pulled:  # type: ignore[type-var]  # a connector closes itself
        await mirror.pull_stream(pulled, "users", None)  # type: ignore[arg-type]  # as above
        await mirror.pull_stream(pulled, "groups", None)  # type: ignore[arg-type]  # as above


async def test_no_token_goes_to_where_a_foreign_link_leads(graph: FakeGraph) -> None:
    graph.faults.listed.append(Fault("foreign next link", path="/users/delta", count=99))
    async with aclosing(connect(graph)) as connector:
        with pytest.raises(SourceError, match="another server"):
            await Mirror().pull(connector, "users")

    assert graph.requests["users"] == 3
