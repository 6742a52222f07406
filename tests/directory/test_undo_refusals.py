"""An undo is refused with what was touched, to whoever may not, and without consent; and what else comes of one."""

from uuid import uuid4

import pytest

from directory import (
    closing,
    events,
    graves,
    local_users,
    locks,
    mappings,
    relinks,
    source_administrators,
    sources,
    status,
    undo,
    users,
)
from directory.errors import ForbiddenError, InvalidError, MovedError, NotFoundError
from directory.model import EventId
from directory.store import undo as undo_rows
from tests.directory.undoing import (
    furnished,
    group_named,
    lead_of_last,
    newest_event,
    operator_in,
    put_lock,
    state_of,
    undone,
)
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio


async def test_what_was_touched_since_is_refused_and_named(world: World) -> None:
    ann = await furnished(world)
    by = await operator_in(world)
    await put_lock(world, by, ann)
    lead = await lead_of_last(world, by)
    viewer = world.roles["viewer"].role_id
    await locks.lock_role(ann.user_id, viewer, reason="On loan", until=None, by=world.system, now=world.tick())
    shown = await undo.preview_undo(lead, by=by, now=world.tick())
    assert shown.refused
    assert {(one.thing, one.attribute) for one in shown.conflicts} >= {("role lock", "role"), ("role lock", "until")}
    with pytest.raises(MovedError):
        await undo.apply_undo(lead, shown.plan_hash, consent=True, confirmed=True, by=by, now=world.tick())


async def test_other_attributes_that_changed_since_stay(world: World) -> None:
    by = await operator_in(world)
    await sources.edit_settings(world.source.source_id, {"rate_per_s": "5"}, by=by, now=world.tick())
    lead = await lead_of_last(world, by)
    await sources.edit_settings(world.source.source_id, {"networks": "10.0.0.0/8"}, by=by, now=world.tick())
    await undone(world, lead, by)
    settings = (await sources.get_source(world.tenant.tenant_id, world.source.source_id)).settings
    assert (settings.rate_per_s, settings.networks) == (0, ("10.0.0.0/8",))


async def test_a_mapping_comes_back_to_its_place_beside_one_that_came_since(world: World) -> None:
    await furnished(world)
    by = await operator_in(world)
    await mappings.remove_mapping(await group_named(world, "Editors"), by=by, now=world.tick())
    lead = await lead_of_last(world, by)
    await world.map_group(await world.push_group("Late"), "loanee")
    await undone(world, lead, by)
    lines = (await mappings.get_policy(world.tenant.tenant_id)).lines
    assert lines[0].group_name == "Editors"
    assert [line.mapping.position for line in lines] == [1, 2, 3]
    await world.assert_consistent()


async def test_the_world_that_moved_between_preview_and_apply_is_noticed(world: World) -> None:
    await furnished(world)
    by = await operator_in(world)
    await mappings.remove_mapping(await group_named(world, "Viewers"), by=by, now=world.tick())
    lead = await lead_of_last(world, by)
    shown = await undo.preview_undo(lead, by=by, now=world.tick())
    assert shown.preview is not None
    assert shown.preview.total == 1
    await world.push_user("carol")
    before = await state_of(world)
    group = await world.push_group("Late", [])
    del group
    lines = await mappings.list_unmapped_groups(world.tenant.tenant_id, after=None, limit=9)
    viewers = next(one for one in lines.groups if one.attributes.display_name == "Viewers")
    await world.edit_members(viewers, add=["ext-carol"])
    with pytest.raises(MovedError):
        await undo.apply_undo(lead, shown.plan_hash, consent=False, confirmed=True, by=by, now=world.tick())
    assert (await state_of(world))["mappings"] == before["mappings"]


async def test_administration_through_a_mapping_comes_back_with_consent_only(world: World) -> None:
    await furnished(world)
    by = await operator_in(world)
    group_id = await group_named(world, "Editors")
    await mappings.set_mapping_role(
        group_id, world.roles["administrator"].role_id, consent=True, by=by, now=world.tick()
    )
    await mappings.remove_mapping(group_id, by=by, now=world.tick())
    lead = await lead_of_last(world, by)
    shown = await undo.preview_undo(lead, by=by, now=world.tick())
    assert shown.needs_consent
    assert shown.weighty
    with pytest.raises(InvalidError, match="confirmation"):
        await undo.apply_undo(lead, shown.plan_hash, consent=True, confirmed=False, by=by, now=world.tick())
    with pytest.raises(InvalidError, match="consent"):
        await undo.apply_undo(lead, shown.plan_hash, consent=False, confirmed=True, by=by, now=world.tick())
    await undo.apply_undo(lead, shown.plan_hash, consent=True, confirmed=True, by=by, now=world.tick())


async def test_the_last_administrator_stays(world: World) -> None:
    by = await operator_in(world, name="first")
    editor = world.roles["editor"].role_id
    second = await locks.create_local_user(
        "second", role_id=world.roles["administrator"].role_id, by=by, now=world.tick()
    )
    lead = await lead_of_last(world, by)
    assert by.user_id is not None
    await locks.lock_role(by.user_id, editor, reason="Moved on", until=None, by=world.system, now=world.tick())
    shown = await undo.preview_undo(lead, by=world.system, now=world.tick())
    assert shown.refused
    assert "administrator" in shown.conflicts[0].text
    assert (await users.get_user(world.tenant.tenant_id, second.user_id)).active


async def test_nobody_puts_back_more_than_their_own_role_carries(world: World) -> None:
    ann = await furnished(world)
    by = await operator_in(world)
    manager = await operator_in(world, "user_manager", name="max")
    await locks.lock_role(
        ann.user_id, world.roles["administrator"].role_id, reason="x", until=None, by=by, now=world.tick()
    )
    lead = await lead_of_last(world, by)
    shown = await undo.preview_undo(lead, by=manager, now=world.tick())
    assert shown.refused
    await mappings.remove_mapping(await group_named(world, "Editors"), by=by, now=world.tick())
    with pytest.raises(ForbiddenError):
        await undo.preview_undo(await lead_of_last(world, by), by=manager, now=world.tick())


async def test_nobody_takes_back_what_was_done_to_their_own_account(world: World) -> None:
    by = await operator_in(world)
    other = await operator_in(world, name="otto")
    assert other.user_id is not None
    await status.block_signin(other.user_id, reason="Leave", by=by, now=world.tick())
    shown = await undo.preview_undo(await lead_of_last(world, by), by=other, now=world.tick())
    assert "your own account" in shown.conflicts[0].text


async def test_an_undo_cannot_be_applied_twice_and_tells_of_itself(world: World) -> None:
    ann = await furnished(world)
    by = await operator_in(world)
    await put_lock(world, by, ann)
    lead = await lead_of_last(world, by)
    shown = await undone(world, lead, by)
    event = await newest_event(world, "change:undone")
    assert (event.subject_id, event.changes[0].new) == (ann.user_id, "user:role:locked")
    assert (await undo.preview_undo(lead, by=by, now=world.tick())).state.undone_by == event.event_id
    with pytest.raises(MovedError):
        await undo.apply_undo(lead, shown.plan_hash, consent=True, confirmed=True, by=by, now=world.tick())


async def test_what_a_source_reported_and_what_followed_by_rule_say_so(world: World) -> None:
    by = await operator_in(world)
    await furnished(world)
    told = await events.list_events(world.tenant.tenant_id, limit=100)
    for kind, words in (("source", "identity provider"), ("system", "followed from something else")):
        event = next(one for one in told if one.actor_kind == kind and one.action != "mapping:added")
        shown = await undo.preview_undo(event.event_id, by=by, now=world.tick())
        assert shown.refused
        assert words in shown.state.reason


async def test_the_event_of_another_tenant_is_not_there(world: World) -> None:
    by = await operator_in(world)
    other = await create_world("other")
    await operator_in(other)
    with pytest.raises(NotFoundError):
        await undo.preview_undo((await newest_event(other)).event_id, by=by, now=world.tick())
    with pytest.raises(NotFoundError):
        await undo.preview_undo(EventId(uuid4()), by=by, now=world.tick())


async def test_a_user_whose_group_is_gone_does_not_come_back_half(world: World) -> None:
    """A user who was released keeps its memberships; deleted, it leaves them."""
    ann = await furnished(world)
    by = await operator_in(world)
    await closing.turn_off(world.source.source_id, "local", by=world.system, now=world.tick())
    while await closing.advance_closings(now=world.tick()):
        pass
    before = await state_of(world)
    await local_users.delete_local_user(ann.user_id, by=by, now=world.tick())
    lead = await lead_of_last(world, by)
    await undone(world, lead, by)
    assert await state_of(world) == before
    await world.assert_consistent()


async def test_sources_pay_nothing_for_it(world: World) -> None:
    user = await world.push_user("zoe")
    assert await undo_rows.find_deed(world.tenant.tenant_id, (await newest_event(world)).event_id) is None
    assert user.active


async def test_a_relinked_user_is_known_by_its_former_id_again(world: World) -> None:
    ann = await furnished(world)
    by = await operator_in(world)
    before = await state_of(world)
    await relinks.relink_user(ann.user_id, "other-id", by=by, now=world.tick())
    await undone(world, await lead_of_last(world, by), by)
    assert await state_of(world) == before


async def test_the_administrator_user_of_a_source_comes_back(world: World) -> None:
    by = await operator_in(world)
    before = await state_of(world)
    await source_administrators.set_responsible(world.source.source_id, by.user_id, by=by, now=world.tick())
    await undone(world, await lead_of_last(world, by), by)
    assert await state_of(world) == before


async def test_a_restored_user_is_a_tombstone_again(world: World) -> None:
    ann = await furnished(world)
    by = await operator_in(world)
    await users.delete_user(ann.user_id, by=world.client, now=world.tick())
    before = await state_of(world)
    await graves.restore_user(ann.user_id, by=by, now=world.tick())
    shown = await undone(world, await lead_of_last(world, by), by)
    assert shown.conflicts == ()
    after = await state_of(world)
    assert after["users"] == before["users"]
    assert after["members"] == before["members"]
