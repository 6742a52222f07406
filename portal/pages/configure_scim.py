"""Configure SCIM: the connections of a tenant, and what to paste into the identity provider."""

from litestar import Response

from directory import secret_keys, sources
from directory.model import SourceId
from portal.auth import does, shows
from portal.forms import Form, path_uuid, read_form
from portal.guides import GUIDES, PRESETS, endpoint_for
from portal.notices import NOTICES
from portal.rendering import go, page
from portal.visit import PortalRequest, site_of

LABEL_CHARS_MAX = 100


@shows("/t/{slug:str}/configure-scim", access="portal:view")
async def show_all(request: PortalRequest) -> Response[bytes]:
    """List the connections; the only one is shown at once, and none asks to be created."""
    visit = request.auth
    connections = await sources.list_sources(visit.operator.tenant.tenant_id)
    if len(connections) == 1:
        done = request.query_params.get("done")
        known = done if done in NOTICES else None
        return go(request, visit.path("configure-scim", connections[0].source_id), done=known)
    if not connections:
        return _new_page(request, Form({}), first=True)
    return page(request, "configure_scim/list.html", connections=connections, guides=GUIDES)


@shows("/t/{slug:str}/configure-scim/new", access="sources:manage")
async def show_new(request: PortalRequest) -> Response[bytes]:
    """Show the form for one more connection."""
    return _new_page(request, Form({}), first=False)


@does("/t/{slug:str}/configure-scim/new", access="sources:manage")
async def create(request: PortalRequest) -> Response[bytes]:
    """Create a connection; its preset says how the identity provider speaks."""
    visit = request.auth
    form = await read_form(request)
    preset = form.choice("preset", PRESETS)
    label = form.text("label", chars_max=LABEL_CHARS_MAX, required=False)
    if form.errors:
        return _new_page(request, form, first=False)
    source = await sources.create_source(
        kind="scim", preset=preset, label=label or GUIDES[preset].name, by=visit.by, now=visit.now
    )
    return go(request, visit.path("configure-scim", source.source_id), done="source-created")


@shows("/t/{slug:str}/configure-scim/{source_id:str}", access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show one connection: where to push, its secrets, and whether it lives."""
    visit = request.auth
    tenant_id = visit.operator.tenant.tenant_id
    source = await sources.get_source(tenant_id, SourceId(path_uuid(request, "source_id")))
    kept = await secret_keys.list_secrets(tenant_id, source.source_id)
    return page(
        request,
        "configure_scim/page.html",
        source=source,
        guide=GUIDES[source.preset],
        secrets=kept,
        active=next((secret for secret in kept if secret.state(visit.now) == "active"), None),
        endpoint=endpoint_for(site_of(request).public_url),
    )


def _new_page(request: PortalRequest, form: Form, *, first: bool) -> Response[bytes]:
    return page(
        request,
        "configure_scim/new.html",
        status_code=422 if form.errors else 200,
        form=form,
        guides=GUIDES,
        first=first,
    )


HANDLERS = (show_all, show_new, create, show)
