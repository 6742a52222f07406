"""Tenants are renamed, suspended, deleted and brought back by their super tenant, and by nobody else."""

from datetime import timedelta

import pytest

from directory import equipment_keys, events, locks, secret_keys, signins, tenants, users
from directory.callers import REMEMBERED
from directory.errors import (
    ForbiddenError,
    InvalidError,
    NotFoundError,
    RefusedError,
    TenantSuspendedError,
    UnknownSecretError,
)
from directory.model import Actor, TenantId
from directory.password_signins import Attempt, sign_in
from directory.sub_tenants.lists import get_child
from directory.sub_tenants.states import delete_tenant, rename_tenant, restore_tenant, resume_tenant, suspend_tenant
from directory.visitor import Visitor
from tests.directory.sub_tenants.conftest import Company, told_in
from tests.directory.world import World

pytestmark = pytest.mark.anyio
DEEDS = ("rename", "suspend", "resume", "delete", "restore")


async def do(deed: str, world: World, company: Company, *, by: Actor | None = None) -> None:
    """Do a deed on a tenant, as an administrator of the super tenant unless somebody else is named."""
    tenant_id, by, now = world.tenant.tenant_id, by or company.operator, company.tick()
    match deed:
        case "rename":
            await rename_tenant(tenant_id, "Bath", by=by, now=now)
        case "suspend":
            await suspend_tenant(tenant_id, by=by, now=now)
        case "resume":
            await resume_tenant(tenant_id, by=by, now=now)
        case "delete":
            await delete_tenant(tenant_id, world.tenant.name, by=by, now=now)
        case _:
            await restore_tenant(tenant_id, by=by, now=now)


async def state_of(world: World, company: Company) -> str:
    line = await get_child(world.tenant.tenant_id, by=company.operator, now=company.tick())
    return line.state.state


async def test_each_deed_is_told_in_both_tenants_in_the_name_of_whoever_did_it(company: Company) -> None:
    for deed, told in zip(DEEDS, ("renamed", "suspended", "resumed", "deleted", "returned"), strict=True):
        tenant_id = company.bristol.tenant.tenant_id
        company.bristol.tenant = (await get_child(tenant_id, by=company.operator, now=company.tick())).state.tenant
        await do(deed, company.bristol, company)
        above, below = await told_in(company.acme.tenant.tenant_id), await told_in(tenant_id)
        assert above[0] == (f"tenant:{told}", "R. Diaz")
        assert below[0] == (f"tenant:{told}", "R. Diaz (Acme)")


async def test_what_is_so_already_is_not_told_again(company: Company) -> None:
    await do("suspend", company.bristol, company)
    before = await told_in(company.acme.tenant.tenant_id)
    await do("suspend", company.bristol, company)
    assert await told_in(company.acme.tenant.tenant_id) == before


async def test_states_follow_each_other(company: Company) -> None:
    states = []
    for deed in ("suspend", "resume", "delete", "restore", "resume"):
        await do(deed, company.bristol, company)
        states.append(await state_of(company.bristol, company))
    assert states == ["suspended", "open", "deleted", "suspended", "open"]


@pytest.mark.parametrize("deed", DEEDS)
async def test_another_tenant_is_as_if_it_were_not_there(company: Company, deed: str) -> None:
    stranger = Actor(
        tenant_id=company.other.tenant.tenant_id,
        kind="operator",
        label="Mallory",
        permissions=company.operator.permissions,
    )
    inside = Actor(
        tenant_id=company.bristol.tenant.tenant_id,
        kind="operator",
        label="Bo",
        permissions=company.operator.permissions,
    )
    for by, world in ((stranger, company.bristol), (inside, company.leeds), (inside, company.bristol)):
        with pytest.raises(NotFoundError):
            await do(deed, world, company, by=by)
    with pytest.raises(NotFoundError):
        await do(deed, company.other, company)
    assert await state_of(company.bristol, company) == "open"


@pytest.mark.parametrize("deed", DEEDS)
async def test_it_takes_the_permission_to_manage_settings(company: Company, deed: str) -> None:
    by = Actor(
        tenant_id=company.acme.tenant.tenant_id,
        kind="operator",
        label="U. Manager",
        permissions=frozenset({"portal:view", "users:manage"}),
    )
    with pytest.raises(ForbiddenError):
        await do(deed, company.bristol, company, by=by)


async def test_a_tenant_with_tenants_below_it_stays_until_they_are_gone(company: Company) -> None:
    system = tenants.system_actor(company.acme.tenant)
    with pytest.raises(RefusedError, match="below it"):
        await do("delete", company.acme, company, by=system)
    await do("delete", company.bristol, company)
    await do("delete", company.leeds, company)
    await do("delete", company.acme, company, by=system)
    assert await tenants.find_tenant("acme") is None
    assert [one.slug for one in await tenants.list_tenants()] == ["other"]


async def test_a_tenant_comes_back_only_below_one_that_is_there(company: Company) -> None:
    system = tenants.system_actor(company.acme.tenant)
    for world in (company.bristol, company.leeds, company.acme):
        await do("delete", world, company, by=system)
    with pytest.raises(RefusedError, match="super tenant Acme is deleted"):
        await do("restore", company.bristol, company, by=system)
    await do("restore", company.acme, company, by=system)
    await do("restore", company.bristol, company, by=system)
    assert await state_of(company.bristol, company) == "suspended"


async def test_the_name_is_typed_to_delete_a_tenant(company: Company) -> None:
    with pytest.raises(InvalidError, match="name is not the one"):
        await delete_tenant(company.bristol.tenant.tenant_id, "bristol?", by=company.operator, now=company.tick())
    assert await state_of(company.bristol, company) == "open"


async def test_a_deleted_tenant_comes_back_with_all_it_had_within_thirty_days_and_not_later(company: Company) -> None:
    user = await company.bristol.push_user("ann")
    await do("delete", company.bristol, company)
    tenant_id = company.bristol.tenant.tenant_id
    assert await tenants.find_tenant("bristol") is None
    company.acme.now += timedelta(days=29)
    await do("restore", company.bristol, company)
    await do("resume", company.bristol, company)
    assert (await users.get_user(tenant_id, user.user_id)).attributes.user_name == "ann@example.org"
    await do("delete", company.bristol, company)
    company.acme.now += timedelta(days=31)
    with pytest.raises(RefusedError, match="days of this tenant are over"):
        await do("restore", company.bristol, company)


async def test_a_slug_stays_taken_while_its_tenant_can_come_back(company: Company) -> None:
    await do("delete", company.bristol, company)
    with pytest.raises(Exception, match="bristol"):
        await tenants.create_tenant("Bristol", now=company.tick())


@pytest.mark.parametrize("deed", ["suspend", "delete"])
async def test_no_secret_and_no_key_opens_a_tenant_that_is_shut(company: Company, deed: str) -> None:
    world, now = company.bristol, company.tick()
    secret = await secret_keys.issue_secret(world.source.source_id, label="x", by=world.system, now=now)
    key = await equipment_keys.create_key("x", by=world.system, now=now)
    await secret_keys.recognise(secret.token, now=now)
    await do(deed, world, company)
    later = company.tick() + REMEMBERED
    with pytest.raises(UnknownSecretError) as caught:
        await secret_keys.recognise(secret.token, now=later)
    assert caught.value.fault == ("tenant suspended" if deed == "suspend" else "unknown")
    assert caught.value.tenant_id == (world.tenant.tenant_id if deed == "suspend" else None)
    with pytest.raises(UnknownSecretError):
        await equipment_keys.recognise(key.token, now=later, network="")
    if deed == "delete":
        await do("restore", world, company)
    await do("resume", world, company)
    assert (await secret_keys.recognise(secret.token, now=later)).tenant.tenant_id == world.tenant.tenant_id
    assert (await equipment_keys.recognise(key.token, now=later, network="")).tenant_id == world.tenant.tenant_id


@pytest.mark.parametrize("deed", ["suspend", "delete"])
async def test_whoever_is_signed_in_is_out_at_once_and_stays_out_until_they_sign_in_anew(
    company: Company, deed: str
) -> None:
    world, now = company.bristol, company.tick()
    token, invitation = await signed_in(world), await link_for(world, "bo")
    assert await signins.find_session(token, now=now) is not None
    await do(deed, world, company)
    assert await signins.find_session(token, now=now) is None
    assert not await signins.peek_link(invitation, now=now)
    if deed == "delete":
        await do("restore", world, company)
    await do("resume", world, company)
    assert await signins.find_session(token, now=now) is None
    assert await signins.find_session(await signed_in(world, "cy"), now=now) is not None


async def test_nobody_is_asked_who_they_are_where_nobody_signs_in(company: Company) -> None:
    await do("suspend", company.bristol, company)
    attempt = Attempt(slug="bristol", user_name="ann", password="wrong")
    for _ in range(20):
        with pytest.raises(TenantSuspendedError):
            await sign_in(attempt, Visitor(), now=company.tick())
    assert [
        event.action for event in await events.list_events(TenantId(company.bristol.tenant.tenant_id), limit=1)
    ] == ["tenant:suspended"]


async def link_for(world: World, name: str) -> str:
    user = await locks.create_local_user(
        name, role_id=world.roles["administrator"].role_id, by=world.system, now=world.tick()
    )
    return await signins.create_link(user.user_id, by=world.system, now=world.tick())


async def signed_in(world: World, name: str = "ann") -> str:
    entry = await signins.redeem_link(await link_for(world, name), visitor=Visitor(), now=world.tick())
    return entry.token
