"""How a tenant is: states of its connections, counts of its people, and what waits for somebody."""

from datetime import timedelta

import pytest

from directory import events, groups, locks, mappings, overview, secret_keys, traffic, users
from directory.errors import NotFoundError
from directory.ids import new_id
from directory.model import RequestDraft, RequestId, SourceId, UserAttributes
from directory.references import reference_for
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio
DAY = timedelta(days=1)


async def answered(world: World, *statuses: int) -> None:
    """Record requests of the source that ended so."""
    for status in statuses:
        at = world.tick()
        request_id = RequestId(new_id(at))
        traffic.note_request(
            RequestDraft(
                request_id=request_id,
                tenant_id=world.tenant.tenant_id,
                source_id=world.source.source_id,
                secret_id=None,
                reference=reference_for(request_id),
                method="PATCH",
                path="/scim/v2/Users/x",
                started_at=at,
                elapsed_us=lambda: 900,
                status=status,
            )
        )
    await traffic.flush(now=world.tick())


async def kinds(world: World) -> list[str]:
    return [one.kind for one in await overview.list_attention(world.tenant.tenant_id, now=world.now)]


async def issue(world: World, *, days: int = 100) -> None:
    lifetime = days * DAY
    await secret_keys.issue_secret(
        world.source.source_id, label="", lifetime=lifetime, by=world.system, now=world.tick()
    )


async def administrators(world: World, *names: str) -> None:
    for name in names:
        role_id = world.roles["administrator"].role_id
        await locks.create_local_user(name, role_id=role_id, by=world.system, now=world.tick())


async def test_counts_are_those_of_the_rows(world: World) -> None:
    ann = await world.push_user("ann")
    await world.push_user("ben", active=False)
    await administrators(world, "rosa")
    await world.push_group("Staff", ["ext-ann", "ext-later", "ext-never"])
    await locks.lock_role(
        ann.user_id, world.roles["editor"].role_id, reason="x", until=None, by=world.system, now=world.tick()
    )

    counts = (await overview.get_overview(world.tenant.tenant_id, now=world.now)).counts

    assert (counts.active, counts.disabled, counts.loanees) == (2, 1, 1)
    assert (counts.locked, counts.groups, counts.waiting) == (2, 1, 2)


async def test_a_deleted_user_is_in_no_count(world: World) -> None:
    ann = await world.push_user("ann")
    await users.delete_user(ann.user_id, by=world.client, now=world.tick())

    counts = (await overview.get_overview(world.tenant.tenant_id, now=world.now)).counts

    assert (counts.active, counts.disabled, counts.loanees) == (0, 0, 0)


async def test_fourteen_days_are_told_also_when_nothing_happened(world: World) -> None:
    await world.push_user("ann")
    ben = await world.push_user("ben")
    world.now += DAY
    off = UserAttributes({**ben.attributes.document, "active": False})
    await users.edit_user(ben.user_id, lambda _: off, by=world.client, now=world.tick())
    await answered(world, 400)
    await events.seal_events(now=world.tick(), limit=100)

    days = await overview.list_days(world.tenant.tenant_id, now=world.now)

    assert len(days) == 14
    assert [(one.created, one.updated, one.disabled, one.failed) for one in days[-2:]] == [(2, 0, 0, 0), (0, 0, 1, 1)]
    assert {(one.created, one.disabled) for one in days[:-2]} == {(0, 0)}
    assert days[-1].day.date() == world.now.date()


async def test_days_of_one_source_leave_the_others_out(world: World) -> None:
    await administrators(world, "rosa")
    await events.seal_events(now=world.tick(), limit=100)
    tenant_id = world.tenant.tenant_id

    everybody = await overview.list_days(tenant_id, now=world.now)
    of_source = await overview.list_days(tenant_id, now=world.now, source_id=world.source.source_id)

    assert (everybody[-1].created, of_source[-1].created) == (1, 0)


async def test_a_source_is_told_with_its_state_and_its_day(world: World) -> None:
    await issue(world)
    await answered(world, 200, 200, 400)

    (pulse,) = await overview.list_pulses(world.tenant.tenant_id, now=world.now)

    assert (pulse.state.kind, pulse.today_requests, pulse.today_failed) == ("quiet", 3, 1)
    assert pulse.last_seen_at is not None


async def test_failing_requests_come_before_everything_else(world: World) -> None:
    await issue(world, days=20)
    await administrators(world, "rosa", "sam")
    await answered(world, 400, 409, 500)

    found = await overview.list_attention(world.tenant.tenant_id, now=world.now)

    assert [one.kind for one in found] == ["source_failing", "secret_ending"]
    assert "3 of its last 3 requests failed" in found[0].reason
    assert len(await overview.list_attention(world.tenant.tenant_id, now=world.now)) == 2


async def test_an_expired_secret_is_named(world: World) -> None:
    await administrators(world, "rosa", "sam")
    await issue(world, days=1)
    world.now += 2 * DAY

    assert "secret_ended" in await kinds(world)


async def test_administrators_are_counted_by_lock_and_by_mapping(world: World) -> None:
    nobody = await kinds(world)
    await world.push_user("ann")
    await world.push_user("ben")
    await world.map_group(await world.push_group("Admins", ["ext-ann", "ext-ben"]), "administrator")
    mapped = await kinds(world)
    await administrators(world, "rosa")

    assert {"no_local_administrator", "one_administrator"} <= set(nobody)
    assert "no_local_administrator" in mapped
    assert "one_administrator" not in mapped
    assert await kinds(world) == []


async def test_a_mapping_whose_group_is_gone_is_named_until_it_is_removed(world: World) -> None:
    await administrators(world, "rosa", "sam")
    group = await world.push_group("Staff")
    await world.map_group(group, "viewer")
    await groups.delete_group(group.group_id, by=world.client, now=world.tick())
    gone = await kinds(world)
    await mappings.remove_mapping(group.group_id, by=world.system, now=world.tick())

    assert (gone, await kinds(world)) == (["mappings_gone"], [])


async def test_locks_that_end_within_a_week_are_counted(world: World) -> None:
    await administrators(world, "rosa", "sam")
    for name, days in (("ann", 3), ("ben", 30)):
        user = await world.push_user(name)
        await locks.lock_role(
            user.user_id,
            world.roles["editor"].role_id,
            reason="x",
            until=world.now + days * DAY,
            by=world.system,
            now=world.tick(),
        )
    await events.seal_events(now=world.tick(), limit=100)

    (due,) = await overview.list_attention(world.tenant.tenant_id, now=world.now)

    assert (due.kind, due.count) == ("locks_due", 1)


async def test_events_that_nobody_seals_tell_that_the_worker_is_away(world: World) -> None:
    await events.seal_events(now=world.tick(), limit=100)
    await world.push_user("ann")
    at_once = (await overview.get_overview(world.tenant.tenant_id, now=world.now)).late_since
    world.now += timedelta(minutes=9)

    later = (await overview.get_overview(world.tenant.tenant_id, now=world.now)).late_since

    assert at_once is None
    assert later is not None
    assert timedelta(minutes=8) < world.now - later < timedelta(minutes=10)
    assert "worker_late" in await kinds(world)


async def test_another_tenant_counts_for_itself(world: World) -> None:
    other = await create_world("other")
    await other.push_user("zoe")
    await administrators(world, "rosa", "sam")

    counts = (await overview.get_overview(world.tenant.tenant_id, now=world.now)).counts

    assert (counts.active, counts.loanees) == (2, 0)
    assert await kinds(world) == []
    with pytest.raises(NotFoundError):
        await overview.get_pulse(world.tenant.tenant_id, SourceId(other.source.source_id), now=world.now)


async def test_the_lock_of_somebody_who_is_gone_does_not_end_soon(world: World) -> None:
    ann = await world.push_user("ann")
    viewer = world.roles["viewer"].role_id
    await locks.lock_role(ann.user_id, viewer, reason="x", until=world.now + 2 * DAY, by=world.system, now=world.tick())
    assert "locks_due" in await kinds(world)

    await users.delete_user(ann.user_id, by=world.client, now=world.tick())

    assert "locks_due" not in await kinds(world)
