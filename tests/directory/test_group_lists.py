"""Groups looked through: filtered, in any order, page by page, with the names they had."""

from typing import Any, get_args

import pytest

from directory import group_lists, groups
from directory.edits import GroupEdit
from directory.errors import InvalidError
from directory.group_lists import GroupFilter, GroupOrder, Order
from directory.model import Group, GroupAttributes
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio


async def some_groups(world: World) -> dict[str, Group]:
    for name in ("ann", "bob"):
        await world.push_user(name)
    made = {
        "Staff": await world.push_group("Staff", ["ext-ann", "ext-bob"]),
        "Editors": await world.push_group("Editors", ["ext-ann", "ext-later"]),
        "Visitors": await world.push_group("Visitors"),
    }
    await world.map_group(made["Staff"], "editor")
    return made


async def names(world: World, wanted: GroupFilter | None = None, order: GroupOrder | None = None) -> list[str]:
    """Return the names that are found, two a page."""
    wanted, order = wanted or GroupFilter(), order or GroupOrder()
    found: list[str] = []
    after = None
    while True:
        page = await group_lists.list_groups(world.tenant.tenant_id, wanted, order, after=after, limit=2)
        found += [line.display_name for line in page.groups]
        if (after := page.next_after) is None:
            break
    assert await group_lists.count_groups(world.tenant.tenant_id, wanted) == len(found)
    return found


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("name", ["Editors", "Staff", "Visitors"]),
        ("members", ["Visitors", "Editors", "Staff"]),
        ("pushed", ["Staff", "Editors", "Visitors"]),
    ],
)
async def test_every_order_both_ways(world: World, column: Order, expected: list[str]) -> None:
    await some_groups(world)

    assert await names(world, order=GroupOrder(column=column)) == expected
    assert await names(world, order=GroupOrder(column=column, descending=True)) == expected[::-1]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"text": "TOR"}, ["Editors", "Visitors"]),
        ({"mapped": "yes"}, ["Staff"]),
        ({"mapped": "no"}, ["Editors", "Visitors"]),
        ({"state": "waiting"}, ["Editors"]),
        ({"state": "empty"}, ["Visitors"]),
        ({"state": "nested"}, []),
    ],
)
async def test_filters(world: World, wanted: dict[str, Any], expected: list[str]) -> None:
    await some_groups(world)

    assert await names(world, GroupFilter(**wanted)) == expected


async def test_a_line_says_what_people_look_for(world: World) -> None:
    await some_groups(world)

    page = await group_lists.list_groups(
        world.tenant.tenant_id, GroupFilter(text="staff"), GroupOrder(), after=None, limit=5
    )

    (line,) = page.groups
    assert (line.external_id, line.source_label, line.member_count) == ("ext-Staff", "Entra", 2)
    assert (line.position, line.role_name) == (1, "Editor")


@pytest.mark.parametrize("column", get_args(Order))
@pytest.mark.parametrize("after", ["x", "WzEsMl0", "W251bGwsbnVsbF0", "éé"])
async def test_a_place_that_is_none_is_refused(world: World, after: str, column: Order) -> None:
    with pytest.raises(InvalidError):
        await group_lists.list_groups(
            world.tenant.tenant_id, GroupFilter(), GroupOrder(column=column), after=after, limit=2
        )


async def test_another_tenants_groups_are_not_there(world: World) -> None:
    await some_groups(await create_world("bristol"))

    assert await names(world) == []


async def test_names_of_before_are_kept(world: World) -> None:
    group = (await some_groups(world))["Staff"]
    for name in ("Team", "Everybody"):
        edit = GroupEdit(change=lambda old, name=name: GroupAttributes({**old.document, "displayName": name}))  # type: ignore[misc]  # bound now
        await groups.edit_group(group.group_id, edit, by=world.client, now=world.tick())

    now = await groups.get_group(world.tenant.tenant_id, group.group_id)
    found = await group_lists.list_renames(now)

    assert [(one.before, one.after) for one in found] == [("Team", "Everybody"), ("Staff", "Team")]
