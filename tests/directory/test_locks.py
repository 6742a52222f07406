"""Who may lock and unlock whose role: nobody gives or takes away more than they have."""

from dataclasses import replace

import pytest

from directory import locks
from directory.errors import ForbiddenError, InvalidError
from directory.model import Actor, User
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
