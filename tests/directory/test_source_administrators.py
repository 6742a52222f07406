"""The SCIM administrator user of a source."""

import pytest

from directory import events, locks, source_administrators, sources, status
from directory.errors import ForbiddenError, InvalidError, NotFoundError
from directory.ids import new_id
from directory.model import Source, SourceId, User, UserId
from tests.directory.world import World, create_world

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("store")]


async def local(world: World, name: str, role: str) -> User:
    return await locks.create_local_user(
        name, display_name=name.title(), role_id=world.roles[role].role_id, by=world.system, now=world.tick()
    )


async def chosen(world: World, user_id: UserId | None) -> Source:
    await source_administrators.set_responsible(world.source.source_id, user_id, by=world.system, now=world.tick())
    return await sources.get_source(world.tenant.tenant_id, world.source.source_id)


async def test_administrators_and_user_managers_can_be_chosen(world: World) -> None:
    for name, role in (("zoe", "administrator"), ("amy", "user_manager"), ("vic", "viewer"), ("lou", "loanee")):
        await local(world, name, role)
    listed = await source_administrators.list_responsible(world.tenant.tenant_id)
    assert [(one.user_name, one.role_name) for one in listed] == [("amy", "User Manager"), ("zoe", "Administrator")]


async def test_the_choice_is_kept_and_told(world: World) -> None:
    zoe = await local(world, "zoe", "administrator")
    source = await chosen(world, zoe.user_id)
    found = await source_administrators.find_responsible(source)
    assert found is not None
    assert (found.user_name, found.active, found.fit) == ("zoe", True, True)
    (event,) = await events.list_events(world.tenant.tenant_id, subject_id=world.source.source_id, limit=1)
    assert event.action == "source:administrator:changed"
    assert [(change.old, change.new) for change in event.changes] == [(None, "zoe")]

    assert await source_administrators.find_responsible(await chosen(world, None)) is None


async def test_the_same_choice_makes_no_event(world: World) -> None:
    zoe = await local(world, "zoe", "administrator")
    await chosen(world, zoe.user_id)
    before = await events.list_events(world.tenant.tenant_id, subject_id=world.source.source_id, limit=10)
    await chosen(world, zoe.user_id)
    assert await events.list_events(world.tenant.tenant_id, subject_id=world.source.source_id, limit=10) == before


async def test_one_who_was_disabled_or_demoted_since_is_shown_as_such(world: World) -> None:
    zoe, amy = await local(world, "zoe", "administrator"), await local(world, "amy", "user_manager")
    source = await chosen(world, amy.user_id)
    await locks.lock_role(
        amy.user_id, world.roles["viewer"].role_id, reason="moved", until=None, by=world.system, now=world.tick()
    )
    demoted = await source_administrators.find_responsible(source)
    assert demoted is not None
    assert (demoted.active, demoted.fit) == (True, False)

    await local(world, "root", "administrator")
    source = await chosen(world, zoe.user_id)
    await status.set_local_status(zoe.user_id, active=False, by=world.system, now=world.tick())
    disabled = await source_administrators.find_responsible(source)
    assert disabled is not None
    assert (disabled.active, disabled.fit) == (False, True)


async def test_nobody_else_can_be_chosen(world: World) -> None:
    viewer, other = await local(world, "vic", "viewer"), await create_world("bristol")
    theirs = await local(other, "zoe", "administrator")
    for user_id in (viewer.user_id, theirs.user_id, UserId(new_id(world.now))):
        with pytest.raises(InvalidError):
            await chosen(world, user_id)
    with pytest.raises(NotFoundError):
        await source_administrators.set_responsible(
            SourceId(other.source.source_id), None, by=world.system, now=world.tick()
        )
    with pytest.raises(ForbiddenError):
        await source_administrators.set_responsible(world.source.source_id, None, by=world.client, now=world.tick())
