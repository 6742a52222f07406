"""A conversion keeps within the reach of its operator, is undone exactly, and tells how it ends."""

from dataclasses import replace
from datetime import timedelta

import pytest

from directory import access_roles, conversion_runs, conversions, events, locks, users
from directory.errors import ForbiddenError, StaleError
from directory.model import Actor, JsonValue, UserAttributes
from directory.store.compiled import Statement
from directory.store.unit import execute, in_unit
from tests.directory.converting import (
    begun,
    confirmed,
    converted,
    current,
    operator,
    outcomes,
    push,
    run,
    scanned,
    state_of,
    undone,
)
from tests.directory.world import World

pytestmark = pytest.mark.anyio

BREAK = Statement("UPDATE user_row SET document = $3::text WHERE tenant_id = $1::uuid AND id = $2::uuid")


async def manager_of_settings(world: World) -> Actor:
    """Return an operator who may convert, and manages no roles."""
    by = await operator(world, "viewer", "sam")
    return replace(by, permissions=by.permissions | {"settings:manage"})


async def told(world: World) -> list[tuple[str, dict[str, JsonValue]]]:
    """Return what was told of conversions, in order."""
    found = await events.list_events(world.tenant.tenant_id, limit=100)
    return [
        (event.action.removeprefix("tenant:conversion:"), {one.name: one.new for one in event.changes})
        for event in reversed(found)
        if event.action.startswith("tenant:conversion:")
    ]


async def test_nobody_decides_the_name_of_somebody_beyond_their_role(world: World) -> None:
    low = await manager_of_settings(world)
    await operator(world, name="rosa")
    chief = await locks.create_local_user(
        "chief", role_id=world.roles["administrator"].role_id, by=world.system, now=world.tick()
    )
    job = await scanned(world, low)
    for wanted in ("mine@example.org", None):
        with pytest.raises(ForbiddenError):
            await conversions.choose_name(job.job_id, chief.user_id, wanted, by=low, now=world.tick())


async def test_whoever_is_beyond_the_role_of_the_operator_is_left_alone(world: World) -> None:
    by = await operator(world)
    chief = await push(world, "chief", "chief@example.org")
    ann = await push(world, "ann", "ann@example.org")
    job = await begun(world, by)
    assert by.user_id is not None
    few = await access_roles.create_role(
        "Settings", ["portal:view", "settings:manage"], by=world.system, now=world.tick()
    )
    await operator(world, name="otto")
    for user_id, role_id in ((by.user_id, few.role_id), (chief.user_id, world.roles["administrator"].role_id)):
        await locks.lock_role(user_id, role_id=role_id, reason="x", until=None, by=world.system, now=world.tick())

    job = await run(world, world.system, job)

    assert await outcomes(job) == {"chief": "beyond", "ann": "done"}
    assert (await current(chief)).attributes.user_name == "chief"
    await locks.lock_role(
        ann.user_id,
        role_id=world.roles["administrator"].role_id,
        reason="x",
        until=None,
        by=world.system,
        now=world.tick(),
    )
    await conversions.undo(job.job_id, by=by, now=world.tick())
    await conversion_runs.undo_batch(job.tenant_id, job.job_id, now=world.tick())
    assert (await outcomes(job))["ann"] == "undo beyond"


async def test_undo_gives_a_former_name_back_its_place(world: World) -> None:
    by = await operator(world)
    ann = await push(world, "ann@old.org", "ann@new.org")
    await converted(world, by)
    await users.edit_user(
        ann.user_id,
        lambda a: UserAttributes({**a.document, "emails": [{"value": "ann@old.org", "primary": True}]}),
        by=world.client,
        now=world.tick(),
    )
    before = await state_of(world.tenant.tenant_id)
    second = await converted(world, by)
    assert (await current(ann)).attributes.user_name == "ann@old.org"

    await undone(world, by, second)

    assert await state_of(world.tenant.tenant_id) == before
    await world.assert_consistent()


async def test_a_former_name_whose_time_is_over_is_not_brought_back(world: World) -> None:
    by = await operator(world)
    ann = await push(world, "ann@old.org", "ann@new.org")
    await converted(world, by, alias_days=1)
    await users.edit_user(
        ann.user_id,
        lambda a: UserAttributes({**a.document, "emails": [{"value": "ann@old.org", "primary": True}]}),
        by=world.client,
        now=world.tick(),
    )
    second = await converted(world, by)
    world.now += timedelta(days=2)
    await undone(world, by, second)
    assert [row["former"] for row in await state_of(world.tenant.tenant_id) if row["id"] == ann.user_id] == [None]


async def test_a_user_that_can_no_longer_be_changed_stops_nobody_else(world: World) -> None:
    by = await operator(world)
    ann, ben = await push(world, "ann", "ann@example.org"), await push(world, "ben", "ben@example.org")
    job = await begun(world, by)
    document = '{"userName": "ann", "emails": [{"value": "ann@example.org", "primary": true}], "displayName": 7}'

    async def broken() -> None:
        await execute(BREAK, job.tenant_id, ann.user_id, document)

    await in_unit(job.tenant_id, broken)

    job = await run(world, by, job)

    assert (job.state, await outcomes(job)) == ("done", {"ann": "invalid", "ben": "done"})
    assert (await current(ben)).attributes.user_name == "ben@example.org"


async def test_each_end_and_each_beginning_is_told(world: World) -> None:
    by = await operator(world)
    await push(world, "ann", "ann@example.org")
    job = await begun(world, by)
    await conversions.stop(job.job_id, by=by, now=world.tick())
    await conversions.resume(job.job_id, by=by, now=world.tick())
    job = await run(world, by, job)
    await undone(world, by, job)

    assert await told(world) == [
        ("started", {"users": 1, "alias_days": 90}),
        ("stopped", {"reason": "asked", "undo": False, "users": 0}),
        ("resumed", {"undo": False}),
        ("done", {"users": 1}),
        ("undone", {"users": 1}),
        ("restored", {"users": 1}),
    ]


async def test_what_fails_too_often_is_told(world: World) -> None:
    by = await operator(world)
    await push(world, "ann", "ann@example.org")
    job = await begun(world, by)
    for _ in range(conversion_runs.FAILURES_MAX):
        await conversion_runs.note_failure(job.tenant_id, job.job_id, failed=True, now=world.tick())
    assert (await told(world))[-1] == ("stopped", {"reason": "failed", "undo": False, "users": 0})


async def test_as_many_but_others_are_not_confirmed(world: World) -> None:
    by = await operator(world)
    ann, cid = await push(world, "ann", "ann@example.org"), await push(world, "cid")
    await push(world, "ben", "ben@example.org")
    shown = await scanned(world, by)
    await conversions.choose_name(shown.job_id, ann.user_id, None, by=by, now=world.tick())
    await conversions.choose_name(shown.job_id, cid.user_id, "cid@example.org", by=by, now=world.tick())
    assert await conversions.count_open(shown) == 2

    with pytest.raises(StaleError):
        await conversions.confirm(
            shown.job_id, alias_days=1, expected=2, decided=shown.decision_count, by=by, now=world.tick()
        )
    assert (await confirmed(world, by, shown)).state == "running"
