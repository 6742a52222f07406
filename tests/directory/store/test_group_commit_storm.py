import asyncio
import random
from collections import Counter

import pytest

from directory.store.compiled import Statement
from directory.store.errors import StoreError
from directory.store.unit import Engine, execute, fetch, unit_of_work
from tests.directory.store.tasks import results, start

pytestmark = pytest.mark.anyio

UNITS = 300
ADD = Statement("INSERT INTO pair (n, half) VALUES ($1::bigint, $2::bigint)")


async def add_pair(n: int, chance: random.Random) -> None:
    """Two rows, or by chance an error between them or after both, or a pause in which somebody may cancel."""
    mishap = chance.choice(["none", "none", "between", "after", "pause", "duplicate"])
    async with unit_of_work(None):
        await execute(ADD, n, 1)
        if mishap == "between":
            raise LookupError
        if mishap == "duplicate":
            await execute(ADD, n, 1)
        if mishap == "pause":
            await asyncio.sleep(0)
        await execute(ADD, n, 2)
        if mishap == "after":
            raise LookupError


@pytest.mark.parametrize("seed", range(3))
async def test_units_are_kept_whole_or_not_at_all_whatever_befalls_them(store: Engine, seed: int) -> None:
    chance = random.Random(seed)
    await store.run_ddl("CREATE TABLE pair (n BIGINT, half BIGINT, PRIMARY KEY (n, half))")
    tasks = start(*(add_pair(n, chance) for n in range(UNITS)))
    for _ in range(60):
        for _ in range(chance.randrange(8)):
            await asyncio.sleep(0)
        chance.choice(tasks).cancel()
    answers = await results(*tasks)
    halves = Counter(row["n"] for row in await fetch(Statement("SELECT n FROM pair")))
    assert set(halves.values()) <= {2}
    for n, answer in enumerate(answers):
        if answer is None:
            assert halves[n] == 2
        elif isinstance(answer, LookupError | StoreError):
            assert halves[n] == 0
    assert len({type(answer) for answer in answers}) >= 4
    assert store.open_unit() is None
    async with unit_of_work(None):
        await execute(ADD, UNITS, 1)
