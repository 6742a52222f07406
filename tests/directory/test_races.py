"""Several clients at once: nothing is lost, doubled or left waiting."""

import asyncio

import pytest

from directory import groups, locks, users
from directory.edits import UserEdit
from directory.errors import AlreadyExistsError, LastAdministratorError
from directory.events import list_events
from directory.model import User, UserAttributes
from directory.query import Window
from directory.store import policy
from directory.store.compiled import Statement
from directory.store.errors import StoreError
from directory.store.postgres import PooledPostgresEngine
from directory.store.unit import Engine, execute, in_unit, trial
from tests.directory.counting import counted_statements
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


def with_id(external_id: str) -> UserEdit:
    return lambda attributes: UserAttributes({**attributes.document, "externalId": external_id})


async def test_an_administrator_of_a_unit_that_was_undone_is_not_taken_for_one(world: World) -> None:
    tenant_id = world.tenant.tenant_id
    ann = await world.push_user("ann")
    administrator = world.roles["administrator"].role_id

    async def undone() -> None:
        lock = Statement(
            "INSERT INTO lock_row (tenant_id, user_id, role_id, reason, owner, created_at)"
            " VALUES ($1::uuid, $2::uuid, $3::uuid, 'x', 'x', $4::timestamptz)"
        )
        await execute(lock, tenant_id, ann.user_id, administrator, world.now)
        assert await policy.is_administered(tenant_id)
        raise StoreError("undone")

    with pytest.raises(StoreError, match="undone"):
        await in_unit(tenant_id, undone)
    assert not await policy.is_administered(tenant_id)


async def test_a_tenant_is_known_to_be_administered_once_a_unit_that_saw_it_is_committed(
    world: World, store: Engine
) -> None:
    ann = await world.push_user("ann")
    await world.map_group(await world.push_group("admins", ["ext-ann"]), "administrator")
    assert await world.role_of(ann) == "administrator"
    tenant_id = world.tenant.tenant_id
    async with trial(tenant_id):
        assert await in_unit(tenant_id, lambda: policy.is_administered(tenant_id))
    for expected in (True, False):
        with counted_statements(store) as counted:
            assert await in_unit(tenant_id, lambda: policy.is_administered(tenant_id))
        assert bool(counted.texts) is expected


@pytest.mark.parametrize("by_post", [False, True])
async def test_a_user_who_gets_another_id_is_held_after_the_groups_that_wait_for_it(
    world: World, store: Engine, by_post: bool
) -> None:
    staff = await world.push_group("staff", ["new"])
    ann = await world.push_user("ann", active=not by_post)
    with counted_statements(store) as counted:
        if by_post:
            await world.push_user("ann", externalId="new")
        else:
            await users.edit_user(ann.user_id, with_id("new"), by=world.client, now=world.tick())
    assert await world.members_of(staff) == {"ann"}
    held = [text.rpartition(" OF ")[2] for text in counted.texts if "FOR NO KEY UPDATE OF" in text]
    if isinstance(store, PooledPostgresEngine):  # nobody holds rows on SQLite
        later = held[held.index("g") + 1 :]
        assert "g" not in later[later.index("u") :]


async def test_users_who_get_the_ids_that_a_changing_group_waits_for_all_join_it(world: World) -> None:
    staff = await world.push_group("staff", [f"new-{n}" for n in range(8)])
    await world.map_group(staff, "editor")
    people = [await world.push_user(f"user{n}") for n in range(8)]

    await asyncio.gather(
        *(
            users.edit_user(user.user_id, with_id(f"new-{n}"), by=world.client, now=world.now)
            for n, user in enumerate(people)
        ),
        *(world.edit_members(staff, add=[str(user.user_id)]) for user in people),
    )
    after = await groups.get_group(world.tenant.tenant_id, staff.group_id)
    assert (after.member_count, after.waiting_count) == (8, 0)
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
