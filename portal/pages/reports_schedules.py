"""Schedules of reports: by mail, daily, weekly or monthly, to operators and fixed addresses."""

from collections.abc import Sequence
from uuid import UUID

from litestar import Response

from directory import mail_delivery, reports, schedule_deliveries, schedule_recipients, schedules
from directory.errors import InvalidError
from directory.report_shapes import Report, option_words
from directory.rhythms import EVERY, WEEKDAYS, due_words, rhythm_words, zone_names
from directory.schedule_values import NAME_CHARS_MAX, Recipient, RunId, Schedule, ScheduleId
from portal.auth import does, shows
from portal.forms import Form, parse_uuid, path_uuid
from portal.rendering import DIALOG_ID, go, page
from portal.report_forms import fields_of, terms_from
from portal.visit import PortalRequest, form_pairs, site_of

SCHEDULES = "/t/{slug:str}/reports/schedules"
ONE = f"{SCHEDULES}/{{schedule_id:str}}"
RUNS_MAX = 25
ADDRESS_CHARS_MAX = 254


@shows(SCHEDULES, access="portal:view")
async def show_list(request: PortalRequest) -> Response[bytes]:
    """Show all schedules with what each came to last."""
    tenant_id = request.auth.operator.tenant.tenant_id
    return page(
        request,
        "reports_schedules/list.html",
        schedules=await schedules.list_schedules(tenant_id),
        sends_mail=site_of(request).sends_mail,
        last=await schedules.last_runs(tenant_id),
        title_of=_title_of,
        rhythm_words=rhythm_words,
    )


@shows(f"{SCHEDULES}/new", access="settings:manage")
async def ask_new(request: PortalRequest) -> Response[bytes]:
    """Ask which report, and then to whom and when."""
    key = request.query_params.get("report", "")
    offered = reports.reports_for(is_super=_is_super(request))
    report = next((one for one in offered if one.key == key), None)
    if report is None:
        return page(request, "reports_schedules/choose.html", reports=offered)
    plain = {"name": report.title[:NAME_CHARS_MAX], "every": "day", "time": "06:00", "zone": "UTC", "weekday": "0",
             "month_day": "1", "skips_empty": "yes"}  # fmt: skip
    options = {option.name: request.query_params.get(option.name, "") for option in report.options}
    return await _form_page(request, report, Form({**plain, **options}), picked=())


@does(f"{SCHEDULES}/new", access="settings:manage", fresh=True)
async def create(request: PortalRequest) -> Response[bytes]:
    """Make a schedule."""
    visit = request.auth
    form, picked = await _read(request)
    report = reports.get_report(form.fields.get("report", ""), is_super=_is_super(request))
    terms = terms_from(form, report, picked)
    if not form.errors:
        try:
            made = await schedules.create_schedule(terms, by=visit.by, now=visit.now)
        except InvalidError as error:
            _note(form, error)
        else:
            return go(request, visit.path("reports", "schedules", made.schedule_id), done="schedule-created")
    return await _form_page(request, report, form, picked=picked)


@shows(ONE, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show a schedule: what, when, to whom, and what became of each sending."""
    return await _show(request, Form({}))


def _is_super(request: PortalRequest) -> bool:
    return request.auth.operator.tenant.is_super


@shows(f"{ONE}/edit", access="settings:manage")
async def ask_edit(request: PortalRequest) -> Response[bytes]:
    """Show what a schedule says, to be changed."""
    schedule = await _schedule(request)
    report = reports.get_report(schedule.terms.report)
    picked = [one.user_id for one in schedule.terms.recipients if one.user_id is not None]
    return await _form_page(request, report, Form(fields_of(schedule)), picked=picked, schedule=schedule)


@does(f"{ONE}/edit", access="settings:manage", fresh=True)
async def edit(request: PortalRequest) -> Response[bytes]:
    """Change a schedule."""
    visit = request.auth
    schedule = await _schedule(request)
    report = reports.get_report(schedule.terms.report)
    form, picked = await _read(request)
    terms = terms_from(form, report, picked)
    version = form.number("version", low=0, high=999_999_999)
    if not form.errors:
        try:
            await schedules.edit_schedule(
                schedule.schedule_id, terms, expected_version=version, by=visit.by, now=visit.now
            )
        except InvalidError as error:
            _note(form, error)
        else:
            return go(request, visit.path("reports", "schedules", schedule.schedule_id), done="schedule-changed")
    return await _form_page(request, report, form, picked=picked, schedule=schedule)


@does(f"{ONE}/pause", access="settings:manage")
async def pause(request: PortalRequest) -> Response[bytes]:
    """Send nothing until it is resumed."""
    visit, schedule_id = request.auth, _id(request)
    await schedules.pause_schedule(schedule_id, by=visit.by, now=visit.now)
    return go(request, visit.path("reports", "schedules", schedule_id), done="schedule-paused")


@does(f"{ONE}/resume", access="settings:manage")
async def resume(request: PortalRequest) -> Response[bytes]:
    """Send again from the next time on."""
    visit, schedule_id = request.auth, _id(request)
    await schedules.resume_schedule(schedule_id, by=visit.by, now=visit.now)
    return go(request, visit.path("reports", "schedules", schedule_id), done="schedule-resumed")


@does(f"{ONE}/send", access="settings:manage")
async def send(request: PortalRequest) -> Response[bytes]:
    """Send the report now, to everybody."""
    visit, schedule_id = request.auth, _id(request)
    try:
        await schedules.ask_sending(schedule_id, by=visit.by, now=visit.now)
    except InvalidError as error:
        return await _show(request, _failed("send", error))
    return go(request, visit.path("reports", "schedules", schedule_id), done="schedule-sent")


@does(f"{ONE}/test", access="settings:manage", fresh=True)
async def test(request: PortalRequest) -> Response[bytes]:
    """Send the report now, to one address alone."""
    visit, schedule_id = request.auth, _id(request)
    form = Form(dict(await form_pairs(request)))
    address = form.text("address", chars_max=ADDRESS_CHARS_MAX)
    if not form.errors:
        try:
            await schedules.ask_test(schedule_id, address, by=visit.by, now=visit.now)
        except InvalidError as error:
            form.errors["address"] = f"It {error.reason}."
    if form.errors:
        return await _show(request, form)
    return go(request, visit.path("reports", "schedules", schedule_id), done="schedule-tested")


@does(f"{ONE}/mails/{{message_id:str}}/again", access="settings:manage")
async def send_again(request: PortalRequest) -> Response[bytes]:
    """Queue the mail of one delivery again, as it was, to its address alone."""
    visit, schedule = request.auth, await _schedule(request)
    try:
        await mail_delivery.send_again(path_uuid(request, "message_id"), by=visit.by, now=visit.now)
    except InvalidError as error:
        return await _show(request, _failed("send", error))
    return go(request, visit.path("reports", "schedules", schedule.schedule_id), done="mail-queued")


@shows(f"{ONE}/delete", access="settings:manage")
async def ask_delete(request: PortalRequest) -> Response[bytes]:
    """Ask whether a schedule is to be forgotten."""
    schedule = await _schedule(request)
    return page(
        request,
        "reports_schedules/delete.html",
        fragments={DIALOG_ID: "reports_schedules/_delete.html"},
        schedule=schedule,
        rhythm_words=rhythm_words,
    )


@does(f"{ONE}/delete", access="settings:manage")
async def delete(request: PortalRequest) -> Response[bytes]:
    """Forget a schedule."""
    visit = request.auth
    await schedules.delete_schedule(_id(request), by=visit.by, now=visit.now)
    return go(request, visit.path("reports", "schedules"), done="schedule-deleted")


async def _show(request: PortalRequest, form: Form) -> Response[bytes]:
    visit = request.auth
    tenant_id = visit.operator.tenant.tenant_id
    schedule = await _schedule(request)
    before = parse_uuid(request.query_params.get("before", ""))
    runs = await schedules.list_runs(
        tenant_id, schedule.schedule_id, before=None if before is None else RunId(before), limit=RUNS_MAX + 1
    )
    report = reports.find_report(schedule.terms.report)
    people = await schedule_recipients.describe_recipients(tenant_id, schedule.terms.recipients)
    own = visit.operator.user.promoted.email or ""
    return page(
        request,
        "reports_schedules/page.html",
        status_code=422 if form.errors else 200,
        schedule=schedule,
        title=_title_of(schedule),
        options="" if report is None else option_words(report, schedule.terms.options),
        when_words=rhythm_words(schedule.terms.rhythm),
        next_words=due_words(schedule.terms.rhythm, schedule.next_at),
        people=people,
        addresses=[one.address for one in schedule.terms.recipients if one.user_id is None],
        runs=runs[:RUNS_MAX],
        older=runs[RUNS_MAX - 1].run_id if len(runs) > RUNS_MAX else None,
        before=before,
        deliveries=await schedule_deliveries.list_deliveries(tenant_id, runs[:RUNS_MAX]),
        form=Form({"address": own}) if not form.errors else form,
        problems=form.errors,
        sends_mail=site_of(request).sends_mail,
    )


async def _form_page(
    request: PortalRequest, report: Report, form: Form, *, picked: Sequence[UUID], schedule: Schedule | None = None
) -> Response[bytes]:
    tenant_id = request.auth.operator.tenant.tenant_id
    operators = await schedule_recipients.list_operators(tenant_id)
    listed = {one.user_id for one in operators}
    others = [Recipient(user_id=user_id) for user_id in picked if user_id not in listed]
    operators += await schedule_recipients.describe_recipients(tenant_id, others)
    return page(
        request,
        "reports_schedules/form.html",
        status_code=422 if form.errors else 200,
        report=report,
        form=form,
        picked=set(picked),
        operators=operators,
        schedule=schedule,
        every=EVERY,
        weekdays=list(enumerate(WEEKDAYS)),
        zones=zone_names(),
    )


async def _read(request: PortalRequest) -> tuple[Form, list[UUID]]:
    """Return the posted form, and the operators who were picked in it."""
    pairs = await form_pairs(request)
    found = (parse_uuid(value) for name, value in pairs if name == "operator")
    return Form(dict(pairs)), [user_id for user_id in found if user_id is not None]


async def _schedule(request: PortalRequest) -> Schedule:
    return await schedules.get_schedule(request.auth.operator.tenant.tenant_id, _id(request))


def _id(request: PortalRequest) -> ScheduleId:
    return ScheduleId(path_uuid(request, "schedule_id"))


def _title_of(schedule: Schedule) -> str:
    report = reports.find_report(schedule.terms.report)
    return schedule.terms.report if report is None else report.title


def _note(form: Form, error: InvalidError) -> None:
    form.errors[error.attribute] = f"{error.attribute.replace('_', ' ').capitalize()} {error.reason}."


def _failed(name: str, error: InvalidError) -> Form:
    form = Form({})
    form.errors[name] = f"The report {error.reason}."
    return form


HANDLERS = (show_list, ask_new, create, show, ask_edit, edit, pause, resume, send, test, send_again, ask_delete, delete)
