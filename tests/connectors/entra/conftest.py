"""Our own Graph, small: pages of twenty, so that there are many."""

from collections.abc import AsyncIterator

import pytest

from tests.fakes.graph import FakeGraph, fake_graph


@pytest.fixture
async def graph() -> AsyncIterator[FakeGraph]:
    """A Graph with 90 users and 8 groups."""
    async with fake_graph(users=90, groups=8, memberships=220) as served:
        served.deltas.page_size = 20
        served.deltas.member_page = 40
        yield served
