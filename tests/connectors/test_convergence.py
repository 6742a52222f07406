"""Changes, faults and interrupted pulls at random: what is kept comes to equal the source, and never loses anybody."""

import random
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field

import pytest

from connectors.connector import Connector
from connectors.errors import SourceError
from connectors.pull import each_page
from connectors.records import Done, Page
from tests.connectors.entra import graphs
from tests.connectors.okta import oktas
from tests.connectors.pulling import Mirror
from tests.fakes.faults import FAULT_KINDS, Fault, FaultKind
from tests.fakes.graph import FakeGraph, fake_graph
from tests.fakes.okta import FakeOkta, fake_okta

pytestmark = pytest.mark.anyio

ROUNDS = 12


@dataclass(slots=True)
class Resuming:
    """A mirror that keeps the pages of a pull that broke off, and goes on behind the last of them."""

    mirror: Mirror = field(default_factory=Mirror)
    staged: dict[str, list[Page]] = field(default_factory=dict)

    async def pull(self, connector: Connector, chance: random.Random) -> None:
        """Pull both streams; whatever breaks one off, the next pull goes on there."""
        for stream in ("users", "groups"):
            try:
                await self._go_on(connector, stream, break_off=chance.randrange(12))
            except SourceError as error:
                if error.kind == "cursor_expired":
                    self.staged.pop(stream, None)
                    self.mirror.checkpoints[stream] = None

    async def _go_on(self, connector: Connector, stream: str, *, break_off: int) -> None:
        staged = self.staged.setdefault(stream, [])
        cursor = staged[-1].resume if staged else self.mirror.checkpoints.get(stream)
        async for item in each_page(connector, stream, cursor):
            if isinstance(item, Done):
                self.mirror.apply(stream, self.staged.pop(stream), item)
                return
            staged.append(item)
            break_off -= 1
            if break_off == 0:  # as if the process were killed here
                return


async def pull_through_trouble(source: FakeGraph | FakeOkta, seed: int) -> Resuming:
    """Change a source, break it and pull from it, in turns; then let it be, and pull until nothing is left over."""
    chance = random.Random(seed)
    kept = Resuming()
    for at in range(ROUNDS + 6):
        source.faults.listed.clear()
        if at < ROUNDS:
            source.people.stir(chance, times=5)
            kind: FaultKind = chance.choice(FAULT_KINDS)
            source.faults.cause(Fault(kind, begin=chance.randrange(8), count=chance.choice((1, 1, 3, 9))))
        if at == ROUNDS:
            kept.staged.clear()
            kept.mirror.checkpoints.clear()
        made = graphs.connect(source) if isinstance(source, FakeGraph) else oktas.connect(source)
        async with aclosing(made) as connector:
            await kept.pull(connector, random.Random(99) if at >= ROUNDS else chance)
    return kept


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("which", ["graph", "okta"])
async def test_a_troubled_source_is_mirrored_in_the_end(which: str, seed: int) -> None:
    async with AsyncExitStack() as stack:
        source: FakeGraph | FakeOkta
        if which == "graph":
            source = await stack.enter_async_context(fake_graph(users=60, groups=6, memberships=90))
            source.deltas.page_size, source.deltas.member_page, source.deltas.replay = 15, 30, True
        else:
            source = await stack.enter_async_context(fake_okta(users=60, groups=6, memberships=90))
            source.page_max = 15
        kept = await pull_through_trouble(source, seed)
        truth = graphs.truth(source) if isinstance(source, FakeGraph) else oktas.truth(source)

    assert kept.mirror.seen() == truth
    assert kept.mirror.rejects == []
