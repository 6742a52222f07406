"""A run that is stopped anywhere in planning or applying, and taken up again: nothing is lost, nothing done twice."""

import pytest

from directory.leases import LeaseLostError
from directory.pulls import applying, planning, runs
from directory.pulls.model import Run, SeenPage
from directory.store.compiled import Statement
from directory.store.unit import fenced, fetch
from tests.directory.pulls.pulled import graph_source
from tests.directory.pulls.pulling import Pulled, page, person
from tests.directory.world import World

pytestmark = pytest.mark.anyio

EVENTS = Statement("SELECT action, subject_id FROM event_row WHERE tenant_id = $1::uuid AND run_id = $2::uuid")


class Stopping:
    """Lets so many units of work begin, and then none."""

    def __init__(self, left: int) -> None:
        self.left = left

    async def __call__(self) -> None:
        if self.left == 0:
            raise LeaseLostError("pull")
        self.left -= 1


async def went_on(pulled: Pulled, run: Run, *, units: int) -> bool:
    """Go on with a run until so many units were done; False: it is over."""
    ground = await pulled.ground(run)
    with fenced(Stopping(units)):
        try:
            while await planning.plan_batch(ground, now=pulled.world.tick()):
                pass
            while await applying.apply_batch(ground, now=pulled.world.tick()):
                pass
        except LeaseLostError:
            return True
    return False


def changed() -> SeenPage:
    """Newcomers, changes, an exchange of names, leavers, and one who cannot be a user."""
    return page(
        *(person(f"new{at:03}") for at in range(130)),
        *(person(f"p{at:03}", title="Boss") for at in range(40)),
        person("p040", userName="p041@example.org"),
        person("p041", userName="p040@example.org"),
        *(person(f"p{at:03}", "purged") for at in range(50, 56)),
        person("odd", userName=""),
    )


COUNTS = {"user:create": 130, "user:change": 42, "user:delete": 6, "failed": 1}


@pytest.mark.parametrize("units", [1, 2, 3])
async def test_a_run_that_is_stopped_again_and_again_comes_to_the_same(world: World, units: int) -> None:
    pulled = Pulled(world, await graph_source(world))
    await pulled.pull(page(*(person(f"p{at:03}") for at in range(100))))
    run = await pulled.staged(changed(), whole=False)

    stops = 0
    while await went_on(pulled, run, units=units):
        stops += 1

    ended = await runs.get_run(run.tenant_id, run.run_id)
    assert stops > 10 / units
    assert ended.counts == COUNTS
    told = [(row["action"], row["subject_id"]) for row in await fetch(EVENTS, run.tenant_id, run.run_id)]
    assert len(told) == len(set(told)) == 2 * 130 + 42 + 6
    await world.assert_consistent()
    await pulled.ended(run)

    again = await pulled.pull(changed(), whole=False)
    assert again.counts == {"failed": 1}
