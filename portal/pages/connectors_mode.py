"""Whether a pull changes people here, or only compares a connection that pushes with its directory."""

from litestar import Response

from directory import sources as connections
from directory.errors import InvalidError, NotFoundError
from directory.model import SourceId
from directory.pulls import sources
from directory.pulls.model import PullMode, PullSource
from portal.auth import does, shows
from portal.connectors_shown import CONNECTOR, NOT_HERE, TABS, connector_of, pushes_now, pushing_pulses
from portal.forms import Form, parse_uuid, read_form
from portal.rendering import go, page
from portal.visit import PortalRequest

MODES: tuple[PullMode, ...] = ("provision", "audit")
MATCHES = ("queue", "refuse", "apart")
GRACE_DAYS_MAX = 365
TARGET_CHARS_MAX = 300


@shows(f"{CONNECTOR}/mode", access="sources:manage")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show what the pull is for."""
    source = await connector_of(request)
    return await _page(request, source, Form({}))


@does(f"{CONNECTOR}/mode", access="sources:manage", fresh=True)
async def save(request: PortalRequest) -> Response[bytes]:
    """Save what the pull is for; who decides about the same people is always chosen, never assumed."""
    visit, source, form = request.auth, await connector_of(request), await read_form(request)
    mode = form.choice("mode", MODES)
    audits = parse_uuid(form.fields.get("audits", "")) if mode == "audit" else None
    match = form.text("match", chars_max=TARGET_CHARS_MAX, required=False) if mode == "audit" else ""
    if mode == "audit" and audits is None:
        form.errors["audits"] = "Choose the connection to compare with."
    if not form.errors:
        audited = None if audits is None else SourceId(audits)
        try:
            await sources.set_mode(source.source_id, mode, audited, match or None, by=visit.by, now=visit.now)
        except InvalidError as error:
            name = {"audits_source_id": "audits", "match_target": "match"}.get(error.attribute, error.attribute)
            form.errors[name] = f"This {error.reason}."
        except NotFoundError:
            form.errors["audits"] = NOT_HERE
    if form.errors:
        return await _page(request, source, form)
    return go(request, visit.path("connectors", source.source_id), done="connector-mode")


@does(f"{CONNECTOR}/policies", access="sources:manage", fresh=True)
async def save_policies(request: PortalRequest) -> Response[bytes]:
    """Save what becomes of whoever is met, and how long somebody who was deleted can come back."""
    visit, source, form = request.auth, await connector_of(request), await read_form(request)
    changes = {
        "on_match": form.choice("on_match", MATCHES),
        "grace_days": str(form.number("grace_days", low=1, high=GRACE_DAYS_MAX)),
    }
    if form.errors:
        return await _page(request, source, form)
    await connections.edit_settings(source.source_id, changes, by=visit.by, now=visit.now)
    return go(request, visit.path("connectors", source.source_id, "mode"), done="connector-policies")


async def _page(request: PortalRequest, source: PullSource, form: Form) -> Response[bytes]:
    visit = request.auth
    pulses = await pushing_pulses(visit)
    settings = (await connections.get_source(source.tenant_id, source.source_id)).settings
    stored = {
        "mode": source.mode,
        "audits": str(source.audits_source_id or ""),
        "match": source.match_target or "",
        "on_match": settings.on_match,
        "grace_days": str(settings.grace_days),
    }
    form.fields = {**stored, **form.fields}
    return page(
        request,
        "connectors_mode/page.html",
        status_code=422 if form.errors else 200,
        source=source,
        form=form,
        pushing=[(pulse.source.source_id, pulse.source.label) for pulse in pulses],
        pushes=any(pushes_now(pulse, visit.now) for pulse in pulses),
        tabs=TABS,
    )


HANDLERS = (show, save, save_policies)
