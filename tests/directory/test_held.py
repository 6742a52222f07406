"""What operators decide of held changes: exactly what was shown, as far as they reach."""

import pytest

from directory import events, held, held_effects, locks, status, users
from directory.errors import NotFoundError
from directory.held import HeldFilter, Selection
from directory.model import Actor
from directory.store.unit import Engine
from tests.directory.guarding import (
    assert_sound,
    decide,
    delete,
    disable,
    effective,
    held_user_ids,
    picked,
    push_people,
    waiting,
)
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(store: Engine) -> World:
    assert store is not None
    return await create_world()


async def test_approving_a_deletion_leaves_a_tombstone_that_returns(world: World) -> None:
    people = await push_people(world, 11)
    group = await world.push_group("Staff", ["ext-p10"])
    await world.map_group(group, "editor")
    for user in people:
        await delete(world, user)
    assert (await decide(world, picked(await waiting(world)))).decided_count == 1
    with pytest.raises(NotFoundError):
        await users.get_user(world.tenant.tenant_id, people[10].user_id)
    await assert_sound(world)
    back = await world.push_user("p10")
    assert back.user_id == people[10].user_id
    assert await world.role_of(back) == "loanee"
    await users.show_user(world.tenant.tenant_id, back.user_id, world.source.source_id)
    await assert_sound(world)


async def test_approving_three_applies_exactly_three(world: World) -> None:
    people = await push_people(world, 20)
    for user in people:
        await disable(world, user)
    lines = await waiting(world)
    assert (await decide(world, picked(lines[:3]))).decided_count == 3
    assert len(await effective(world, people)) == 7
    assert len(await waiting(world)) == 7
    await assert_sound(world)


async def test_what_is_rejected_stays_without_effect(world: World) -> None:
    people = await push_people(world, 12)
    for user in people:
        await disable(world, user)
    await decide(world, Selection(wanted=HeldFilter()), "rejected")
    assert await waiting(world) == []
    assert len(await waiting(world, state="rejected")) == 2
    assert len(await effective(world, people)) == 2
    await assert_sound(world)


async def test_approving_all_goes_on_in_the_background(world: World) -> None:
    people = await push_people(world, 90)
    for user in people:
        await disable(world, user)
    decided = await decide(world, Selection(wanted=HeldFilter()))
    assert (decided.decided_count, decided.left_count) == (80, 20)
    while await held_effects.apply_batch(world.tenant.tenant_id, now=world.tick()) != (0, 0):
        pass
    assert await effective(world, people) == []
    await assert_sound(world)


async def test_nobody_is_asked_after_two_weeks(world: World) -> None:
    people = await push_people(world, 11)
    for user in people:
        await disable(world, user)
    (line,) = await waiting(world)
    assert not await held.has_expired(world.tick())
    assert await held.expire_held(now=line.held.expires_at) == 1
    assert len(await effective(world, people)) == 1
    (expired,) = await waiting(world, state="expired")
    assert expired.held.in_force
    await assert_sound(world)


async def test_blocking_a_held_user_settles_it(world: World) -> None:
    people = await push_people(world, 11)
    for user in people:
        await disable(world, user)
    held_user = people[10].user_id
    assert await status.block_signin(held_user, reason="Left", by=world.system, now=world.tick())
    assert await waiting(world) == []
    assert await status.allow_signin(held_user, by=world.system, now=world.tick())
    assert await effective(world, people) == []
    await assert_sound(world)


async def test_last_administrator_is_not_disabled_by_an_approval(world: World) -> None:
    people = await push_people(world, 11)
    group = await world.push_group("Admins", ["ext-p10"])
    await world.map_group(group, "administrator")
    for user in people:
        await disable(world, user)
    decided = await decide(world, picked(await waiting(world)))
    assert decided.refused_count == 1
    (line,) = await waiting(world)
    assert "Nobody active would be left" in line.held.note
    assert len(await effective(world, people)) == 1
    await assert_sound(world)


async def test_approval_reaches_only_as_far_as_its_operator(world: World) -> None:
    people = await push_people(world, 13)
    group = await world.push_group("Admins", ["ext-p10", "ext-p11"])
    await world.map_group(group, "administrator")
    for user in people:
        await disable(world, user)
    role_id = world.roles["user_manager"].role_id
    manager = await locks.create_local_user("manager", role_id=role_id, by=world.system, now=world.tick())
    by = Actor(
        tenant_id=world.tenant.tenant_id,
        kind="operator",
        label="Manager",
        user_id=manager.user_id,
        permissions=world.roles["user_manager"].permissions,
    )
    selection = Selection(wanted=HeldFilter())
    shown = await held.show(selection, by=by, limit=1)
    decided = await held.decide(selection, "approved", shown.plan_hash, by=by, now=world.tick())
    assert (decided.decided_count, decided.refused_count) == (3, 2)
    assert await held_user_ids(world) == {people[10].user_id, people[11].user_id}
    await assert_sound(world)


async def test_events_tell_what_was_held_and_decided(world: World) -> None:
    people = await push_people(world, 11)
    for user in people:
        await disable(world, user)
    await decide(world, picked(await waiting(world)))
    told = await events.list_events(world.tenant.tenant_id, limit=5)
    assert [event.action for event in told][:3] == ["user:disabled", "held:approved", "held:waiting"]
