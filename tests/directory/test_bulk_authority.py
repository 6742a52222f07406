"""Actions on many users rest on what their operator may do now, and on the roles as they were shown."""

import pytest

from directory import access_roles, bulk_drafts, bulk_jobs, locks, role_ends, status
from directory.bulk_jobs import BulkJob
from directory.errors import NotFoundError
from directory.model import Actor, Permission
from directory.plan_bulk import Order
from tests.directory.test_bulk import applied, drafted, locking, operator, outcomes
from tests.directory.world import World

pytestmark = pytest.mark.anyio


async def half_done(world: World, by: Actor, monkeypatch: pytest.MonkeyPatch, order: Order) -> BulkJob:
    """Return an action on ten people of whom four are done."""
    for number in range(10):
        await world.push_user(f"p{number:02}")
    monkeypatch.setattr(bulk_jobs, "AT_ONCE_USERS", 0)
    monkeypatch.setattr(bulk_jobs, "BATCH_USERS", 4)
    job = await applied(world, by, await drafted(world, by, order))
    assert await bulk_jobs.run_batch(job.tenant_id, job.job_id, now=world.tick()) == 4
    return job


@pytest.mark.parametrize("deed", ["disable", "lock"])
async def test_an_action_ends_when_its_operator_is_disabled(
    world: World, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    root, by = await operator(world), await operator(world, "user_manager", "uma")
    order = Order(deed="disable", reason="x") if deed == "disable" else locking(world, "loanee")
    job = await half_done(world, by, monkeypatch, order)
    assert by.user_id is not None
    await status.set_local_status(by.user_id, active=False, by=root, now=world.tick())

    left = await bulk_jobs.run_batch(job.tenant_id, job.job_id, now=world.tick())

    job = await bulk_jobs.get_job(job.job_id, by=root)
    assert left == 0
    assert (job.state, job.end_reason, job.applied_count, job.skipped_count) == ("cancelled", "operator", 4, 0)


async def test_an_action_ends_when_its_operator_no_longer_manages_users(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, by = await operator(world), await operator(world, "user_manager", "uma")
    job = await half_done(world, by, monkeypatch, Order(deed="disable", reason="x"))
    assert by.user_id is not None
    await locks.lock_role(by.user_id, world.roles["viewer"].role_id, reason="x", until=None, by=root, now=world.tick())

    await bulk_jobs.run_batch(job.tenant_id, job.job_id, now=world.tick())

    job = await bulk_jobs.get_job(job.job_id, by=root)
    assert (job.state, job.end_reason, job.applied_count) == ("cancelled", "operator", 4)


async def test_a_draft_ends_when_its_operator_is_disabled(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    root, by = await operator(world), await operator(world, "user_manager", "uma")
    monkeypatch.setattr(bulk_drafts, "AT_ONCE", 0)
    job = await drafted(world, by, Order(deed="disable", reason="x"))
    assert by.user_id is not None
    await status.set_local_status(by.user_id, active=False, by=root, now=world.tick())

    assert not await bulk_drafts.go_on(job.tenant_id, job.job_id, now=world.tick())

    job = await bulk_jobs.get_job(job.job_id, by=by)
    assert (job.state, job.end_reason, job.item_count) == ("cancelled", "operator", 0)


async def test_a_role_deleted_since_is_given_to_nobody(world: World) -> None:
    by, ann = await operator(world), await world.push_user("ann")
    gone, other = [
        await access_roles.create_role(name, ["users:manage"], by=by, now=world.tick()) for name in ("Gone", "Other")
    ]
    job = await drafted(world, by, Order(deed="lock", role_id=gone.role_id, reason="x"))
    shown = await role_ends.preview_role_end(gone.role_id, other.role_id, by=by)
    await role_ends.delete_role(gone.role_id, other.role_id, shown.plan_hash, consent=False, by=by, now=world.tick())

    job = await applied(world, by, job)

    assert await outcomes(job) == {"ann": "changed since"}
    assert await world.role_of(ann) == "loanee"


@pytest.mark.parametrize("deed", ["lock", "unlock"])
async def test_a_role_that_carries_something_else_since_is_given_to_nobody(world: World, deed: str) -> None:
    by, ann = await operator(world), await world.push_user("ann")
    role = await access_roles.create_role("Desk", ["users:manage"], by=by, now=world.tick())
    world.roles["desk"] = role
    order = Order(deed="lock", role_id=role.role_id, reason="x")
    if deed == "unlock":
        await locks.lock_role(
            ann.user_id, world.roles["viewer"].role_id, reason="x", until=None, by=world.system, now=world.tick()
        )
        await world.map_group(await world.push_group("Staff", ["ext-ann"]), "desk")
        order = Order(deed="unlock")
    job = await drafted(world, by, order)
    more: list[Permission] = ["users:manage", "settings:manage"]
    await access_roles.change_role(role.role_id, "Desk", more, consent=True, by=by, now=world.tick())

    job = await applied(world, by, job)

    assert await outcomes(job) == {"ann": "changed since"}
    assert await world.role_of(ann) != "desk"


async def test_only_the_newest_drafts_of_an_operator_are_kept(world: World) -> None:
    await world.push_user("ann")
    by, other = await operator(world), await operator(world, name="otto")
    theirs = await drafted(world, other, locking(world))
    done = await applied(world, by, await drafted(world, by, locking(world)))
    drafts = [await drafted(world, by, locking(world, "viewer")) for _ in range(bulk_drafts.DRAFTS_MAX + 1)]

    with pytest.raises(NotFoundError):
        await bulk_jobs.get_job(drafts[0].job_id, by=by)
    assert not await bulk_drafts.go_on(by.tenant_id, drafts[0].job_id, now=world.tick())
    listed = [job.job_id for job in await bulk_jobs.list_jobs(by=by)]
    assert listed == [*(job.job_id for job in reversed(drafts[1:])), done.job_id]
    assert theirs.job_id in [job.job_id for job in await bulk_jobs.list_jobs(by=other)]
    forgotten = 0
    while count := await bulk_jobs.forget_old(now=world.tick()):
        forgotten += count
    assert forgotten == drafts[0].item_count + 1
