"""Several clients at once: nothing is lost, doubled or left waiting."""

import asyncio

import pytest

from directory import groups, locks, users
from directory.errors import AlreadyExistsError, LastAdministratorError
from directory.events import list_events
from directory.model import User
from directory.query import Window
from tests.directory.world import World

pytestmark = pytest.mark.anyio


async def test_parallel_posts_of_one_user_name_make_one_user(world: World) -> None:
    async def post() -> User | None:
        try:
            return await world.push_user("ann")
        except AlreadyExistsError:
            return None

    answers = await asyncio.gather(*(post() for _ in range(8)))
    assert sum(answer is not None for answer in answers) == 1
    answer = await users.list_users(world.tenant.tenant_id, world.source.source_id, None, Window(offset=0, limit=10))
    _, total = answer.things, answer.total
    assert total == 1
    await world.assert_consistent()


async def test_parallel_adds_to_one_group_keep_all(world: World) -> None:
    for n in range(12):
        await world.push_user(f"user{n}")
    staff = await world.push_group("staff")
    await world.map_group(staff, "editor")
    await asyncio.gather(*(world.edit_members(staff, add=[f"ext-user{n}"]) for n in range(12)))
    after = await groups.get_group(world.tenant.tenant_id, staff.group_id)
    assert (after.member_count, len(await world.members_of(staff))) == (12, 12)
    await world.assert_consistent()


async def test_users_and_the_groups_that_name_them_arrive_at_once_and_meet(world: World) -> None:
    staff = await world.push_group("staff")
    await world.map_group(staff, "editor")
    names = [f"user{n}" for n in range(20)]
    await asyncio.gather(
        *(world.push_user(name) for name in names),
        *(world.edit_members(staff, add=[f"ext-{name}"]) for name in names),
    )
    after = await groups.get_group(world.tenant.tenant_id, staff.group_id)
    assert (after.member_count, after.waiting_count) == (20, 0)
    await world.assert_consistent()


async def test_deleting_users_while_groups_change_leaves_no_ghosts(world: World) -> None:
    people = [await world.push_user(f"user{n}") for n in range(10)]
    staff = await world.push_group("staff")
    await world.map_group(staff, "editor")
    await asyncio.gather(
        *(world.edit_members(staff, add=[str(person.user_id)]) for person in people),
        *(users.delete_user(person.user_id, by=world.client, now=world.tick()) for person in people),
    )
    assert await world.members_of(staff) == set()
    await world.assert_consistent()


async def test_adding_and_removing_one_member_at_once_tells_every_move(world: World) -> None:
    ann = await world.push_user("ann")
    staff = await world.push_group("staff")
    await asyncio.gather(
        *(world.edit_members(staff, add=["ext-ann"]) for _ in range(10)),
        *(world.edit_members(staff, remove=["ext-ann"]) for _ in range(10)),
    )
    after = await groups.get_group(world.tenant.tenant_id, staff.group_id)
    moves = [
        event
        for event in await list_events(world.tenant.tenant_id, subject_id=staff.group_id, limit=100)
        if event.action == "group:members:changed"
    ]
    assert after.member_count == len(await world.members_of(staff))
    assert after.version == staff.version + len(moves)
    assert ann.user_id is not None
    await world.assert_consistent()


async def test_edits_of_many_groups_that_name_one_user_do_not_wait_for_each_other_in_a_circle(world: World) -> None:
    await world.push_user("ann")
    circles = [await world.push_group(f"group{n}") for n in range(8)]
    for group in circles:
        await world.map_group(group, "editor")
    await asyncio.gather(*(world.edit_members(group, add=["ext-ann"]) for group in circles))
    assert [await world.members_of(group) for group in circles] == [{"ann"}] * 8
    await world.assert_consistent()


async def test_a_mapping_can_be_changed_while_clients_push(world: World) -> None:
    people = [await world.push_user(f"user{n}") for n in range(16)]
    staff = await world.push_group("staff")

    async def push(person: User) -> None:
        for _ in range(5):
            await world.edit_members(staff, add=[str(person.user_id)])
            await world.edit_members(staff, remove=[str(person.user_id)])
        await world.edit_members(staff, add=[str(person.user_id)])

    await asyncio.gather(*(push(person) for person in people), world.map_group(staff, "editor"))
    assert {await world.role_of(person) for person in people} == {"editor"}
    await world.assert_consistent()


async def test_of_many_administrators_deleted_at_once_one_stays(world: World) -> None:
    people = [await world.push_user(f"admin{n}") for n in range(6)]
    admins = await world.push_group("admins", [f"ext-admin{n}" for n in range(6)])
    await world.map_group(admins, "administrator")

    async def delete(person: User) -> bool:
        try:
            await users.delete_user(person.user_id, by=world.client, now=world.tick())
        except LastAdministratorError:
            return False
        return True

    assert sum(await asyncio.gather(*(delete(person) for person in people))) == 5
    await world.assert_consistent()


async def test_a_lock_set_while_its_user_changes_group_is_seen(world: World) -> None:
    people = [await world.push_user(f"user{n}") for n in range(10)]
    staff = await world.push_group("staff", [f"ext-user{n}" for n in range(10)])
    await world.map_group(staff, "editor")
    viewer = world.roles["viewer"].role_id
    await asyncio.gather(
        *(
            locks.lock_role(person.user_id, viewer, reason="audit", until=None, by=world.system, now=world.tick())
            for person in people
        ),
        *(world.edit_members(staff, remove=[f"ext-user{n}"]) for n in range(10)),
    )
    assert {await world.role_of(person) for person in people} == {"viewer"}
    await world.assert_consistent()
