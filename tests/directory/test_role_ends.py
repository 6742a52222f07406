"""Deleting a role: everybody who has it gets the other one, as it was shown, or nothing happens."""

from dataclasses import replace

import pytest

from directory import access_roles, events, locks, mappings, role_ends, signins, users
from directory.errors import ForbiddenError, InvalidError, MovedError, NotFoundError, RefusedError
from directory.model import AccessRole, Permission, User
from directory.visitor import Visitor
from tests.directory.world import World

pytestmark = pytest.mark.anyio


async def created(world: World, *permissions: Permission, name: str = "Auditor") -> AccessRole:
    return await access_roles.create_role(name, permissions, by=world.system, now=world.tick())


async def map_to(world: World, name: str, role: AccessRole, *members: str, consent: bool = False) -> None:
    group = await world.push_group(name, [f"ext-{member}" for member in members])
    await mappings.add_mapping(group.group_id, role.role_id, consent=consent, by=world.system, now=world.tick())


async def lock_at(world: World, user: User, role: AccessRole) -> None:
    await locks.lock_role(user.user_id, role.role_id, reason="x", until=None, by=world.system, now=world.tick())


async def deleted(world: World, role: AccessRole, moved_to: AccessRole, *, consent: bool = False) -> None:
    """Look at what it comes to, and do just that."""
    shown = await role_ends.preview_role_end(role.role_id, moved_to.role_id, by=world.system)
    await role_ends.delete_role(
        role.role_id, moved_to.role_id, shown.plan_hash, consent=consent, by=world.system, now=world.tick()
    )
    await mappings.redecide(world.tenant.tenant_id, now=world.tick(), batches=50)


async def role_in_use(world: World) -> tuple[AccessRole, dict[str, User]]:
    """Return a role that a mapping, a lock and the default give, one user each, and one whom a lock hides it from."""
    people = {name: await world.push_user(name) for name in ("mapped", "locked", "plain", "hidden")}
    role = await created(world, "portal:view")
    await map_to(world, "Staff", role, "mapped", "hidden")
    await mappings.set_default_role(role.role_id, by=world.system, now=world.tick())
    await lock_at(world, people["locked"], role)
    await lock_at(world, people["hidden"], world.roles["editor"])
    return role, people


async def test_the_preview_says_who_has_it_and_why(world: World) -> None:
    role, _ = await role_in_use(world)

    shown = await role_ends.preview_role_end(role.role_id, world.roles["viewer"].role_id, by=world.system)

    assert (shown.counts.users, shown.counts.lines, shown.counts.locks, shown.counts.is_default) == (3, 1, 1, True)
    assert (shown.group_names, shown.needs_consent, shown.obstacle) == (("Staff",), False, "")


async def test_everybody_gets_the_other_role_and_an_event(world: World) -> None:
    role, people = await role_in_use(world)

    await deleted(world, role, world.roles["viewer"])

    assert [await world.role_of(people[name]) for name in ("mapped", "locked", "plain")] == ["viewer"] * 3
    hidden = await users.get_user(world.tenant.tenant_id, people["hidden"].user_id)
    assert hidden.decision.unlocked_role_id == world.roles["viewer"].role_id
    for name in ("mapped", "locked", "plain"):
        last = (await events.list_events(world.tenant.tenant_id, subject_id=people[name].user_id, limit=1))[0]
        assert last.action == "user:role:granted"
    await world.assert_consistent()


async def test_a_deleted_role_is_in_no_list_but_its_name_is_still_known(world: World) -> None:
    role, _ = await role_in_use(world)
    await deleted(world, role, world.roles["viewer"])
    tenant_id = world.tenant.tenant_id

    assert role.role_id not in {one.role_id for one in await access_roles.list_roles(tenant_id)}
    assert (await access_roles.names_of_roles(tenant_id))[role.role_id] == "Auditor"
    with pytest.raises(NotFoundError):
        await access_roles.get_role(tenant_id, role.role_id)
    assert (await created(world)).name == "Auditor"


async def test_nobody_can_be_given_a_deleted_role(world: World) -> None:
    role = await created(world)
    ann = await world.push_user("ann")
    await deleted(world, role, world.roles["viewer"])

    with pytest.raises(InvalidError):
        await lock_at(world, ann, role)
    with pytest.raises(InvalidError):
        await mappings.set_default_role(role.role_id, by=world.system, now=world.tick())


async def test_a_deleted_user_comes_back_with_the_other_role(world: World) -> None:
    role = await created(world)
    ann = await world.push_user("ann")
    await lock_at(world, ann, role)
    await users.delete_user(ann.user_id, by=world.client, now=world.tick())
    await deleted(world, role, world.roles["viewer"])

    assert await world.role_of(await world.push_user("ann")) == "viewer"


@pytest.mark.parametrize("change", ["member", "line", "lock", "default", "name"])
async def test_a_world_that_moved_since_is_refused(world: World, change: str) -> None:
    role, people = await role_in_use(world)
    viewer = world.roles["viewer"]
    shown = await role_ends.preview_role_end(role.role_id, viewer.role_id, by=world.system)
    match change:
        case "member":
            await world.push_user("later")
        case "line":
            await map_to(world, "Others", role)
        case "lock":
            await locks.unlock_role(people["hidden"].user_id, by=world.system, now=world.tick())
        case "default":
            await mappings.set_default_role(viewer.role_id, by=world.system, now=world.tick())
        case _:
            await access_roles.change_role(
                role.role_id, "Reader", role.permissions, consent=False, by=world.system, now=world.tick()
            )

    with pytest.raises(MovedError):
        await role_ends.delete_role(
            role.role_id, viewer.role_id, shown.plan_hash, consent=False, by=world.system, now=world.tick()
        )

    assert role.role_id in {one.role_id for one in await access_roles.list_roles(world.tenant.tenant_id)}


async def test_mappings_move_to_administration_only_with_consent(world: World) -> None:
    role = await created(world)
    await world.push_user("ann")
    await map_to(world, "Staff", role, "ann")
    boss = world.roles["administrator"]

    with pytest.raises(InvalidError, match="consent"):
        await deleted(world, role, boss)
    await deleted(world, role, boss, consent=True)

    assert (await mappings.get_policy(world.tenant.tenant_id)).lines[0].mapping.consented_by == "command line"


@pytest.mark.parametrize("key", ["administrator", "user_manager"])
async def test_the_default_never_moves_to_administration(world: World, key: str) -> None:
    role, _ = await role_in_use(world)
    boss = world.roles[key]

    shown = await role_ends.preview_role_end(role.role_id, boss.role_id, by=world.system)

    assert "carries administration" in shown.obstacle
    with pytest.raises(InvalidError, match="by default"):
        await deleted(world, role, boss, consent=True)


async def test_shipped_roles_and_the_role_itself_are_no_choice(world: World) -> None:
    role, viewer = await created(world), world.roles["viewer"]

    with pytest.raises(RefusedError):
        await deleted(world, viewer, role)
    with pytest.raises(InvalidError):
        await deleted(world, role, role)


async def test_nobody_deletes_or_gives_a_role_that_carries_more_than_their_own(world: World) -> None:
    role, viewer = await created(world, "users:manage"), world.roles["viewer"]
    by = replace(world.system, kind="operator", permissions=frozenset({"portal:view", "settings:manage"}))

    with pytest.raises(ForbiddenError):
        await role_ends.preview_role_end(role.role_id, viewer.role_id, by=by)
    with pytest.raises(ForbiddenError):
        await role_ends.preview_role_end(
            (await created(world, name="Plain")).role_id, world.roles["administrator"].role_id, by=by
        )


@pytest.mark.parametrize("given_by", ["a lock", "a mapping"])
async def test_holders_are_signed_out_at_once_and_not_when_they_are_reached(world: World, given_by: str) -> None:
    role = await created(world, "portal:view", "users:manage")
    ann = await world.push_user("ann")
    if given_by == "a lock":
        await lock_at(world, ann, role)
    else:
        await map_to(world, "Staff", role, "ann")
    link = await signins.create_link(ann.user_id, by=world.system, now=world.tick())
    token = (await signins.redeem_link(link, visitor=Visitor(), now=world.tick())).token
    shown = await role_ends.preview_role_end(role.role_id, world.roles["viewer"].role_id, by=world.system)
    assert await signins.find_session(token, now=world.tick()) is not None

    await role_ends.delete_role(
        role.role_id, world.roles["viewer"].role_id, shown.plan_hash, consent=False, by=world.system, now=world.tick()
    )

    assert await signins.find_session(token, now=world.tick()) is None


async def test_who_has_a_deleted_role_until_the_walk_comes_can_be_locked(world: World) -> None:
    role = await created(world, "portal:view")
    ann = await world.push_user("ann")
    await map_to(world, "Staff", role, "ann")
    shown = await role_ends.preview_role_end(role.role_id, world.roles["viewer"].role_id, by=world.system)
    await role_ends.delete_role(
        role.role_id, world.roles["viewer"].role_id, shown.plan_hash, consent=False, by=world.system, now=world.tick()
    )
    manager = replace(world.system, kind="operator", permissions=world.roles["user_manager"].permissions)

    await locks.lock_role(
        ann.user_id, world.roles["viewer"].role_id, reason="x", until=None, by=manager, now=world.tick()
    )

    assert await world.role_of(ann) == "viewer"
