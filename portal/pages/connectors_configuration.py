"""Configuration of a connection that is pulled: which directory, and who of it is meant."""

from litestar import Response

from directory import sources as connections
from directory.errors import InvalidError
from directory.pulls import sources
from directory.pulls.kinds import PullKind
from directory.pulls.model import PullSource
from portal.auth import does, shows
from portal.connector_forms import config_fields, note_refused, read_config, shown_fields
from portal.connector_words import field_label
from portal.connectors_shown import CONNECTOR, TABS, connector_of, kind_of
from portal.forms import Form, read_form
from portal.rendering import go, page
from portal.visit import PortalRequest

LABEL_CHARS_MAX = 100


@shows(f"{CONNECTOR}/configuration", access="sources:manage")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show which directory is pulled, and who of it is meant."""
    source = await connector_of(request)
    kind = kind_of(source)
    return _page(request, source, kind, Form({"label": source.label, **config_fields(kind, source.config)}))


@does(f"{CONNECTOR}/configuration", access="sources:manage", fresh=True)
async def save(request: PortalRequest) -> Response[bytes]:
    """Save the name and the configuration; another place for credentials forgets them."""
    visit, source, form = request.auth, await connector_of(request), await read_form(request)
    kind = kind_of(source)
    label = form.text("label", chars_max=LABEL_CHARS_MAX)
    config = read_config(form, kind)
    if not form.errors:
        try:
            await sources.edit_config(source.source_id, config, by=visit.by, now=visit.now)
            if label != source.label:
                found = await connections.get_source(source.tenant_id, source.source_id)
                await connections.edit_source(
                    source.source_id, preset=found.preset, label=label, by=visit.by, now=visit.now
                )
        except InvalidError as error:
            note_refused(form, error, kind)
    if form.errors:
        return _page(request, source, kind, form)
    saved = await sources.get_pull_source(source.tenant_id, source.source_id)
    if source.secret_names and not saved.secret_names:
        return go(request, visit.path("connectors", source.source_id, "credentials"), done="connector-forgot")
    return go(request, visit.path("connectors", source.source_id), done="connector-changed")


def _page(request: PortalRequest, source: PullSource, kind: PullKind, form: Form) -> Response[bytes]:
    return page(
        request,
        "connectors_configuration/page.html",
        status_code=422 if form.errors else 200,
        source=source,
        kind=kind,
        form=form,
        fields=shown_fields(kind),
        bound=[field_label(name) for name in kind.bound_to],
        tabs=TABS,
    )


HANDLERS = (show, save)
