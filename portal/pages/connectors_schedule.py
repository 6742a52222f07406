"""When a connection is pulled: every 20 to 40 minutes, whole once a day, and not at all while it is paused."""

from litestar import Response

from directory.errors import InvalidError
from directory.pulls import sources
from directory.pulls.model import INTERVAL_MIN_MAX, INTERVAL_MIN_MIN, PullSource
from portal.auth import does, shows
from portal.connectors_shown import CONNECTOR, TABS, connector_of, lacks_credentials
from portal.forms import Form, read_form
from portal.rendering import go, page
from portal.visit import PortalRequest

FULL_EVERY_H_MIN, FULL_EVERY_H_MAX = 1, 168


@shows(f"{CONNECTOR}/schedule", access="sources:manage")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show when the connection is pulled."""
    source = await connector_of(request)
    fields = {"interval_min": str(source.interval_min), "full_every_h": str(source.full_every_h)}
    return _page(request, source, Form(fields))


@does(f"{CONNECTOR}/schedule", access="sources:manage")
async def save(request: PortalRequest) -> Response[bytes]:
    """Save how often it is pulled, and how often whole."""
    visit, source, form = request.auth, await connector_of(request), await read_form(request)
    interval_min = form.number("interval_min", low=INTERVAL_MIN_MIN, high=INTERVAL_MIN_MAX)
    full_every_h = form.number("full_every_h", low=FULL_EVERY_H_MIN, high=FULL_EVERY_H_MAX)
    if not form.errors:
        try:
            await sources.edit_schedule(
                source.source_id, interval_min=interval_min, full_every_h=full_every_h, by=visit.by, now=visit.now
            )
        except InvalidError as error:
            form.errors[error.attribute] = f"It {error.reason}."
    if form.errors:
        return _page(request, source, form)
    return go(request, visit.path("connectors", source.source_id), done="connector-schedule")


@does(f"{CONNECTOR}/pause", access="sources:manage")
async def pause(request: PortalRequest) -> Response[bytes]:
    """Pull nothing until somebody resumes it."""
    visit, source = request.auth, await connector_of(request)
    if not source.paused:
        await sources.pause(source.source_id, by=visit.by, now=visit.now)
    return go(request, visit.path("connectors", source.source_id), done="connector-paused")


@does(f"{CONNECTOR}/resume", access="sources:manage")
async def resume(request: PortalRequest) -> Response[bytes]:
    """Pull by the schedule again."""
    visit, source = request.auth, await connector_of(request)
    if source.paused:
        await sources.resume(source.source_id, by=visit.by, now=visit.now)
    return go(request, visit.path("connectors", source.source_id), done="connector-resumed")


def _page(request: PortalRequest, source: PullSource, form: Form) -> Response[bytes]:
    return page(
        request,
        "connectors_schedule/page.html",
        status_code=422 if form.errors else 200,
        source=source,
        lacks=lacks_credentials(source),
        form=form,
        least=INTERVAL_MIN_MIN,
        most=INTERVAL_MIN_MAX,
        full_most=FULL_EVERY_H_MAX,
        tabs=TABS,
    )


HANDLERS = (show, save, pause, resume)
