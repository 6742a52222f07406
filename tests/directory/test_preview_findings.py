"""What stands against a change of the policy, before it is applied: more than one's own role carries."""

from dataclasses import replace

import pytest

from directory.model import Actor
from directory.proposals import AddMapping, RemoveMapping, SetDefaultRole, SetMappingRole
from tests.directory.test_preview import kinds_of, looked_at
from tests.directory.world import World

pytestmark = pytest.mark.anyio


def mapper_of(world: World) -> Actor:
    """Return an operator who may manage mappings and no more."""
    return replace(world.system, kind="operator", permissions=frozenset({"portal:view", "mappings:manage"}))


async def test_nobody_maps_a_group_to_more_than_they_have(world: World) -> None:
    await world.push_user("ann")
    staff = await world.push_group("Staff", ["ext-ann"])

    for role, beyond in (("user_manager", True), ("viewer", False)):
        proposal = AddMapping(group_id=staff.group_id, role_id=world.roles[role].role_id)
        assert (("beyond you", True) in kinds_of(await looked_at(world, proposal, by=mapper_of(world)))) is beyond


async def test_nobody_takes_by_a_mapping_more_than_they_have(world: World) -> None:
    await world.push_user("ann")
    staff = await world.push_group("Staff", ["ext-ann"])
    await world.map_group(staff, "user_manager")

    for proposal in (
        RemoveMapping(group_id=staff.group_id),
        SetMappingRole(group_id=staff.group_id, role_id=world.roles["viewer"].role_id),
    ):
        assert ("beyond you", True) in kinds_of(await looked_at(world, proposal, by=mapper_of(world)))


async def test_a_role_that_manages_people_is_no_default(world: World) -> None:
    seen = await looked_at(world, SetDefaultRole(role_id=world.roles["user_manager"].role_id))

    assert ("privileged default", True) in kinds_of(seen)
