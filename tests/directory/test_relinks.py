"""A link put right by hand: the source finds its user by another id."""

from dataclasses import replace

import pytest

from directory import events, locks, relinks, status, users
from directory.errors import AlreadyExistsError, ForbiddenError, InvalidError, NotFoundError
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio


async def test_the_source_finds_the_user_by_the_new_id_only(world: World) -> None:
    user = await world.push_user("ann")

    assert await relinks.relink_user(user.user_id, "ext-new", by=world.system, now=world.tick())

    group = await world.push_group("Staff", ["ext-new"])
    assert await world.members_of(group) == {"ann"}
    found = await events.list_events(world.tenant.tenant_id, subject_id=user.user_id, limit=9)
    (told,) = [event for event in found if event.action == "user:relinked"]
    assert (told.changes[0].old, told.changes[0].new) == ("ext-ann", "ext-new")


async def test_groups_that_wait_for_the_new_id_get_the_user_and_decide_its_role(world: World) -> None:
    user = await world.push_user("ann")
    group = await world.push_group("Staff", ["ext-new"])
    await world.map_group(group, "editor")

    await relinks.relink_user(user.user_id, "ext-new", by=world.system, now=world.tick())

    assert await world.members_of(group) == {"ann"}
    assert await world.role_of(user) == "editor"
    await world.assert_consistent()


async def test_a_deleted_user_comes_back_under_the_id_that_it_was_given(world: World) -> None:
    user = await world.push_user("ann")
    await relinks.relink_user(user.user_id, "ext-new", by=world.system, now=world.tick())
    await users.delete_user(user.user_id, by=world.client, now=world.tick())

    back = await world.push_user("ann", externalId="ext-new")

    assert back.user_id == user.user_id


async def test_unlinking_leaves_the_user_to_its_source(world: World) -> None:
    user = await world.push_user("ann")

    assert await relinks.relink_user(user.user_id, None, by=world.system, now=world.tick())
    assert not await relinks.relink_user(user.user_id, None, by=world.system, now=world.tick())

    found = await users.get_user(world.tenant.tenant_id, user.user_id)
    assert (found.source_id, found.attributes.external_id) == (world.source.source_id, None)
    with pytest.raises(AlreadyExistsError):
        await world.push_user("ann")


async def test_an_id_that_somebody_else_has_is_refused(world: World) -> None:
    ann, _ = await world.push_user("ann"), await world.push_user("bob")

    with pytest.raises(AlreadyExistsError):
        await relinks.relink_user(ann.user_id, "ext-bob", by=world.system, now=world.tick())


async def test_a_blocked_user_stays_out(world: World) -> None:
    user = await world.push_user("ann")
    await status.block_signin(user.user_id, reason="x", by=world.system, now=world.tick())

    await relinks.relink_user(user.user_id, "ext-new", by=world.system, now=world.tick())

    assert not (await users.get_user(world.tenant.tenant_id, user.user_id)).active


@pytest.mark.parametrize("external_id", ["", " ", "x" * 9000, "a\nb", "é" * 1500])
async def test_an_id_can_be_shown_and_found_by(world: World, external_id: str) -> None:
    user = await world.push_user("ann")

    with pytest.raises(InvalidError):
        await relinks.relink_user(user.user_id, external_id, by=world.system, now=world.tick())


async def test_a_local_user_has_no_link(world: World) -> None:
    user = await locks.create_local_user(
        "lou", role_id=world.roles["viewer"].role_id, by=world.system, now=world.tick()
    )

    with pytest.raises(InvalidError):
        await relinks.relink_user(user.user_id, "x", by=world.system, now=world.tick())


async def test_it_takes_somebody_who_manages_sources(world: World) -> None:
    user = await world.push_user("ann")
    manager = replace(world.system, kind="operator", permissions=world.roles["user_manager"].permissions)

    with pytest.raises(ForbiddenError):
        await relinks.relink_user(user.user_id, "x", by=manager, now=world.tick())


async def test_another_tenants_user_is_not_there(world: World) -> None:
    theirs = await (await create_world("bristol")).push_user("ann")

    with pytest.raises(NotFoundError):
        await relinks.relink_user(theirs.user_id, "x", by=world.system, now=world.tick())
