"""People of a pull who meet somebody: until it is decided, and what if they leave meanwhile."""

from dataclasses import replace
from datetime import timedelta

import pytest

from directory import adoptions
from directory.pulls.model import SeenOp
from directory.store.compiled import Statement
from directory.store.unit import fetch
from tests.directory.meeting import decide, local_user, queue
from tests.directory.pulls.pulled import graph_source
from tests.directory.pulls.pulling import Pulled, page, person
from tests.directory.world import World

pytestmark = pytest.mark.anyio

PEOPLE = Statement(
    "SELECT user_name, active, source_id FROM user_row WHERE tenant_id = $1::uuid AND deleted_at IS NULL"
    " AND user_name_key LIKE '%@example.org' ORDER BY user_name_key"
)


@pytest.fixture
async def pulled(world: World) -> Pulled:
    made = Pulled(world, await graph_source(world))
    await local_user(world, "ann@example.org")
    return made


async def here(pulled: Pulled) -> list[tuple[str, bool, bool]]:
    """Return people: name, active, and whether they are the source's."""
    rows = await fetch(PEOPLE, pulled.source.tenant_id)
    own = pulled.source.source_id
    return [(row["user_name"].partition("@")[0], bool(row["active"]), row["source_id"] == own) for row in rows]


@pytest.mark.parametrize("op", ["purged", "out_of_scope"])
async def test_whoever_leaves_while_they_wait_asks_no_longer(pulled: Pulled, op: SeenOp) -> None:
    await pulled.pull(page(person("ann"), person("bob")))
    assert len(await queue(pulled.world)) == 1

    await pulled.pull(page(person("ann", op)), whole=False)

    assert await queue(pulled.world) == []
    run = await pulled.pull(page(person("ann")), whole=False)
    assert run.counts == {"user:meet": 1}
    assert len(await queue(pulled.world)) == 1
    await pulled.world.assert_consistent()


async def test_whoever_waits_longer_than_the_queue_remembers_is_put_there_again(pulled: Pulled) -> None:
    await pulled.pull(page(person("ann")))
    pulled.world.now += adoptions.KEPT_FOR + timedelta(days=1)
    await adoptions.forget_entries(now=pulled.world.now)
    assert await queue(pulled.world) == []

    await pulled.pull(page(person("ann")))

    assert len(await queue(pulled.world)) == 1


async def test_whoever_is_adopted_and_then_left_out_is_disabled(pulled: Pulled) -> None:
    await pulled.pull(page(person("ann"), person("bob")))
    (entry,) = await queue(pulled.world)
    await decide(pulled.world, entry, "adopt")

    run = await pulled.pull(page(person("ann", "out_of_scope")), whole=False)

    assert run.counts == {"user:disable": 1}
    assert await here(pulled) == [("ann", False, True), ("bob", True, True)]


async def test_names_that_are_the_same_in_another_spelling_are_of_one_person(pulled: Pulled) -> None:
    names = ("Straße@example.org", "STRASSE@example.org", "\uff53trasse@example.org")
    people = [replace(person(f"p{at}"), values={"userName": name}) for at, name in enumerate(names)]

    for first in (1, 0):
        run = await pulled.pull(page(*people))

        assert (run.counts.get("user:create", 0), run.counts["failed"]) == (first, 2)
    assert len(await here(pulled)) == 2


async def test_the_name_of_a_local_user_is_asked_for_once(pulled: Pulled) -> None:
    await pulled.pull(page(person("bob")))

    for _ in range(2):
        run = await pulled.pull(page(person("bob", userName="Ann@example.org")), whole=False)

        assert run.counts == {"failed": 1}
        assert [one.matched for one in await queue(pulled.world)] == ["user name"]
    assert await here(pulled) == [("ann", True, False), ("bob", True, True)]
