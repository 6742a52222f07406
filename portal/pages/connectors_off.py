"""Turning a connection that is pulled off, with what becomes of its users, and on again."""

from litestar import Response

from directory import closing
from directory.closing import DEEDS
from directory.errors import LastAdministratorError
from directory.pulls.model import PullSource
from portal.auth import does, shows
from portal.connectors_shown import CONNECTOR, connector_of
from portal.forms import Form, read_form
from portal.rendering import go, page
from portal.visit import PortalRequest

TYPED = "turn off"


@shows(f"{CONNECTOR}/off", access="sources:manage")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show whom turning off would touch; afterwards, how far it is."""
    return await _page(request, await connector_of(request), Form({}))


@does(f"{CONNECTOR}/off", access="sources:manage", fresh=True)
async def turn_off(request: PortalRequest) -> Response[bytes]:
    """Pull nothing from now on, and begin with what becomes of the users."""
    visit, source, form = request.auth, await connector_of(request), await read_form(request)
    deed = form.choice("deed", DEEDS)
    if form.fields.get("typed", "").strip().casefold() != TYPED:
        form.errors["typed"] = f"Type “{TYPED}” to confirm."
    if not form.errors and not source.off:
        try:
            await closing.turn_off(source.source_id, deed, by=visit.by, now=visit.now)
        except LastAdministratorError:
            form.errors["deed"] = "Every active administrator comes from this connection. Make a local one first."
    if form.errors:
        return await _page(request, source, form)
    return go(request, visit.path("connectors", source.source_id, "off"), done="connector-off")


@does(f"{CONNECTOR}/on", access="sources:manage", fresh=True)
async def turn_on(request: PortalRequest) -> Response[bytes]:
    """Let the connection be pulled again."""
    visit, source = request.auth, await connector_of(request)
    if source.off:
        await closing.turn_on(source.source_id, by=visit.by, now=visit.now)
    return go(request, visit.path("connectors", source.source_id), done="connector-on")


async def _page(request: PortalRequest, source: PullSource, form: Form) -> Response[bytes]:
    tenant_id, source_id = source.tenant_id, source.source_id
    return page(
        request,
        "connectors_off/page.html",
        status_code=422 if form.errors else 200,
        source=source,
        form=form,
        typed=TYPED,
        counts=await closing.count_closing(tenant_id, source_id),
        closing=await closing.find_closing(tenant_id, source_id),
    )


HANDLERS = (show, turn_off, turn_on)
