"""Nobody comes to more by an undo than their own role carries, and nobody comes back whom their source deleted."""

from datetime import timedelta

import pytest

from directory import (
    access_roles,
    bulk_drafts,
    bulk_jobs,
    closing,
    held,
    local_users,
    locks,
    mappings,
    status,
    undo,
    undo_runs,
    users,
)
from directory.accounts import AccountFilter
from directory.errors import DirectoryError, NotFoundError
from directory.events import list_events
from directory.held import Selection
from directory.model import PERMISSIONS, Actor, EventId, RoleId, User
from directory.plan_bulk import Order
from directory.undo import UndoPreview
from tests.directory.guarding import push_people, waiting
from tests.directory.undoing import furnished, group_named, lead_of_last, newest_event, operator_in, put_block, state_of
from tests.directory.world import World

pytestmark = pytest.mark.anyio


async def mapped_administrator(world: World) -> User:
    """Push somebody whom a mapped group makes administrator."""
    alice = await world.push_user("alice")
    await world.map_group(await world.push_group("Admins", ["ext-alice"]), "administrator")
    return alice


async def is_administrator(world: World, user: User) -> bool:
    now = await users.get_user(world.tenant.tenant_id, user.user_id)
    return now.decision.role_id == world.roles["administrator"].role_id


async def locked_in_bulk(world: World, user: User, by: Actor) -> bulk_jobs.BulkJob:
    order = Order(deed="lock", role_id=world.roles["viewer"].role_id, reason="Demoted")
    job = await bulk_drafts.draft(order, AccountFilter(user_ids=(user.user_id,)), "x", by=by, now=world.tick())
    return await bulk_jobs.apply_draft(job.job_id, job.plan_hash, by=by, now=world.tick())


async def expect_refused(world: World, lead: EventId, by: Actor, words: str) -> UndoPreview:
    """Look at an undo that must be refused with these words."""
    before = await state_of(world)
    shown = await undo.preview_undo(lead, by=by, now=world.tick())
    assert shown.refused
    assert any(words in one.text for one in shown.conflicts), shown.conflicts
    with pytest.raises(DirectoryError):
        await undo.apply_undo(lead, shown.plan_hash, consent=True, confirmed=True, by=by, now=world.tick())
    assert await state_of(world) == before
    return shown


async def test_a_lock_that_hides_administration_is_not_lifted_by_a_user_manager(world: World) -> None:
    alice = await mapped_administrator(world)
    by, manager = await operator_in(world), await operator_in(world, "user_manager", name="max")
    viewer = world.roles["viewer"].role_id
    await locks.lock_role(alice.user_id, viewer, reason="Demoted", until=None, by=by, now=world.tick())
    shown = await undo.preview_undo(await lead_of_last(world, by), by=manager, now=world.tick())
    assert shown.refused
    assert not await is_administrator(world, alice)


async def test_nor_is_one_of_an_action_on_many_alone_or_as_a_whole(world: World) -> None:
    alice = await mapped_administrator(world)
    by, manager = await operator_in(world), await operator_in(world, "user_manager", name="max")
    job = await locked_in_bulk(world, alice, by)
    lead = (await newest_event(world, "user:role:locked")).event_id
    await expect_refused(world, lead, manager, "permission")
    looked = await undo_runs.preview_run(job.job_id, by=manager, now=world.tick())
    run = await undo_runs.start_run(job.job_id, looked.plan_hash, by=manager, now=world.tick())
    assert (run.done_count, run.left_count) == (0, 1)
    assert not await is_administrator(world, alice)
    looked = await undo_runs.preview_run(job.job_id, by=by, now=world.tick())
    run = await undo_runs.start_run(job.job_id, looked.plan_hash, by=by, now=world.tick())
    assert run.done_count == 1
    assert await is_administrator(world, alice)


async def test_an_approval_that_gave_administration_is_not_done_again_by_a_user_manager(world: World) -> None:
    by, manager = await operator_in(world), await operator_in(world, "user_manager", name="max")
    await push_people(world, 24)
    group = await world.push_group("Admins", ["ext-p0"])
    await world.map_group(group, "administrator")
    await world.edit_members(group, add=[f"ext-p{at}" for at in range(1, 20)])
    line = (await waiting(world))[0]
    user = await users.get_user(world.tenant.tenant_id, line.held.user_id)
    selection = Selection(held_ids=(line.held.held_id,))
    shown = await held.show(selection, by=by, limit=10)
    await held.decide(selection, "approved", shown.plan_hash, by=by, now=world.tick())
    assert await is_administrator(world, user)
    told = await list_events(world.tenant.tenant_id, limit=60)
    lead = next(one for one in told if one.action == "held:approved")
    job_id = (await undo.preview_undo(lead.event_id, by=by, now=world.tick())).state.job_id
    assert job_id is not None
    looked = await undo_runs.preview_run(job_id, by=by, now=world.tick())
    run = await undo_runs.start_run(job_id, looked.plan_hash, by=by, now=world.tick())
    assert (run.done_count, await is_administrator(world, user)) == (1, False)
    looked = await undo_runs.preview_run(run.run_id, by=manager, now=world.tick())
    again = await undo_runs.start_run(run.run_id, looked.plan_hash, by=manager, now=world.tick())
    assert (again.done_count, again.left_count) == (0, 1)
    await expect_refused(world, (await newest_event(world, "change:undone")).event_id, manager, "permission")
    assert not await is_administrator(world, user)


async def test_a_deleted_user_does_not_come_back_as_more_than_whoever_undoes_it(world: World) -> None:
    ann = await furnished(world)
    by, manager = await operator_in(world), await operator_in(world, "user_manager", name="max")
    await closing.turn_off(world.source.source_id, "local", by=world.system, now=world.tick())
    while await closing.advance_closings(now=world.tick()):
        pass
    await local_users.delete_local_user(ann.user_id, by=manager, now=world.tick())
    administrator = world.roles["administrator"].role_id
    editors = await group_named(world, "Editors")
    await mappings.set_mapping_role(editors, administrator, consent=True, by=by, now=world.tick())
    await expect_refused(world, await lead_of_last(world, manager), manager, "permission")
    with pytest.raises(NotFoundError):
        await users.get_user(world.tenant.tenant_id, ann.user_id)


@pytest.mark.parametrize("deed", ["block", "lock", "unlock"])
async def test_whom_the_source_deleted_since_is_not_touched(world: World, deed: str) -> None:
    ann = await furnished(world)
    by = await operator_in(world)
    viewer = world.roles["viewer"].role_id
    if deed == "block":
        await put_block(world, by, ann)
    else:
        until = world.now + timedelta(days=9)
        first = by if deed == "lock" else world.system
        await locks.lock_role(ann.user_id, viewer, reason="So", until=until, by=first, now=world.tick())
    if deed == "unlock":
        await locks.unlock_role(ann.user_id, by=by, now=world.tick())
    lead = await lead_of_last(world, by)
    await users.delete_user(ann.user_id, by=world.client, now=world.tick())
    await expect_refused(world, lead, by, "deleted since")


async def test_an_action_on_many_leaves_whom_the_source_deleted_since(world: World) -> None:
    by = await operator_in(world)
    people = [await world.push_user(name) for name in ("a", "b")]
    chosen = AccountFilter(user_ids=tuple(user.user_id for user in people))
    job = await bulk_drafts.draft(Order(deed="disable", reason="Left"), chosen, "x", by=by, now=world.tick())
    job = await bulk_jobs.apply_draft(job.job_id, job.plan_hash, by=by, now=world.tick())
    await users.delete_user(people[0].user_id, by=world.client, now=world.tick())
    looked = await undo_runs.preview_run(job.job_id, by=by, now=world.tick())
    assert [one.reason for one in looked.left] == ["The user was deleted since."]
    run = await undo_runs.start_run(job.job_id, looked.plan_hash, by=by, now=world.tick())
    assert (run.done_count, run.left_count) == (1, 1)
    with pytest.raises(NotFoundError):
        await users.get_user(world.tenant.tenant_id, people[0].user_id)


async def test_a_local_user_who_was_deleted_since_is_not_there_again(world: World) -> None:
    by = await operator_in(world)
    viewer = world.roles["viewer"].role_id
    zed = await locks.create_local_user("zed", role_id=viewer, by=by, now=world.tick())
    await status.set_local_status(zed.user_id, active=False, by=by, now=world.tick())
    lead = await lead_of_last(world, by)
    await local_users.delete_local_user(zed.user_id, by=by, now=world.tick())
    await expect_refused(world, lead, by, "deleted since")


async def holder_of(world: World, role_id: RoleId, by: Actor, name: str) -> Actor:
    """Return a local user with a role of the tenant's own, as the operator that they are."""
    user = await locks.create_local_user(name, role_id=role_id, by=by, now=world.tick())
    role = await access_roles.get_role(world.tenant.tenant_id, role_id)
    return Actor(
        tenant_id=by.tenant_id, kind="operator", label=name, user_id=user.user_id, permissions=role.permissions
    )


async def test_nobody_gives_their_role_back_what_it_carried(world: World) -> None:
    by = await operator_in(world)
    role = await access_roles.create_role("Clerk", ["settings:manage", "users:manage"], by=by, now=world.tick())
    await access_roles.change_role(role.role_id, "Clerk", ["settings:manage"], consent=True, by=by, now=world.tick())
    lead = await lead_of_last(world, by)
    clerk = await holder_of(world, role.role_id, by, "mal")
    await expect_refused(world, lead, clerk, "users:manage")


async def test_a_role_that_was_never_used_comes_anew_only_within_ones_own(world: World) -> None:
    by = await operator_in(world)
    small = await access_roles.create_role("Small", ["settings:manage"], by=by, now=world.tick())
    await access_roles.create_role("Large", ["users:manage"], by=by, now=world.tick())
    await undo_of_last(world, by)
    lead = await lead_of_last(world, by)
    clerk = await holder_of(world, small.role_id, world.system, "mal")
    await expect_refused(world, lead, clerk, "users:manage")


async def undo_of_last(world: World, by: Actor) -> None:
    """Take back what the operator did last."""
    lead = await lead_of_last(world, by)
    shown = await undo.preview_undo(lead, by=by, now=world.tick())
    await undo.apply_undo(lead, shown.plan_hash, consent=False, confirmed=True, by=by, now=world.tick())


async def test_a_role_that_carries_administration_again_takes_consent_where_groups_are_mapped_to_it(
    world: World,
) -> None:
    by = await operator_in(world)
    role = await access_roles.create_role("Super", [*PERMISSIONS], by=by, now=world.tick())
    await access_roles.change_role(role.role_id, "Super", ["portal:view"], consent=True, by=by, now=world.tick())
    lead = await lead_of_last(world, by)
    group = await world.push_group("Some", [])
    await mappings.add_mapping(group.group_id, role.role_id, consent=False, by=by, now=world.tick())
    shown = await undo.preview_undo(lead, by=by, now=world.tick())
    assert (shown.conflicts, shown.needs_consent) == ((), True)
    with pytest.raises(DirectoryError, match="consent"):
        await undo.apply_undo(lead, shown.plan_hash, consent=False, confirmed=True, by=by, now=world.tick())
    (line,) = (await mappings.get_policy(world.tenant.tenant_id)).lines
    assert line.mapping.consented_by is None
    await undo.apply_undo(lead, shown.plan_hash, consent=True, confirmed=True, by=by, now=world.tick())
    (line,) = (await mappings.get_policy(world.tenant.tenant_id)).lines
    assert line.mapping.consented_by == by.label
