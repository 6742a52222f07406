"""Schedules of reports: made, changed, paused, and asked to send at once."""

from dataclasses import replace
from datetime import datetime

from directory.alerts import recovery_change
from directory.commit import check_version, commit_plan, in_unit_of
from directory.errors import InvalidError, NotFoundError
from directory.ids import new_id
from directory.mail_addresses import parse_address
from directory.model import Actor, JsonValue, TenantId, UserId
from directory.plan import AttributeChange, Change, DeleteRows, Event, InsertRow, Plan, UpdateRows, changed_attributes
from directory.report_shapes import chosen_options, option_words
from directory.reports import find_report, get_report
from directory.rhythms import next_due, rhythm_words
from directory.schedule_recipients import describe_recipients
from directory.schedule_values import Run, RunId, RunKind, Schedule, ScheduleId, Terms, checked_terms, user_ids_of
from directory.store import schedules

SCHEDULES_MAX = 100


async def list_schedules(tenant_id: TenantId, *, report: str | None = None) -> list[Schedule]:
    """Return the schedules of a tenant, or of one report, the oldest first."""
    return await schedules.list_schedules(tenant_id, report=report, limit=SCHEDULES_MAX)


async def get_schedule(tenant_id: TenantId, schedule_id: ScheduleId) -> Schedule:
    """Return a schedule.

    Raises:
        NotFoundError: the tenant has none of that id.
    """
    found = await schedules.find_schedule(tenant_id, schedule_id)
    if found is None:
        raise NotFoundError("schedule", schedule_id)
    return found


async def has_schedule(tenant_id: TenantId, report: str) -> bool:
    """Whether a report is sent to somebody regularly."""
    return await schedules.has_schedule(tenant_id, report)


async def last_runs(tenant_id: TenantId) -> dict[ScheduleId, Run]:
    """Return the newest sending of each schedule."""
    return await schedules.last_runs(tenant_id)


async def list_runs(tenant_id: TenantId, schedule_id: ScheduleId, *, before: RunId | None, limit: int) -> list[Run]:
    """Return the sendings of a schedule, the newest first."""
    return await schedules.list_runs(tenant_id, schedule_id, before=before, limit=limit)


async def create_schedule(terms: Terms, *, by: Actor, now: datetime) -> Schedule:
    """Have a report sent again and again, from the next time of its rhythm on.

    Raises:
        NotFoundError: no such report.
        InvalidError: terms that cannot be kept, or too many schedules.
        ForbiddenError: the actor may not manage settings.
    """
    by.require("settings:manage")
    terms = _checked(terms)
    made = Schedule(
        schedule_id=ScheduleId(new_id(now)),
        terms=terms,
        next_at=next_due(terms.rhythm, now),
        paused_at=None,
        retry_at=None,
        failure_count=0,
        problem="",
        version=1,
        created_by=by.label,
        created_at=now,
    )

    async def body() -> None:
        if await schedules.count_schedules(by.tenant_id) >= SCHEDULES_MAX:
            raise InvalidError("name", f"is one schedule too many: {SCHEDULES_MAX} can be kept, so delete one first")
        await _check_people(by.tenant_id, terms)
        told = await _told(by.tenant_id, terms)
        event = _event("schedule:created", made, changed_attributes({}, told))
        await commit_plan(Plan(changes=(_row(by.tenant_id, made),), events=(event,)), by=by, now=now)

    await in_unit_of(by, body)
    return made


async def edit_schedule(
    schedule_id: ScheduleId, terms: Terms, *, expected_version: int, by: Actor, now: datetime
) -> None:
    """Change a schedule; its next time is worked out anew, so one that is due and was not run yet is given up.

    Raises:
        NotFoundError: no such schedule, or report.
        StaleError: somebody else changed it meanwhile.
        InvalidError, ForbiddenError: as for ``create_schedule``.
    """
    by.require("settings:manage")
    terms = _checked(terms)

    async def body() -> None:
        before = await _held(by.tenant_id, schedule_id)
        check_version("schedule", schedule_id, before.version, lambda version: version == expected_version)
        await _check_people(by.tenant_id, terms)
        changes = changed_attributes(await _told(by.tenant_id, before.terms), await _told(by.tenant_id, terms))
        if not changes:
            return
        moved = terms.rhythm != before.terms.rhythm
        values = {
            **schedules.terms_values(terms),
            "next_at": await _next_after_runs(by.tenant_id, schedule_id, terms, now) if moved else before.next_at,
            "retry_at": None,
            "failure_count": 0,
            "problem": "",
            "version": before.version + 1,
        }
        event = _event("schedule:changed", replace(before, terms=terms), changes)
        await commit_plan(Plan(changes=(_update(by.tenant_id, before, values),), events=(event,)), by=by, now=now)

    await in_unit_of(by, body)


async def pause_schedule(schedule_id: ScheduleId, *, by: Actor, now: datetime) -> None:
    """Send nothing until it is resumed; once paused it stays so.

    Raises:
        NotFoundError, ForbiddenError: as for ``edit_schedule``.
    """
    await _set_paused(schedule_id, by=by, now=now, paused=True)


async def resume_schedule(schedule_id: ScheduleId, *, by: Actor, now: datetime) -> None:
    """Send again from the next time on; what was missed is not made up for.

    Raises:
        NotFoundError, ForbiddenError: as for ``edit_schedule``.
        InvalidError: its zone is not known here any more.
    """
    await _set_paused(schedule_id, by=by, now=now, paused=False)


async def delete_schedule(schedule_id: ScheduleId, *, by: Actor, now: datetime) -> None:
    """Forget a schedule and, with its row, what it sent; mails that are queued go out.

    Raises:
        NotFoundError, ForbiddenError: as for ``edit_schedule``.
    """
    by.require("settings:manage")

    async def body() -> None:
        before = await _held(by.tenant_id, schedule_id)
        gone = changed_attributes(await _told(by.tenant_id, before.terms), {})
        plan = Plan(
            changes=(DeleteRows(table="schedule_row", where=_key(by.tenant_id, schedule_id)), _well(before, by, now)),
            events=(_event("schedule:deleted", before, gone),),
        )
        await commit_plan(plan, by=by, now=now)

    await in_unit_of(by, body)


async def ask_sending(schedule_id: ScheduleId, *, by: Actor, now: datetime) -> None:
    """Have the report sent now, to everybody and even if there is nothing in it; its next time stays.

    Raises:
        NotFoundError, ForbiddenError: as for ``edit_schedule``.
        InvalidError: one is under way already.
    """
    await _ask("asked", schedule_id, "", by=by, now=now)


async def ask_test(schedule_id: ScheduleId, address: str, *, by: Actor, now: datetime) -> None:
    """Have the report sent to one address alone.

    Raises:
        NotFoundError, ForbiddenError: as for ``edit_schedule``.
        InvalidError: it is no address, or a sending is under way already.
    """
    await _ask("test", schedule_id, parse_address(address), by=by, now=now)


async def _ask(kind: RunKind, schedule_id: ScheduleId, address: str, *, by: Actor, now: datetime) -> None:
    by.require("settings:manage")

    async def body() -> None:
        schedule = await _held(by.tenant_id, schedule_id)
        if await schedules.has_open_run(by.tenant_id, schedule_id):
            raise InvalidError("schedule", "is being sent already")
        row = run_row(
            by.tenant_id, schedule_id, {"kind": kind, "due_at": now, "asked_by": by.label, "address": address}, now=now
        )
        told = (AttributeChange(name="to", old=None, new=address or "all recipients"),)
        action = "schedule:tested" if kind == "test" else "schedule:asked"
        await commit_plan(Plan(changes=(row,), events=(_event(action, schedule, told),)), by=by, now=now)

    await in_unit_of(by, body)


def run_row(tenant_id: TenantId, schedule_id: ScheduleId, values: dict[str, object], *, now: datetime) -> InsertRow:
    """Return the change that adds a sending; what ``values`` does not say is nothing yet."""
    return InsertRow(
        table="schedule_run_row",
        values={
            "tenant_id": tenant_id,
            "id": new_id(now),
            "schedule_id": schedule_id,
            "missed_count": 0,
            "asked_by": "",
            "address": "",
            "outcome": "waiting",
            "problem": "",
            "things": 0,
            "recipients": "[]",
            "failure_count": 0,
            **values,
        },
    )


async def _set_paused(schedule_id: ScheduleId, *, by: Actor, now: datetime, paused: bool) -> None:
    by.require("settings:manage")

    async def body() -> None:
        before = await _held(by.tenant_id, schedule_id)
        if (before.paused_at is not None) == paused:
            return
        values: dict[str, object] = {"paused_at": now if paused else None, "version": before.version + 1}
        if not paused:
            due = await _next_after_runs(by.tenant_id, schedule_id, before.terms, now)
            values |= {"next_at": due, "retry_at": None, "failure_count": 0, "problem": ""}
        action = "schedule:paused" if paused else "schedule:resumed"
        changes = (_update(by.tenant_id, before, values), _well(before, by, now))
        await commit_plan(Plan(changes=changes, events=(_event(action, before),)), by=by, now=now)

    await in_unit_of(by, body)


async def _next_after_runs(tenant_id: TenantId, schedule_id: ScheduleId, terms: Terms, now: datetime) -> datetime:
    """Return the next time behind ``now`` that was not run yet.

    Whoever waits for the row while the duty sends has a ``now`` that lies before what is sent.
    """
    ran_at = await schedules.find_last_due(tenant_id, schedule_id)
    return next_due(terms.rhythm, now if ran_at is None else max(now, ran_at))


async def _held(tenant_id: TenantId, schedule_id: ScheduleId) -> Schedule:
    found = await schedules.find_schedule(tenant_id, schedule_id, hold=True)
    if found is None:
        raise NotFoundError("schedule", schedule_id)
    return found


async def _check_people(tenant_id: TenantId, terms: Terms) -> None:
    known = {one.user_id for one in await describe_recipients(tenant_id, terms.recipients)}
    if not known.issuperset(user_ids_of(terms.recipients)):
        raise InvalidError("recipients", "name somebody who is not here any more")


def _checked(terms: Terms) -> Terms:
    report = get_report(terms.report)
    return checked_terms(replace(terms, options=chosen_options(report, terms.options)))


def _key(tenant_id: TenantId, schedule_id: ScheduleId) -> dict[str, object]:
    return {"tenant_id": tenant_id, "id": schedule_id}


def _row(tenant_id: TenantId, made: Schedule) -> InsertRow:
    return InsertRow(
        table="schedule_row",
        values={
            **_key(tenant_id, made.schedule_id),
            **schedules.terms_values(made.terms),
            "next_at": made.next_at,
            "failure_count": made.failure_count,
            "problem": made.problem,
            "version": made.version,
            "created_by": made.created_by,
            "created_at": made.created_at,
        },
    )


def _update(tenant_id: TenantId, before: Schedule, values: dict[str, object]) -> Change:
    where = {**_key(tenant_id, before.schedule_id), "version": before.version}
    return UpdateRows(table="schedule_row", values=values, where=where, require=1)


def _well(schedule: Schedule, by: Actor, now: datetime) -> Change:
    """Return the change that ends an alert of its failing: nothing is tried any more, or it begins anew."""
    return recovery_change("report_failed", str(schedule.schedule_id), tenant_id=by.tenant_id, now=now)


def _event(action: str, schedule: Schedule, changes: tuple[AttributeChange, ...] = ()) -> Event:
    return Event(
        action=action,
        subject_kind="schedule",
        subject_id=schedule.schedule_id,
        subject_label=schedule.terms.name,
        changes=changes,
    )


async def _told(tenant_id: TenantId, terms: Terms) -> dict[str, JsonValue]:
    """Return terms as an event tells them."""
    report = find_report(terms.report)
    people = {one.user_id: one.name for one in await describe_recipients(tenant_id, terms.recipients)}
    named = [
        one.address if one.user_id is None else people.get(UserId(one.user_id), "somebody who is gone")
        for one in terms.recipients
    ]
    return {
        "name": terms.name,
        "report": terms.report if report is None else report.title,
        "narrowed to": "" if report is None else option_words(report, terms.options),
        "when": rhythm_words(terms.rhythm),
        "recipients": ", ".join(named),
        "only if not empty": terms.skips_empty,
    }
