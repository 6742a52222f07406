"""Group mappings and the default role: order, consent, and the roles that follow."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from directory import access_roles, groups, locks, mappings, users
from directory.errors import AlreadyExistsError, ForbiddenError, InvalidError, LastAdministratorError, NotFoundError
from directory.model import Actor, RoleId, UserAttributes
from tests.directory.world import World

pytestmark = pytest.mark.anyio


async def test_the_highest_mapping_wins_whatever_the_order_of_joining(world: World) -> None:
    ann = await world.push_user("ann")
    low = await world.push_group("low", ["ext-ann"])
    high = await world.push_group("high")
    await world.map_group(high, "editor")
    await world.map_group(low, "viewer")
    assert await world.role_of(ann) == "viewer"
    await world.edit_members(high, add=["ext-ann"])
    assert await world.role_of(ann) == "editor"
    await world.edit_members(high, remove=["ext-ann"])
    assert await world.role_of(ann) == "viewer"
    await world.assert_consistent()


async def test_mapping_a_group_moves_its_members_and_nobody_else(world: World) -> None:
    ann, bob = await world.push_user("ann"), await world.push_user("bob")
    staff = await world.push_group("staff", ["ext-ann"])
    await world.map_group(staff, "editor")
    assert (await world.role_of(ann), await world.role_of(bob)) == ("editor", "loanee")
    policy = await mappings.get_policy(world.tenant.tenant_id)
    assert [(line.group_name, line.role.shipped, line.decided_count) for line in policy.lines] == [
        ("staff", "editor", 1)
    ]
    assert policy.redeciding == 0
    await mappings.remove_mapping(staff.group_id, by=world.system, now=world.tick())
    assert await world.role_of(ann) == "loanee"
    await world.assert_consistent()


async def test_moving_a_line_changes_who_wins(world: World) -> None:
    ann = await world.push_user("ann")
    for name, role in (("first", "editor"), ("second", "viewer"), ("third", "user_manager")):
        await world.map_group(await world.push_group(name, ["ext-ann"]), role)
    policy = await mappings.get_policy(world.tenant.tenant_id)
    third = policy.lines[2].mapping.group_id
    await mappings.move_mapping(third, places=-5, by=world.system, now=world.tick())
    assert await world.role_of(ann) == "user_manager"
    await mappings.move_mapping(third, places=1, by=world.system, now=world.tick())
    assert await world.role_of(ann) == "editor"
    policy = await mappings.get_policy(world.tenant.tenant_id)
    assert [line.group_name for line in policy.lines] == ["first", "third", "second"]
    await world.assert_consistent()


async def test_the_default_role_moves_those_whom_no_mapping_fits(world: World) -> None:
    ann, bob = await world.push_user("ann"), await world.push_user("bob")
    await world.map_group(await world.push_group("staff", ["ext-bob"]), "editor")
    await mappings.set_default_role(world.roles["viewer"].role_id, by=world.system, now=world.tick())
    assert (await world.role_of(ann), await world.role_of(bob)) == ("viewer", "editor")
    await world.assert_consistent()


async def test_a_privileged_role_is_never_the_default(world: World) -> None:
    with pytest.raises(InvalidError):
        await mappings.set_default_role(world.roles["administrator"].role_id, by=world.system, now=world.tick())


async def test_a_privileged_role_needs_consent(world: World) -> None:
    staff = await world.push_group("staff")
    role_id = world.roles["administrator"].role_id
    with pytest.raises(InvalidError) as caught:
        await mappings.add_mapping(staff.group_id, role_id, consent=False, by=world.system, now=world.tick())
    assert caught.value.attribute == "consent"
    await mappings.add_mapping(staff.group_id, role_id, consent=True, by=world.system, now=world.tick())
    policy = await mappings.get_policy(world.tenant.tenant_id)
    assert policy.lines[0].mapping.consented_by == world.system.label


async def test_sources_and_unpermitted_operators_change_no_policy(world: World) -> None:
    staff = await world.push_group("staff")
    viewer = replace(world.system, kind="operator", permissions=frozenset({"portal:view"}))
    for actor in (world.client, viewer):
        with pytest.raises(ForbiddenError):
            await mappings.add_mapping(
                staff.group_id, world.roles["viewer"].role_id, consent=True, by=actor, now=world.tick()
            )
    assert (await mappings.get_policy(world.tenant.tenant_id)).lines == []


async def test_a_group_is_mapped_once(world: World) -> None:
    staff = await world.push_group("staff")
    await world.map_group(staff, "viewer")
    with pytest.raises(AlreadyExistsError):
        await world.map_group(staff, "editor")
    await mappings.set_mapping_role(
        staff.group_id, world.roles["editor"].role_id, consent=False, by=world.system, now=world.tick()
    )
    policy = await mappings.get_policy(world.tenant.tenant_id)
    assert [line.role.shipped for line in policy.lines] == ["editor"]


async def test_unmapped_groups_are_listed_by_name_a_page_at_a_time(world: World) -> None:
    for name in ("delta", "Alpha", "charlie", "bravo"):
        await world.push_group(name)
    await world.map_group(await world.push_group("mapped"), "viewer")
    first = await mappings.list_unmapped_groups(world.tenant.tenant_id, after=None, limit=3)
    assert [group.attributes.display_name for group in first.groups] == ["Alpha", "bravo", "charlie"]
    rest = await mappings.list_unmapped_groups(world.tenant.tenant_id, after=first.next_after, limit=3)
    assert [group.attributes.display_name for group in rest.groups] == ["delta"]
    assert rest.next_after is None


async def test_a_lock_keeps_the_role_and_shows_what_it_would_be(world: World) -> None:
    ann = await world.push_user("ann")
    staff = await world.push_group("staff", ["ext-ann"])
    await world.map_group(staff, "editor")
    until = world.now + timedelta(days=1)
    locked = await locks.lock_role(
        ann.user_id, world.roles["viewer"].role_id, reason="audit", until=until, by=world.system, now=world.tick()
    )
    assert await world.role_of(ann) == "viewer"
    assert locked.decision.unlocked_role_id == world.roles["editor"].role_id
    await world.edit_members(staff, remove=["ext-ann"])
    found = await users.get_user(world.tenant.tenant_id, ann.user_id)
    assert found.decision.unlocked_role_id == world.roles["loanee"].role_id
    await world.assert_consistent()
    assert await locks.expire_locks(now=until - timedelta(hours=1), limit=10) == 0
    assert await locks.expire_locks(now=until, limit=10) == 1
    assert await world.role_of(ann) == "loanee"
    await world.assert_consistent()


async def test_a_lock_on_a_privileged_role_does_not_survive_a_deletion(world: World) -> None:
    ann = await world.push_user("ann")
    await locks.create_local_user(
        "root", role_id=world.roles["administrator"].role_id, by=world.system, now=world.tick()
    )
    await locks.lock_role(
        ann.user_id,
        world.roles["administrator"].role_id,
        reason="on call",
        until=None,
        by=world.system,
        now=world.tick(),
    )
    await users.delete_user(ann.user_id, by=world.client, now=world.tick())
    back = await world.push_user("ann")
    assert back.lock is None
    assert await world.role_of(back) == "loanee"
    await world.assert_consistent()


async def test_nobody_gives_a_role_beyond_their_own(world: World) -> None:
    ann = await world.push_user("ann")
    manager = replace(world.system, kind="operator", permissions=world.roles["user_manager"].permissions)
    with pytest.raises(ForbiddenError):
        await locks.lock_role(
            ann.user_id,
            world.roles["administrator"].role_id,
            reason="please",
            until=None,
            by=manager,
            now=world.tick(),
        )
    assert await world.role_of(ann) == "loanee"


async def test_no_door_takes_the_last_administrator(world: World) -> None:
    boss = await world.push_user("boss")
    admins = await world.push_group("admins", ["ext-boss"])
    await world.map_group(admins, "administrator")
    assert await world.role_of(boss) == "administrator"
    disabled = UserAttributes({**boss.attributes.document, "active": False})
    with pytest.raises(LastAdministratorError):
        await users.edit_user(boss.user_id, lambda _: disabled, by=world.client, now=world.tick())
    with pytest.raises(LastAdministratorError):
        await users.delete_user(boss.user_id, by=world.client, now=world.tick())
    with pytest.raises(LastAdministratorError):
        await world.edit_members(admins, remove=["ext-boss"])
    with pytest.raises(LastAdministratorError):
        await groups.delete_group(admins.group_id, by=world.client, now=world.tick())
    with pytest.raises(LastAdministratorError):
        await mappings.remove_mapping(admins.group_id, by=world.system, now=world.tick())
    with pytest.raises(LastAdministratorError):
        await locks.lock_role(
            boss.user_id,
            world.roles["viewer"].role_id,
            reason="x",
            until=None,
            by=world.system,
            now=world.tick(),
        )
    assert await world.role_of(boss) == "administrator"
    await world.assert_consistent()
    await locks.create_local_user(
        "root", role_id=world.roles["administrator"].role_id, by=world.system, now=world.tick()
    )
    await mappings.remove_mapping(admins.group_id, by=world.system, now=world.tick())
    assert await world.role_of(boss) == "loanee"


async def test_many_users_are_decided_anew_in_batches_that_survive_a_stop(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mappings, "WALK_USERS", 3)
    monkeypatch.setattr(mappings, "INLINE_BATCHES", 1)
    for n in range(10):
        await world.push_user(f"user{n}")
    staff = await world.push_group("staff", [f"ext-user{n}" for n in range(10)])
    await world.map_group(staff, "editor")
    policy = await mappings.get_policy(world.tenant.tenant_id)
    assert (policy.lines[0].decided_count, policy.redeciding) == (3, 1)
    assert await mappings.redecide(None, now=world.tick(), batches=100) == 0
    policy = await mappings.get_policy(world.tenant.tenant_id)
    assert (policy.lines[0].decided_count, policy.redeciding) == (10, 0)
    await world.assert_consistent()


async def test_a_role_or_group_of_nowhere_is_refused(world: World) -> None:
    staff = await world.push_group("staff")
    with pytest.raises(InvalidError):
        await mappings.add_mapping(
            staff.group_id, RoleId(UUID(int=1)), consent=False, by=world.system, now=world.tick()
        )
    with pytest.raises(NotFoundError):
        await mappings.remove_mapping(staff.group_id, by=world.system, now=world.tick())
    assert await access_roles.find_role(world.tenant.tenant_id, "no such role") is None


async def test_whom_the_rule_makes_the_last_administrator_stays_before_the_role_is_decided(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = await world.push_user("bob")
    await world.push_user("ann")
    first, second = await world.push_group("first", ["ext-ann"]), await world.push_group("second", ["ext-bob"])
    await world.map_group(first, "administrator")
    monkeypatch.setattr(mappings, "INLINE_BATCHES", 0)
    await world.map_group(second, "administrator")
    await mappings.remove_mapping(first.group_id, by=world.system, now=world.tick())
    assert await world.role_of(bob) == "loanee"
    with pytest.raises(LastAdministratorError):
        await users.delete_user(bob.user_id, by=world.client, now=world.tick())
    with pytest.raises(LastAdministratorError):
        await world.edit_members(second, remove=["ext-bob"])
    await mappings.redecide(None, now=world.tick(), batches=10)
    assert await world.role_of(bob) == "administrator"
    await world.assert_consistent()


def mapper_of(world: World) -> Actor:
    """Return an operator who manages group mappings, and nothing else."""
    return replace(world.system, kind="operator", permissions=frozenset({"portal:view", "mappings:manage"}))


async def test_nobody_gives_by_a_group_what_they_lack(world: World) -> None:
    mine, theirs = await world.push_group("mine"), await world.push_group("theirs")
    await world.map_group(mine, "editor")
    manager, by = world.roles["user_manager"].role_id, mapper_of(world)

    with pytest.raises(ForbiddenError, match="users:manage"):
        await mappings.add_mapping(theirs.group_id, manager, consent=True, by=by, now=world.tick())
    with pytest.raises(ForbiddenError, match="users:manage"):
        await mappings.set_mapping_role(mine.group_id, manager, consent=True, by=by, now=world.tick())
    await mappings.add_mapping(theirs.group_id, world.roles["viewer"].role_id, consent=False, by=by, now=world.tick())
    policy = await mappings.get_policy(world.tenant.tenant_id)
    assert [line.role.shipped for line in policy.lines] == ["editor", "viewer"]


async def test_nobody_takes_by_a_line_what_they_lack(world: World) -> None:
    desk, staff = await world.push_group("desk"), await world.push_group("staff")
    await world.map_group(desk, "user_manager")
    await world.map_group(staff, "viewer")
    viewer, by = world.roles["viewer"].role_id, mapper_of(world)

    with pytest.raises(ForbiddenError, match="users:manage"):
        await mappings.remove_mapping(desk.group_id, by=by, now=world.tick())
    with pytest.raises(ForbiddenError, match="users:manage"):
        await mappings.set_mapping_role(desk.group_id, viewer, consent=False, by=by, now=world.tick())
    for group, places in ((desk, 1), (staff, -1)):
        with pytest.raises(ForbiddenError, match="users:manage"):
            await mappings.move_mapping(group.group_id, places=places, by=by, now=world.tick())
    policy = await mappings.get_policy(world.tenant.tenant_id)
    assert [line.role.shipped for line in policy.lines] == ["user_manager", "viewer"]


async def test_who_manages_mappings_makes_nobody_a_user_manager_by_default(world: World) -> None:
    manager = world.roles["user_manager"].role_id

    for by in (mapper_of(world), world.system):
        with pytest.raises(InvalidError, match="nobody gets by default"):
            await mappings.set_default_role(manager, by=by, now=world.tick())
    await mappings.set_default_role(world.roles["viewer"].role_id, by=mapper_of(world), now=world.tick())
    policy = await mappings.get_policy(world.tenant.tenant_id)
    assert policy.default_role.shipped == "viewer"
