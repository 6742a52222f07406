"""Whoever a trial misses stays, whoever may be restored is not absent, and whoever was left out comes back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from directory.pulls.model import Run, SeenPage
from directory.store.compiled import Statement
from directory.store.unit import fetch
from tests.directory.pulls.pulled import graph_source
from tests.directory.pulls.pulling import Pulled, page, person
from tests.directory.world import World

pytestmark = pytest.mark.anyio

_PEOPLE = Statement(
    "SELECT user_name, active FROM user_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND deleted_at IS NULL"
)
EVERYBODY = page(person("ann"), person("bob"), person("cay"))
WITHOUT_BOB = page(person("ann"), person("cay"))


@pytest.fixture
async def pulled(world: World) -> Pulled:
    return Pulled(world, await graph_source(world))


async def people(pulled: Pulled) -> dict[str, bool]:
    rows = await fetch(_PEOPLE, pulled.source.tenant_id, pulled.source.source_id)
    return {row["user_name"].partition("@")[0]: bool(row["active"]) for row in rows}


async def tried(pulled: Pulled, *pages: SeenPage) -> Run:
    """Do a whole dry run."""
    return await pulled.ended(await pulled.planned(await pulled.staged(*pages, dry=True)))


async def test_a_trial_that_misses_somebody_counts_for_no_pull(pulled: Pulled) -> None:
    await pulled.pull(EVERYBODY)

    for _ in range(3):
        run = await tried(pulled, WITHOUT_BOB)
        assert run.counts["missing:once"] == 1
    assert (await pulled.pull(WITHOUT_BOB)).counts == {"missing:once": 1, "unchanged": 2}

    assert await people(pulled) == {"ann": True, "bob": True, "cay": True}


async def test_a_trial_that_finds_somebody_gone_leaves_that_to_a_whole_pull(pulled: Pulled) -> None:
    await pulled.pull(EVERYBODY)
    await pulled.pull(WITHOUT_BOB)

    assert (await tried(pulled, WITHOUT_BOB)).counts["user:delete"] == 1
    assert (await pulled.pull(page(), whole=False)).counts.get("user:delete") is None
    assert (await people(pulled))["bob"]
    assert (await pulled.pull(WITHOUT_BOB)).counts["user:delete"] == 1

    assert await people(pulled) == {"ann": True, "cay": True}


async def test_whoever_can_be_restored_is_deleted_when_that_is_over(pulled: Pulled) -> None:
    await pulled.pull(EVERYBODY)
    await pulled.pull(page(person("bob", "soft_deleted")), whole=False)

    for _ in range(3):
        pulled.let_a_day_pass()
        assert "missing:once" not in (await pulled.pull(WITHOUT_BOB)).counts
    assert await people(pulled) == {"ann": True, "bob": False, "cay": True}

    pulled.world.now += timedelta(days=31)
    assert (await pulled.pull(WITHOUT_BOB)).counts["user:delete"] == 1


async def test_whoever_was_restored_is_as_before(pulled: Pulled) -> None:
    await pulled.pull(EVERYBODY)
    await pulled.pull(page(person("bob", "soft_deleted")), whole=False)
    pulled.let_a_day_pass()
    await pulled.pull(WITHOUT_BOB)
    pulled.world.now += timedelta(days=40)

    assert (await pulled.pull(EVERYBODY)).counts["user:enable"] == 1

    assert await people(pulled) == {"ann": True, "bob": True, "cay": True}


async def test_everybody_is_in_again_where_assignments_decide_no_more(pulled: Pulled) -> None:
    assigned = SeenPage(assigned=(("user", "id-ann"),), resume="on")
    by_assignment = replace(pulled, source=replace(pulled.source, config={**pulled.source.config, "scope": "assigned"}))
    await pulled.pull(EVERYBODY)
    pulled.let_a_day_pass()
    await by_assignment.pull(page(), whole=False, scope=assigned)
    assert await people(pulled) == {"ann": True, "bob": False, "cay": False}

    await by_assignment.pull(page(), whole=False)  # the streams of the run were lost: nothing is known of assignments
    assert await people(pulled) == {"ann": True, "bob": False, "cay": False}

    await pulled.pull(page(), whole=False)
    assert await people(pulled) == {"ann": True, "bob": True, "cay": True}
