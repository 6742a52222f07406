"""A super tenant's operator creates tenants; the first one makes the tenant a super tenant."""

from dataclasses import replace

import pytest

from directory import access_roles, locks, signins, tenants, users
from directory.errors import AlreadyExistsError, ForbiddenError, InvalidError, NotFoundError
from directory.model import PERMISSIONS, Actor
from directory.sub_tenants.creating import FirstAdministrator, Wanted, create_sub_tenant
from directory.sub_tenants.lists import count_children, get_child
from directory.sub_tenants.states import delete_tenant
from directory.visitor import Visitor
from tests.directory.sub_tenants.conftest import Company, reread, told_in
from tests.directory.world import World

pytestmark = pytest.mark.anyio
FIRST = FirstAdministrator(user_name="bo", display_name="Bo Peep", email="bo@example.org")


def operator_of(world: World) -> Actor:
    tenant_id = world.tenant.tenant_id
    return Actor(tenant_id=tenant_id, kind="operator", label="R. Diaz", permissions=frozenset(PERMISSIONS))


async def test_the_first_tenant_below_makes_a_super_tenant(world: World) -> None:
    assert not (await reread(world.tenant)).is_super
    made = await create_sub_tenant(Wanted(name="Bath"), by=operator_of(world), now=world.tick())
    assert (made.tenant.slug, made.tenant.parent_id) == ("bath", world.tenant.tenant_id)
    assert (await reread(world.tenant)).is_super
    assert await count_children(world.tenant.tenant_id) == 1
    assert (await told_in(world.tenant.tenant_id))[0] == ("tenant:created", "R. Diaz")
    assert (await told_in(made.tenant.tenant_id))[0] == ("tenant:created", "R. Diaz (Example)")


async def test_its_first_administrator_gets_in_by_the_link_and_administers(world: World) -> None:
    made = await create_sub_tenant(Wanted(name="Bath", first=FIRST), by=operator_of(world), now=world.tick())
    assert made.link_token is not None
    assert made.user_id is not None
    user = await users.get_user(made.tenant.tenant_id, made.user_id)
    assert (user.attributes.user_name, user.source_id) == ("bo", None)
    entry = await signins.redeem_link(made.link_token, visitor=Visitor(), now=world.tick())
    operator = await signins.find_session(entry.token, now=world.tick())
    assert operator is not None
    assert (operator.tenant.slug, operator.role.name) == ("bath", "Administrator")


async def test_it_begins_as_every_tenant_does(world: World) -> None:
    made = await create_sub_tenant(Wanted(name="Bath", scoped_views="ask"), by=operator_of(world), now=world.tick())
    roles = await access_roles.list_roles(made.tenant.tenant_id)
    assert [role.shipped for role in roles] == ["administrator", "user_manager", "editor", "viewer", "loanee"]
    line = await get_child(made.tenant.tenant_id, by=operator_of(world), now=world.tick())
    assert (line.state.scoped_views, line.state.state, line.state.own_sources) == ("ask", "open", True)


async def test_a_tenant_below_another_has_none_below_it(company: Company) -> None:
    with pytest.raises(InvalidError, match="below another tenant itself"):
        await create_sub_tenant(Wanted(name="Deep"), by=operator_of(company.bristol), now=company.tick())
    with pytest.raises(InvalidError, match="below another tenant itself"):
        await tenants.create_tenant("Deep", parent_slug="bristol", now=company.tick())
    assert await tenants.find_tenant("deep") is None


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(name=""),
        Wanted(name="Bath", slug="No Slug"),
        Wanted(name="Bath", first=FirstAdministrator(user_name=" ")),
        Wanted(name="Bath", first=FirstAdministrator(user_name="bo", email="nowhere")),
    ],
)
async def test_what_cannot_be_made_leaves_nothing(world: World, wanted: Wanted) -> None:
    with pytest.raises(InvalidError):
        await create_sub_tenant(wanted, by=operator_of(world), now=world.tick())
    assert await count_children(world.tenant.tenant_id) == 0
    assert not (await reread(world.tenant)).is_super


async def test_a_slug_that_is_taken_anywhere_is_refused(company: Company) -> None:
    for slug in ("other", "leeds", "acme"):
        with pytest.raises(AlreadyExistsError):
            await create_sub_tenant(Wanted(name="New", slug=slug), by=company.operator, now=company.tick())


async def test_nobody_makes_an_administrator_who_may_do_more(world: World) -> None:
    settler = replace(operator_of(world), permissions=frozenset({"portal:view", "settings:manage", "users:manage"}))
    with pytest.raises(ForbiddenError):
        await create_sub_tenant(Wanted(name="Bath", first=FIRST), by=settler, now=world.tick())
    assert await tenants.find_tenant("bath") is None
    assert (await create_sub_tenant(Wanted(name="Bath"), by=settler, now=world.tick())).link_token is None
    with pytest.raises(ForbiddenError):
        await create_sub_tenant(
            Wanted(name="Bath 2"), by=replace(settler, permissions=frozenset({"users:manage"})), now=world.tick()
        )


async def test_a_deleted_super_tenant_gets_no_tenants(world: World) -> None:
    await delete_tenant(world.tenant.tenant_id, world.tenant.name, by=world.system, now=world.tick())
    with pytest.raises(NotFoundError):
        await create_sub_tenant(Wanted(name="Bath"), by=operator_of(world), now=world.tick())


async def test_local_people_of_the_new_tenant_are_its_own(world: World) -> None:
    made = await create_sub_tenant(Wanted(name="Bath", first=FIRST), by=operator_of(world), now=world.tick())
    await locks.create_local_user("bo", role_id=world.roles["viewer"].role_id, by=world.system, now=world.tick())
    assert made.user_id is not None
    with pytest.raises(NotFoundError):
        await users.get_user(world.tenant.tenant_id, made.user_id)
