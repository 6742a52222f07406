from uuid import uuid4

import pytest

from directory import groups
from directory.edits import GroupEdit
from directory.errors import InvalidError
from directory.model import Group
from tests.directory.world import World

pytestmark = pytest.mark.anyio


async def nested_names(world: World, group: Group) -> list[tuple[str, str | None]]:
    found = await groups.nested_of_groups(world.tenant.tenant_id, [group.group_id])
    return [(one.display_name, one.label) for one in found[group.group_id]]


async def edited(world: World, group: Group, edit: GroupEdit) -> Group:
    return await groups.edit_group(group.group_id, edit, by=world.client, now=world.tick())


async def test_nested_group_is_counted_apart_and_leaves_with_its_end(world: World) -> None:
    inner, outer = await world.push_group("inner"), await world.push_group("outer")
    value = str(inner.group_id)
    joined = await edited(
        world, outer, GroupEdit(add=frozenset({value}), nested=frozenset({value}), labels={value: "In"})
    )
    assert (joined.member_count, joined.waiting_count, joined.nested_count) == (0, 0, 1)
    assert await nested_names(world, outer) == [("inner", "In")]
    again = await edited(world, outer, GroupEdit(add=frozenset({value})))
    assert again.version == joined.version
    await groups.delete_group(inner.group_id, by=world.client, now=world.tick())
    after = await groups.get_group(world.tenant.tenant_id, outer.group_id)
    assert (after.nested_count, after.version) == (0, joined.version + 1)
    assert await nested_names(world, outer) == []


async def test_nested_group_leaves_by_delta_and_by_replacement(world: World) -> None:
    inner, outer = await world.push_group("inner"), await world.push_group("outer")
    value = frozenset({str(inner.group_id)})
    for leave in (GroupEdit(remove=value), GroupEdit(replace=True)):
        assert (await edited(world, outer, GroupEdit(add=value, nested=value))).nested_count == 1
        assert (await edited(world, outer, leave)).nested_count == 0
    assert await nested_names(world, outer) == []


async def test_group_is_no_member_of_itself(world: World) -> None:
    group = await world.push_group("alone")
    with pytest.raises(InvalidError):
        await edited(world, group, GroupEdit(add=frozenset({str(group.group_id)})))


async def test_unknown_group_waits_like_anybody(world: World) -> None:
    group, value = await world.push_group("outer"), frozenset({str(uuid4())})
    after = await edited(world, group, GroupEdit(add=value, nested=value))
    assert (after.waiting_count, after.nested_count) == (1, 0)
