"""Ways around the guard that are closed: locks, walks, links, adoptions, and what operators do meanwhile."""

from datetime import timedelta
from functools import partial

import pytest

from directory import closing, graves, guard_limits, held, local_users, locks, mappings, relinks, status, upkeep, users
from directory.errors import MetError, MovedError, NotFoundError
from directory.held import HeldFilter, Selection
from directory.model import Actor, Group, User, UserAttributes
from directory.store.unit import Engine
from tests.directory import meeting
from tests.directory.guarding import (
    assert_sound,
    decide,
    delete,
    disable,
    effective,
    empty,
    held_user_ids,
    picked,
    push_people,
    set_active,
    waiting,
)
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(store: Engine) -> World:
    assert store is not None
    return await create_world()


async def staff_of(world: World, count: int, role: str = "editor", name: str = "Staff") -> tuple[list[User], Group]:
    people = await push_people(world, count)
    group = await world.push_group(name, [f"ext-p{at}" for at in range(count)])
    await world.map_group(group, role)
    return people, group


async def manager_of(world: World) -> Actor:
    role = world.roles["user_manager"]
    user = await locks.create_local_user("manager", role_id=role.role_id, by=world.system, now=world.tick())
    return Actor(
        tenant_id=world.tenant.tenant_id,
        kind="operator",
        label="Manager",
        user_id=user.user_id,
        permissions=role.permissions,
    )


async def root_of(world: World) -> None:
    role_id = world.roles["administrator"].role_id
    await locks.create_local_user("root", role_id=role_id, by=world.system, now=world.tick())


async def turned_off(world: World, deed: closing.Deed) -> None:
    await closing.turn_off(world.source.source_id, deed, by=world.system, now=world.tick())
    while await closing.has_open_closings(world.now):
        await closing.advance_closings(now=world.tick())


def given(attributes: UserAttributes, _: UserAttributes) -> UserAttributes:
    return attributes


async def spent(world: World) -> tuple[int, int]:
    (left,) = await guard_limits.list_budgets(world.tenant.tenant_id, now=world.tick())
    return left.budget.spent.users, left.budget.spent.roles


async def test_nobody_makes_administrators_by_approving_what_was_harmless_when_it_was_held(world: World) -> None:
    people, top = await staff_of(world, 12, "viewer", "Top")
    admins = await world.push_group("Admins")
    await world.map_group(admins, "administrator")
    await empty(world, top)
    await world.edit_members(admins, add=["ext-p0"])
    (line,) = [one for one in await waiting(world, kind="leave") if one.held.user_id == people[0].user_id]
    by, selection = await manager_of(world), picked([line])
    shown = await held.show(selection, by=by, limit=1)
    decided = await held.decide(selection, "approved", shown.plan_hash, by=by, now=world.tick())
    assert (decided.decided_count, decided.refused_count) == (1, 1)
    assert await world.role_of(people[0]) == "viewer"
    assert "carries more" in (await waiting(world, user_id=people[0].user_id))[0].held.note
    await assert_sound(world)


async def test_administration_under_a_lock_counts(world: World) -> None:
    people = await push_people(world, 4)
    admins = await world.push_group("Admins")
    await world.map_group(admins, "administrator")
    for user in people:
        await locks.lock_role(
            user.user_id,
            world.roles["viewer"].role_id,
            reason="x",
            until=world.now + timedelta(days=1),
            by=world.system,
            now=world.tick(),
        )
    await world.edit_members(admins, add=[f"ext-p{at}" for at in range(4)])
    assert await held_user_ids(world) == {user.user_id for user in people}
    world.now += timedelta(days=2)
    await locks.expire_locks(now=world.tick(), limit=100)
    assert {await world.role_of(user) for user in people} == {"loanee"}
    await assert_sound(world)


async def test_grants_count_while_a_walk_is_under_way(world: World) -> None:
    count, moved = 540, [f"ext-p{at}" for at in range(510)]
    people, contractors = await staff_of(world, count, "loanee", "Contractors")
    admins = await world.push_group("Admins")
    await world.map_group(admins, "administrator")
    while await mappings.redecide(None, now=world.tick(), batches=50):
        pass
    await guard_limits.set_limits(guard_limits.Limits(on=False), by=world.system, now=world.tick())
    await world.edit_members(contractors, remove=moved)
    await guard_limits.set_limits(guard_limits.Limits(), by=world.system, now=world.tick())
    await world.edit_members(admins, add=moved)
    while await mappings.redecide(None, now=world.tick(), batches=50):
        pass
    assert len(await waiting(world, kind="join")) == 510
    assert await world.role_of(people[0]) == "loanee"
    await assert_sound(world)


async def test_a_new_external_id_that_takes_roles_away_is_held(world: World) -> None:
    low = await world.push_group("Low", [f"new-{at}" for at in range(14)])
    await world.map_group(low, "loanee")
    people, _ = await staff_of(world, 14)
    for at, user in enumerate(people):
        renamed = UserAttributes({**user.attributes.document, "externalId": f"new-{at}"})
        await users.edit_user(user.user_id, partial(given, renamed), by=world.client, now=world.tick())
    assert [await world.role_of(user) for user in people] == ["loanee"] * 10 + ["editor"] * 4
    assert {line.held.kind for line in await waiting(world)} == {"join"}
    assert await held_user_ids(world) == {user.user_id for user in people[10:]}
    await assert_sound(world)
    await decide(world, Selection(wanted=HeldFilter()))
    assert {await world.role_of(user) for user in people} == {"loanee"}
    await assert_sound(world)


async def test_operators_do_not_bring_back_whom_the_source_deleted(world: World) -> None:
    people, _ = await staff_of(world, 11)
    for user in people:
        await delete(world, user)
    kept = people[10]
    assert await relinks.relink_user(kept.user_id, "ext-new", by=world.system, now=world.tick())
    assert (await users.get_user(world.tenant.tenant_id, kept.user_id)).reported_deleted_at is not None
    with pytest.raises(NotFoundError):
        await users.show_user(world.tenant.tenant_id, kept.user_id, world.source.source_id)
    assert [line.held.kind for line in await waiting(world)] == ["delete"]
    await assert_sound(world)


async def test_turning_scim_off_disables_whom_the_guard_kept_active(world: World) -> None:
    await root_of(world)
    people, _ = await staff_of(world, 13)
    for user in people[:11]:
        await disable(world, user)
    await delete(world, people[11])
    counts = await closing.count_closing(world.tenant.tenant_id, world.source.source_id)
    assert counts.active_count == 3
    await turned_off(world, "disable")
    found = await closing.find_closing(world.tenant.tenant_id, world.source.source_id)
    assert found is not None
    assert (found.done_count, found.total_count) == (3, 3)
    assert await effective(world, people) == []
    assert [line.held.kind for line in await waiting(world)] == ["delete"]
    await assert_sound(world)
    await closing.turn_on(world.source.source_id, by=world.system, now=world.tick())
    with pytest.raises(NotFoundError):
        await users.show_user(world.tenant.tenant_id, people[11].user_id, world.source.source_id)


async def test_a_held_leaver_who_became_local_can_be_disabled_and_deleted(world: World) -> None:
    people, _ = await staff_of(world, 12)
    for user in people[:11]:
        await disable(world, user)
    await delete(world, people[11])
    await turned_off(world, "local")
    assert await status.set_local_status(people[10].user_id, active=False, by=world.system, now=world.tick())
    assert not await status.set_local_status(people[10].user_id, active=False, by=world.system, now=world.tick())
    assert await effective(world, people[10:]) == [await users.get_user(world.tenant.tenant_id, people[11].user_id)]
    from_operator = meeting.operator(world)
    await delete_local(world, people[11], from_operator)
    assert await waiting(world) == []
    await assert_sound(world)
    await graves.restore_user(people[11].user_id, by=from_operator, now=world.tick())
    assert await world.role_of(people[11]) == "loanee"
    assert await upkeep.list_misheld_users(world.tenant.tenant_id) == []


async def delete_local(world: World, user: User, by: Actor) -> None:
    await local_users.delete_local_user(user.user_id, by=by, now=world.tick())


async def test_an_adoption_settles_what_the_former_source_held(world: World) -> None:
    people, group = await staff_of(world, 12)
    await empty(world, group)
    okta = await meeting.second_source(world)
    with pytest.raises(MetError):
        await meeting.push(world, okta, "p0@example.org", externalId="okta-0")
    (entry,) = await meeting.queue(world)
    await meeting.decide(world, entry, "adopt")
    assert people[0].user_id not in await held_user_ids(world)
    assert await world.role_of(people[0]) == "loanee"
    await assert_sound(world)


async def test_an_adopted_user_is_shown_to_its_new_source_although_the_former_deleted_it(world: World) -> None:
    people, _ = await staff_of(world, 11)
    for user in people:
        await delete(world, user)
    okta = await meeting.second_source(world)
    with pytest.raises(MetError):
        await meeting.push(world, okta, "p10@example.org", externalId="okta-10")
    (entry,) = await meeting.queue(world)
    await meeting.decide(world, entry, "adopt")
    assert okta.source_id is not None
    view = await users.show_user(world.tenant.tenant_id, people[10].user_id, okta.source_id)
    assert view.attributes.external_id == "okta-10"
    assert await waiting(world) == []
    await assert_sound(world)


async def test_only_what_is_in_force_is_shown_to_be_decided(world: World) -> None:
    people = await push_people(world, 14)
    for user in people:
        await disable(world, user)
    await decide(world, Selection(wanted=HeldFilter()), "rejected")
    for user in people[11:]:
        await set_active(world, user, active=True)
    selection = Selection(wanted=HeldFilter(state="rejected"))
    shown = await held.show(selection, by=world.system, limit=10)
    assert (shown.count, [line.held.user_id for line in shown.lines]) == (1, [people[10].user_id])
    assert (await decide(world, selection)).decided_count == 1
    assert len(await effective(world, people)) == 3
    await assert_sound(world)


async def test_what_comes_in_after_the_preview_is_not_approved_with_the_rest(world: World) -> None:
    people = await push_people(world, 13)
    for user in people[:12]:
        await disable(world, user)
    selection = Selection(wanted=HeldFilter())
    shown = await held.show(selection, by=world.system, limit=10)
    await set_active(world, people[10], active=True)
    await delete(world, people[12])
    with pytest.raises(MovedError):
        await held.decide(selection, "approved", shown.plan_hash, by=world.system, now=world.tick())
    assert await held_user_ids(world) == {people[11].user_id, people[12].user_id}


async def test_an_approval_that_the_source_took_back_was_overtaken(world: World) -> None:
    people = await push_people(world, 75)
    for user in people:
        await disable(world, user)
    assert (await decide(world, Selection(wanted=HeldFilter()))).left_count == 5
    (late, *_) = [line for line in await waiting(world, state="approved") if line.held.in_force]
    (user,) = [one for one in people if one.user_id == late.held.user_id]
    await set_active(world, user, active=True)
    assert [line.held.user_id for line in await waiting(world, state="overtaken")] == [user.user_id]
    await assert_sound(world)


async def test_one_who_flaps_does_not_use_up_the_limit(world: World) -> None:
    people = await push_people(world, 14)
    for _ in range(11):
        await disable(world, people[0])
        await set_active(world, people[0], active=True)
    assert await spent(world) == (0, 0)
    await disable(world, people[1])
    assert await waiting(world) == []
    assert await spent(world) == (1, 0)


async def test_what_was_let_pass_is_not_given_back_as_spent(world: World) -> None:
    people = await push_people(world, 14)
    await guard_limits.let_pass(world.source.source_id, "users", 1, by=world.system, now=world.tick())
    await disable(world, people[0])
    await set_active(world, people[0], active=True)
    assert await spent(world) == (0, 0)


async def test_an_administrator_who_is_enabled_counts_as_a_grant(world: World) -> None:
    people = await push_people(world, 3)
    admins = await world.push_group("Admins", ["ext-p0", "ext-p1"])
    await world.map_group(admins, "administrator")
    await disable(world, people[1])
    await set_active(world, people[1], active=True)
    assert await spent(world) == (0, 0)
    await disable(world, people[1])
    world.now += timedelta(days=2)
    await set_active(world, people[1], active=True)
    assert await spent(world) == (0, 10)
    await world.edit_members(admins, add=["ext-p2"])
    assert await held_user_ids(world) == {people[2].user_id}
    await assert_sound(world)
