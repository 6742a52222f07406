"""What is counted by the hour: events when they are sealed, requests when they are answered."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory import events, overview, traffic, users
from directory.model import SourceId, TenantId, UserAttributes
from directory.noted import noted
from directory.store import hours
from directory.tallies import KIND_OF_ACTION, NOBODY, SealedEvent, hour_of, is_failure, tallies_for
from tests.directory.tenant_setup import DAY, HOUR, NOW, SECOND, Scene, new_scene
from tests.directory.world import World

TENANT = TenantId(UUID(int=7))
SOURCE = SourceId(UUID(int=8))


@given(st.lists(st.tuples(st.datetimes(timezones=st.just(UTC)), st.sampled_from([*KIND_OF_ACTION, "group:created"]))))
def test_every_counted_event_is_in_exactly_one_hour(happened: list[tuple[datetime, str]]) -> None:
    sealed = [SealedEvent(tenant_id=TENANT, at=at, action=action, source_id=SOURCE) for at, action in happened]

    tallies = tallies_for(sealed)

    assert sum(one.things for one in tallies) == sum(action in KIND_OF_ACTION for _, action in happened)
    assert len({one[:4] for one in tallies}) == len(tallies)
    assert all(one.hour == hour_of(one.hour) for one in tallies)


def test_what_no_source_did_is_nobodys() -> None:
    (tally,) = tallies_for([SealedEvent(tenant_id=TENANT, at=NOW, action="user:created", source_id=None)])

    assert tally.source_id == NOBODY


def test_a_get_that_finds_nothing_is_no_failure() -> None:
    assert not is_failure("GET", 404)
    assert is_failure("PATCH", 404)
    assert is_failure("GET", 500)
    assert not is_failure("POST", 201)


@pytest.mark.anyio
async def test_sealed_events_are_counted_once_for_their_source(world: World) -> None:
    ann = await world.push_user("ann")
    off = UserAttributes({**ann.attributes.document, "active": False})
    await users.edit_user(ann.user_id, lambda _: off, by=world.client, now=world.tick())
    for _ in range(2):
        await events.seal_events(now=world.tick(), limit=100)

    (today,) = [one for one in await days_of(world) if one.created or one.disabled]

    assert (today.created, today.disabled) == (1, 1)


@pytest.mark.anyio
@pytest.mark.usefixtures("store")
async def test_requests_are_counted_whether_recorded_by_the_commit_or_later() -> None:
    scene = await new_scene()
    source = await scene.source()
    for status, recorded in ((200, False), (400, False), (404, False), (204, True)):
        draft = scene.draft(status=status, source=source)
        draft.recorded = recorded
        traffic.note_request(draft)
    await traffic.flush(now=NOW)

    pulse = await overview.get_pulse(scene.tenant.tenant_id, source.source_id, now=NOW)

    assert (pulse.today_requests, pulse.today_failed) == (4, 1)


@pytest.mark.anyio
@pytest.mark.usefixtures("store")
async def test_counts_are_written_every_few_seconds_and_added_up() -> None:
    scene = await new_scene()
    source = await scene.source()

    async def counted() -> int:
        return (await overview.get_pulse(scene.tenant.tenant_id, source.source_id, now=NOW)).today_requests

    await note(scene, count=2)
    await traffic.flush(now=NOW)
    await note(scene, count=3)
    await traffic.flush(now=NOW + SECOND)
    before = await counted()
    await traffic.flush(now=NOW + 6 * SECOND)

    assert (before, await counted()) == (2, 5)


async def note(scene: Scene, *, count: int) -> None:
    (source,) = [one.source for one in await overview.list_pulses(scene.tenant.tenant_id, now=NOW)]
    for _ in range(count):
        traffic.note_request(scene.draft(source=source))


@pytest.mark.anyio
@pytest.mark.usefixtures("store")
async def test_records_that_were_lost_leave_a_gap_with_its_bounds() -> None:
    scene = await new_scene()
    lost = [scene.draft(at=NOW - number * SECOND) for number in (30, 10, 20)]
    noted.lose(lost)
    await traffic.flush(now=NOW)
    await traffic.flush(now=NOW + SECOND)

    (gap,) = await hours.list_gaps(scene.tenant.tenant_id, since=NOW - HOUR, until=NOW)

    assert (gap.from_at, gap.until_at, gap.lost_count) == (NOW - 30 * SECOND, NOW - 10 * SECOND, 3)
    assert await hours.list_gaps(scene.tenant.tenant_id, since=NOW, until=NOW + HOUR) == []


@pytest.mark.anyio
@pytest.mark.usefixtures("store")
async def test_old_counts_and_gaps_are_pruned() -> None:
    scene = await new_scene()
    noted.lose([scene.draft(at=NOW - 91 * DAY)])
    traffic.note_request(scene.draft(at=NOW - 401 * DAY))
    traffic.note_request(scene.draft(at=NOW - 200 * DAY))
    await traffic.flush(now=NOW)

    await traffic.prune(now=NOW)

    tenant_id = scene.tenant.tenant_id
    assert await hours.list_gaps(tenant_id, since=NOW - 400 * DAY, until=NOW) == []
    assert [one.hour for one in await hours.list_hours(tenant_id, since=NOW - 500 * DAY)] == [hour_of(NOW - 200 * DAY)]


async def days_of(world: World) -> list[overview.DayCount]:
    return await overview.list_days(world.tenant.tenant_id, now=world.now, source_id=world.source.source_id)
