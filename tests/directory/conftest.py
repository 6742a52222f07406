"""What the tests of the room share."""

import pytest

from directory.store.unit import Engine
from tests.directory.world import World, create_world


@pytest.fixture
async def world(store: Engine) -> World:
    assert store is not None
    return await create_world()
