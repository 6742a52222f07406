"""The guard over what a source pushes: what is held, what is not, and what the source sees of it."""

import asyncio

import pytest

from directory import groups, guard_limits, users
from directory.edits import GroupEdit
from directory.errors import AlreadyExistsError, NotFoundError
from directory.guard import Limits
from directory.model import JsonObject, UserAttributes
from directory.query import Window
from directory.store.unit import Engine
from tests.directory.counting import counted_statements
from tests.directory.guarding import (
    assert_sound,
    decide,
    delete,
    disable,
    effective,
    empty,
    held_user_ids,
    members_shown,
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


async def test_eleventh_leaver_of_a_small_tenant_is_held(world: World) -> None:
    people = await push_people(world, 20)
    for user in people[:12]:
        await disable(world, user)
    assert len(await effective(world, people)) == 10
    lines = await waiting(world)
    assert {line.held.user_id for line in lines} == {user.user_id for user in people[10:12]}
    assert {(line.held.kind, line.held.why.rule, line.held.why.limit, line.held.why.spent) for line in lines} == {
        ("disable", "users", 10, 10)
    }
    await assert_sound(world)


async def test_source_reads_what_it_reported(world: World) -> None:
    people = await push_people(world, 12)
    for user in people:
        await disable(world, user)
    last = people[-1]
    view = await users.show_user(world.tenant.tenant_id, last.user_id, world.source.source_id)
    assert view.attributes.active is False
    assert (await users.get_user(world.tenant.tenant_id, last.user_id)).active


async def test_tenth_of_many_is_the_limit(world: World) -> None:
    people = await push_people(world, 120)
    for user in people[:20]:
        await disable(world, user)
    # 10 % of those who are active then: the eleventh leaver leaves 109.
    assert len(await effective(world, people)) == 109
    assert len(await waiting(world)) == 9
    await assert_sound(world)


async def test_limit_is_of_a_rolling_day(world: World) -> None:
    people = await push_people(world, 13)
    for user in people[:11]:
        await disable(world, user)
    world.now = world.now.replace(day=world.now.day + 1, hour=world.now.hour + 1, minute=59)
    await disable(world, people[11])
    assert await held_user_ids(world) == {people[10].user_id}


async def test_enabling_overtakes_what_was_held(world: World) -> None:
    people = await push_people(world, 11)
    for user in people:
        await disable(world, user)
    await set_active(world, people[10], active=True)
    assert await waiting(world) == []
    assert [line.held.user_id for line in await waiting(world, state="overtaken")] == [people[10].user_id]
    assert len(await effective(world, people)) == 1
    await assert_sound(world)


async def test_other_attributes_of_a_held_user_change_without_disabling_it(world: World) -> None:
    people = await push_people(world, 11)
    for user in people:
        await disable(world, user)

    def rename(attributes: UserAttributes) -> UserAttributes:
        return UserAttributes({**attributes.document, "displayName": "Another"})

    await users.edit_user(people[10].user_id, rename, by=world.client, now=world.tick())
    assert len(await waiting(world)) == 1
    assert len(await effective(world, people)) == 1
    await assert_sound(world)


async def test_deleting_all_deletes_as_many_as_the_limit_allows(world: World) -> None:
    people = await push_people(world, 30)
    group = await world.push_group("Staff", [f"ext-p{at}" for at in range(30)])
    await world.map_group(group, "editor")
    for user in people:
        await delete(world, user)
    assert len(await waiting(world, kind="delete")) == 20
    kept = people[10:]
    assert len(await effective(world, kept)) == 20
    assert {await world.role_of(user) for user in kept} == {"editor"}
    assert await members_shown(world, group.group_id) == 0
    found = await users.list_users(world.tenant.tenant_id, world.source.source_id, None, Window(limit=100))
    assert (found.total, found.things) == (0, [])
    with pytest.raises(NotFoundError):
        await users.show_user(world.tenant.tenant_id, kept[0].user_id, world.source.source_id)
    with pytest.raises(NotFoundError):
        await disable(world, kept[0])
    await assert_sound(world)


async def test_posting_a_user_anew_overtakes_its_deletion_and_keeps_its_role(world: World) -> None:
    people = await push_people(world, 11)
    group = await world.push_group("Staff", ["ext-p10"])
    await world.map_group(group, "editor")
    for user in people:
        await delete(world, user)
    document: JsonObject = {"userName": "p10@example.org", "externalId": "ext-p10", "active": True}
    back, is_new = await users.create_user(
        UserAttributes(document), by=world.client, now=world.tick(), revive_inactive=True
    )
    assert is_new
    assert back.user_id == people[10].user_id
    # Its membership was not reported again: that it is gone is what waits now.
    assert await world.role_of(back) == "editor"
    assert [(line.held.kind, line.held.group_id) for line in await waiting(world)] == [("leave", group.group_id)]
    await assert_sound(world)
    await world.edit_members(group, add=["ext-p10"])
    assert await waiting(world) == []
    assert await world.role_of(back) == "editor"
    assert await members_shown(world, group.group_id) == 1
    await assert_sound(world)


async def test_another_person_cannot_take_the_name_of_a_held_deletion(world: World) -> None:
    people = await push_people(world, 11)
    for user in people:
        await delete(world, user)
    document: JsonObject = {"userName": "p10@example.org", "externalId": "somebody-else", "active": True}
    with pytest.raises(AlreadyExistsError):
        await users.create_user(UserAttributes(document), by=world.client, now=world.tick(), revive_inactive=True)


async def test_emptied_group_keeps_its_members_in_effect(world: World) -> None:
    people = await push_people(world, 12)
    group = await world.push_group("Staff", [f"ext-p{at}" for at in range(12)])
    await world.map_group(group, "editor")
    await empty(world, group)
    assert {await world.role_of(user) for user in people} == {"editor"}
    assert await members_shown(world, group.group_id) == 0
    lines = await waiting(world)
    assert {(line.held.kind, line.held.why.rule, line.held.why.limit) for line in lines} == {("leave", "emptied", 12)}
    assert len(lines) == 12
    await assert_sound(world)


async def test_group_that_loses_half_loses_as_many_as_the_limit_allows(world: World) -> None:
    people = await push_people(world, 20)
    group = await world.push_group("Staff", [f"ext-p{at}" for at in range(20)])
    await world.map_group(group, "editor")
    await world.edit_members(group, remove=[f"ext-p{at}" for at in range(10)])
    assert await waiting(world) == []
    await world.edit_members(group, remove=["ext-p10"])
    assert await held_user_ids(world) == {people[10].user_id}
    assert await world.role_of(people[10]) == "editor"
    await assert_sound(world)


async def test_request_that_does_not_fit_is_held_whole_but_its_harmless_parts_apply(world: World) -> None:
    people = await push_people(world, 50)
    first = await world.push_group("First", [f"ext-p{at}" for at in range(40)])
    second = await world.push_group("Second", [f"ext-p{at}" for at in range(5)])
    await world.map_group(first, "editor")
    await world.map_group(second, "editor")
    await world.edit_members(first, add=["ext-p49"], remove=[f"ext-p{at}" for at in range(16)])
    # Five of the sixteen have the role from the other group too: they lose nothing, and are out.
    assert await held_user_ids(world) == {user.user_id for user in people[5:16]}
    assert await world.role_of(people[49]) == "editor"
    assert await members_shown(world, first.group_id) == 25
    await assert_sound(world)


async def test_deleting_a_group_holds_its_members(world: World) -> None:
    people = await push_people(world, 12)
    group = await world.push_group("Staff", [f"ext-p{at}" for at in range(12)])
    await world.map_group(group, "editor")
    await groups.delete_group(group.group_id, by=world.client, now=world.tick())
    with pytest.raises(NotFoundError):
        await groups.get_group(world.tenant.tenant_id, group.group_id)
    assert {await world.role_of(user) for user in people} == {"editor"}
    assert len(await waiting(world)) == 12
    await assert_sound(world)
    back = await world.push_group("Staff", [f"ext-p{at}" for at in range(12)])
    assert back.group_id == group.group_id
    assert await waiting(world) == []
    await assert_sound(world)


async def test_second_administrator_of_a_day_is_held_back(world: World) -> None:
    people = await push_people(world, 4)
    group = await world.push_group("Admins", ["ext-p0"])
    await world.map_group(group, "administrator")
    await world.edit_members(group, add=["ext-p1"])
    assert await world.role_of(people[1]) == "administrator"
    await world.edit_members(group, add=["ext-p2"])
    assert await world.role_of(people[2]) == "loanee"
    assert await members_shown(world, group.group_id) == 3
    assert [(line.held.kind, line.held.user_id) for line in await waiting(world)] == [("join", people[2].user_id)]
    await assert_sound(world)
    await decide(world, picked(await waiting(world)))
    assert await world.role_of(people[2]) == "administrator"
    await assert_sound(world)


async def test_newcomer_whom_an_administrators_group_waits_for_is_held_back(world: World) -> None:
    await push_people(world, 2)
    group = await world.push_group("Admins", ["ext-p0", "ext-late", "ext-later"])
    await world.map_group(group, "administrator")
    late, later = await world.push_user("late"), await world.push_user("later")
    assert (await world.role_of(late), await world.role_of(later)) == ("administrator", "loanee")
    assert await held_user_ids(world) == {later.user_id}
    await assert_sound(world)
    await world.edit_members(group, remove=["ext-later"])
    assert await waiting(world) == []
    await assert_sound(world)


async def test_joining_that_takes_permissions_away_is_held(world: World) -> None:
    people = await push_people(world, 30)
    low = await world.push_group("Low")
    high = await world.push_group("High", [f"ext-p{at}" for at in range(30)])
    await world.map_group(low, "loanee")
    await world.map_group(high, "editor")
    await world.edit_members(low, add=[f"ext-p{at}" for at in range(20)])
    assert {await world.role_of(user) for user in people} == {"editor"}
    assert {line.held.kind for line in await waiting(world)} == {"join"}
    assert len(await waiting(world)) == 20
    await assert_sound(world)


async def test_a_single_leaver_is_not_delayed_while_anything_is_left(world: World) -> None:
    people = await push_people(world, 30)
    group = await world.push_group("Staff", [f"ext-p{at}" for at in range(30)])
    await world.map_group(group, "editor")
    await world.edit_members(group, remove=[f"ext-p{at}" for at in range(12)])
    assert len(await waiting(world)) == 12
    await world.edit_members(group, remove=["ext-p20"])
    await disable(world, people[21])
    assert await world.role_of(people[20]) == "loanee"
    assert len(await effective(world, people)) == 29


async def test_what_is_let_pass_once_is_used_up_first(world: World) -> None:
    people = await push_people(world, 40)
    await guard_limits.let_pass(world.source.source_id, "users", 15, by=world.system, now=world.tick())
    for user in people[:26]:
        await disable(world, user)
    assert len(await waiting(world)) == 1
    (budget,) = await guard_limits.list_budgets(world.tenant.tenant_id, now=world.tick())
    assert (budget.budget.raised.users, budget.budget.spent.users) == (0, 10)


async def test_guard_can_be_off(world: World) -> None:
    people = await push_people(world, 12)
    group = await world.push_group("Staff", [f"ext-p{at}" for at in range(12)])
    await world.map_group(group, "editor")
    await guard_limits.set_limits(Limits(on=False), by=world.system, now=world.tick())
    await empty(world, group)
    for user in people:
        await disable(world, user)
    assert await waiting(world) == []
    assert await effective(world, people) == []


async def test_requests_that_race_at_the_edge_of_the_limit_never_pass_it(world: World) -> None:
    people = await push_people(world, 40)
    await asyncio.gather(*(disable(world, user) for user in people))
    assert len(await effective(world, people)) == 30
    assert len(await waiting(world)) == 30
    await assert_sound(world)


async def test_usual_edits_run_the_same_statements_as_without_the_guard(world: World, store: Engine) -> None:
    people = await push_people(world, 3)
    group = await world.push_group("Staff", ["ext-p0"])
    await world.map_group(group, "editor")
    with counted_statements(store) as counted:
        await world.edit_members(group, add=["ext-p1"])

        def rename(attributes: UserAttributes) -> UserAttributes:
            return UserAttributes({**attributes.document, "displayName": "Another"})

        await users.edit_user(people[2].user_id, rename, by=world.client, now=world.tick())
    assert not [text for text in counted.texts if "guard" in text or "held_change" in text]


async def test_many_who_leave_a_group_at_once_are_held(world: World) -> None:
    count = 1_200
    people = await push_people(world, count)
    group = await world.push_group("Staff", [f"ext-p{at}" for at in range(count)])
    await world.map_group(group, "editor")
    await groups.edit_group(
        group.group_id,
        GroupEdit(remove=frozenset(f"ext-p{at}" for at in range(550))),
        by=world.client,
        now=world.tick(),
    )
    assert len(await waiting(world)) == 550
    assert await world.role_of(people[0]) == "editor"
    await assert_sound(world)
