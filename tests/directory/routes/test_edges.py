"""Memberships above become memberships below, and nothing more."""

import pytest

from directory import users
from directory.model import User
from directory.store.unit import Engine
from tests.directory.guarding import waiting
from tests.directory.routes.family import Family, create_family, standing_of

pytestmark = pytest.mark.anyio


@pytest.fixture
async def family(store: Engine) -> Family:
    del store
    return await create_family("bristol", "cardiff")


async def role_below(family: Family, slug: str, copy: User) -> str:
    return await (await family.world_of(slug)).role_of(copy)


async def test_a_group_is_copied_with_the_first_of_its_members_who_is_there(family: Family) -> None:
    ann = await family.above.push_user("ann")
    staff = await family.above.push_group("Staff", ["ext-ann"])
    copy = await family.put_copy(ann, "bristol")

    assert await family.route_edges(standing_of(ann, [staff], [copy])) == {}

    assert await family.members_in("bristol", staff) == {"ann"}
    assert await family.members_in("cardiff", staff) is None


async def test_who_leaves_above_leaves_below_and_the_copy_stays(family: Family) -> None:
    ann = await family.above.push_user("ann")
    staff = await family.above.push_group("Staff", ["ext-ann"])
    copy = await family.put_copy(ann, "bristol")
    await family.route_edges(standing_of(ann, [staff], [copy]))

    await family.route_edges(standing_of(ann, [], [copy]))

    assert await family.members_in("bristol", staff) == set()


async def test_routing_twice_changes_nothing_more(family: Family) -> None:
    ann = await family.above.push_user("ann")
    staff = await family.above.push_group("Staff", ["ext-ann"])
    copy = await family.put_copy(ann, "bristol")
    await family.route_edges(standing_of(ann, [staff], [copy]))
    before = await family.copies_of(staff)

    await family.route_edges(standing_of(ann, [staff], [copy]))

    assert await family.copies_of(staff) == before
    assert await family.members_in("bristol", staff) == {"ann"}


async def test_the_mapping_of_a_tenant_decides_the_role_there(family: Family) -> None:
    ann = await family.above.push_user("ann")
    staff = await family.above.push_group("Staff", ["ext-ann"])
    board = await family.above.push_group("Board")
    copy = await family.put_copy(ann, "bristol")
    await family.route_edges(standing_of(ann, [staff, board], [copy]))
    await family.map_copy("bristol", board, "user_manager")
    await family.map_copy("bristol", staff, "editor")

    await family.route_edges(standing_of(ann, [staff], [copy]))

    assert await role_below(family, "bristol", copy) == "editor"


async def test_the_copy_of_a_deleted_user_is_named_no_more(family: Family) -> None:
    ann, bob = await family.above.push_user("ann"), await family.above.push_user("bob")
    staff = await family.above.push_group("Staff", ["ext-ann", "ext-bob"])
    copies = [await family.put_copy(ann, "bristol"), await family.put_copy(bob, "bristol")]
    await family.route_edges(standing_of(ann, [staff], copies[:1]), standing_of(bob, [staff], copies[1:]))

    by = await family.feed("bristol")
    await users.delete_user(copies[0].user_id, by=by, now=family.above.tick())
    await family.route_edges(standing_of(ann, [staff], []), standing_of(bob, [staff], copies[1:]))

    assert await family.members_in("bristol", staff) == {"bob"}


async def test_what_the_guard_of_a_tenant_holds_is_not_asked_for_again(family: Family) -> None:
    ann, bob = await family.above.push_user("ann"), await family.above.push_user("bob")
    admins = await family.above.push_group("Admins", ["ext-ann", "ext-bob"])
    copies = [await family.put_copy(ann, "bristol"), await family.put_copy(bob, "bristol")]
    await family.route_edges(standing_of(ann, [admins], copies[:1]), standing_of(bob, [admins], copies[1:]))
    await family.map_copy("bristol", admins, "administrator")
    below = await family.world_of("bristol")

    for _ in range(2):
        assert await family.route_edges(standing_of(ann, [], copies[:1]), standing_of(bob, [], copies[1:])) == {}

    assert sorted(line.held.kind for line in await waiting(below)) == ["leave", "leave"]
    assert await below.role_of(copies[0]) == await below.role_of(copies[1]) == "administrator"


async def test_the_last_administrator_of_a_tenant_stays_in_the_group_and_the_others_leave(family: Family) -> None:
    ann, bob = await family.above.push_user("ann"), await family.above.push_user("bob")
    admins = await family.above.push_group("Admins", ["ext-ann", "ext-bob"])
    copies = [await family.put_copy(ann, "bristol"), await family.put_copy(bob, "bristol")]
    await family.route_edges(standing_of(ann, [admins], copies[:1]), standing_of(bob, [admins], copies[1:]))
    await family.map_copy("bristol", admins, "administrator")
    await family.switch_guard_off("bristol")

    problems = await family.route_edges(standing_of(ann, [], copies[:1]), standing_of(bob, [], copies[1:]))

    members = await family.members_in("bristol", admins)
    assert members is not None
    assert len(members) == len(problems) == 1
    assert all("administrator" in why for why in problems.values())
