"""All that an action on many came to is taken back, whoever stops in between; what was touched is left and listed."""

from datetime import timedelta

import pytest

from directory import bulk_drafts, bulk_jobs, closing, locks, status, undo, undo_batches, undo_runs
from directory.accounts import AccountFilter
from directory.closing import DEEDS, Deed
from directory.errors import ForbiddenError, MovedError, NotFoundError
from directory.model import Actor, User
from directory.plan_bulk import Order
from tests.directory.undoing import find_lead, newest_event, operator_in, state_of
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three deeds in a batch, and none while somebody waits."""
    monkeypatch.setattr(undo_batches, "BATCH_DEEDS", 3)
    monkeypatch.setattr(undo_runs, "AT_ONCE_DEEDS", 0)


async def company(world: World, count: int = 8) -> list[User]:
    """Push people, of whom every other one is in a mapped group."""
    people = [await world.push_user(f"user{number}") for number in range(count)]
    group = await world.push_group("Editors", [f"ext-user{number}" for number in range(0, count, 2)])
    await world.map_group(group, "editor")
    return people


async def applied(world: World, order: Order, people: list[User], by: Actor) -> bulk_jobs.BulkJob:
    """Do an action on many."""
    wanted = AccountFilter(user_ids=tuple(user.user_id for user in people))
    job = await bulk_drafts.draft(order, wanted, "some", by=by, now=world.tick())
    return await bulk_jobs.apply_draft(job.job_id, job.plan_hash, by=by, now=world.tick())


async def all_undone(world: World, job_id: object, by: Actor) -> undo_runs.UndoRun:
    """Take all of an action back, as the duty does."""
    shown = await undo_runs.preview_run(job_id, by=by, now=world.tick())  # type: ignore[arg-type]  # of whichever kind
    run = await undo_runs.start_run(shown.job_id, shown.plan_hash, by=by, now=world.tick())
    while await undo_batches.advance_runs(now=world.tick()):
        pass
    return await undo_runs.get_run(run.run_id, by=by)


ORDERS = [
    Order(deed="disable", reason="Sold"),
    Order(deed="enable"),
    Order(deed="unlock"),
]


@pytest.mark.parametrize("order", [*ORDERS, Order(deed="lock", reason="Stock")], ids=lambda order: order.deed)
@pytest.mark.usefixtures("few_at_once")
async def test_an_action_on_many_goes_back_and_again(world: World, order: Order) -> None:
    people = await company(world)
    by = await operator_in(world)
    for user in people[:3]:
        await status.block_signin(user.user_id, reason="Before", by=world.system, now=world.tick())
        viewer = world.roles["viewer"].role_id
        until = world.now + timedelta(days=9)
        await locks.lock_role(user.user_id, viewer, reason="Kept", until=until, by=world.system, now=world.tick())
    before = await state_of(world)
    if order.deed == "lock":
        order = Order(deed="lock", reason="Stock", role_id=world.roles["loanee"].role_id)
    job = await applied(world, order, people, by)
    after = await state_of(world)
    run = await all_undone(world, job.job_id, by)
    assert (run.done_count, run.left_count) == (job.applied_count, 0)
    assert await state_of(world) == before
    again = await all_undone(world, run.run_id, by)
    assert again.done_count == run.done_count
    assert await state_of(world) == after
    await world.assert_consistent()


async def test_what_was_touched_since_is_left_and_listed(world: World) -> None:
    people = await company(world)
    by = await operator_in(world)
    job = await applied(world, Order(deed="disable", reason="Sold"), people, by)
    await status.allow_signin(people[0].user_id, by=by, now=world.tick())
    shown = await undo_runs.preview_run(job.job_id, by=by, now=world.tick())
    assert (len(shown.ready), [one.subject_id for one in shown.left]) == (7, [people[0].user_id])
    run = await undo_runs.start_run(job.job_id, shown.plan_hash, by=by, now=world.tick())
    (left,) = await undo_runs.list_left(run, before=None, limit=10)
    assert (run.done_count, run.left_count, left.subject_id) == (7, 1, people[0].user_id)
    assert left.reason


async def test_each_person_of_an_action_can_be_taken_back_alone(world: World) -> None:
    people = await company(world)
    by = await operator_in(world)
    await applied(world, Order(deed="disable", reason="Sold"), people, by)
    event = await newest_event(world, "user:sign-in:blocked")
    shown = await undo.preview_undo(event.event_id, by=by, now=world.tick())
    assert shown.state.job_id is not None
    await undo.apply_undo(event.event_id, shown.plan_hash, consent=False, confirmed=True, by=by, now=world.tick())
    blocked = [user for user in people if await status.find_block(world.tenant.tenant_id, user.user_id)]
    assert len(blocked) == 7


@pytest.mark.usefixtures("few_at_once")
@pytest.mark.parametrize("deed", DEEDS)
async def test_turning_a_source_off_goes_back_with_its_users(world: World, deed: Deed) -> None:
    await company(world)
    by = await operator_in(world)
    before = await state_of(world)
    await closing.turn_off(world.source.source_id, deed, by=by, now=world.tick())
    while await closing.advance_closings(now=world.tick()):
        pass
    after = await state_of(world)
    assert after != before
    lead = await newest_event(world, "source:closed")
    shown = await undo.preview_undo(lead.event_id, by=by, now=world.tick())
    run = await all_undone(world, shown.state.job_id, by)
    assert run.left_count == 0
    assert await state_of(world) == before
    await all_undone(world, run.run_id, by)
    assert await state_of(world) == after
    await world.assert_consistent()


@pytest.mark.usefixtures("few_at_once")
async def test_a_run_ends_when_its_operator_may_no_longer_do_so(world: World) -> None:
    people = await company(world)
    by = await operator_in(world)
    await operator_in(world, name="other")
    job = await applied(world, Order(deed="disable", reason="Sold"), people, by)
    shown = await undo_runs.preview_run(job.job_id, by=by, now=world.tick())
    run = await undo_runs.start_run(job.job_id, shown.plan_hash, by=by, now=world.tick())
    await undo_batches.advance_runs(now=world.tick())
    assert by.user_id is not None
    await status.block_signin(by.user_id, reason="Left", by=world.system, now=world.tick())
    while await undo_batches.advance_runs(now=world.tick()):
        pass
    ended = await undo_runs.get_run(run.run_id, by=by)
    assert (ended.done_count, ended.end_reason) == (3, "operator")


@pytest.mark.usefixtures("few_at_once")
async def test_a_run_is_asked_for_once_and_only_as_it_was_shown(world: World) -> None:
    people = await company(world)
    by = await operator_in(world)
    manager = await operator_in(world, "viewer", name="vera")
    job = await applied(world, Order(deed="disable", reason="Sold"), people, by)
    with pytest.raises(ForbiddenError):
        await undo_runs.preview_run(job.job_id, by=manager, now=world.tick())
    shown = await undo_runs.preview_run(job.job_id, by=by, now=world.tick())
    await status.allow_signin(people[0].user_id, by=by, now=world.tick())
    with pytest.raises(MovedError):
        await undo_runs.start_run(job.job_id, shown.plan_hash, by=by, now=world.tick())
    shown = await undo_runs.preview_run(job.job_id, by=by, now=world.tick())
    await undo_runs.start_run(job.job_id, shown.plan_hash, by=by, now=world.tick())
    with pytest.raises(MovedError):
        await undo_runs.start_run(job.job_id, shown.plan_hash, by=by, now=world.tick())


@pytest.mark.usefixtures("few_at_once")
async def test_a_run_that_breaks_ends_and_lets_others_come(world: World) -> None:
    people = await company(world)
    by = await operator_in(world)
    job = await applied(world, Order(deed="disable", reason="Sold"), people, by)
    shown = await undo_runs.preview_run(job.job_id, by=by, now=world.tick())
    run = await undo_runs.start_run(job.job_id, shown.plan_hash, by=by, now=world.tick())
    assert await undo_batches.has_open_runs(world.now)
    await undo_batches.end_broken(now=world.tick())
    assert (await undo_runs.get_run(run.run_id, by=by)).end_reason == "failed"
    assert not await undo_batches.has_open_runs(world.now)


async def test_actions_and_runs_of_another_tenant_are_not_there(world: World) -> None:
    other = await create_world("other")
    people = await company(other, 2)
    theirs = await operator_in(other)
    job = await applied(other, Order(deed="disable", reason="Sold"), people, theirs)
    run = await all_undone(other, job.job_id, theirs)
    by = await operator_in(world)
    with pytest.raises(NotFoundError):
        await undo_runs.preview_run(job.job_id, by=by, now=world.tick())
    with pytest.raises(NotFoundError):
        await undo_runs.get_run(run.run_id, by=by)
    assert await find_lead(world, by) is None
