"""What an undo meets: others at the same moment, feeds that go on from now, secrets and words that are not kept."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from directory import (
    alert_recipients,
    bulk_drafts,
    bulk_jobs,
    schedules,
    sources,
    status,
    undo,
    undo_batches,
    undo_forgetting,
    undo_runs,
    undo_units,
    webhooks,
)
from directory.accounts import AccountFilter
from directory.alert_recipients import Choice
from directory.commit import commit_plan
from directory.errors import MovedError
from directory.events import seal_events
from directory.ids import time_of_id
from directory.model import Actor, EventId
from directory.plan import Plan
from directory.plan_bulk import Order
from directory.store import undo as undo_rows
from directory.store.compiled import Statement
from directory.store.unit import fetch
from directory.webhook_model import WEBHOOK_KINDS
from tests.directory import scheduling
from tests.directory.undoing import furnished, lead_of_last, newest_event, operator_in, put_block, undone
from tests.directory.world import World

pytestmark = pytest.mark.anyio

HELD_S = 0.3
"""So long the other one is given to come through, which it must not."""


async def rows(world: World, sql: str) -> list[dict[str, Any]]:
    return [dict(row) for row in await fetch(Statement(sql), world.tenant.tenant_id, unbounded=True)]


async def test_whoever_edits_the_same_row_waits_and_loses_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    by = await operator_in(world)
    source_id = world.source.source_id
    await sources.edit_settings(source_id, {"rate_per_s": "5"}, by=by, now=world.tick())
    lead = await lead_of_last(world, by)
    shown = await undo.preview_undo(lead, by=by, now=world.tick())
    begun, edited = asyncio.Event(), asyncio.Event()
    plans: list[object] = []

    async def commit_slowly(plan: Plan, *, by: Actor, now: datetime, job_id: UUID | None = None) -> EventId | None:
        plans.append(plan)
        if len(plans) == 2:  # the first is tried out
            begun.set()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(edited.wait(), HELD_S)
        return await commit_plan(plan, by=by, now=now, job_id=job_id)

    async def edit() -> None:
        await begun.wait()
        await sources.edit_settings(source_id, {"networks": "10.0.0.0/8"}, by=by, now=world.tick())
        edited.set()

    monkeypatch.setattr(undo_units, "commit_plan", commit_slowly)
    now = world.tick()
    await asyncio.gather(undo.apply_undo(lead, shown.plan_hash, consent=False, confirmed=True, by=by, now=now), edit())
    settings = (await sources.get_source(world.tenant.tenant_id, source_id)).settings
    assert (settings.rate_per_s, settings.networks) == (0, ("10.0.0.0/8",))


async def webhook_of(world: World, by: Actor) -> webhooks.IssuedWebhookSecret:
    draft = webhooks.WebhookDraft(
        label="Desk", url="https://hooks.example.org/a", kinds=frozenset({next(iter(WEBHOOK_KINDS))})
    )
    return await webhooks.create_webhook(draft, allow_private=False, by=by, now=world.tick())


async def test_a_webhook_that_is_on_again_sends_what_comes_from_now_on(world: World) -> None:
    by = await operator_in(world)
    made = await webhook_of(world, world.system)
    await webhooks.turn_off(made.webhook_id, by=by, now=world.tick())
    lead = await lead_of_last(world, by)
    for number in range(3):
        await world.push_user(f"u{number}")
    await seal_events(now=world.tick(), limit=500)
    await undone(world, lead, by)
    (row,) = await rows(world, "SELECT state, after_seq FROM webhook_row WHERE tenant_id = $1::uuid")
    (head,) = await rows(world, "SELECT max(seq) AS seq FROM chain_row WHERE tenant_id = $1::uuid")
    assert row == {"state": "on", "after_seq": head["seq"]}


async def test_a_deleted_webhook_does_not_come_back_and_no_secret_is_kept(world: World) -> None:
    by = await operator_in(world)
    made = await webhook_of(world, by)
    await webhooks.rotate_secret(made.webhook_id, overlap=timedelta(days=1), by=by, now=world.tick())
    await webhooks.delete_webhook(made.webhook_id, by=by, now=world.tick())
    shown = await undo.preview_undo(await lead_of_last(world, by), by=by, now=world.tick())
    assert shown.refused
    assert "anew" in shown.state.reason
    kept = await rows(world, "SELECT before, after FROM undo_step_row WHERE tenant_id = $1::uuid"
                             " AND table_name = 'webhook_row'")  # fmt: skip
    assert kept
    assert not [row for row in kept if "sealed" in f"{row['before']}{row['after']}"]


@pytest.mark.parametrize("deed", ["delete", "pause", "edit"])
async def test_a_schedule_that_comes_back_is_due_next_and_not_in_the_past(world: World, deed: str) -> None:
    by = await operator_in(world)
    made = await scheduling.make_schedule(world)
    if deed == "delete":
        await schedules.delete_schedule(made.schedule_id, by=by, now=world.tick())
    elif deed == "pause":
        await schedules.pause_schedule(made.schedule_id, by=by, now=world.tick())
    else:
        other = scheduling.terms("never-seen", "other@example.org", rhythm=replace(made.terms.rhythm, minute=1_000))
        await schedules.edit_schedule(made.schedule_id, other, expected_version=made.version, by=by, now=world.tick())
    lead = await lead_of_last(world, by)
    world.now += timedelta(days=40)
    await undone(world, lead, by)
    back = await schedules.get_schedule(world.tenant.tenant_id, made.schedule_id)
    assert back.next_at > world.now
    assert (back.terms.rhythm, back.paused_at) == (made.terms.rhythm, None)


async def test_whom_alerts_go_to_is_forgotten_with_the_person(world: World) -> None:
    by, other = await operator_in(world), await operator_in(world, name="otto")
    await alert_recipients.add_recipient(Choice(), user_id=other.user_id, by=by, now=world.tick())
    lead = await lead_of_last(world, by)
    (kept,) = await rows(world, "SELECT user_id FROM undo_step_row WHERE tenant_id = $1::uuid"
                                " AND table_name = 'alert_recipient_row'")  # fmt: skip
    assert kept["user_id"] == other.user_id
    shown = await undone(world, lead, other)
    assert shown.conflicts == ()
    assert not await rows(world, "SELECT id FROM alert_recipient_row WHERE tenant_id = $1::uuid")


async def test_what_was_found_is_forgotten_after_ninety_days(world: World) -> None:
    ann, by = await furnished(world), await operator_in(world)
    await put_block(world, by, ann)
    lead = await lead_of_last(world, by)
    done_at = time_of_id(lead)
    assert await undo_forgetting.forget_steps(now=done_at + timedelta(days=89)) == 0
    assert (await undo.preview_undo(lead, by=by, now=world.tick())).state.open
    while await undo_forgetting.forget_steps(now=done_at + timedelta(days=91)):
        pass
    assert not await rows(world, "SELECT place FROM undo_step_row WHERE tenant_id = $1::uuid")
    assert "90 days" in (await undo.preview_undo(lead, by=by, now=world.tick())).state.reason


async def test_an_undo_that_is_done_again_leaves_what_it_undid_closed(world: World) -> None:
    ann, by = await furnished(world), await operator_in(world)
    await put_block(world, by, ann)
    leads = [await lead_of_last(world, by)]
    for undos in range(1, 6):
        await undone(world, leads[-1], by)
        leads.append(await lead_of_last(world, by))
        states = [(await undo.preview_undo(lead, by=by, now=world.tick())).state for lead in leads]
        # In force are the last, and every other one before; each of these took back the one before it.
        assert [state.open for state in states] == [(undos - at) % 2 == 0 for at in range(undos + 1)]
        blocked = await status.find_block(world.tenant.tenant_id, ann.user_id)
        assert (blocked is None) == (undos % 2 == 1)


async def test_a_deed_that_was_taken_back_since_it_was_listed_is_left(world: World) -> None:
    by = await operator_in(world)
    people = [await world.push_user(f"u{number}") for number in range(3)]
    job = await disabled(world, by, people)
    shown = await undo_runs.preview_run(job.job_id, by=by, now=world.tick())
    now, plan_hash = world.tick(), shown.plan_hash
    found = await asyncio.gather(
        *(undo_runs.start_run(job.job_id, plan_hash, by=by, now=now) for _ in range(3)), return_exceptions=True
    )
    runs = [one for one in found if isinstance(one, undo_runs.UndoRun)]
    assert all(isinstance(one, undo_runs.UndoRun | MovedError) for one in found), found
    assert sum(run.done_count for run in runs) == 3
    undone_events = await rows(world, "SELECT id FROM event_row WHERE tenant_id = $1::uuid"
                                      " AND action = 'change:undone'")  # fmt: skip
    assert len(undone_events) == 3


async def test_one_run_of_an_action_is_open_and_one_deed_is_taken_back_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    by = await operator_in(world)
    people = [await world.push_user(f"u{number}") for number in range(3)]
    job = await disabled(world, by, people)
    monkeypatch.setattr(undo_runs, "AT_ONCE_DEEDS", 0)
    shown = await undo_runs.preview_run(job.job_id, by=by, now=world.tick())
    run = await undo_runs.start_run(job.job_id, shown.plan_hash, by=by, now=world.tick())
    with pytest.raises(MovedError):
        await undo_runs.start_run(job.job_id, shown.plan_hash, by=by, now=world.tick())
    event = await newest_event(world, "user:sign-in:blocked")
    listed = await undo_rows.list_open(world.tenant.tenant_id, job.job_id, before=None, limit=9)

    async def list_stale(*_args: object, **_given: object) -> list[Any]:
        return listed

    await undone(world, event.event_id, by)
    monkeypatch.setattr(undo_rows, "list_open", list_stale)
    await undo_batches.run_batch(world.tenant.tenant_id, run.run_id, now=world.tick())
    ended = await undo_runs.get_run(run.run_id, by=by)
    (left,) = await undo_runs.list_left(ended, before=None, limit=9)
    assert (ended.done_count, left.deed_id) == (2, event.event_id)
    assert "meanwhile" in left.reason


async def disabled(world: World, by: Actor, people: list[Any]) -> bulk_jobs.BulkJob:
    """Disable many at once."""
    chosen = AccountFilter(user_ids=tuple(user.user_id for user in people))
    job = await bulk_drafts.draft(Order(deed="disable", reason="Sold"), chosen, "x", by=by, now=world.tick())
    return await bulk_jobs.apply_draft(job.job_id, job.plan_hash, by=by, now=world.tick())
