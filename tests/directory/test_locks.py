"""Who may lock and unlock whose role: nobody gives or takes away more than they have."""

from dataclasses import replace
from datetime import timedelta

import pytest

from directory import locks, users
from directory.errors import ForbiddenError, InvalidError
from directory.model import Actor, User
from directory.proposals import LockRole, UnlockRole
from tests.directory.test_preview import kinds_of, looked_at
from tests.directory.world import World

pytestmark = pytest.mark.anyio


def manager_of(world: World) -> Actor:
    """Return an operator who may manage users and no more."""
    permissions = world.roles["user_manager"].permissions
    return replace(world.system, kind="operator", label="Mara", permissions=permissions)


async def locked(world: World, user: User, role: str, *, by: Actor) -> User:
    return await locks.lock_role(
        user.user_id, world.roles[role].role_id, reason="Because", until=None, by=by, now=world.tick()
    )


async def mapped_administrator(world: World, name: str = "ann") -> User:
    """Push somebody whom a group makes an administrator, beside another one."""
    user = await world.push_user(name)
    await world.push_user("zoe")
    await world.map_group(await world.push_group("Admins", [f"ext-{name}", "ext-zoe"]), "administrator")
    return user


async def test_a_lock_that_hides_a_higher_role_is_not_lifted_from_below(world: World) -> None:
    user = await mapped_administrator(world)
    await locked(world, user, "viewer", by=world.system)

    with pytest.raises(ForbiddenError):
        await locks.unlock_role(user.user_id, by=manager_of(world), now=world.tick())

    assert await world.role_of(user) == "viewer"


async def test_nobody_locks_a_higher_role_away(world: World) -> None:
    user = await mapped_administrator(world)

    with pytest.raises(ForbiddenError):
        await locked(world, user, "viewer", by=manager_of(world))

    assert await world.role_of(user) == "administrator"


async def test_a_lock_at_a_higher_role_is_not_lifted_from_below(world: World) -> None:
    user = await world.push_user("ben")
    await locked(world, user, "administrator", by=world.system)

    with pytest.raises(ForbiddenError):
        await locks.unlock_role(user.user_id, by=manager_of(world), now=world.tick())

    assert await world.role_of(user) == "administrator"


async def test_nobody_locks_at_a_higher_role(world: World) -> None:
    user = await world.push_user("ben")

    with pytest.raises(ForbiddenError):
        await locked(world, user, "administrator", by=manager_of(world))

    assert await world.role_of(user) == "loanee"


async def test_roles_within_reach_are_locked_and_unlocked(world: World) -> None:
    user = await world.push_user("ben")

    assert (await locked(world, user, "editor", by=manager_of(world))).lock is not None
    assert (await locks.unlock_role(user.user_id, by=manager_of(world), now=world.tick())).lock is None
    assert await world.role_of(user) == "loanee"


@pytest.mark.parametrize("until", [None, timedelta(minutes=1)])
async def test_a_lock_that_hides_a_higher_role_is_not_replaced_from_below(
    world: World, until: timedelta | None
) -> None:
    user = await mapped_administrator(world)
    await locked(world, user, "viewer", by=world.system)
    before = (await users.get_user(world.tenant.tenant_id, user.user_id)).lock

    with pytest.raises(ForbiddenError):
        await locks.lock_role(
            user.user_id,
            world.roles["viewer"].role_id,
            reason="Mine",
            until=None if until is None else world.now + until,
            by=manager_of(world),
            now=world.tick(),
        )

    await locks.expire_locks(now=world.now + timedelta(hours=1), limit=10)
    assert await world.role_of(user) == "viewer"
    assert (await users.get_user(world.tenant.tenant_id, user.user_id)).lock == before


async def test_a_lock_over_a_role_within_reach_may_end_by_itself(world: World) -> None:
    user = await world.push_user("ben")
    await locked(world, user, "viewer", by=manager_of(world))
    until = world.now + timedelta(minutes=1)
    await locks.lock_role(
        user.user_id,
        world.roles["editor"].role_id,
        reason="A while",
        until=until,
        by=manager_of(world),
        now=world.tick(),
    )

    await locks.expire_locks(now=until, limit=10)

    assert await world.role_of(user) == "loanee"


async def test_nobody_locks_or_unlocks_themselves(world: World) -> None:
    user = await world.push_user("ben")
    await locked(world, user, "user_manager", by=world.system)
    own = replace(manager_of(world), user_id=user.user_id)

    with pytest.raises(InvalidError, match="yourself"):
        await locked(world, user, "editor", by=own)
    with pytest.raises(InvalidError, match="yourself"):
        await locks.unlock_role(user.user_id, by=own, now=world.tick())

    assert await world.role_of(user) == "user_manager"


@pytest.mark.parametrize("name", ["a\x00b", "a\nb", "ann\u202egro.elpmaxe", "\ud800", " "])
async def test_a_local_user_has_a_name_that_can_be_read(world: World, name: str) -> None:
    with pytest.raises(InvalidError):
        await locks.create_local_user(name, role_id=world.roles["viewer"].role_id, by=world.system, now=world.tick())


@pytest.mark.parametrize("email", ["ann", "@b.example", "ann@", "a b@c.example", "a@b@c.example", "a\n@b.example"])
async def test_a_local_user_has_an_address_that_can_be_one(world: World, email: str) -> None:
    with pytest.raises(InvalidError):
        await locks.create_local_user(
            "ann", email=email, role_id=world.roles["viewer"].role_id, by=world.system, now=world.tick()
        )


async def test_a_lock_that_would_uncover_more_than_one_has_is_found_and_refused(world: World) -> None:
    ann = await world.push_user("ann")
    await world.push_user("zoe")
    await world.map_group(await world.push_group("Admins", ["ext-ann", "ext-zoe"]), "administrator")
    editor = world.roles["editor"].role_id
    await locks.lock_role(ann.user_id, editor, reason="audit", until=None, by=world.system, now=world.tick())
    manager = replace(world.system, kind="operator", permissions=world.roles["user_manager"].permissions)

    for until in (None, world.now + timedelta(days=1)):
        proposal = LockRole(user_id=ann.user_id, role_id=editor, reason="mine", until=until)
        assert ("beyond you", True) in kinds_of(await looked_at(world, proposal, by=manager))
        assert ("beyond you", True) not in kinds_of(await looked_at(world, proposal))


async def test_ones_own_lock_is_found_and_refused(world: World) -> None:
    ann = await world.push_user("ann")
    own = replace(world.system, kind="operator", user_id=ann.user_id, permissions=frozenset({"users:manage"}))

    for proposal in (
        LockRole(user_id=ann.user_id, role_id=world.roles["loanee"].role_id, reason="mine"),
        UnlockRole(user_id=ann.user_id),
    ):
        assert ("own account", True) in kinds_of(await looked_at(world, proposal, by=own))
