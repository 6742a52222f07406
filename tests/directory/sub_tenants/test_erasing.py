"""Thirty days after a tenant was deleted nothing of its people is left, and its chain still holds."""

from datetime import datetime, timedelta

import pytest

from directory import equipment_keys, events, exports, mappings, secret_keys, tenants, users
from directory.store.compiled import Statement
from directory.store.tenant_tables import ERASED_WITH_TENANT, KEPT_OF_TENANT
from directory.store.tenants import find_state
from directory.store.unit import fetch, in_house
from directory.sub_tenants import erasing
from directory.sub_tenants.lists import list_children
from directory.sub_tenants.states import delete_tenant
from tests.directory.sub_tenants.conftest import Company, told_in
from tests.directory.world import World

pytestmark = pytest.mark.anyio
OF_TENANTS = Statement(
    "SELECT table_name FROM information_schema.columns WHERE column_name = 'tenant_id'"
    " AND table_schema = current_schema() AND table_name LIKE '%\\_row'",
    sqlite="SELECT m.name AS table_name FROM sqlite_master m JOIN pragma_table_info(m.name) c"
    " WHERE m.type = 'table' AND c.name = 'tenant_id'",
)


async def erased(now: datetime) -> int:
    """Let the duty do all that it finds to do; returns in how many batches."""
    batches = 0
    while await erasing.erase_tenants(now=now):
        batches += 1
    return batches


async def full(world: World) -> None:
    """Fill a tenant with something of many kinds."""
    for name in ("ann", "bo", "cy"):
        await world.push_user(name, displayName=name.title())
    group = await world.push_group("Staff", ["ext-ann", "ext-bo", "nobody-yet"])
    await world.map_group(group, "viewer")
    await mappings.set_default_role(world.roles["editor"].role_id, by=world.system, now=world.tick())
    await secret_keys.issue_secret(world.source.source_id, label="x", by=world.system, now=world.tick())
    await equipment_keys.create_key("x", by=world.system, now=world.tick())
    await exports.record_list("Role locks", "", by=world.system, now=world.tick())
    await events.seal_events(now=world.now, limit=10_000)


async def counts(world: World) -> dict[str, int]:
    """Return how many rows of each table are a tenant's, of those that have any."""
    found = {}
    async with in_house():
        for row in await fetch(OF_TENANTS):
            name = row["table_name"]
            count = Statement(f"SELECT count(*) AS things FROM {name} WHERE tenant_id = $1::uuid")  # noqa: S608  # ours
            (told,) = await fetch(count, world.tenant.tenant_id)
            found[name] = int(told["things"])
    return {name: things for name, things in found.items() if things}


async def test_every_table_is_either_erased_or_said_to_stay(company: Company) -> None:
    assert company.acme.tenant.is_super
    async with in_house():
        there = {row["table_name"] for row in await fetch(OF_TENANTS)}
    assert there == {*ERASED_WITH_TENANT, *KEPT_OF_TENANT}
    assert len(set(ERASED_WITH_TENANT)) == len(ERASED_WITH_TENANT)


async def test_nothing_is_erased_before_the_days_are_over(company: Company) -> None:
    await full(company.bristol)
    before = await counts(company.bristol)
    await delete_tenant(company.bristol.tenant.tenant_id, "Bristol", by=company.operator, now=company.tick())
    assert await erased(company.acme.now + timedelta(days=29)) == 0
    assert not await erasing.has_due_tenants(company.acme.now + timedelta(days=29))
    after = await counts(company.bristol)
    assert {name for name in before if after.get(name, 0) < before[name]} == set()


async def test_afterwards_what_stays_says_nothing_of_anybody(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "ERASED_BATCH", 7)
    for world in (company.bristol, company.leeds):
        await full(world)
    kept = await counts(company.leeds)
    tenant_id = company.bristol.tenant.tenant_id
    await delete_tenant(tenant_id, "Bristol", by=company.operator, now=company.tick())
    await events.seal_events(now=company.tick(), limit=10_000)
    later = company.acme.now + timedelta(days=30)
    assert await erasing.has_due_tenants(later)
    assert await erased(later) > 3
    assert set(await counts(company.bristol)) <= KEPT_OF_TENANT
    assert await counts(company.leeds) == kept
    state = await find_state(tenant_id)
    assert state is not None
    assert (state.state, state.tenant.name, state.tenant.slug) == ("erased", "", f"erased-{tenant_id.hex}")
    assert (await events.verify_chain(tenant_id)).broken_at is None
    assert (await told_in(company.acme.tenant.tenant_id))[0] == ("tenant:erased", "end of grace")


async def test_an_erased_tenant_is_in_no_list_and_its_slug_is_free(company: Company) -> None:
    await delete_tenant(company.bristol.tenant.tenant_id, "Bristol", by=company.operator, now=company.tick())
    later = company.acme.now + timedelta(days=31)
    await erased(later)
    listed = await list_children(company.acme.tenant.tenant_id, "", after=None, limit=9, now=later)
    assert [line.state.tenant.slug for line in listed.lines] == ["leeds"]
    assert (await tenants.create_tenant("Bristol", now=later)).slug == "bristol"


async def test_whoever_is_in_another_tenant_stays(company: Company) -> None:
    ann = await company.leeds.push_user("ann")
    await full(company.bristol)
    await delete_tenant(company.bristol.tenant.tenant_id, "Bristol", by=company.operator, now=company.tick())
    await erased(company.acme.now + timedelta(days=31))
    assert (await users.get_user(company.leeds.tenant.tenant_id, ann.user_id)).active
    await company.leeds.assert_consistent()
