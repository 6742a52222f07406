"""Whether groups share members, as applying a preview asks it."""

import pytest

from directory.store import proposed
from tests.directory.world import World

pytestmark = pytest.mark.anyio


async def test_where_both_groups_are_large_a_change_counts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proposed, "COMPARED_MAX", 0)
    for name in ("ann", "ben"):
        await world.push_user(name)
    staff, apart = await world.push_group("staff", ["ext-ann"]), await world.push_group("apart", ["ext-ben"])
    assert await proposed.share_nobody(world.tenant.tenant_id, staff.group_id, set())

    assert not await proposed.share_nobody(world.tenant.tenant_id, staff.group_id, {apart.group_id})


@pytest.mark.parametrize("name", ["guest", "user3"])
async def test_it_is_known_whether_groups_share_anybody_whichever_is_larger(world: World, name: str) -> None:
    for number in range(4):
        await world.push_user(f"user{number}")
    await world.push_user("guest")
    large = await world.push_group("large", [f"ext-user{number}" for number in range(4)])
    small = await world.push_group("small", [f"ext-{name}"])

    for one, other in ((large, small), (small, large)):
        found = await proposed.share_nobody(world.tenant.tenant_id, one.group_id, {other.group_id})
        assert found == (name == "guest")
