"""Whom rules lead to a tenant that is suspended, deleted, restored and erased."""

from datetime import timedelta

import pytest

from directory import graves, users
from directory.errors import NotFoundError
from directory.model import User
from directory.store.unit import Engine, as_tenant
from directory.sub_tenants import erasing
from directory.sub_tenants.lists import TenantLine, count_troubled, get_child
from directory.sub_tenants.policies import edit_policies, read_policies
from directory.sub_tenants.states import delete_tenant, restore_tenant, suspend_tenant
from tests.directory.routes.family import Family, create_family
from tests.directory.routes.looking import copy_in, queued_of, states_of, titled

pytestmark = pytest.mark.anyio


@pytest.fixture
async def family(store: Engine) -> Family:
    assert store is not None
    made = await create_family("bristol", "leeds")
    await made.lead("user", titled("clerk"), "bristol", label="Clerks")
    await made.lead("user", titled("both"), "bristol", "leeds")
    await made.work_off()
    return made


async def line_of(family: Family, slug: str) -> TenantLine:
    return await get_child(family.below[slug].tenant_id, by=family.above.system, now=family.above.tick())


async def delete(family: Family, slug: str) -> None:
    tenant = family.below[slug]
    await delete_tenant(tenant.tenant_id, tenant.name, by=family.above.system, now=family.above.tick())
    await family.work_off()


async def pushed(family: Family, name: str, title: str = "clerk") -> User:
    user = await family.above.push_user(name, title=title)
    await family.work_off()
    return user


async def test_a_suspended_tenant_goes_on_being_filled(family: Family) -> None:
    tenant_id = family.below["bristol"].tenant_id
    await suspend_tenant(tenant_id, by=family.above.system, now=family.above.tick())
    ann = await pushed(family, "ann")
    assert await states_of(family, ann) == {"bristol": "there"}
    assert (await copy_in(family, "bristol", ann)).active


async def test_who_would_go_to_a_deleted_tenant_only_is_unrouted_until_it_is_back(family: Family) -> None:
    ann, bo = await pushed(family, "ann"), await pushed(family, "bo", "both")
    await delete(family, "bristol")
    cy = await pushed(family, "cy")
    assert await queued_of(family, cy) is not None
    assert (await queued_of(family, ann) is not None, await queued_of(family, bo)) == (True, None)
    await restore_tenant(family.below["bristol"].tenant_id, by=family.above.system, now=family.above.tick())
    await family.work_off()
    for user, stays in ((ann, {"bristol"}), (bo, {"bristol", "leeds"}), (cy, {"bristol"})):
        assert (set(await states_of(family, user)), await queued_of(family, user)) == (stays, None)


async def test_an_erased_tenant_leaves_nothing_of_who_was_in_it_above(family: Family) -> None:
    ann, bo = await pushed(family, "ann"), await pushed(family, "bo", "both")
    copy = await copy_in(family, "bristol", ann)
    await delete(family, "bristol")
    later = family.above.now + timedelta(days=31)
    while await erasing.erase_tenants(now=later):
        pass
    assert (set(await states_of(family, ann)), set(await states_of(family, bo))) == (set(), {"leeds"})
    async with as_tenant(copy.tenant_id):
        with pytest.raises(NotFoundError):
            await users.get_user(copy.tenant_id, copy.user_id)
    assert (await users.get_user(family.tenant_id, ann.user_id)).active


async def test_figures_say_what_was_led_there_and_by_which_rules(family: Family) -> None:
    for name in ("ann", "bo", "cy"):
        await pushed(family, name)
    line = await line_of(family, "bristol")
    assert (line.figures.users, line.figures.routed) == (3, 3)
    assert [rule.label for rule in line.rules] == ["Clerks", "rule 2"]
    assert [rule.label for rule in (await line_of(family, "leeds")).rules] == ["rule 2"]
    assert await count_troubled(family.below["bristol"].tenant_id, by=family.above.system) == {}


async def test_days_of_grace_decided_from_above_hold_for_who_was_led_there(family: Family) -> None:
    tenant_id, by = family.below["bristol"].tenant_id, family.above.system
    ann = await pushed(family, "ann")
    held = await read_policies(tenant_id, by=by)
    await edit_policies(
        tenant_id,
        type(held)(limits=held.limits, grace_days=5, own_sources=True, scoped_views="open"),
        by=by,
        now=family.above.tick(),
    )
    copy = await copy_in(family, "bristol", ann)
    await users.delete_user(ann.user_id, by=family.above.client, now=family.above.tick())
    await family.work_off()
    async with as_tenant(tenant_id):
        grave = await graves.get_grave(tenant_id, copy.user_id)
    assert grave.erased_after - grave.deleted_at == timedelta(days=5)
