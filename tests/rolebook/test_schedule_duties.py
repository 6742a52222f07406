"""Reports that are due are sent by the duty: the others first after a failure, and each exactly once."""

import pytest

from directory import schedule_runs, schedules
from directory.errors import InvalidError, NotFoundError, UnavailableError
from directory.leases import LeaseLostError
from directory.schedule_values import Schedule
from directory.store.compiled import Statement
from directory.store.unit import Engine, execute
from rolebook import schedule_duties
from rolebook.schedule_duties import Trying, send_reports
from tests.directory.scheduling import local_user, mails_of, make_schedule, runs_of, terms
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio

SPOIL = Statement("UPDATE schedule_row SET report = 'gone', options = '{}' WHERE id = $1::uuid", house=True)


@pytest.fixture
async def world(store: Engine) -> World:
    assert store is not None
    made = await create_world()
    await local_user(made, "zoe")
    return made


async def drained(schedule: Schedule) -> int:
    """Run the duty at the schedule's time until it has nothing left; returns how often it had something."""
    count = 0
    while await send_reports(schedule.next_at):
        count += 1
    return count


async def test_what_is_due_is_sent_one_at_a_time(world: World) -> None:
    made = [await make_schedule(world, terms(name=f"Number {number}")) for number in range(3)]
    assert not await schedule_duties.has_reports_to_send(world.now)
    assert await schedule_duties.has_reports_to_send(made[0].next_at)

    assert await drained(made[0]) == 3

    assert len(await mails_of(world)) == 3
    assert not await schedule_duties.has_reports_to_send(made[0].next_at)


async def test_what_was_asked_for_comes_first(world: World) -> None:
    due, asked = await make_schedule(world), await make_schedule(world, terms(name="Asked for"))
    await schedules.ask_sending(asked.schedule_id, by=world.system, now=due.next_at)

    await send_reports(due.next_at)

    assert [run.kind for run in await runs_of(world, asked)] == ["asked"]
    assert await runs_of(world, due) == []


async def test_one_that_fails_lets_the_others_go_first(world: World) -> None:
    bad, good = await make_schedule(world), await make_schedule(world, terms(name="Good"))
    await execute(SPOIL, bad.schedule_id)

    with pytest.raises(NotFoundError):
        await send_reports(bad.next_at)
    assert await drained(bad) == 0

    assert len(await runs_of(world, good)) == 1
    assert await runs_of(world, bad) == []
    assert (await schedules.get_schedule(world.tenant.tenant_id, bad.schedule_id)).failure_count == 1


async def test_one_that_cannot_even_be_noted_as_failed_keeps_nobody_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, worse = await make_schedule(world), await make_schedule(world)
    good = await make_schedule(world, terms(name="Good"))
    for one in (bad, worse):
        await execute(SPOIL, one.schedule_id)
    # As a row that is in the way of every try would have it.
    monkeypatch.setattr(schedule_runs, "RETRY_EVERY", None)

    with pytest.raises(ExceptionGroup) as failed:
        await send_reports(bad.next_at)

    assert [type(error) for error in failed.value.exceptions] == [TypeError, TypeError]
    assert len(await runs_of(world, good)) == 1


async def test_only_what_the_sending_itself_is_to_blame_for_counts() -> None:
    noted: list[bool] = []

    async def note(*, counts: bool) -> None:
        noted.append(counts)

    for error in (InvalidError("zone", "is none"), LeaseLostError("send_reports"), UnavailableError("away")):
        with pytest.raises(type(error)):
            async with Trying(note):
                raise error

    assert noted == [True, False]
