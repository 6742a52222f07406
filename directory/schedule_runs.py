"""Reports sent when they are due or asked for: each exactly once, however many processes look and whichever dies."""

from datetime import datetime, timedelta

from directory.alerts import AlertCase, alert_change, recovery_change
from directory.commit import commit_plan, in_unit_of
from directory.errors import InvalidError
from directory.model import Actor, JsonValue, TenantId
from directory.outbox import queue_message
from directory.plan import AttributeChange, Change, Event, Plan, UpdateRows
from directory.report_sending import Made, Occasion, make_sending
from directory.rhythms import latest_due, next_due
from directory.schedule_values import RunId, Schedule, ScheduleId
from directory.schedules import run_row
from directory.store import schedules
from directory.store.schedules import json_of
from directory.store.unit import in_unit

FAILURES_MAX = 5
"""Tries in a row after which a sending is given up and somebody is told."""

RETRY_EVERY = timedelta(minutes=2)
RUNS_KEPT = timedelta(days=400)
PRUNED = 500
LISTED = 20
"""So many are seen at once: more than one, so that one that cannot even be noted as failed keeps nobody waiting."""

PROBLEM = "The report could not be made; it is tried again within minutes."
GIVEN_UP = "The report could not be made five times in a row; the log of the server says why."


async def list_due(*, now: datetime) -> list[tuple[TenantId, ScheduleId]]:
    """Return schedules, of all tenants, that are due, the longest first; what failed comes again a while later."""
    return await schedules.list_due(now=now, limit=LISTED)


async def list_asked(*, now: datetime) -> list[tuple[TenantId, RunId]]:
    """Return sendings, of all tenants, that were asked for and are not done, the first ones first."""
    return await schedules.list_open_runs(now=now, limit=LISTED)


async def send_due(tenant_id: TenantId, schedule_id: ScheduleId, *, now: datetime) -> bool:
    """Send a schedule's report for the last time that is due; False if it was sent already, or is no longer due.

    Mails, the record of the run, and the next time are one transaction; the run's due time is unique besides. A time
    that was run and is due again, as a change or its undo may have it, only makes way for the next one.
    """
    seen = await schedules.find_schedule(tenant_id, schedule_id)
    if seen is None or not _is_due(seen, now):
        return False
    due_at, missed = latest_due(seen.terms.rhythm, seen.next_at, now)
    occasion = Occasion(kind="due", key=f"{schedule_id} due {due_at.isoformat()}", missed_count=missed)
    made = await make_sending(tenant_id, seen, occasion, now=now)
    by = _actor(tenant_id, seen)
    row = run_row(
        tenant_id,
        schedule_id,
        {"kind": "due", "due_at": due_at, "missed_count": missed, "done_at": now, **_outcome(made)},
        now=now,
    )

    async def body() -> bool:
        held = await schedules.find_schedule(tenant_id, schedule_id, hold=True)
        if held != seen:
            return False
        values: dict[str, object] = {"retry_at": None, "failure_count": 0, "problem": ""}
        moved = _update_schedule(tenant_id, seen, values | {"next_at": next_due(seen.terms.rhythm, now)})
        ran = await schedules.has_due_run(tenant_id, schedule_id, due_at)
        plan = Plan(changes=(moved,)) if ran else _plan(seen, made, (moved, row), by=by, now=now)
        await commit_plan(plan, by=by, now=now)
        return not ran

    return await in_unit_of(by, body)


async def send_asked(tenant_id: TenantId, run_id: RunId, *, now: datetime) -> bool:
    """Send what somebody asked for; False if it was sent already."""
    run = await schedules.find_run(tenant_id, run_id)
    if run is None or run.done_at is not None:
        return False
    schedule = await schedules.find_schedule(tenant_id, run.schedule_id)
    if schedule is None:
        return False
    occasion = Occasion(kind=run.kind, key=f"run {run_id}", address=run.address)
    made = await make_sending(tenant_id, schedule, occasion, now=now)
    by = _actor(tenant_id, schedule)

    async def body() -> bool:
        held = await schedules.find_run(tenant_id, run_id)
        if held is None or held.done_at is not None:
            return False
        done = _update_run(tenant_id, run_id, {"done_at": now, "problem": "", **_outcome(made)})
        await commit_plan(_plan(schedule, made, (done,), by=by, now=now), by=by, now=now)
        return True

    return await in_unit_of(by, body)


async def note_due_failure(tenant_id: TenantId, schedule_id: ScheduleId, *, counts: bool, now: datetime) -> None:
    """Try a due time again a while later, or give it up after five tries that count and tell somebody.

    A schedule whose next time cannot be told, since its zone is not known here any more, is paused.
    """

    async def body() -> None:
        held = await schedules.find_schedule(tenant_id, schedule_id, hold=True)
        if held is None or held.paused_at is not None:
            return
        count = held.failure_count + counts
        if count < FAILURES_MAX:
            values: dict[str, object] = {"failure_count": count, "retry_at": now + RETRY_EVERY, "problem": PROBLEM}
            plan = Plan(changes=(_update_schedule(tenant_id, held, values),))
        else:
            plan = await _plan_giving_up(tenant_id, held, now=now)
        await commit_plan(plan, by=_actor(tenant_id, held), now=now)

    await in_unit(tenant_id, body)


async def note_asked_failure(tenant_id: TenantId, run_id: RunId, *, counts: bool, now: datetime) -> None:
    """Try again a while later what somebody asked for, or give it up after five tries that count."""

    async def body() -> None:
        held = await schedules.find_run(tenant_id, run_id)
        if held is None or held.done_at is not None:
            return
        count = held.failure_count + counts
        values: dict[str, object] = {"failure_count": count, "retry_at": now + RETRY_EVERY, "problem": PROBLEM}
        if count >= FAILURES_MAX:
            values |= {"done_at": now, "outcome": "failed", "problem": GIVEN_UP}
        change = _update_run(tenant_id, run_id, values)
        by = Actor(tenant_id=tenant_id, kind="system", label="Schedules")
        await commit_plan(Plan(changes=(change,)), by=by, now=now)

    await in_unit(tenant_id, body)


async def _plan_giving_up(tenant_id: TenantId, schedule: Schedule, *, now: datetime) -> Plan:
    values: dict[str, object] = {"retry_at": None, "failure_count": 0, "problem": GIVEN_UP}
    due_at = schedule.next_at
    try:
        due_at, _ = latest_due(schedule.terms.rhythm, schedule.next_at, now)
        values["next_at"] = next_due(schedule.terms.rhythm, now)
    except InvalidError as error:
        values |= {"paused_at": now, "problem": f"Paused: {error}."}
    moved = _update_schedule(tenant_id, schedule, values)
    if await schedules.has_due_run(tenant_id, schedule.schedule_id, due_at):
        return Plan(changes=(moved,))
    run = {"kind": "due", "due_at": due_at, "done_at": now, "outcome": "failed", "problem": values["problem"]}
    told = Event(
        action="schedule:failed",
        subject_kind="schedule",
        subject_id=schedule.schedule_id,
        subject_label=schedule.terms.name,
        changes=(AttributeChange(name="problem", old=None, new=str(values["problem"])),),
    )
    return Plan(
        changes=(
            moved,
            run_row(tenant_id, schedule.schedule_id, run, now=now),
            _alert(schedule, str(values["problem"]), tenant_id=tenant_id, now=now),
        ),
        events=(told,),
    )


async def prune_runs(*, now: datetime) -> int:
    """Delete a batch of the records of sendings that are older than 400 days."""
    return await schedules.prune_runs(before=now - RUNS_KEPT, limit=PRUNED)


def _is_due(schedule: Schedule, now: datetime) -> bool:
    waits = schedule.retry_at is not None and schedule.retry_at > now
    return schedule.paused_at is None and schedule.next_at <= now and not waits


def _outcome(made: Made) -> dict[str, object]:
    return {"outcome": made.outcome, "things": made.row_count, "recipients": json_of(list(made.addressed))}


def _plan(schedule: Schedule, made: Made, changes: tuple[Change, ...], *, by: Actor, now: datetime) -> Plan:
    """Return what one sending comes to: its rows, its mails, what is told of it, and the alert or its end."""
    mails = tuple(queue_message(message, tenant_id=by.tenant_id, now=now) for message in made.messages)
    signals: tuple[Change, ...] = ()
    if made.outcome == "nobody":
        detail = "None of its recipients can be written to any more. Choose others."
        signals = (_alert(schedule, detail, tenant_id=by.tenant_id, now=now),)
    elif made.outcome == "sent" and made.kind != "test":  # nothing else shows that the recipients are reached
        subject = str(schedule.schedule_id)
        signals = (recovery_change("report_failed", subject, tenant_id=by.tenant_id, now=now),)
    told = () if made.outcome == "empty" else (_event(schedule, made),)
    return Plan(changes=(*changes, *mails, *signals), events=told)


def _event(schedule: Schedule, made: Made) -> Event:
    reached = ", ".join(one.address for one in made.addressed if not one.skipped)
    values: dict[str, JsonValue] = {"report": schedule.terms.report, "rows": made.row_count, "to": reached or "nobody"}
    return Event(
        action="schedule:sent" if made.outcome == "sent" else "schedule:failed",
        subject_kind="schedule",
        subject_id=schedule.schedule_id,
        subject_label=schedule.terms.name,
        changes=tuple(AttributeChange(name=name, old=None, new=value) for name, value in values.items()),
    )


def _alert(schedule: Schedule, detail: str, *, tenant_id: TenantId, now: datetime) -> Change:
    case = AlertCase(
        kind="report_failed",
        subject=str(schedule.schedule_id),
        label=schedule.terms.name,
        detail=detail,
        path=f"reports/schedules/{schedule.schedule_id}",
    )
    return alert_change(case, tenant_id=tenant_id, now=now)


def _update_schedule(tenant_id: TenantId, schedule: Schedule, values: dict[str, object]) -> UpdateRows:
    where = {"tenant_id": tenant_id, "id": schedule.schedule_id, "version": schedule.version}
    return UpdateRows(table="schedule_row", values=values, where=where, require=1)


def _update_run(tenant_id: TenantId, run_id: RunId, values: dict[str, object]) -> UpdateRows:
    return UpdateRows(table="schedule_run_row", values=values, where={"tenant_id": tenant_id, "id": run_id}, require=1)


def _actor(tenant_id: TenantId, schedule: Schedule) -> Actor:
    return Actor(tenant_id=tenant_id, kind="system", label=f"Schedule: {schedule.terms.name}")
