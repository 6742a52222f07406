"""Roles of a tenant's own: made, changed, and what their holders notice of it."""

from dataclasses import replace

import pytest

from directory import access_roles, events, locks, mappings, signins, users
from directory.errors import AlreadyExistsError, ForbiddenError, InvalidError, NotFoundError, RefusedError
from directory.model import AccessRole, Actor, Permission, User
from directory.visitor import Visitor
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio


async def created(world: World, name: str = "Auditor", *permissions: Permission) -> AccessRole:
    return await access_roles.create_role(name, permissions, by=world.system, now=world.tick())


async def changed(world: World, role: AccessRole, *permissions: Permission, consent: bool = False) -> AccessRole:
    return await access_roles.change_role(
        role.role_id, role.name, permissions, consent=consent, by=world.system, now=world.tick()
    )


def operator_with(world: World, *permissions: Permission) -> Actor:
    return replace(world.system, kind="operator", label="Olga", permissions=frozenset(permissions))


async def session_of(world: World, role: AccessRole) -> tuple[User, str]:
    """Sign a new local user of the role in."""
    user = await locks.create_local_user("lou", role_id=role.role_id, by=world.system, now=world.tick())
    link = await signins.create_link(user.user_id, by=world.system, now=world.tick())
    return user, (await signins.redeem_link(link, visitor=Visitor(), now=world.tick())).token


async def may_of(world: World, token: str) -> frozenset[Permission] | None:
    operator = await signins.find_session(token, now=world.now)
    return None if operator is None else operator.role.permissions


async def test_a_new_role_is_listed_last_with_its_counts(world: World) -> None:
    role = await created(world, "  Help   Desk ", "users:manage")

    found = (await access_roles.list_role_uses(world.tenant.tenant_id))[-1]

    assert (found.role, found.role.name) == (role, "Help Desk")
    assert (found.counts.users, found.counts.lines, found.counts.locks, found.counts.is_default) == (0, 0, 0, False)


async def test_whoever_may_do_anything_may_see_the_portal(world: World) -> None:
    assert (await created(world, "Desk", "users:manage")).permissions == {"portal:view", "users:manage"}
    assert not (await created(world, "Borrower")).may_sign_in


async def test_making_and_changing_a_role_is_recorded(world: World) -> None:
    role = await created(world)
    await changed(world, role, "users:manage")

    found = await events.list_events(world.tenant.tenant_id, subject_id=role.role_id, limit=5)

    assert [event.action for event in found] == ["role:changed", "role:created"]
    (told,) = found[0].changes
    assert (told.name, told.old, told.new) == ("permissions", [], ["portal:view", "users:manage"])


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\u202eb"])
async def test_a_role_has_a_name_that_can_be_read(world: World, name: str) -> None:
    with pytest.raises(InvalidError):
        await created(world, name)


async def test_two_roles_never_have_one_name(world: World) -> None:
    role = await created(world)

    with pytest.raises(AlreadyExistsError):
        await created(world, "AUDITOR")
    with pytest.raises(AlreadyExistsError):
        await access_roles.change_role(role.role_id, "viewer", (), consent=False, by=world.system, now=world.tick())


async def test_shipped_roles_stay_as_they_are(world: World) -> None:
    with pytest.raises(RefusedError):
        await changed(world, world.roles["viewer"], "users:manage")


async def test_nobody_makes_or_touches_a_role_that_carries_more_than_their_own(world: World) -> None:
    by = operator_with(world, "portal:view", "settings:manage")
    role = await created(world, "Desk", "users:manage")

    with pytest.raises(ForbiddenError):
        await access_roles.create_role("Mine", ["sources:manage"], by=by, now=world.tick())
    with pytest.raises(ForbiddenError):
        await access_roles.change_role(role.role_id, "Desk", (), consent=False, by=by, now=world.tick())


async def test_only_who_manages_settings_makes_roles(world: World) -> None:
    with pytest.raises(ForbiddenError):
        await access_roles.create_role("Desk", (), by=operator_with(world, "portal:view"), now=world.tick())


async def test_another_tenants_role_is_not_there(world: World) -> None:
    theirs = await created(await create_world("bristol"))

    with pytest.raises(NotFoundError):
        await changed(world, theirs, "users:manage")


async def test_a_role_that_mappings_give_carries_administration_only_with_consent(world: World) -> None:
    role = await created(world)
    group = await world.push_group("Staff")
    await mappings.add_mapping(group.group_id, role.role_id, consent=False, by=world.system, now=world.tick())

    with pytest.raises(InvalidError, match="consent"):
        await changed(world, role, "sources:manage")
    await changed(world, role, "sources:manage", consent=True)
    line = (await mappings.get_policy(world.tenant.tenant_id)).lines[0].mapping
    assert line.consented_by == "command line"

    await changed(world, role, "portal:view")
    assert (await mappings.get_policy(world.tenant.tenant_id)).lines[0].mapping.consented_by is None


async def test_the_default_role_never_carries_administration(world: World) -> None:
    role = await created(world)
    await mappings.set_default_role(role.role_id, by=world.system, now=world.tick())

    with pytest.raises(InvalidError, match="by default"):
        await changed(world, role, "sources:manage", consent=True)


async def test_a_permission_taken_away_is_gone_on_the_next_page(world: World) -> None:
    role = await created(world, "Desk", "users:manage")
    _, token = await session_of(world, role)

    await changed(world, role, "portal:view")

    assert await may_of(world, token) == frozenset({"portal:view"})


async def test_a_permission_gained_asks_its_holders_to_sign_in_anew(world: World) -> None:
    role = await created(world, "Desk", "portal:view")
    user, token = await session_of(world, role)
    unused = await signins.create_link(user.user_id, by=world.system, now=world.tick())

    await changed(world, role, "users:manage")

    assert await may_of(world, token) is None
    assert not await signins.peek_link(unused, now=world.now)


async def test_a_role_without_permissions_signs_its_holders_out_for_good(world: World) -> None:
    role = await created(world, "Desk", "portal:view")
    _, token = await session_of(world, role)

    await changed(world, role)
    await changed(world, role, "portal:view")

    assert await may_of(world, token) is None


async def test_a_change_that_is_none_records_nothing(world: World) -> None:
    role = await created(world, "Desk", "portal:view")
    await changed(world, role, "portal:view")

    found = await events.list_events(world.tenant.tenant_id, subject_id=role.role_id, limit=5)
    assert [event.action for event in found] == ["role:created"]


async def test_holders_are_paged_with_what_gives_them_the_role(world: World) -> None:
    role = await created(world)
    for name in ("ann", "bob", "cem"):
        await world.push_user(name)
    group = await world.push_group("Staff", ["ext-ann", "ext-bob"])
    await mappings.add_mapping(group.group_id, role.role_id, consent=False, by=world.system, now=world.tick())
    cem = await world.push_user("dee")
    await locks.lock_role(cem.user_id, role.role_id, reason="x", until=None, by=world.system, now=world.tick())

    first = await access_roles.list_holders(world.tenant.tenant_id, role.role_id, after=None, limit=2)
    rest = await access_roles.list_holders(world.tenant.tenant_id, role.role_id, after=first.next_after, limit=2)

    assert [(one.origin, one.group_name) for one in first.holders] == [("mapping", "Staff")] * 2
    assert [(one.origin, one.group_name) for one in rest.holders] == [("lock", None)]
    assert rest.next_after is None


async def test_locks_are_counted_with_those_who_have_the_role_and_not_with_those_who_are_gone(world: World) -> None:
    role = await created(world, "Auditor", "portal:view")
    ann, ben = await world.push_user("ann"), await world.push_user("ben")
    await world.push_user("cora")
    for user in (ann, ben):
        await locks.lock_role(user.user_id, role.role_id, reason="x", until=None, by=world.system, now=world.tick())
    await users.delete_user(ben.user_id, by=world.client, now=world.tick())
    await world.map_group(await world.push_group("Staff", ["ext-ann"]), "editor")

    uses = {one.role.role_id: one.counts for one in await access_roles.list_role_uses(world.tenant.tenant_id)}

    assert uses[role.role_id] == access_roles.UseCounts(users=1, locks=1)
    assert uses[world.roles["editor"].role_id] == access_roles.UseCounts(lines=1)
    assert uses[world.roles["loanee"].role_id] == access_roles.UseCounts(users=1, is_default=True)
    for role_id, counts in uses.items():
        assert await access_roles.count_uses_of(world.tenant.tenant_id, role_id) == counts


async def test_the_default_role_never_comes_to_manage_people(world: World) -> None:
    role = await created(world)
    await mappings.set_default_role(role.role_id, by=world.system, now=world.tick())

    with pytest.raises(InvalidError, match="nobody gets by default"):
        await changed(world, role, "users:manage")

    assert (await access_roles.get_role(world.tenant.tenant_id, role.role_id)).permissions == role.permissions
