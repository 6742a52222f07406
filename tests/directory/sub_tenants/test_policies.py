"""A super tenant decides limits, grace, connections and looking in for a tenant below; both are told."""

from dataclasses import replace
from datetime import timedelta

import pytest

from directory import graves, guard_limits, local_users, locks, sources, tenants, users
from directory.errors import ForbiddenError, InvalidError, NotFoundError
from directory.graves import GraveFilter
from directory.guard_limits import Limits
from directory.model import Actor, TenantId
from directory.sub_tenants.policies import Policies, edit_policies, read_default_role, read_policies, set_default_role
from directory.tenant_states import VIEWS, Views, may_set_views
from tests.directory.sub_tenants.conftest import Company, told_in

pytestmark = pytest.mark.anyio
USUAL = Policies(limits=Limits(), grace_days=30, own_sources=True, scoped_views="open")


def bristol_of(company: Company) -> TenantId:
    return company.bristol.tenant.tenant_id


async def decide(company: Company, wanted: Policies, *, by: Actor | None = None) -> None:
    await edit_policies(bristol_of(company), wanted, by=by or company.operator, now=company.tick())


async def test_what_is_decided_holds_and_is_told_in_both_tenants(company: Company) -> None:
    assert await read_policies(bristol_of(company), by=company.operator) == USUAL
    wanted = Policies(limits=Limits(percent=50), grace_days=7, own_sources=False, scoped_views="ask")
    await decide(company, wanted)
    assert await read_policies(bristol_of(company), by=company.operator) == wanted
    assert await guard_limits.read_limits(bristol_of(company)) == wanted.limits
    assert (await told_in(company.acme.tenant.tenant_id))[0] == ("tenant:policies:changed", "R. Diaz")
    assert ("tenant:policies:changed", "R. Diaz (Acme)") in await told_in(bristol_of(company))


async def test_what_stays_as_it_is_makes_no_event(company: Company) -> None:
    before = await told_in(company.acme.tenant.tenant_id)
    await decide(company, USUAL)
    assert await told_in(company.acme.tenant.tenant_id) == before


async def test_the_days_of_grace_hold_for_all_connections_and_for_local_users(company: Company) -> None:
    world = company.bristol
    ann = await world.push_user("ann")
    bo = await locks.create_local_user("bo", role_id=world.roles["viewer"].role_id, by=world.system, now=world.tick())
    await decide(company, replace(USUAL, grace_days=3))
    new = await sources.create_source(kind="scim", preset="okta", label="Okta", by=world.system, now=world.tick())
    assert new.settings.grace_days == 3
    now = world.tick()
    await users.delete_user(ann.user_id, by=world.client, now=now)
    await local_users.delete_local_user(bo.user_id, by=world.system, now=now)
    found = await graves.list_graves(bristol_of(company), GraveFilter(), after=None, limit=10)
    assert [one.erased_after - one.deleted_at for one in found.graves] == [timedelta(days=3)] * 2


async def test_a_tenant_that_is_to_have_no_connections_makes_none(company: Company) -> None:
    await decide(company, replace(USUAL, own_sources=False))
    inside = replace(company.bristol.system, kind="operator", label="Bo")
    with pytest.raises(InvalidError, match="the super tenant decided"):
        await sources.create_source(kind="scim", preset="okta", label="Okta", by=inside, now=company.tick())
    assert len(await sources.list_sources(bristol_of(company))) == 1


@pytest.mark.parametrize("before", VIEWS)
async def test_looking_in_is_made_stricter_from_above_and_never_more_open(company: Company, before: Views) -> None:
    for one in VIEWS[: VIEWS.index(before) + 1]:
        await decide(company, replace(USUAL, scoped_views=one))
    for after in VIEWS:
        if may_set_views(before, after):
            continue
        with pytest.raises(InvalidError, match="only be made stricter"):
            await decide(company, replace(USUAL, scoped_views=after))
    assert (await read_policies(bristol_of(company), by=company.operator)).scoped_views == before


@pytest.mark.parametrize("days", [0, -1, 366, 10_000])
async def test_days_of_grace_that_cannot_be_are_refused(company: Company, days: int) -> None:
    with pytest.raises(InvalidError, match="grace days"):
        await decide(company, replace(USUAL, grace_days=days))


async def test_nothing_is_decided_half_way(company: Company) -> None:
    with pytest.raises(InvalidError, match="percent"):
        await decide(company, replace(USUAL, grace_days=9, limits=Limits(percent=900)))
    assert await read_policies(bristol_of(company), by=company.operator) == USUAL


async def test_only_the_super_tenant_decides(company: Company) -> None:
    strangers = (replace(company.operator, tenant_id=one.tenant.tenant_id) for one in (company.other, company.bristol))
    for by in strangers:
        with pytest.raises(NotFoundError):
            await decide(company, replace(USUAL, grace_days=9), by=by)
        with pytest.raises(NotFoundError):
            await read_policies(bristol_of(company), by=by)
        with pytest.raises(NotFoundError):
            await read_default_role(bristol_of(company), by=by)
    with pytest.raises(ForbiddenError):
        await decide(company, USUAL, by=replace(company.operator, permissions=frozenset({"portal:view"})))


async def test_the_default_role_is_set_and_told_in_both(company: Company) -> None:
    world = company.bristol
    user = await world.push_user("ann")
    default = await read_default_role(bristol_of(company), by=company.operator)
    assert (default.role.shipped, default.user_count) == ("loanee", 1)
    assert {role.shipped for role in default.choices} == {"editor", "viewer", "loanee"}
    viewer = world.roles["viewer"].role_id
    for _ in range(2):
        await set_default_role(bristol_of(company), viewer, by=company.operator, now=company.tick())
    assert await world.role_of(user) == "viewer"
    above = await told_in(company.acme.tenant.tenant_id)
    assert [told for told in above if told[0] == "tenant:policies:changed"] == [("tenant:policies:changed", "R. Diaz")]
    assert ("policy:default:changed", "R. Diaz (Acme)") in await told_in(bristol_of(company))


async def test_the_default_role_takes_the_permission_to_manage_settings(company: Company) -> None:
    mapper = replace(company.operator, permissions=frozenset({"portal:view", "users:manage", "mappings:manage"}))
    viewer = company.bristol.roles["viewer"].role_id
    with pytest.raises(ForbiddenError):
        await set_default_role(bristol_of(company), viewer, by=mapper, now=company.tick())
    assert (await tenants.get_tenant(bristol_of(company))).default_role_id == company.bristol.roles["loanee"].role_id


async def test_a_role_of_another_tenant_and_one_that_manages_are_no_default(company: Company) -> None:
    before = await told_in(company.acme.tenant.tenant_id)
    for role in (company.bristol.roles["administrator"], company.bristol.roles["user_manager"]):
        with pytest.raises(InvalidError):
            await set_default_role(bristol_of(company), role.role_id, by=company.operator, now=company.tick())
    foreign = company.leeds.roles["viewer"].role_id
    with pytest.raises(InvalidError):
        await set_default_role(bristol_of(company), foreign, by=company.operator, now=company.tick())
    assert await told_in(company.acme.tenant.tenant_id) == before
    assert (await tenants.get_tenant(bristol_of(company))).default_role_id == company.bristol.roles["loanee"].role_id
