"""Turning SCIM off for a connection, with what becomes of its users, and on again."""

from litestar import Response

from directory import closing, sources
from directory.closing import DEEDS
from directory.errors import LastAdministratorError
from directory.model import Source, SourceId
from portal.auth import does, shows
from portal.forms import Form, path_uuid, read_form
from portal.guides import GUIDES
from portal.rendering import go, page
from portal.visit import PortalRequest

SOURCE = "/t/{slug:str}/configure-scim/{source_id:str}"
TYPED = "turn off"


@shows(f"{SOURCE}/off", access="sources:manage")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show whom turning off would touch; afterwards, how far it is."""
    return await _page(request, await _source(request), Form({}))


@does(f"{SOURCE}/off", access="sources:manage", fresh=True)
async def turn_off(request: PortalRequest) -> Response[bytes]:
    """Refuse requests from now on, and begin with what becomes of the users."""
    visit, source, form = request.auth, await _source(request), await read_form(request)
    deed = form.choice("deed", DEEDS)
    if form.fields.get("typed", "").strip().casefold() != TYPED:
        form.errors["typed"] = f"Type “{TYPED}” to confirm."
    if not form.errors and not source.settings.paused:
        try:
            await closing.turn_off(source.source_id, deed, by=visit.by, now=visit.now)
        except LastAdministratorError:
            form.errors["deed"] = "Every active administrator comes from this connection. Make a local one first."
    if form.errors:
        return await _page(request, source, form)
    return go(request, visit.path("configure-scim", source.source_id, "off"), done="source-off")


@does(f"{SOURCE}/on", access="sources:manage", fresh=True)
async def turn_on(request: PortalRequest) -> Response[bytes]:
    """Let requests in again."""
    visit, source = request.auth, await _source(request)
    if source.settings.paused:
        await closing.turn_on(source.source_id, by=visit.by, now=visit.now)
    return go(request, visit.path("configure-scim", source.source_id), done="source-on")


async def _page(request: PortalRequest, source: Source, form: Form) -> Response[bytes]:
    tenant_id, source_id = source.tenant_id, source.source_id
    return page(
        request,
        "configure_scim_off/page.html",
        status_code=422 if form.errors else 200,
        source=source,
        guide=GUIDES[source.preset],
        form=form,
        typed=TYPED,
        counts=await closing.count_closing(tenant_id, source_id),
        closing=await closing.find_closing(tenant_id, source_id),
    )


async def _source(request: PortalRequest) -> Source:
    tenant_id = request.auth.operator.tenant.tenant_id
    return await sources.get_pushed_source(tenant_id, SourceId(path_uuid(request, "source_id")))


HANDLERS = (show, turn_off, turn_on)
