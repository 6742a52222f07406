"""Schedules of reports: made, changed, paused and deleted by those who may."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from directory import schedule_runs, schedules
from directory.errors import ForbiddenError, InvalidError, NotFoundError, StaleError
from directory.rhythms import Rhythm
from directory.schedule_values import Recipient, ScheduleId, addresses_in
from tests.directory.lending import viewer
from tests.directory.scheduling import DAILY, actions, again, local_user, mails_of, make_schedule, send_all, terms
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)


async def test_a_schedule_is_due_at_its_next_time_and_not_before(world: World) -> None:
    made = await make_schedule(world)

    assert made.next_at == datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
    assert await schedule_runs.list_due(now=made.next_at - timedelta(seconds=1)) == []
    assert await schedule_runs.list_due(now=made.next_at) == [(world.tenant.tenant_id, made.schedule_id)]
    assert await schedules.list_schedules(world.tenant.tenant_id, report="never-seen") == [made]
    assert await schedules.list_schedules(world.tenant.tenant_id, report="secrets") == []


async def test_only_who_manages_settings_makes_and_changes_schedules(world: World) -> None:
    made = await make_schedule(world)
    by, now, schedule_id = viewer(world), world.tick(), made.schedule_id

    for deed in (
        schedules.create_schedule(terms(), by=by, now=now),
        schedules.edit_schedule(schedule_id, terms(), expected_version=1, by=by, now=now),
        schedules.pause_schedule(schedule_id, by=by, now=now),
        schedules.resume_schedule(schedule_id, by=by, now=now),
        schedules.delete_schedule(schedule_id, by=by, now=now),
        schedules.ask_sending(schedule_id, by=by, now=now),
        schedules.ask_test(schedule_id, "me@example.org", by=by, now=now),
    ):
        with pytest.raises(ForbiddenError):
            await deed
    assert await again(made, world) == made


async def test_schedules_of_another_tenant_are_not_there(world: World) -> None:
    other = await create_world("bristol")
    theirs = (await make_schedule(other)).schedule_id
    by, now = world.system, world.tick()

    for schedule_id in (theirs, ScheduleId(uuid4())):
        for deed in (
            schedules.get_schedule(world.tenant.tenant_id, schedule_id),
            schedules.edit_schedule(schedule_id, terms(), expected_version=1, by=by, now=now),
            schedules.pause_schedule(schedule_id, by=by, now=now),
            schedules.delete_schedule(schedule_id, by=by, now=now),
            schedules.ask_sending(schedule_id, by=by, now=now),
        ):
            with pytest.raises(NotFoundError):
                await deed
    assert await schedules.list_schedules(world.tenant.tenant_id) == []


@pytest.mark.parametrize(
    ("changes", "attribute"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"recipients": []}, "recipients"),
        ({"recipients": [Recipient(address="nobody")]}, "addresses"),
        ({"recipients": [Recipient(address=f"p{n}@example.org") for n in range(21)]}, "recipients"),
        ({"options": {"kind": "nonsense"}}, "kind"),
        ({"rhythm": replace(DAILY, zone="Europe/Atlantis")}, "zone"),
        ({"rhythm": replace(DAILY, minute=1440)}, "time"),
    ],
)
async def test_terms_that_cannot_be_kept_are_refused(world: World, changes: dict[str, Any], attribute: str) -> None:
    with pytest.raises(InvalidError) as refused:
        await make_schedule(world, replace(terms(), **changes))

    assert refused.value.attribute == attribute
    with pytest.raises(NotFoundError):
        await make_schedule(world, terms("everything"))


async def test_recipients_are_kept_once_however_they_are_written(world: World) -> None:
    typed = addresses_in("Ops@Example.org, ops@example.org;\n boss@example.org\n\n")

    made = await make_schedule(world, terms(recipients=typed))

    assert [one.address for one in made.terms.recipients] == ["ops@example.org", "boss@example.org"]


async def test_a_change_moves_the_next_time_and_is_told(world: World) -> None:
    made = await make_schedule(world)
    weekly = terms(rhythm=Rhythm(every="week", minute=30, zone="UTC", weekday=4))

    await schedules.edit_schedule(made.schedule_id, weekly, expected_version=1, by=world.system, now=world.tick())
    await schedules.edit_schedule(made.schedule_id, weekly, expected_version=2, by=world.system, now=world.tick())

    found = await again(made, world)
    assert (found.next_at, found.version) == (datetime(2026, 11, 6, 0, 30, tzinfo=UTC), 2)
    with pytest.raises(StaleError):
        await schedules.edit_schedule(made.schedule_id, terms(), expected_version=1, by=world.system, now=world.tick())
    assert await actions(world) == ["schedule:created", "schedule:changed"]


async def test_a_paused_schedule_sends_nothing_and_makes_up_for_nothing(world: World) -> None:
    await local_user(world, "zoe")
    made = await make_schedule(world)
    await schedules.pause_schedule(made.schedule_id, by=world.system, now=world.tick())
    assert not await schedules.has_schedule(world.tenant.tenant_id, "never-seen")

    assert await send_all(made.next_at + 3 * DAY) == 0
    await schedules.resume_schedule(made.schedule_id, by=world.system, now=made.next_at + 3 * DAY)
    await schedules.resume_schedule(made.schedule_id, by=world.system, now=made.next_at + 3 * DAY)

    assert (await again(made, world)).next_at == made.next_at + 4 * DAY
    assert await schedules.has_schedule(world.tenant.tenant_id, "never-seen")
    assert await actions(world) == ["schedule:created", "schedule:paused", "schedule:resumed"]


async def test_deleting_a_schedule_forgets_it_and_keeps_what_is_on_its_way(world: World) -> None:
    await local_user(world, "zoe")
    made = await make_schedule(world)
    await send_all(made.next_at)

    await schedules.delete_schedule(made.schedule_id, by=world.system, now=made.next_at)

    assert await schedules.list_schedules(world.tenant.tenant_id) == []
    assert len(await mails_of(world)) == 1
    assert (await actions(world))[-1] == "schedule:deleted"


async def test_schedules_are_counted_up_to_a_hundred(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedules, "SCHEDULES_MAX", 2)
    for _ in range(2):
        await make_schedule(world)

    with pytest.raises(InvalidError, match="too many"):
        await make_schedule(world)
