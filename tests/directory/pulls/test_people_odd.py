"""People of whom a directory says odd things: it concerns them alone, and the pull goes on."""

import pytest

from directory.model import JsonValue
from directory.person import ENTERPRISE
from directory.pulls import runs
from tests.directory.pulls.pulled import graph_source
from tests.directory.pulls.pulling import Pulled, page, person
from tests.directory.world import World

pytestmark = pytest.mark.anyio

ODD: tuple[JsonValue, ...] = (7, True, [], {}, ["x"], {"value": 3}, "x" * 9000, "\u202e", " ", "\ufdfa" * 300, 10**400)
TARGETS = ("userName", "displayName", "emails[work]", "active", "title", f"{ENTERPRISE}:manager", "emails", "name")


@pytest.fixture
async def pulled(world: World) -> Pulled:
    return Pulled(world, await graph_source(world))


@pytest.mark.parametrize("target", TARGETS)
async def test_an_odd_value_fails_alone_or_is_taken(pulled: Pulled, target: str) -> None:
    people = [person(f"p{at}", **{target: value}) for at, value in enumerate(ODD)]

    run = await pulled.pull(page(person("ann"), *people, person("zoe")))
    again = await pulled.pull(page(person("ann", title="Boss"), *people, person("zoe")))

    assert run.counts["user:create"] + run.counts.get("failed", 0) == len(ODD) + 2
    assert (again.counts["user:change"], again.counts.get("failed")) == (1, run.counts.get("failed"))
    await pulled.world.assert_consistent()


@pytest.mark.parametrize("value", ["nul\0", "half \ud800", ["deep", {"er": "\0"}]])
@pytest.mark.parametrize("target", ["userName", "title", "emails[work]"])
async def test_what_no_database_can_hold_is_rejected_and_nobody_is_missing_for_it(
    pulled: Pulled, target: str, value: JsonValue
) -> None:
    await pulled.pull(page(person("ann"), person("ben")))

    for _ in range(2):
        run = await pulled.pull(page(person("ann"), person("ben", **{target: value})))

        assert run.counts == {"unchanged": 2}
        assert [one.ext_id for one in await runs.list_rejects(run.tenant_id, run.run_id, limit=9)] == ["id-ben"]
    await pulled.world.assert_consistent()
