"""Asking for a pull: now, dry, in full, or of one user."""

from litestar import Response

from directory import users
from directory.errors import InvalidError, RefusedError
from directory.model import UserId
from directory.pulls import runs, sources
from directory.pulls.model import PullSource, RunKind
from portal.auth import does, shows
from portal.connectors_shown import connector_of, lacks_credentials
from portal.forms import Form, path_uuid, read_form
from portal.rendering import DIALOG_ID, go, page
from portal.visit import PortalRequest

SOURCE = "/t/{slug:str}/connectors/{source_id:str}"
KEY_CHARS_MAX = 320
DEEDS = ("now", "dry")
FULL = {DIALOG_ID: "runs_asking/_full.html"}


@does(f"{SOURCE}/runs", access="sources:manage")
async def ask(request: PortalRequest) -> Response[bytes]:
    """Ask for a pull of what changed; a dry one writes nothing of the directory."""
    form, source = await read_form(request), await _source_of(request)
    dry = form.choice("deed", DEEDS) == "dry"
    if form.errors:
        raise InvalidError("deed", "is none of those offered")
    return await _asked(request, source, "delta", dry=dry)


@shows(f"{SOURCE}/full-resync", access="sources:manage")
async def show_full(request: PortalRequest) -> Response[bytes]:
    """Say what a full resync does, and ask."""
    return page(request, "runs_asking/full.html", fragments=FULL, source=await _source_of(request))


@does(f"{SOURCE}/full-resync", access="sources:manage", fresh=True)
async def ask_full(request: PortalRequest) -> Response[bytes]:
    """Ask for a pull of everybody and every group."""
    form = await read_form(request)
    return await _asked(request, await _source_of(request), "full", dry=form.flag("dry"))


@shows(f"{SOURCE}/pull-user", access="sources:manage")
async def show_one(request: PortalRequest) -> Response[bytes]:
    """Ask whom to pull."""
    return page(request, "runs_asking/one.html", source=await _source_of(request), form=Form({}))


@does(f"{SOURCE}/pull-user", access="sources:manage")
async def ask_one(request: PortalRequest) -> Response[bytes]:
    """Ask for a pull of one user, by user name or by the id elsewhere; a dry one changes nothing."""
    form, source = await read_form(request), await _source_of(request)
    key = form.text("user", chars_max=KEY_CHARS_MAX)
    if form.errors:
        return page(request, "runs_asking/one.html", status_code=422, source=source, form=form)
    return await _asked(request, source, "one", dry=form.flag("dry"), user_key=key)


@does("/t/{slug:str}/sub-accounts/{user_id:str}/pull", access="sources:manage")
async def ask_user(request: PortalRequest) -> Response[bytes]:
    """Ask for a pull of a user who is here."""
    tenant_id = request.auth.operator.tenant.tenant_id
    user = await users.get_user(tenant_id, UserId(path_uuid(request, "user_id")))
    if user.source_id is None:
        raise RefusedError("a local user is in no feed: there is nowhere to pull it from")
    source = on_only(await sources.get_pull_source(tenant_id, user.source_id))
    key = user.attributes.external_id or user.attributes.user_name
    return await _asked(request, source, "one", user_key=key)


def on_only(source: PullSource) -> PullSource:
    """Return a connector of which something can be pulled.

    Raises:
        RefusedError: it is turned off.
    """
    if source.off:
        raise RefusedError("this connector is turned off: nothing is pulled before it is turned on again")
    return source


async def _source_of(request: PortalRequest) -> PullSource:
    return on_only(await connector_of(request))


async def _asked(
    request: PortalRequest, source: PullSource, kind: RunKind, *, dry: bool = False, user_key: str | None = None
) -> Response[bytes]:
    visit = request.auth
    if lacks_credentials(source):
        return go(request, visit.path("connectors", source.source_id, "credentials"), done="connector-lacks")
    run = await runs.ask_run(
        source.source_id, kind, dry=dry, user_key=user_key, cause="operator", by=visit.by, now=visit.now
    )
    return go(request, visit.path("connectors", source.source_id, "runs", run.run_id))


HANDLERS = (ask, show_full, ask_full, show_one, ask_one, ask_user)
