"""User names become e-mail addresses: scanned, decided, converted in batches, undone."""

from datetime import timedelta

import pytest

from directory import conversion_runs, conversion_scans, conversions, events, locks, users
from directory.errors import AlreadyExistsError, ForbiddenError, InvalidError, NotFoundError, RefusedError, StaleError
from directory.model import UserAttributes
from tests.directory.converting import (
    begun,
    converted,
    current,
    operator,
    outcomes,
    push,
    scanned,
    state_of,
    undone,
    verdicts,
)
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio


async def test_a_scan_says_of_everybody_what_the_name_would_become(world: World) -> None:
    by = await operator(world)
    await push(world, "ann", "ann@example.org")
    await push(world, "ben@example.org", "ben@example.org")
    await push(world, "cid")
    await push(world, "dan", "not an address")
    await push(world, "Eve@Example.org", "eve@example.org")
    await push(world, "fay", "shared@example.org")
    await push(world, "gus", "Shared@example.org")
    await push(world, "hal", "old@example.org")
    await push(world, "old@example.org", "new@example.org", active=False)
    await push(world, "ida", "ben@example.org")

    job = await scanned(world, by)

    assert (job.state, job.item_count) == ("scanned", 11)
    assert await verdicts(job) == {
        "rosa@example.org": "missing",
        "ann": "convert",
        "ben@example.org": "already",
        "cid": "missing",
        "dan": "invalid",
        "Eve@Example.org": "spelling",
        "fay": "twice",
        "gus": "twice",
        "hal": "taken",
        "old@example.org": "convert",
        "ida": "taken",
    }


async def test_nobody_is_changed_by_a_scan(world: World) -> None:
    by = await operator(world)
    ann = await push(world, "ann", "ann@example.org")
    await scanned(world, by)
    assert await current(ann) == ann


async def test_names_become_addresses_with_an_event_for_each(world: World) -> None:
    by = await operator(world)
    ann = await push(world, "ann", "ann@example.org", displayName="Ann")

    job = await converted(world, by)

    assert (job.state, job.total_count, job.applied_count) == ("done", 1, 1)
    after = await current(ann)
    assert after.attributes.user_name == "ann@example.org"
    assert after.version == ann.version + 1
    (told, *_) = await events.list_events(world.tenant.tenant_id, subject_id=ann.user_id, limit=5)
    assert (told.action, told.actor_label) == ("user:name:converted", "Rosa")
    assert [(one.name, one.old, one.new) for one in told.changes] == [("userName", "ann", "ann@example.org")]
    await world.assert_consistent()


async def test_whoever_is_known_by_the_name_alone_is_shown_by_the_new_one(world: World) -> None:
    by = await operator(world)
    ann = await push(world, "ann", "ann@example.org")
    await converted(world, by)
    assert (await current(ann)).promoted.display_name == "ann@example.org"


async def test_conflicts_stay_as_they_are_until_decided(world: World) -> None:
    by = await operator(world)
    fay = await push(world, "fay", "shared@example.org", "fay@example.org")
    gus = await push(world, "gus", "shared@example.org")
    cid = await push(world, "cid")
    job = await scanned(world, by)
    assert await conversions.count_open(job) == 0

    await conversions.choose_name(job.job_id, fay.user_id, "fay@example.org", by=by, now=world.tick())
    await conversions.choose_name(job.job_id, gus.user_id, "shared@example.org", by=by, now=world.tick())
    await conversions.confirm(job.job_id, alias_days=90, expected=2, decided=2, by=by, now=world.tick())
    await conversion_runs.run_batch(job.tenant_id, job.job_id, now=world.tick())

    names = [(await current(user)).attributes.user_name for user in (fay, gus, cid)]
    assert names == ["fay@example.org", "shared@example.org", "cid"]


async def test_a_user_who_would_be_converted_can_be_left_alone(world: World) -> None:
    by = await operator(world)
    ann = await push(world, "ann", "ann@example.org")
    await push(world, "ben", "ben@example.org")
    job = await scanned(world, by)
    await conversions.choose_name(job.job_id, ann.user_id, None, by=by, now=world.tick())
    assert await conversions.count_open(job) == 1


async def test_a_name_that_somebody_has_or_is_to_have_cannot_be_chosen(world: World) -> None:
    by = await operator(world)
    cid, dan = await push(world, "cid"), await push(world, "dan")
    await push(world, "ann", "ann@example.org")
    await push(world, "ben@example.org", "ben@example.org")
    job = await scanned(world, by)

    for taken in ("ANN@example.org", "ben@example.org"):
        with pytest.raises(AlreadyExistsError):
            await conversions.choose_name(job.job_id, cid.user_id, taken, by=by, now=world.tick())
    await conversions.choose_name(job.job_id, cid.user_id, "free@example.org", by=by, now=world.tick())
    with pytest.raises(AlreadyExistsError):
        await conversions.choose_name(job.job_id, dan.user_id, "free@example.org", by=by, now=world.tick())


@pytest.mark.parametrize("text", ["", "ann", "ann@", "@example.org", "a b@example.org", "ann@example", "a@b@c.org"])
async def test_what_is_no_address_cannot_be_chosen(world: World, text: str) -> None:
    by = await operator(world)
    cid = await push(world, "cid")
    job = await scanned(world, by)
    with pytest.raises(InvalidError):
        await conversions.choose_name(job.job_id, cid.user_id, text, by=by, now=world.tick())


async def test_whoever_changed_since_the_scan_is_left_alone(world: World) -> None:
    by = await operator(world)
    ann, ben = await push(world, "ann", "ann@example.org"), await push(world, "ben", "ben@example.org")
    cid, dan = await push(world, "cid", "cid@example.org"), await push(world, "dan", "dan@example.org")
    job = await begun(world, by)
    await users.edit_user(
        ann.user_id,
        lambda a: UserAttributes({**a.document, "emails": [{"value": "other@example.org"}]}),
        by=world.client,
        now=world.tick(),
    )
    await users.edit_user(
        ben.user_id, lambda a: UserAttributes({**a.document, "userName": "benny"}), by=world.client, now=world.tick()
    )
    await users.delete_user(cid.user_id, by=world.client, now=world.tick())
    await push(world, "dan@example.org")

    await conversion_runs.run_batch(job.tenant_id, job.job_id, now=world.tick())

    job = await conversions.get_conversion(job.job_id, by=by)
    assert (job.state, job.applied_count, job.settled_count) == ("done", 0, 4)
    assert await outcomes(job) == {"ann": "changed", "ben": "changed", "cid": "gone", "dan": "taken"}
    assert (await current(dan)).attributes.user_name == "dan"


async def test_what_else_changes_meanwhile_is_no_reason_to_leave_somebody_alone(world: World) -> None:
    by = await operator(world)
    ann = await push(world, "ann", "ann@example.org")
    job = await begun(world, by)
    await users.edit_user(
        ann.user_id, lambda a: UserAttributes({**a.document, "title": "Cook"}), by=world.client, now=world.tick()
    )
    await conversion_runs.run_batch(job.tenant_id, job.job_id, now=world.tick())
    after = await current(ann)
    assert (after.attributes.user_name, after.promoted.title) == ("ann@example.org", "Cook")


async def test_undo_brings_everything_back_as_it_was(world: World) -> None:
    by = await operator(world)
    for name in ("ann", "ben", "cid"):
        await push(world, name, f"{name}@example.org")
    before = await state_of(world.tenant.tenant_id)

    job = await undone(world, by, await converted(world, by))

    assert (job.state, job.restored_count, job.undone_by) == ("undone", 3, "Rosa")
    assert await state_of(world.tenant.tenant_id) == before
    assert await conversions.count_outcomes(job) == {"restored": 3}
    await world.assert_consistent()


async def test_undo_refuses_who_was_renamed_since_and_lists_them(world: World) -> None:
    by = await operator(world)
    ann, ben = await push(world, "ann", "ann@example.org"), await push(world, "ben", "ben@example.org")
    cid = await push(world, "cid", "cid@example.org")
    job = await converted(world, by, alias_days=0)
    await users.edit_user(
        ann.user_id, lambda a: UserAttributes({**a.document, "userName": "anna"}), by=world.client, now=world.tick()
    )
    await users.delete_user(ben.user_id, by=world.client, now=world.tick())
    await push(world, "CID")

    job = await undone(world, by, job)

    assert job.restored_count == 0
    assert await outcomes(job) == {"ann": "undo changed", "ben": "undo gone", "cid": "undo taken"}
    assert (await current(cid)).attributes.user_name == "cid@example.org"


async def test_undo_ends_after_thirty_days(world: World) -> None:
    by = await operator(world)
    await push(world, "ann", "ann@example.org")
    job = await converted(world, by)
    world.now += timedelta(days=30)
    with pytest.raises(RefusedError):
        await conversions.undo(job.job_id, by=by, now=world.tick())


async def test_confirming_twice_begins_once_and_other_decisions_are_noticed(world: World) -> None:
    by = await operator(world)
    ann = await push(world, "ann", "ann@example.org")
    job = await scanned(world, by)
    with pytest.raises(StaleError):
        await conversions.confirm(job.job_id, alias_days=90, expected=2, decided=0, by=by, now=world.tick())
    for _ in range(2):
        await conversions.confirm(job.job_id, alias_days=90, expected=1, decided=0, by=by, now=world.tick())
    with pytest.raises(StaleError):
        await conversions.choose_name(job.job_id, ann.user_id, None, by=by, now=world.tick())
    started = [
        event.action
        for event in await events.list_events(world.tenant.tenant_id, limit=50)
        if event.action == "tenant:conversion:started"
    ]
    assert len(started) == 1


async def test_only_one_conversion_is_under_way(world: World) -> None:
    by = await operator(world)
    await push(world, "ann", "ann@example.org")
    first = await scanned(world, by)
    second = await scanned(world, by)
    assert (await conversions.get_conversion(first.job_id, by=by)).state == "dropped"
    await conversions.confirm(second.job_id, alias_days=1, expected=1, decided=0, by=by, now=world.tick())
    with pytest.raises(AlreadyExistsError):
        await conversion_scans.start_scan(by=by, now=world.tick())


async def test_what_is_stopped_goes_on_where_it_was(world: World) -> None:
    by = await operator(world)
    for number in range(5):
        await push(world, f"p{number}", f"p{number}@example.org")
    job = await begun(world, by)
    await conversion_runs.run_batch(job.tenant_id, job.job_id, now=world.tick(), limit=2)
    await conversions.stop(job.job_id, by=by, now=world.tick())
    assert await conversion_runs.run_batch(job.tenant_id, job.job_id, now=world.tick(), limit=2) == 0

    await conversions.resume(job.job_id, by=by, now=world.tick())
    while await conversion_runs.run_batch(job.tenant_id, job.job_id, now=world.tick(), limit=2):
        pass

    job = await conversions.get_conversion(job.job_id, by=by)
    assert (job.state, job.applied_count) == ("done", 5)


async def test_a_batch_that_fails_stops_the_conversion_at_its_users(world: World) -> None:
    by = await operator(world)
    await push(world, "ann", "ann@example.org")
    job = await begun(world, by)
    for _ in range(conversion_runs.FAILURES_MAX):
        await conversion_runs.note_failure(job.tenant_id, job.job_id, failed=True, now=world.tick())
    job = await conversions.get_conversion(job.job_id, by=by)
    assert (job.state, job.failure) == ("stopped", "failed")
    assert [item.old_name for item in await conversions.list_waiting(job, limit=5)] == ["ann"]


async def test_an_operator_who_may_no_longer_stops_it(world: World) -> None:
    by, other = await operator(world), await operator(world, name="otto")
    await push(world, "ann", "ann@example.org")
    job = await begun(world, by)
    assert by.user_id is not None
    viewer = world.roles["viewer"].role_id
    await locks.lock_role(by.user_id, role_id=viewer, reason="x", until=None, by=world.system, now=world.tick())
    await conversion_runs.run_batch(job.tenant_id, job.job_id, now=world.tick())
    job = await conversions.get_conversion(job.job_id, by=other)
    assert (job.state, job.failure, job.applied_count) == ("stopped", "operator", 0)


async def test_who_may_not_manage_settings_may_not_look(world: World) -> None:
    viewer = await operator(world, "user_manager", "vera")
    with pytest.raises(ForbiddenError):
        await conversion_scans.start_scan(by=viewer, now=world.tick())


async def test_another_tenants_conversion_is_not_there(world: World) -> None:
    by = await operator(world)
    job = await scanned(world, by)
    other = await create_world("other")
    stranger = await operator(other)
    for verb in (conversions.stop, conversions.resume, conversions.undo, conversions.drop_scan):
        with pytest.raises(NotFoundError):
            await verb(job.job_id, by=stranger, now=world.tick())


async def test_old_scans_and_reports_are_forgotten(world: World) -> None:
    by = await operator(world)
    await push(world, "ann", "ann@example.org")
    job = await converted(world, by)
    assert await conversions.forget_old(now=world.now + timedelta(days=89)) == 0
    while await conversions.forget_old(now=world.now + timedelta(days=91)):
        pass
    with pytest.raises(NotFoundError):
        await conversions.get_conversion(job.job_id, by=by)


async def test_a_scan_that_is_half_forgotten_cannot_be_confirmed(world: World) -> None:
    by = await operator(world)
    for name in ("ann", "ben", "cid"):
        await push(world, name, f"{name}@example.org")
    job = await scanned(world, by)
    later = world.now + timedelta(days=1, minutes=1)

    assert await conversions.forget_old(now=later)

    assert (await conversions.get_conversion(job.job_id, by=by)).state == "dropped"
    with pytest.raises(StaleError):
        await conversions.confirm(job.job_id, alias_days=1, expected=3, decided=0, by=by, now=later)
    while await conversions.forget_old(now=later):
        pass
    assert await conversions.find_current(by=by) is None


async def test_a_conflict_is_told_with_an_active_user_rather_than_a_disabled_one(world: World) -> None:
    by = await operator(world)
    await push(world, "old", "shared@example.org", active=False)
    ann = await push(world, "ann", "shared@example.org")
    ben = await push(world, "ben", "shared@example.org")
    cid = await push(world, "cid", "two@example.org")
    gone = await push(world, "gone", "two@example.org", active=False)
    eve = await push(world, "eve@example.org", active=False)
    await push(world, "eve", "eve@example.org")
    job = await scanned(world, by)

    items = {item.old_name: item async for item in conversions.each_item(job, "conflict")}

    assert (items["ann"].reason, items["ann"].other_id) == ("twice", ben.user_id)
    assert (items["ben"].reason, items["ben"].other_id) == ("twice", ann.user_id)
    assert (items["cid"].reason, items["cid"].other_id) == ("disabled", gone.user_id)
    assert (items["eve"].reason, items["eve"].other_id, items["eve"].other_active) == ("taken", eve.user_id, False)
    await conversions.choose_name(job.job_id, cid.user_id, "two@example.org", by=by, now=world.tick())
