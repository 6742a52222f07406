"""Local users: what operators change of them, and how they go."""

import pytest

from directory import local_users, locks, users
from directory.errors import (
    AlreadyExistsError,
    ForbiddenError,
    InvalidError,
    LastAdministratorError,
    NotFoundError,
    StaleError,
)
from directory.local_users import Details, OwnAccountError
from directory.model import Actor, User
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio


async def lena(world: World, role: str = "viewer", name: str = "lena") -> User:
    return await locks.create_local_user(
        name,
        display_name="Lena",
        email="lena@example.com",
        role_id=world.roles[role].role_id,
        by=world.system,
        now=world.tick(),
    )


def acting_as(world: World, user: User, role: str) -> Actor:
    """Return a user as an operator of a role."""
    return Actor(
        tenant_id=world.tenant.tenant_id,
        kind="operator",
        label="Otto",
        user_id=user.user_id,
        permissions=world.roles[role].permissions,
    )


async def test_details_change_and_everything_else_stays(world: World) -> None:
    user = await lena(world)

    await local_users.edit_local_user(
        user.user_id, Details(user_name="lena.l", display_name="Lena L."), by=world.system, now=world.tick()
    )
    after = await users.get_user(world.tenant.tenant_id, user.user_id)

    assert local_users.details_of(after.attributes) == Details(user_name="lena.l", display_name="Lena L.")
    assert (after.lock, after.decision, after.version) == (user.lock, user.decision, user.version + 1)
    await world.assert_consistent()


async def test_the_same_details_change_nothing(world: World) -> None:
    user = await lena(world)

    details = local_users.details_of(user.attributes)
    await local_users.edit_local_user(user.user_id, details, by=world.system, now=world.tick())

    assert await users.get_user(world.tenant.tenant_id, user.user_id) == user


async def test_details_that_cannot_be_are_refused(world: World) -> None:
    user, _ = await lena(world), await lena(world, name="rosa")

    for details, refusal in (
        (Details(user_name=" "), InvalidError),
        (Details(user_name="x" * 201), InvalidError),
        (Details(user_name="lena", email="nowhere"), InvalidError),
        (Details(user_name="ROSA"), AlreadyExistsError),
    ):
        with pytest.raises(refusal):
            await local_users.edit_local_user(user.user_id, details, by=world.system, now=world.tick())


async def test_who_saw_an_older_version_changes_nothing(world: World) -> None:
    user = await lena(world)

    with pytest.raises(StaleError):
        await local_users.edit_local_user(
            user.user_id, Details(user_name="x"), expect=lambda _: False, by=world.system, now=world.tick()
        )


async def test_a_user_of_a_source_is_its_sources(world: World) -> None:
    ann = await world.push_user("ann")

    with pytest.raises(InvalidError, match="source"):
        await local_users.edit_local_user(ann.user_id, Details(user_name="x"), by=world.system, now=world.tick())
    with pytest.raises(InvalidError, match="source"):
        await local_users.delete_local_user(ann.user_id, by=world.system, now=world.tick())


async def test_a_deleted_user_is_gone_and_its_name_is_free(world: World) -> None:
    user = await lena(world)

    await local_users.delete_local_user(user.user_id, by=world.system, now=world.tick())

    with pytest.raises(NotFoundError):
        await users.get_user(world.tenant.tenant_id, user.user_id)
    assert (await lena(world)).user_id != user.user_id
    await world.assert_consistent()


async def test_neither_oneself_nor_the_last_administrator_is_deleted(world: World) -> None:
    user = await lena(world, "administrator")

    with pytest.raises(OwnAccountError):
        await local_users.delete_local_user(user.user_id, by=acting_as(world, user, "administrator"), now=world.tick())
    with pytest.raises(LastAdministratorError):
        await local_users.delete_local_user(user.user_id, by=world.system, now=world.tick())


async def test_nobody_touches_more_than_they_have(world: World) -> None:
    chief, otto = await lena(world, "administrator", "chief"), await lena(world, "user_manager", "otto")
    by = acting_as(world, otto, "user_manager")

    with pytest.raises(ForbiddenError):
        await local_users.delete_local_user(chief.user_id, by=by, now=world.tick())
    with pytest.raises(ForbiddenError):
        await local_users.edit_local_user(chief.user_id, Details(user_name="x"), by=by, now=world.tick())


async def test_another_tenants_user_is_nobody(world: World) -> None:
    theirs = await lena(await create_world("bristol"))

    with pytest.raises(NotFoundError):
        await local_users.delete_local_user(theirs.user_id, by=world.system, now=world.tick())
