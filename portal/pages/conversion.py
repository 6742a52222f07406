"""Convert all user IDs to e-mail: scanned, confirmed, converted in the background, reported, undone."""

from typing import Any

from litestar import Response

from directory import conversion_scans, conversions
from directory.conversions import Conversion
from directory.errors import AlreadyExistsError, RefusedError, StaleError
from portal.auth import does, shows
from portal.conversion_words import STATES, mark_of
from portal.conversions_shown import CONVERSION, JOB, NEEDS, job_of, path_of, shown_of
from portal.forms import Form, read_form
from portal.rendering import DIALOG_ID, go, page
from portal.streams import Update, fragment, stream
from portal.visit import PortalRequest

FRAGMENTS = {"conversion-job": "conversion/_job.html"}


@shows(CONVERSION, access=NEEDS)
async def show(request: PortalRequest) -> Response[bytes]:
    """Say what converting does, and show the conversions there were."""
    by = request.auth.by
    return page(
        request,
        "conversion/page.html",
        current=await conversions.find_current(by=by),
        jobs=await conversions.list_conversions(by=by),
        states=STATES,
        refusal="",
    )


@does(CONVERSION, access=NEEDS)
async def scan(request: PortalRequest) -> Response[bytes]:
    """Look at all user names; an earlier scan is dropped."""
    visit = request.auth
    try:
        job = await conversion_scans.start_scan(by=visit.by, now=visit.now)
    except AlreadyExistsError:
        current = await conversions.find_current(by=visit.by)
        return go(request, visit.path("conversion") if current is None else path_of(request, current))
    return go(request, path_of(request, job))


@shows(JOB, access=NEEDS)
async def show_job(request: PortalRequest) -> Response[bytes]:
    """Show the scan, the progress or the report."""
    return await _job_page(request, await job_of(request))


@shows(f"{JOB}/stream", access=NEEDS)
async def watch(request: PortalRequest) -> Response[Any]:
    """Send the page's main part anew whenever the conversion got further."""
    await job_of(request)

    async def look(mark: str | None) -> Update | None:
        job = await job_of(request)
        if mark_of(job) == mark:
            return None
        html = fragment(request, "conversion/_job.html", **await shown_of(request, job))
        return Update(mark=mark_of(job), html=html, done=not job.is_under_way)

    return stream(request, look)


@does(f"{JOB}/drop", access=NEEDS)
async def drop(request: PortalRequest) -> Response[bytes]:
    """Forget the scan."""
    job, visit = await job_of(request), request.auth
    await conversions.drop_scan(job.job_id, by=visit.by, now=visit.now)
    return go(request, visit.path("conversion"), done="conversion-dropped")


@does(f"{JOB}/confirm", access=NEEDS, fresh=True)
async def confirm(request: PortalRequest) -> Response[bytes]:
    """Begin to convert those whom the page counted."""
    form, visit, job = await read_form(request), request.auth, await job_of(request)
    days = form.number("alias_days", low=0, high=conversions.ALIAS_DAYS_MAX)
    expected = form.number("expected", low=0, high=999_999_999)
    decided = form.number("decided", low=0, high=999_999_999)
    if form.errors:
        return await _job_page(request, job, form=form, status_code=422)
    try:
        await conversions.confirm(
            job.job_id, alias_days=days, expected=expected, decided=decided, by=visit.by, now=visit.now
        )
    except (StaleError, RefusedError):
        refusal = "what is to be done is not what the page said any more. This is how it stands now"
        return await _job_page(request, await job_of(request), refusal=refusal, status_code=409)
    return go(request, path_of(request, job))


@does(f"{JOB}/stop", access=NEEDS)
async def stop(request: PortalRequest) -> Response[bytes]:
    """Stop behind the batch that is under way."""
    job, visit = await job_of(request), request.auth
    await conversions.stop(job.job_id, by=visit.by, now=visit.now)
    return go(request, path_of(request, job), done="conversion-stopped")


@does(f"{JOB}/resume", access=NEEDS, fresh=True)
async def resume(request: PortalRequest) -> Response[bytes]:
    """Go on with what was stopped."""
    job, visit = await job_of(request), request.auth
    await conversions.resume(job.job_id, by=visit.by, now=visit.now)
    return go(request, path_of(request, job))


@shows(f"{JOB}/undo", access=NEEDS)
async def show_undo(request: PortalRequest) -> Response[bytes]:
    """Say what undoing does."""
    return page(
        request,
        "conversion/undo_page.html",
        fragments={DIALOG_ID: "conversion/_undo.html"},
        job=await job_of(request),
    )


@does(f"{JOB}/undo", access=NEEDS, fresh=True)
async def undo(request: PortalRequest) -> Response[bytes]:
    """Begin to give the names of before back."""
    job, visit = await job_of(request), request.auth
    try:
        await conversions.undo(job.job_id, by=visit.by, now=visit.now)
    except (RefusedError, AlreadyExistsError) as error:
        words = "another conversion is under way" if isinstance(error, AlreadyExistsError) else str(error)
        return await _job_page(request, job, refusal=words, status_code=409)
    return go(request, path_of(request, job))


async def _job_page(
    request: PortalRequest, job: Conversion, *, refusal: str = "", form: Form | None = None, status_code: int = 200
) -> Response[bytes]:
    shown = await shown_of(request, job, refusal=refusal, form=form)
    return page(request, "conversion/job.html", fragments=FRAGMENTS, status_code=status_code, **shown)


HANDLERS = (show, scan, show_job, watch, drop, confirm, stop, resume, show_undo, undo)
