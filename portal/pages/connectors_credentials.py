"""Credentials of a connection that is pulled: which are set, and entering others. None is ever shown."""

from litestar import Response

from directory.errors import InvalidError, NoKeysError
from directory.pulls import sources
from directory.pulls.credentials import place_mark
from directory.pulls.kinds import PullKind
from directory.pulls.model import PullSource
from portal.auth import does, shows
from portal.connector_forms import note_refused, read_secrets, without_secrets
from portal.connector_words import CREDENTIAL_HINTS
from portal.connectors_shown import CONNECTOR, TABS, connector_of, kind_of
from portal.forms import Form, read_form
from portal.rendering import go, page
from portal.visit import PortalRequest


@shows(f"{CONNECTOR}/credentials", access="sources:manage", fresh=True)
async def show(request: PortalRequest) -> Response[bytes]:
    """Show which credentials are set and since when, and ask for others."""
    source = await connector_of(request)
    return _page(request, source, kind_of(source), Form({}))


@does(f"{CONNECTOR}/credentials", access="sources:manage", fresh=True, upload=True)
async def save(request: PortalRequest) -> Response[bytes]:
    """Keep what was entered; a field that was left empty stays as it is, one that is ticked is forgotten."""
    visit, source, form = request.auth, await connector_of(request), await read_form(request)
    kind = kind_of(source)
    secrets: dict[str, str | None] = dict(read_secrets(form, kind))
    forgotten = [one.name for one in kind.credentials if form.flag(f"forget_{one.name}") and one.name not in secrets]
    secrets |= dict.fromkeys(forgotten)
    if not secrets and not form.errors:
        form.errors[f"secret_{kind.credentials[0].name}" if kind.credentials else "credentials"] = (
            "Nothing was entered."
        )
    if not form.errors:
        try:
            meant_for = form.text("meant_for", chars_max=64, required=False) or None
            await sources.set_secrets(source.source_id, secrets, meant_for=meant_for, by=visit.by, now=visit.now)
        except InvalidError as error:
            note_refused(form, error, kind)
        except NoKeysError as error:
            form.errors["credentials"] = f"{str(error).capitalize()}."
    if form.errors:
        return _page(request, source, kind, without_secrets(form))
    return go(request, visit.path("connectors", source.source_id, "test"), done="connector-credentials")


def _page(request: PortalRequest, source: PullSource, kind: PullKind, form: Form) -> Response[bytes]:
    return page(
        request,
        "connectors_credentials/page.html",
        status_code=422 if form.errors else 200,
        source=source,
        kind=kind,
        meant_for=place_mark(kind, source.config),
        form=form,
        hints=CREDENTIAL_HINTS,
        tabs=TABS,
    )


HANDLERS = (show, save)
