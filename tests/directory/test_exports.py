"""Lists that left as files are in the record, and name nobody."""

import pytest

from directory import events, exports
from directory.errors import ForbiddenError
from directory.model import Actor
from tests.directory.world import World

pytestmark = pytest.mark.anyio


def operator(world: World, role: str) -> Actor:
    return Actor(
        tenant_id=world.tenant.tenant_id, kind="operator", label="Rosa", permissions=world.roles[role].permissions
    )


async def test_a_list_that_left_is_told_with_what_it_was_narrowed_by(world: World) -> None:
    by = operator(world, "viewer")

    await exports.record_list("Groups", "Mapped: yes", by=by, now=world.tick())
    await exports.record_list("Role locks", "", by=by, now=world.tick())

    locks, groups = await events.list_events(world.tenant.tenant_id, limit=2)
    assert {groups.action, locks.action} == {"data:exported"}
    assert (groups.subject_label, groups.actor_label, groups.changes[0].new) == ("Groups", "Rosa", "Mapped: yes")
    assert (locks.subject_label, locks.changes[0].new) == ("Role locks", "nothing")


async def test_who_may_not_see_the_portal_takes_nothing_away(world: World) -> None:
    before = await events.list_events(world.tenant.tenant_id, limit=1)

    with pytest.raises(ForbiddenError):
        await exports.record_list("Groups", "", by=operator(world, "loanee"), now=world.tick())

    assert await events.list_events(world.tenant.tenant_id, limit=1) == before
