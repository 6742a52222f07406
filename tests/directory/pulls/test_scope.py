"""Who is in scope where an application's assignment decides it."""

from dataclasses import replace

import pytest

from directory.pulls.scope import NobodyAssignedError, scope_of
from tests.directory.pulls.grouped import create_puller, edges, group_seen, page
from tests.directory.world import World

pytestmark = pytest.mark.anyio


async def test_scope_is_who_is_assigned_and_who_is_in_an_assigned_group_after_the_run(world: World) -> None:
    puller = await create_puller(world)
    await puller.people(["ann", "bob"])
    await puller.pull(page([group_seen("g1"), group_seen("g2")], edges("g1", "ann", "bob"), edges("g2", "cid")))
    said = replace(page([], edges("g1", "dan", left=["bob"])), assigned=(("user", "eve"), ("group", "g1")))
    ground = await puller.begin(said, whole=False)
    assert await scope_of(ground) == {"ann", "dan", "eve"}


@pytest.mark.parametrize("expands", [False, True])
async def test_members_of_groups_inside_are_in_scope_only_where_groups_are_expanded(
    world: World, *, expands: bool
) -> None:
    puller = await create_puller(world, expands=expands)
    said = edges("outer", "ann", inner=["inner"]), edges("inner", "bob")
    ground = await puller.begin(
        replace(page([group_seen("outer"), group_seen("inner")], *said), assigned=(("group", "outer"),))
    )
    assert await scope_of(ground) == ({"ann", "bob"} if expands else {"ann"})


async def test_an_assignment_of_nobody_is_refused(world: World) -> None:
    puller = await create_puller(world)
    ground = await puller.begin(page([]))
    with pytest.raises(NobodyAssignedError, match="nobody is assigned"):
        await scope_of(ground)
