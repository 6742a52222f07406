"""Reports sent when they are due or asked for: to whom, exactly once, and what happens when it fails."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from directory import leases, locks, schedule_deliveries, schedule_recipients, schedule_runs, schedules, status
from directory.errors import InvalidError
from directory.leases import LeaseLostError
from directory.outbox import attachments_from
from directory.rhythms import Rhythm
from directory.schedule_values import Recipient
from directory.store.compiled import Statement
from directory.store.unit import execute, fetch
from tests.directory.scheduling import actions, again, local_user, mails_of, make_schedule, runs_of, send_all, terms
from tests.directory.world import World

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)
SPOIL = Statement('UPDATE schedule_row SET options = \'{"kind":"nonsense"}\' WHERE id = $1::uuid', house=True)
MOVE = Statement("UPDATE schedule_row SET zone = 'Europe/Atlantis' WHERE id = $1::uuid", house=True)
EMAIL = Statement("UPDATE user_row SET email = $2::text WHERE id = $1::uuid", house=True)
DUE_AGAIN = Statement("UPDATE schedule_row SET next_at = $2::timestamptz WHERE id = $1::uuid", house=True)
SIGNALS = Statement("SELECT kind, over, detail FROM alert_signal_row ORDER BY id", house=True)


async def test_what_is_due_is_mailed_to_each_with_the_file(world: World) -> None:
    await local_user(world, "zoe")
    made = await make_schedule(world, terms("never-seen", "ops@example.org", "boss@example.org"))

    assert await send_all(made.next_at) == 1
    assert await send_all(made.next_at) == 0

    mails = await mails_of(world)
    assert [mail.recipient for mail in mails] == ["ops@example.org", "boss@example.org"]
    assert mails[0].subject == "Never seen from the identity provider: 1 (Example)"
    assert "zoe" in mails[0].text
    assert "zoe" in mails[0].html
    (file,) = attachments_from(mails[0].attachments)
    assert (file.name, file.media_type) == ("example-never-seen-2026-11-02.csv", "text/csv")
    assert b'"zoe"' in file.content
    (run,) = await runs_of(world, made)
    assert (run.kind, run.outcome, run.row_count, run.due_at) == ("due", "sent", 1, made.next_at)
    assert (await again(made, world)).next_at == made.next_at + DAY
    assert await actions(world) == ["schedule:created", "schedule:sent"]
    deliveries = (await schedule_deliveries.list_deliveries(world.tenant.tenant_id, [run]))[run.run_id]
    assert [(one.address, one.state) for one in deliveries] == [
        ("ops@example.org", "queued"),
        ("boss@example.org", "queued"),
    ]


async def test_nothing_to_report_is_nobody_told_unless_that_is_wanted(world: World) -> None:
    quiet = await make_schedule(world)
    loud = await make_schedule(world, terms(skips_empty=False))

    await send_all(quiet.next_at)

    (mail,) = await mails_of(world)
    assert mail.subject.startswith("Never seen from the identity provider: nothing to report")
    assert [run.outcome for run in await runs_of(world, quiet)] == ["empty"]
    assert [run.outcome for run in await runs_of(world, loud)] == ["sent"]


async def test_after_a_time_without_a_server_the_last_due_time_runs_and_the_others_are_told(world: World) -> None:
    await local_user(world, "zoe")
    made = await make_schedule(world)

    await send_all(made.next_at + 5 * DAY + timedelta(hours=1))

    (run,) = await runs_of(world, made)
    assert (run.due_at, run.missed_count) == (made.next_at + 5 * DAY, 5)
    (mail,) = await mails_of(world)
    assert "5 times before this one passed while the server was down" in mail.text
    assert (await again(made, world)).next_at == made.next_at + 6 * DAY


async def test_operators_are_written_to_where_they_are_now_and_only_while_they_may_look(world: World) -> None:
    here, gone, blind = [await local_user(world, name) for name in ("here", "gone", "blind")]
    for user in (here, gone, blind):
        await execute(EMAIL, user.user_id, f"{user.attributes.user_name}@example.org")
    people = [Recipient(user_id=user.user_id) for user in (here, gone, blind)]
    made = await make_schedule(world, terms(recipients=people))
    assert [one.name for one in await schedule_recipients.list_operators(world.tenant.tenant_id)] == [
        "blind", "gone", "here",
    ]  # fmt: skip

    await status.set_local_status(gone.user_id, active=False, by=world.system, now=world.tick())
    loanee = world.roles["loanee"].role_id
    await locks.lock_role(blind.user_id, loanee, reason="x", until=None, by=world.system, now=world.tick())
    await send_all(made.next_at)

    assert [mail.recipient for mail in await mails_of(world)] == ["here@example.org"]
    (run,) = await runs_of(world, made)
    assert [(one.name, bool(one.skipped)) for one in run.recipients] == [
        ("here", False),
        ("gone", True),
        ("blind", True),
    ]


async def test_a_report_that_reaches_nobody_raises_an_alert(world: World) -> None:
    zoe = await local_user(world, "zoe")
    made = await make_schedule(world, terms(recipients=[Recipient(user_id=zoe.user_id)]))

    await send_all(made.next_at)

    (run,) = await runs_of(world, made)
    assert (run.outcome, await mails_of(world)) == ("nobody", [])
    assert [(row["kind"], bool(row["over"])) for row in await fetch(SIGNALS)] == [("report_failed", False)]
    assert await actions(world) == ["schedule:created", "schedule:failed"]


async def test_a_test_does_not_end_the_alert_of_a_report_that_reaches_nobody(world: World) -> None:
    zoe = await local_user(world, "zoe")
    made = await make_schedule(world, terms(recipients=[Recipient(user_id=zoe.user_id)]))
    await send_all(made.next_at)

    await schedules.ask_test(made.schedule_id, "me@example.org", by=world.system, now=world.tick())
    await send_all(world.tick())
    assert [bool(row["over"]) for row in await fetch(SIGNALS)] == [False]

    await execute(EMAIL, zoe.user_id, "zoe@example.org")
    await send_all(made.next_at + DAY)
    assert [bool(row["over"]) for row in await fetch(SIGNALS)] == [False, True]


async def test_send_now_goes_to_everybody_and_a_test_to_one_address(world: World) -> None:
    made = await make_schedule(world)
    await schedules.ask_sending(made.schedule_id, by=world.system, now=world.tick())
    with pytest.raises(InvalidError):
        await schedules.ask_test(made.schedule_id, "me@example.org", by=world.system, now=world.tick())
    assert await send_all(world.tick()) == 1
    await schedules.ask_test(made.schedule_id, "me@example.org", by=world.system, now=world.tick())
    assert await send_all(world.tick()) == 1
    assert await send_all(world.tick()) == 0

    assert [(mail.recipient, mail.subject.startswith("[Test]")) for mail in await mails_of(world)] == [
        ("ops@example.org", False),
        ("me@example.org", True),
    ]
    assert [(run.kind, run.outcome) for run in await runs_of(world, made)] == [("test", "sent"), ("asked", "sent")]
    assert (await again(made, world)).next_at == made.next_at
    with pytest.raises(InvalidError):
        await schedules.ask_test(made.schedule_id, "nobody", by=world.system, now=world.tick())


async def test_two_that_see_the_same_due_time_send_it_once(world: World) -> None:
    await local_user(world, "zoe")
    made = await make_schedule(world)

    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(schedule_runs.send_due(world.tenant.tenant_id, made.schedule_id, now=made.next_at))
            for _ in range(4)
        ]

    assert sorted(task.result() for task in tasks) == [False, False, False, True]
    assert len(await mails_of(world)) == 1
    assert len(await runs_of(world, made)) == 1


async def test_a_holder_that_lost_the_duty_meanwhile_sends_nothing(world: World) -> None:
    await local_user(world, "zoe")
    made = await make_schedule(world)
    lease = await leases.claim("send_reports", "frozen", now=world.now, every_s=0, lease_s=0.0)
    assert lease is not None
    later = world.now + DAY
    assert await leases.claim("send_reports", "awake", now=later, every_s=0, lease_s=60) is not None

    with leases.holding(lease, lambda: later), pytest.raises(LeaseLostError):
        await schedule_runs.send_due(world.tenant.tenant_id, made.schedule_id, now=made.next_at)

    assert await mails_of(world) == []
    assert await runs_of(world, made) == []


async def test_a_schedule_that_was_changed_while_its_report_was_read_is_not_sent_as_it_was(world: World) -> None:
    await local_user(world, "zoe")
    made = await make_schedule(world)
    due = made.next_at

    async def change() -> None:
        other = terms("never-seen", "boss@example.org")
        await schedules.edit_schedule(made.schedule_id, other, expected_version=1, by=world.system, now=due)

    async with asyncio.TaskGroup() as group:
        group.create_task(change())
        group.create_task(schedule_runs.send_due(world.tenant.tenant_id, made.schedule_id, now=due))
    await send_all(due)

    assert len(await mails_of(world)) == 1
    assert len(await runs_of(world, made)) == 1


async def test_what_fails_waits_and_is_given_up_after_five_tries(world: World) -> None:
    made = await make_schedule(world)
    await execute(SPOIL, made.schedule_id)
    now = made.next_at

    for tried in range(1, schedule_runs.FAILURES_MAX + 1):
        assert len(await schedule_runs.list_due(now=now)) == 1
        with pytest.raises(InvalidError):
            await schedule_runs.send_due(world.tenant.tenant_id, made.schedule_id, now=now)
        await schedule_runs.note_due_failure(world.tenant.tenant_id, made.schedule_id, counts=True, now=now)
        assert await schedule_runs.list_due(now=now) == []
        assert bool(await runs_of(world, made)) == (tried == schedule_runs.FAILURES_MAX)
        now += schedule_runs.RETRY_EVERY

    (run,) = await runs_of(world, made)
    assert (run.outcome, run.problem) == ("failed", schedule_runs.GIVEN_UP)
    assert (await again(made, world)).next_at == made.next_at + DAY
    assert [row["kind"] for row in await fetch(SIGNALS)] == ["report_failed"]


async def test_a_change_that_waited_for_the_sending_does_not_have_it_due_again(world: World) -> None:
    await local_user(world, "zoe")
    made = await make_schedule(world)
    asked_at = made.next_at - timedelta(milliseconds=300)
    await send_all(made.next_at)

    rhythm = Rhythm(every="week", weekday=made.next_at.weekday(), minute=6 * 60, zone="UTC")
    await schedules.edit_schedule(
        made.schedule_id, replace(made.terms, rhythm=rhythm), expected_version=1, by=world.system, now=asked_at
    )
    assert (await again(made, world)).next_at == made.next_at + 7 * DAY

    await schedules.pause_schedule(made.schedule_id, by=world.system, now=asked_at)
    await schedules.resume_schedule(made.schedule_id, by=world.system, now=asked_at)
    assert (await again(made, world)).next_at == made.next_at + 7 * DAY


async def test_a_time_that_was_run_and_is_due_again_only_makes_way_for_the_next(world: World) -> None:
    await local_user(world, "zoe")
    made = await make_schedule(world)
    await send_all(made.next_at)
    await execute(DUE_AGAIN, made.schedule_id, made.next_at)
    before = await actions(world)

    assert not await schedule_runs.send_due(world.tenant.tenant_id, made.schedule_id, now=made.next_at)

    assert (await again(made, world)).next_at == made.next_at + DAY
    assert (len(await runs_of(world, made)), len(await mails_of(world)), await actions(world)) == (1, 1, before)


async def test_a_time_that_was_run_and_fails_when_due_again_is_given_up_all_the_same(world: World) -> None:
    made = await make_schedule(world)
    await send_all(made.next_at)
    await execute(DUE_AGAIN, made.schedule_id, made.next_at)

    for _ in range(schedule_runs.FAILURES_MAX):
        await schedule_runs.note_due_failure(world.tenant.tenant_id, made.schedule_id, counts=True, now=made.next_at)

    found = await again(made, world)
    assert (found.next_at, found.failure_count, len(await runs_of(world, made))) == (made.next_at + DAY, 0, 1)


async def test_a_database_that_is_away_gives_nothing_up(world: World) -> None:
    made = await make_schedule(world)
    now = made.next_at

    for _ in range(2 * schedule_runs.FAILURES_MAX):
        await schedule_runs.note_due_failure(world.tenant.tenant_id, made.schedule_id, counts=False, now=now)
        now += schedule_runs.RETRY_EVERY

    assert await schedule_runs.list_due(now=now) == [(world.tenant.tenant_id, made.schedule_id)]


async def test_a_schedule_whose_zone_is_gone_is_paused(world: World) -> None:
    made = await make_schedule(world)
    await execute(MOVE, made.schedule_id)

    for _ in range(schedule_runs.FAILURES_MAX):
        await schedule_runs.note_due_failure(world.tenant.tenant_id, made.schedule_id, counts=True, now=made.next_at)

    found = await again(made, world)
    assert found.paused_at == made.next_at
    assert found.problem.startswith("Paused: zone")


async def test_what_was_asked_for_and_fails_is_given_up_too(world: World) -> None:
    made = await make_schedule(world)
    await schedules.ask_sending(made.schedule_id, by=world.system, now=world.tick())
    ((tenant_id, run_id),) = await schedule_runs.list_asked(now=world.tick())

    for _ in range(schedule_runs.FAILURES_MAX):
        await schedule_runs.note_asked_failure(tenant_id, run_id, counts=True, now=world.tick())

    (run,) = await runs_of(world, made)
    assert (run.outcome, run.done_at) == ("failed", world.now)
    await schedules.ask_sending(made.schedule_id, by=world.system, now=world.tick())


async def test_old_sendings_are_forgotten(world: World) -> None:
    made = await make_schedule(world)
    await send_all(made.next_at)

    assert await schedule_runs.prune_runs(now=made.next_at + 399 * DAY) == 0
    assert await schedule_runs.prune_runs(now=made.next_at + 401 * DAY) == 1
    assert await runs_of(world, made) == []
