"""Actions on many users: shown first, applied as shown, whatever happens in between."""

from dataclasses import replace
from datetime import timedelta

import pytest

from directory import access_roles, bulk_drafts, bulk_jobs, events, locks, status, users
from directory.accounts import AccountFilter
from directory.bulk_jobs import BulkJob, OldDraftError
from directory.errors import ForbiddenError, InvalidError, NotFoundError, StaleError
from directory.model import Actor, User, UserAttributes
from directory.plan_bulk import Order
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio

EVERYBODY = AccountFilter()


async def operator(world: World, role: str = "administrator", name: str = "rosa") -> Actor:
    """Create a local user of a role and return it as the cause of changes."""
    user = await locks.create_local_user(name, role_id=world.roles[role].role_id, by=world.system, now=world.tick())
    return Actor(
        tenant_id=world.tenant.tenant_id,
        kind="operator",
        label=name.title(),
        user_id=user.user_id,
        permissions=world.roles[role].permissions,
    )


async def drafted(world: World, by: Actor, order: Order, wanted: AccountFilter = EVERYBODY) -> BulkJob:
    return await bulk_drafts.draft(order, wanted, "Everybody", by=by, now=world.tick())


async def applied(world: World, by: Actor, job: BulkJob) -> BulkJob:
    return await bulk_jobs.apply_draft(job.job_id, job.plan_hash, by=by, now=world.tick())


async def outcomes(job: BulkJob) -> dict[str, str]:
    """Return what came of each user who was to change, by user name."""
    return {
        item.user_name.partition("@")[0]: item.outcome or "open" async for item in bulk_jobs.each_item(job, "changes")
    }


async def effects(job: BulkJob) -> dict[str, str]:
    """Return why who was left alone was left alone."""
    return {item.user_name.partition("@")[0]: item.outlook.effect async for item in bulk_jobs.each_item(job, "left")}


def locking(world: World, role: str = "editor") -> Order:
    return Order(deed="lock", role_id=world.roles[role].role_id, reason="Move of the office")


async def current(user: User) -> User:
    return await users.get_user(user.tenant_id, user.user_id)


async def test_a_draft_shows_who_changes_and_changes_nobody(world: World) -> None:
    ann, by = await world.push_user("ann"), await operator(world)
    before = await current(ann)

    job = await drafted(world, by, locking(world))

    assert (job.state, job.item_count, job.change_count) == ("draft", 2, 1)
    assert await outcomes(job) == {"ann": "open"}
    assert await effects(job) == {"rosa": "own account"}
    assert await current(ann) == before


async def test_what_was_shown_is_applied_with_an_event_for_each(world: World) -> None:
    people = [await world.push_user(f"p{number}") for number in range(30)]
    by = await operator(world)

    job = await applied(world, by, await drafted(world, by, locking(world)))

    assert (job.state, job.applied_count, job.skipped_count) == ("done", 30, 0)
    assert {await world.role_of(user) for user in people} == {"editor"}
    (told, *_) = [
        event
        for event in await events.list_events(world.tenant.tenant_id, subject_id=people[3].user_id, limit=5)
        if event.action == "user:role:locked"
    ]
    assert told.actor_label == "Rosa"
    await world.assert_consistent()


async def test_locks_are_set_in_the_order_of_the_rows_that_count_them(world: World) -> None:
    for number in range(12):
        await world.push_user(f"p{number}")
    by = await operator(world)
    await applied(world, by, await drafted(world, by, locking(world)))
    told = await events.list_events(world.tenant.tenant_id, limit=50)
    endings = [str(event.subject_id)[-2:] for event in told if event.action == "user:role:locked"]
    assert len(endings) == 12
    assert endings == sorted(endings, reverse=True)


async def test_disabling_keeps_out_and_enabling_lets_in_again(world: World) -> None:
    ann, by = await world.push_user("ann"), await operator(world)
    local = await locks.create_local_user(
        "ben", role_id=world.roles["viewer"].role_id, by=world.system, now=world.tick()
    )

    await applied(world, by, await drafted(world, by, Order(deed="disable", reason="Strike")))
    out = [(await current(user)).active for user in (ann, local)]
    block = await status.find_block(world.tenant.tenant_id, ann.user_id)
    await applied(world, by, await drafted(world, by, Order(deed="enable")))

    assert out == [False, False]
    assert block is not None
    assert (block.reason, block.owner) == ("Strike", "Rosa")
    assert [(await current(user)).active for user in (ann, local)] == [True, True]


async def test_unlocking_gives_the_role_back_to_groups(world: World) -> None:
    ann, by = await world.push_user("ann"), await operator(world)
    await world.map_group(await world.push_group("Staff", ["ext-ann"]), "viewer")
    await applied(world, by, await drafted(world, by, locking(world)))

    job = await applied(world, by, await drafted(world, by, Order(deed="unlock")))

    assert await world.role_of(ann) == "viewer"
    assert [(pair.count, pair.effect) for pair in job.pairs if pair.effect == "change"] == [(1, "change")]


async def test_whoever_changed_since_the_preview_is_skipped_and_listed(world: World) -> None:
    ann, ben, cleo = [await world.push_user(name) for name in ("ann", "ben", "cleo")]
    by = await operator(world)
    job = await drafted(world, by, locking(world))
    await locks.lock_role(
        ann.user_id, world.roles["viewer"].role_id, reason="x", until=None, by=world.system, now=world.tick()
    )
    await users.delete_user(ben.user_id, by=world.client, now=world.tick())

    job = await applied(world, by, job)

    assert await outcomes(job) == {"ann": "changed since", "ben": "gone", "cleo": "done"}
    assert (job.applied_count, job.skipped_count) == (1, 2)
    assert dict(await bulk_jobs.count_skipped(job)) == {"changed since": 1, "gone": 1}
    assert await world.role_of(ann) == "viewer"
    assert await world.role_of(cleo) == "editor"


async def test_a_mapping_that_changed_since_skips_whom_it_moves(world: World) -> None:
    ann, by = await world.push_user("ann"), await operator(world)
    await applied(world, by, await drafted(world, by, locking(world)))
    job = await drafted(world, by, Order(deed="unlock"))
    await world.map_group(await world.push_group("Staff", ["ext-ann"]), "viewer")

    await applied(world, by, job)

    assert await outcomes(job) == {"ann": "changed since"}
    assert await world.role_of(ann) == "editor"


async def test_asking_twice_applies_once(world: World) -> None:
    await world.push_user("ann")
    by = await operator(world)
    job = await applied(world, by, await drafted(world, by, locking(world)))

    again = await applied(world, by, job)

    assert again == job


async def test_what_was_not_shown_is_not_applied(world: World) -> None:
    ann, by = await world.push_user("ann"), await operator(world)
    job = await drafted(world, by, locking(world))

    with pytest.raises(StaleError):
        await bulk_jobs.apply_draft(job.job_id, "another", by=by, now=world.tick())
    with pytest.raises(OldDraftError):
        await bulk_jobs.apply_draft(job.job_id, job.plan_hash, by=by, now=world.now + timedelta(hours=2))

    assert await world.role_of(ann) == "loanee"


async def test_a_draft_is_its_operators_own(world: World) -> None:
    await world.push_user("ann")
    by, other = await operator(world), await operator(world, name="otto")
    job = await drafted(world, by, locking(world))

    with pytest.raises(NotFoundError):
        await bulk_jobs.get_job(job.job_id, by=other)
    assert [one.job_id for one in await bulk_jobs.list_jobs(by=other)] == []
    await applied(world, by, job)

    assert [one.job_id for one in await bulk_jobs.list_jobs(by=other)] == [job.job_id]


async def test_another_tenant_does_not_find_it(world: World) -> None:
    by = await operator(world)
    job = await applied(world, by, await drafted(world, by, locking(world)))
    foreign = await operator(await create_world("bristol"))

    with pytest.raises(NotFoundError):
        await bulk_jobs.get_job(job.job_id, by=foreign)


async def test_only_who_manages_users_acts_on_many(world: World) -> None:
    viewer, manager = await operator(world, "viewer", "vic"), await operator(world, "user_manager", "uma")

    with pytest.raises(ForbiddenError):
        await drafted(world, viewer, Order(deed="unlock"))
    with pytest.raises(ForbiddenError):
        await drafted(world, manager, locking(world, "administrator"))


@pytest.mark.parametrize(
    ("order", "attribute"),
    [
        (Order(deed="lock", reason="x"), "role"),
        (Order(deed="disable", reason=" "), "reason"),
        (Order(deed="disable", reason="x" * 501), "reason"),
    ],
)
async def test_an_order_that_cannot_be_is_refused(world: World, order: Order, attribute: str) -> None:
    with pytest.raises(InvalidError, match=attribute):
        await drafted(world, await operator(world), order)


async def test_a_user_manager_leaves_administrators_alone(world: World) -> None:
    await world.push_user("ann")
    await operator(world, name="adam")
    manager = await operator(world, "user_manager", "uma")

    job = await applied(world, manager, await drafted(world, manager, Order(deed="disable", reason="x")))

    assert await effects(job) == {"adam": "beyond you", "uma": "own account"}
    assert await outcomes(job) == {"ann": "done"}


async def test_the_last_administrator_stays(world: World) -> None:
    permissions = frozenset(world.roles["administrator"].permissions)
    chief = await access_roles.create_role("Chief", permissions, by=world.system, now=world.tick())
    user = await locks.create_local_user("chief", role_id=chief.role_id, by=world.system, now=world.tick())
    by = replace(await operator(world, name="adam"), user_id=user.user_id, label="Chief")

    job = await applied(world, by, await drafted(world, by, Order(deed="disable", reason="x")))

    assert await effects(job) == {"chief": "own account", "adam": "last administrator"}


async def test_a_last_administrator_whom_the_preview_did_not_know_is_skipped(world: World) -> None:
    permissions = frozenset(world.roles["administrator"].permissions)
    chief = await access_roles.create_role("Chief", permissions, by=world.system, now=world.tick())
    user = await locks.create_local_user("chief", role_id=chief.role_id, by=world.system, now=world.tick())
    first = await operator(world, name="adam")
    second = await operator(world, name="berta")
    by = replace(first, user_id=user.user_id, label="Chief")
    picked = AccountFilter(text="adam")
    job = await drafted(world, by, Order(deed="disable", reason="x"), picked)
    assert second.user_id is not None
    await status.set_local_status(second.user_id, active=False, by=world.system, now=world.tick())

    await applied(world, by, job)

    assert await outcomes(job) == {"adam": "last administrator"}


async def test_who_may_no_longer_do_it_changes_nobody(world: World) -> None:
    people = [await world.push_user(f"p{number}") for number in range(3)]
    by = await operator(world)
    job = await drafted(world, by, locking(world))
    other = await operator(world, name="otto")
    assert by.user_id is not None
    assert other.user_id is not None
    await status.set_local_status(by.user_id, active=False, by=world.system, now=world.tick())

    await applied(world, by, job)

    stopped = await bulk_jobs.get_job(job.job_id, by=other)
    assert (stopped.state, stopped.end_reason, stopped.settled_count) == ("cancelled", "operator", 0)
    assert set((await outcomes(job)).values()) == {"open"}
    assert {await world.role_of(user) for user in people} == {"loanee"}


async def test_many_are_a_job_that_goes_on_in_batches_and_can_be_stopped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [await world.push_user(f"p{number:02}") for number in range(12)]
    by = await operator(world)
    monkeypatch.setattr(bulk_jobs, "AT_ONCE_USERS", 5)
    monkeypatch.setattr(bulk_jobs, "BATCH_USERS", 4)
    tenant_id = world.tenant.tenant_id

    job = await applied(world, by, await drafted(world, by, locking(world)))
    done = await bulk_jobs.run_batch(tenant_id, job.job_id, now=world.tick())
    halfway = await bulk_jobs.get_job(job.job_id, by=by)
    await bulk_jobs.cancel_job(job.job_id, by=by, now=world.tick())
    after = await bulk_jobs.run_batch(tenant_id, job.job_id, now=world.tick())
    stopped = await bulk_jobs.get_job(job.job_id, by=by)

    assert (job.state, done, after) == ("running", 4, 0)
    assert (halfway.applied_count, stopped.state, stopped.applied_count) == (4, "cancelled", 4)
    assert sorted([await world.role_of(user) for user in people]) == ["editor"] * 4 + ["loanee"] * 8


async def test_a_long_draft_is_gone_on_with_in_the_background(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(9):
        await world.push_user(f"p{number}")
    by = await operator(world)
    monkeypatch.setattr(bulk_drafts, "AT_ONCE", 2)
    monkeypatch.setattr(bulk_drafts, "DRAFT_USERS", 3)

    job = await drafted(world, by, locking(world))
    seen = [job.state, job.item_count]
    while await bulk_drafts.go_on(world.tenant.tenant_id, job.job_id, now=world.tick()):
        pass
    job = await bulk_jobs.get_job(job.job_id, by=by)

    assert seen == ["drafting", 6]
    assert (job.state, job.item_count, job.change_count) == ("draft", 10, 9)
    assert (await applied(world, by, job)).applied_count == 9


async def test_drafts_and_results_are_forgotten_in_time(world: World) -> None:
    await world.push_user("ann")
    by = await operator(world)
    dropped, done = await drafted(world, by, locking(world)), await drafted(world, by, locking(world))
    await applied(world, by, done)

    while await bulk_jobs.forget_old(now=world.now + timedelta(days=2)):
        pass
    left = [job.job_id for job in await bulk_jobs.list_jobs(by=by)]
    while await bulk_jobs.forget_old(now=world.now + timedelta(days=91)):
        pass

    assert left == [done.job_id] != [dropped.job_id]
    assert await bulk_jobs.list_jobs(by=by) == []


async def test_whom_the_source_disabled_is_left_to_it(world: World) -> None:
    ann, by = await world.push_user("ann"), await operator(world)
    gone = UserAttributes({**ann.attributes.document, "active": False})
    await users.edit_user(ann.user_id, lambda _: gone, by=world.client, now=world.tick())

    job = await drafted(world, by, Order(deed="enable"))

    assert (job.change_count, await effects(job)) == (0, {"ann": "its source", "rosa": "own account"})
