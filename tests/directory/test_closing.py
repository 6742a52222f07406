"""Turning SCIM off: whose requests are refused, and what becomes of users."""

from datetime import timedelta

import pytest

from directory import closing, events, locks, secret_keys, sources, status, users
from directory.closing import Deed
from directory.errors import ForbiddenError, InvalidError, LastAdministratorError, NotFoundError, UnknownSecretError
from directory.model import Actor, SourceId
from tests.directory.world import World, create_world

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("store")]


async def with_local_administrator(world: World) -> None:
    await locks.create_local_user(
        "root", role_id=world.roles["administrator"].role_id, by=world.system, now=world.tick()
    )


async def turned_off(world: World, deed: Deed, *, batches: int = 50) -> int:
    await closing.turn_off(world.source.source_id, deed, by=world.system, now=world.tick())
    done = 0
    while batches and (count := await closing.advance_closings(now=world.tick())):
        done, batches = done + count, batches - 1
    return done


async def actions(world: World) -> list[str]:
    return [event.action for event in await events.list_events(world.tenant.tenant_id, limit=100)]


async def test_a_source_that_is_off_opens_to_no_secret_and_can_be_turned_on_again(world: World) -> None:
    issued = await secret_keys.issue_secret(world.source.source_id, label="x", by=world.system, now=world.tick())
    await turned_off(world, "keep")
    with pytest.raises(UnknownSecretError) as caught:
        await secret_keys.recognise(issued.token, now=world.now + timedelta(seconds=2))
    assert (caught.value.fault, caught.value.source_id) == ("source paused", world.source.source_id)

    await closing.turn_on(world.source.source_id, by=world.system, now=world.tick())

    caller = await secret_keys.recognise(issued.token, now=world.now + timedelta(seconds=4))
    assert caller.source.source_id == world.source.source_id
    assert await closing.find_closing(world.tenant.tenant_id, world.source.source_id) is None
    assert {"source:closed", "source:opened"} <= set(await actions(world))


async def test_keeping_changes_nobody(world: World) -> None:
    ann = await world.push_user("ann")
    assert await turned_off(world, "keep") == 0
    assert await users.get_user(world.tenant.tenant_id, ann.user_id) == ann
    found = await closing.find_closing(world.tenant.tenant_id, world.source.source_id)
    assert found is not None
    assert (found.deed, found.finished_at) == ("keep", found.asked_at)


async def test_users_become_local_with_their_role_and_groups(world: World) -> None:
    ann, bob = await world.push_user("ann"), await world.push_user("bob")
    staff = await world.push_group("Staff", ["ext-ann"])
    await world.map_group(staff, "editor")
    await users.delete_user(bob.user_id, by=world.client, now=world.tick())

    await turned_off(world, "local")

    after = await users.get_user(world.tenant.tenant_id, ann.user_id)
    assert (after.source_id, await world.role_of(ann)) == (None, "editor")
    assert await world.members_of(staff) == {"ann"}
    found = await closing.find_closing(world.tenant.tenant_id, world.source.source_id)
    assert found is not None
    assert (found.done_count, found.total_count) == (1, 1)
    assert found.finished_at is not None
    assert "source:users:released" in [
        event.action for event in await events.list_events(world.tenant.tenant_id, subject_id=ann.user_id, limit=10)
    ]
    await world.assert_consistent()


async def test_a_source_that_is_on_again_does_not_reach_whom_it_released(world: World) -> None:
    ann = await world.push_user("ann")
    await turned_off(world, "local")
    await closing.turn_on(world.source.source_id, by=world.system, now=world.tick())
    with pytest.raises(NotFoundError):
        await users.delete_user(ann.user_id, by=world.client, now=world.tick())
    await world.assert_consistent()


async def test_disabling_ends_the_access_of_the_active_ones(world: World) -> None:
    await with_local_administrator(world)
    people = [await world.push_user(f"person{number}") for number in range(3)]
    gone = await world.push_user("gone", active=False)

    await turned_off(world, "disable")

    for user in people:
        after = await users.get_user(world.tenant.tenant_id, user.user_id)
        assert (after.active, after.attributes.active, after.source_id) == (False, False, world.source.source_id)
    assert (await users.get_user(world.tenant.tenant_id, gone.user_id)).version == gone.version
    assert (await actions(world)).count("user:disabled") == 3
    await world.assert_consistent()


async def test_whoever_is_blocked_here_is_disabled_too(world: World) -> None:
    await with_local_administrator(world)
    ann = await world.push_user("ann")
    await status.block_signin(ann.user_id, reason="lost laptop", by=world.system, now=world.tick())

    await turned_off(world, "disable")

    after = await users.get_user(world.tenant.tenant_id, ann.user_id)
    assert (after.active, after.attributes.active) == (False, False)


async def test_nobody_is_disabled_where_no_administrator_would_be_left(world: World) -> None:
    ann = await world.push_user("ann")
    await locks.lock_role(
        ann.user_id,
        world.roles["administrator"].role_id,
        reason="runs it",
        until=None,
        by=world.system,
        now=world.tick(),
    )
    counts = await closing.count_closing(world.tenant.tenant_id, world.source.source_id)
    assert (counts.user_count, counts.active_count, counts.administrator_stays) == (1, 1, False)

    with pytest.raises(LastAdministratorError):
        await turned_off(world, "disable")

    assert not (await sources.get_source(world.tenant.tenant_id, world.source.source_id)).settings.paused


async def test_the_last_administrator_stays_when_the_other_one_left_meanwhile(world: World) -> None:
    root = await locks.create_local_user(
        "root", role_id=world.roles["administrator"].role_id, by=world.system, now=world.tick()
    )
    ann, bob = await world.push_user("ann"), await world.push_user("bob")
    for user in (ann,):
        await locks.lock_role(
            user.user_id,
            world.roles["administrator"].role_id,
            reason="runs it",
            until=None,
            by=world.system,
            now=world.tick(),
        )
    await closing.turn_off(world.source.source_id, "disable", by=world.system, now=world.tick())
    await status.set_local_status(root.user_id, active=False, by=world.system, now=world.tick())

    while await closing.advance_closings(now=world.tick()):
        pass

    found = await closing.find_closing(world.tenant.tenant_id, world.source.source_id)
    assert found is not None
    assert (found.done_count, found.kept_count) == (1, 1)
    assert (await users.get_user(world.tenant.tenant_id, ann.user_id)).active
    assert not (await users.get_user(world.tenant.tenant_id, bob.user_id)).active


async def test_it_goes_on_where_it_stopped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(closing.BATCH, "local", 2)
    for number in range(5):
        await world.push_user(f"person{number}")
    assert await turned_off(world, "local", batches=1) == 2
    under_way = await closing.find_closing(world.tenant.tenant_id, world.source.source_id)
    assert under_way is not None
    assert (under_way.done_count, under_way.finished_at) == (2, None)
    assert await closing.has_open_closings(world.now)

    while await closing.advance_closings(now=world.tick()):
        pass

    found = await closing.find_closing(world.tenant.tenant_id, world.source.source_id)
    assert found is not None
    assert found.done_count == 5
    assert not await closing.has_open_closings(world.now)


async def test_turning_off_twice_or_on_twice_is_refused(world: World) -> None:
    with pytest.raises(InvalidError):
        await closing.turn_on(world.source.source_id, by=world.system, now=world.tick())
    await turned_off(world, "keep")
    with pytest.raises(InvalidError):
        await turned_off(world, "keep")


async def test_it_takes_the_permissions_for_what_it_does(world: World) -> None:
    manager = Actor(
        tenant_id=world.tenant.tenant_id, kind="operator", label="m", permissions=frozenset({"sources:manage"})
    )
    with pytest.raises(ForbiddenError):
        await closing.turn_off(world.source.source_id, "local", by=manager, now=world.tick())
    with pytest.raises(ForbiddenError):
        await closing.turn_off(world.source.source_id, "keep", by=world.client, now=world.tick())
    await closing.turn_off(world.source.source_id, "keep", by=manager, now=world.tick())


async def test_another_tenants_source_is_not_found(world: World) -> None:
    other = await create_world("bristol")
    with pytest.raises(NotFoundError):
        await closing.turn_off(SourceId(other.source.source_id), "keep", by=world.system, now=world.tick())
    assert await closing.find_closing(world.tenant.tenant_id, other.source.source_id) is None
