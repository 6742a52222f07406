"""Groups: deltas of members, waiting members, replacement, deletion and return."""

from uuid import uuid4

import pytest

from directory import groups, guard_limits, mappings, member_facts, users
from directory.edits import GroupEdit
from directory.errors import AlreadyExistsError, InvalidError, NotFoundError, StaleError
from directory.events import list_events
from directory.guard import Limits
from directory.model import Group, GroupAttributes, JsonValue
from directory.query import And, Term, Window
from directory.store.unit import Engine
from tests.directory.counting import counted_statements
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio


async def reread(world: World, group: Group) -> Group:
    return await groups.get_group(world.tenant.tenant_id, group.group_id)


async def test_members_join_by_our_id_or_by_external_id(world: World) -> None:
    ann = await world.push_user("ann")
    await world.push_user("bob")
    staff = await world.push_group("staff", [str(ann.user_id), "ext-bob"])
    assert await world.members_of(staff) == {"ann", "bob"}
    assert staff.member_count == 2


async def test_adding_a_member_twice_changes_nothing(world: World) -> None:
    await world.push_user("ann")
    staff = await world.push_group("staff", ["ext-ann"])
    again = await world.edit_members(staff, add=["ext-ann"])
    assert again == staff
    assert await reread(world, staff) == staff


async def test_removing_takes_only_those_named(world: World) -> None:
    for name in ("ann", "bob", "carl"):
        await world.push_user(name)
    staff = await world.push_group("staff", ["ext-ann", "ext-bob", "ext-carl"])
    after = await world.edit_members(staff, remove=["ext-ann", "ext-nobody"])
    assert await world.members_of(staff) == {"bob", "carl"}
    assert (after.member_count, after.version) == (2, staff.version + 1)


async def test_replacing_leaves_exactly_those_listed(world: World) -> None:
    for name in ("ann", "bob", "carl"):
        await world.push_user(name)
    staff = await world.push_group("staff", ["ext-ann", "ext-bob", "ext-later"])
    after = await world.edit_members(staff, add=["ext-bob", "ext-carl", "ext-never"], replace=True)
    assert await world.members_of(staff) == {"bob", "carl"}
    assert (after.member_count, after.waiting_count) == (2, 1)
    waiting = await groups.list_waiting(world.tenant.tenant_id, staff.group_id, limit=10)
    assert [member.value for member in waiting] == ["ext-never"]
    emptied = await world.edit_members(staff, replace=True)
    assert (emptied.member_count, emptied.waiting_count) == (0, 0)
    await world.assert_consistent()


async def test_an_unknown_member_waits_and_joins_when_the_user_arrives(world: World) -> None:
    staff = await world.push_group("staff", ["ext-ann"])
    await world.map_group(staff, "editor")
    assert (staff.member_count, staff.waiting_count) == (0, 1)
    ann = await world.push_user("ann")
    assert await world.role_of(ann) == "editor"
    after = await reread(world, staff)
    assert (after.member_count, after.waiting_count) == (1, 0)
    await world.assert_consistent()


async def test_removing_a_waiting_member_forgets_it(world: World) -> None:
    staff = await world.push_group("staff", ["ext-ann"])
    after = await world.edit_members(staff, remove=["ext-ann"])
    assert after.waiting_count == 0
    await world.push_user("ann")
    assert await world.members_of(staff) == set()


async def test_a_deleted_user_that_returns_joins_the_groups_that_name_its_id_meanwhile(world: World) -> None:
    ann = await world.push_user("ann")
    await users.delete_user(ann.user_id, by=world.client, now=world.tick())
    staff = await world.push_group("staff", [str(ann.user_id)])
    assert staff.waiting_count == 1
    await world.push_user("ann")
    assert await world.members_of(staff) == {"ann"}
    await world.assert_consistent()


async def test_unknown_members_are_refused_where_the_source_wants_that(world: World) -> None:
    await world.push_user("ann")
    staff = await world.push_group("staff")
    edit = GroupEdit(add=frozenset({"ext-ann", str(uuid4())}))
    with pytest.raises(InvalidError):
        await groups.edit_group(staff.group_id, edit, by=world.client, now=world.tick(), unknown="reject")
    assert await world.members_of(staff) == set()


async def test_users_of_another_source_are_not_reached_by_their_id(world: World) -> None:
    other = await create_world("other")
    stranger = await other.push_user("stranger")
    staff = await world.push_group("staff", [str(stranger.user_id), "ext-stranger"])
    assert (staff.member_count, staff.waiting_count) == (0, 2)


async def test_renaming_keeps_members(world: World) -> None:
    await world.push_user("ann")
    staff = await world.push_group("staff", ["ext-ann"])
    renamed: dict[str, JsonValue] = {"displayName": "crew", "externalId": "ext-crew"}
    edit = GroupEdit(change=lambda _: GroupAttributes(renamed))
    after = await groups.edit_group(staff.group_id, edit, by=world.client, now=world.tick())
    assert after.attributes.document == renamed
    assert await world.members_of(staff) == {"ann"}


async def test_group_names_are_unique_only_where_the_source_wants_that(world: World) -> None:
    attributes = GroupAttributes({"displayName": "Staff"})
    for unique in (False, False, True):
        await groups.create_group(
            attributes,
            frozenset(),
            by=world.client,
            now=world.tick(),
            unique_name=unique,
            unknown="pending",
        )
    with pytest.raises(AlreadyExistsError):
        await groups.create_group(
            GroupAttributes({"displayName": "STAFF"}),
            frozenset(),
            by=world.client,
            now=world.tick(),
            unique_name=True,
            unknown="pending",
        )


async def test_an_edit_can_expect_a_version(world: World) -> None:
    staff = await world.push_group("staff")
    with pytest.raises(StaleError):
        await groups.edit_group(
            staff.group_id,
            GroupEdit(add=frozenset({"x"})),
            by=world.client,
            now=world.tick(),
            expect=lambda version: version == 99,
        )


async def test_deleting_a_group_takes_its_role_and_its_return_gives_it_back(world: World) -> None:
    ann = await world.push_user("ann")
    staff = await world.push_group("staff", ["ext-ann"])
    await world.map_group(staff, "editor")
    assert await world.role_of(ann) == "editor"
    await groups.delete_group(staff.group_id, by=world.client, now=world.tick())
    assert await world.role_of(ann) == "loanee"
    with pytest.raises(NotFoundError):
        await reread(world, staff)
    back = await world.push_group("staff", ["ext-ann"])
    assert back.group_id == staff.group_id
    assert await world.role_of(ann) == "editor"
    await world.assert_consistent()


async def test_groups_are_found_by_name_external_id_and_member(world: World) -> None:
    ann = await world.push_user("ann")
    staff = await world.push_group("Staff", ["ext-ann"])
    await world.push_group("Others")
    tenant_id, source_id = world.tenant.tenant_id, world.source.source_id
    for query in (
        Term("displayName", None, "eq", "STAFF"),
        Term("externalId", None, "eq", "ext-Staff"),
        Term("members", "value", "eq", str(ann.user_id)),
        And((Term("id", None, "eq", str(staff.group_id)), Term("members", "value", "eq", str(ann.user_id)))),
    ):
        answer = await groups.list_groups(tenant_id, source_id, query, Window(offset=0, limit=10))
        page, total = answer.things, answer.total
        assert ([group.group_id for group in page], total) == ([staff.group_id], 1)


@pytest.mark.parametrize("mapped", [False, True], ids=["unmapped", "mapped"])
async def test_adding_one_member_to_a_huge_group_issues_the_same_statements(
    world: World, store: Engine, mapped: bool
) -> None:
    newcomers = [await world.push_user(f"new{n}") for n in range(2)]
    for n in range(400):
        await world.push_user(f"user{n}")
    small = await world.push_group("small", [f"ext-user{n}" for n in range(2)])
    large = await world.push_group("large", [f"ext-user{n}" for n in range(400)])
    if mapped:
        await world.map_group(small, "viewer")
        await world.map_group(large, "editor")
    with counted_statements(store) as few:
        await world.edit_members(small, add=[str(newcomers[0].user_id)])
    with counted_statements(store) as many:
        await world.edit_members(large, add=[str(newcomers[1].user_id)])
    assert few.texts == many.texts
    assert len(few.texts) > 3
    await world.assert_consistent()


async def test_a_move_of_very_many_is_decided_by_a_walk_over_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(member_facts, "DECIDED_AT_ONCE_MAX", 3)
    await guard_limits.set_limits(Limits(on=False), by=world.system, now=world.tick())
    people = [await world.push_user(f"user{n}") for n in range(8)]
    staff = await world.push_group("staff")
    await world.map_group(staff, "editor")
    await world.edit_members(staff, add=[str(person.user_id) for person in people])
    assert await world.role_of(people[0]) == "loanee"
    assert await mappings.redecide(None, now=world.tick(), batches=10) == 0
    assert {await world.role_of(person) for person in people} == {"editor"}
    await world.edit_members(staff, add=["ext-user0"], replace=True)
    await mappings.redecide(None, now=world.tick(), batches=10)
    assert [await world.role_of(person) for person in people[:2]] == ["editor", "loanee"]
    await world.assert_consistent()
    await world.edit_members(staff, add=[str(person.user_id) for person in people])
    await groups.delete_group(staff.group_id, by=world.client, now=world.tick())
    await mappings.redecide(None, now=world.tick(), batches=10)
    assert {await world.role_of(person) for person in people} == {"loanee"}
    await world.assert_consistent()


async def test_who_joins_by_arriving_and_who_leaves_by_deletion_stands_in_the_history(world: World) -> None:
    staff = await world.push_group("staff", ["ext-ann"])
    ann = await world.push_user("ann")
    await groups.delete_group(staff.group_id, by=world.client, now=world.tick())
    told = [event.action for event in await list_events(world.tenant.tenant_id, subject_id=ann.user_id, limit=20)]
    assert told == ["group:deleted", "user:role:granted", "group:members:changed", "user:created"]
