"""What audits found, read page by page: of a source, and of a user."""

import pytest

from directory.errors import InvalidError
from directory.pulls import sources
from directory.pulls.audit_forgetting import forget_audits
from directory.pulls.drift_lists import count_drifts, list_auditors, list_drifts, list_of_user
from directory.store.compiled import Statement
from directory.store.unit import fetch
from tests.directory.pulls.auditing import Auditor, create_auditor, pushed_alike
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio


@pytest.fixture
async def auditor(world: World) -> Auditor:
    return await create_auditor(world)


async def test_lists_are_read_by_kind_and_page(world: World, auditor: Auditor) -> None:
    for number in range(5):
        await world.push_user(f"x{number}")
        auditor.says(f"m{number}")
    await pushed_alike(world, auditor, "ann", title="Smith")
    auditor.says("ann", title="Baker", active=False)
    await auditor.pull()
    tenant_id, source_id = world.tenant.tenant_id, auditor.source.source_id
    labels: list[str] = []
    after: str | None = None
    while True:
        page = await list_drifts(tenant_id, source_id, after=after, limit=2)
        labels += [f"{one.kind} {one.label[:3].strip('@')}" for one in page.drifts]
        if (after := page.next_after) is None:
            break

    assert labels == [
        *(f"extra x{number}" for number in range(5)),
        "status ann",
        *(f"missing m{number}" for number in range(5)),
        "attribute ann",
    ]
    assert await count_drifts(tenant_id, source_id) == {"extra": 5, "status": 1, "missing": 5, "attribute": 1}
    assert [one.kind for one in (await list_drifts(tenant_id, source_id, kind="status", limit=9)).drifts] == ["status"]


async def test_a_user_shows_what_is_found_of_it_while_it_is_audited(world: World, auditor: Auditor) -> None:
    ann = await pushed_alike(world, auditor, "ann", title="Smith")
    auditor.says("ann", title="Baker")
    await auditor.pull()
    tenant_id = world.tenant.tenant_id

    (found,) = await list_of_user(tenant_id, ann.user_id)
    await sources.set_mode(auditor.source.source_id, "provision", by=world.system, now=world.tick())

    assert (found.source_label, found.drift.target) == ("Entra by Graph", "title")
    assert await list_of_user(tenant_id, ann.user_id) == []
    while await forget_audits(now=world.now):
        pass
    assert await auditor.drifts() == []
    assert await fetch(Statement("SELECT * FROM audit_pair_row", house=True)) == []


async def test_another_tenant_sees_nothing_of_it(auditor: Auditor) -> None:
    auditor.says("ann")
    await auditor.pull()
    other = await create_world("other")

    assert await list_auditors(other.tenant.tenant_id) == []
    assert (await list_drifts(other.tenant.tenant_id, auditor.source.source_id, limit=9)).drifts == []


async def test_a_place_that_no_page_gave_is_refused(world: World, auditor: Auditor) -> None:
    for after in ("x", "W10", "eyJhIjoxfQ", "WyJub25lIiwiIiwiIiwiIl0"):
        with pytest.raises(InvalidError):
            await list_drifts(world.tenant.tenant_id, auditor.source.source_id, after=after, limit=9)
