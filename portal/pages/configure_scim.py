"""Configure SCIM: the connections of a tenant, what to paste, what has arrived, and what seems wrong."""

from typing import Any

from litestar import Response

from directory import door_refusals, overview, secret_keys, setup_check, source_administrators, sources
from directory.attribute_guide import GUIDE
from directory.diagnosis import MISTAKES, Mistake
from directory.errors import InvalidError, NotFoundError
from directory.model import Source, SourceId, UserId
from directory.overview import SourcePulse
from directory.refusal_kinds import RefusalView
from directory.secret_handover import expires_soon, handover_for
from directory.setup_check import Coverage, Setup
from portal.auth import does, shows
from portal.forms import Form, parse_uuid, path_uuid, read_form
from portal.guides import GUIDES, PRESETS, endpoint_for
from portal.notices import NOTICES
from portal.rendering import go, page
from portal.setup_words import CAUSES, FIELD_NAMES, OF_MAPPING, STEP_TITLES, Told, hint_for, told_finding
from portal.streams import Update, fragment, stream
from portal.visit import PortalRequest, site_of

LABEL_CHARS_MAX = 100
SOURCE = "/t/{slug:str}/configure-scim/{source_id:str}"
LOOK_EVERY_S = 2.0
EVERY_MISTAKE = frozenset(MISTAKES)


@shows("/t/{slug:str}/configure-scim", access="portal:view")
async def show_all(request: PortalRequest) -> Response[bytes]:
    """List the connections that push; the only one is shown at once, and none asks to be created."""
    visit = request.auth
    found = await overview.list_pulses(visit.operator.tenant.tenant_id, now=visit.now)
    pulses = [pulse for pulse in found if pulse.source.kind == "scim"]
    if len(pulses) == 1:
        done = request.query_params.get("done")
        known = done if done in NOTICES else None
        return go(request, visit.path("configure-scim", pulses[0].source.source_id), done=known)
    if not pulses:
        return _new_page(request, Form({}), first=True)
    return page(request, "configure_scim/list.html", pulses=pulses, guides=GUIDES)


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


@shows(SOURCE, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show one connection: where to push, whether it lives, what has arrived, its secrets and what was refused."""
    pulse = await _pulse(request)
    if pulse.source.kind != "scim":  # whoever links to a connection need not know how its users arrive
        return go(request, request.auth.source_path(pulse.source))
    return await _source_page(request, pulse, Form({}))


@shows(f"{SOURCE}/stream", access="portal:view")
async def watch(request: PortalRequest) -> Response[Any]:
    """Send the set-up check anew whenever something of it changed."""
    source = await _source(request)

    async def look(mark: str | None) -> Update | None:
        now = request.auth.now
        setup = await setup_check.get_setup(source, now=now)
        found = mark_of(setup)
        if found == mark:
            return None
        html = fragment(request, "configure_scim/_check.html", **await _check(source, setup, request))
        return Update(mark=found, html=html, done=setup.is_done)

    return stream(request, look, every_s=LOOK_EVERY_S)


@shows(f"{SOURCE}/mapping", access="portal:view")
async def show_mapping(request: PortalRequest) -> Response[bytes]:
    """Show which attribute belongs where, and how many users came with it."""
    source = await _source(request)
    coverage = await setup_check.get_coverage(source, now=request.auth.now)
    return page(
        request,
        "configure_scim/mapping.html",
        source=source,
        guide=GUIDES[source.preset],
        rows=GUIDE,
        names=FIELD_NAMES,
        coverage=coverage,
        findings=await _findings(source, coverage, request, only=OF_MAPPING),
    )


@does(f"{SOURCE}/administrator", access="sources:manage")
async def choose_administrator(request: PortalRequest) -> Response[bytes]:
    """Choose in whose name the connection acts, or nobody."""
    visit, pulse, form = request.auth, await _pulse(request), await read_form(request)
    if pulse.source.kind != "scim":
        raise NotFoundError("source", pulse.source.source_id)
    text = form.fields.get("user_id", "")
    user_id = parse_uuid(text)
    if text and user_id is None:
        form.errors["user_id"] = "Choose one of the users."
    else:
        try:
            await source_administrators.set_responsible(
                pulse.source.source_id, None if user_id is None else UserId(user_id), by=visit.by, now=visit.now
            )
        except InvalidError as error:
            form.errors["user_id"] = f"This user {error.reason}."
    if form.errors:
        return await _source_page(request, pulse, form)
    return go(request, visit.path("configure-scim", pulse.source.source_id), done="source-administrator")


def mark_of(setup: Setup) -> str:
    """Return what a checklist shows, as a short text."""
    seen = ".".join("0" if step.at is None else "1" for step in setup.steps)
    tally = setup.coverage.tally
    return f"{seen}.{tally.user_count}.{len(tally.missing)}.{setup.coverage.is_complete:d}"


async def _source_page(request: PortalRequest, pulse: SourcePulse, form: Form) -> Response[bytes]:
    source, now = pulse.source, request.auth.now
    setup = await setup_check.get_setup(source, now=now)
    check = await _check(source, setup, request)
    return page(
        request,
        "configure_scim/page.html",
        status_code=422 if form.errors else 200,
        pulse=pulse,
        secrets=pulse.secrets,
        active=next((secret for secret in pulse.secrets if secret.state(now) == "active"), None),
        expiring=[secret.secret_id for secret in pulse.secrets if expires_soon(secret, now)],
        handover=handover_for(pulse.secrets, now),
        days=await secret_keys.list_days(source.tenant_id, source.source_id, now=now),
        endpoint=endpoint_for(site_of(request).public_url),
        refusals=await _refusals(source, request),
        causes=CAUSES,
        responsible=await source_administrators.find_responsible(source),
        eligible=await source_administrators.list_responsible(source.tenant_id),
        form=form,
        mark=mark_of(setup),
        is_done=setup.is_done,
        **check,
    )


async def _check(source: Source, setup: Setup, request: PortalRequest) -> dict[str, Any]:
    """Return what the set-up check shows."""
    hints = {step.step: hint_for(source.preset, step.step) for step in setup.steps}
    return {
        "source": source,
        "guide": GUIDES[source.preset],
        "setup": setup,
        "titles": STEP_TITLES,
        "hints": hints,
        "findings": await _findings(source, setup.coverage, request),
    }


async def _findings(
    source: Source, coverage: Coverage, request: PortalRequest, *, only: frozenset[Mistake] = EVERY_MISTAKE
) -> list[tuple[str, Told, str | None]]:
    """Return what seems wrong: gravity, words, and the reference of a request that shows it."""
    found = await setup_check.list_findings(source, coverage, await _refusals(source, request), now=request.auth.now)
    return [
        (finding.gravity, told_finding(finding, source.preset), finding.reference)
        for finding in found
        if finding.mistake in only
    ]


async def _refusals(source: Source, request: PortalRequest) -> list[RefusalView]:
    now = request.auth.now
    own = await door_refusals.list_refusals(source.tenant_id, source.source_id, now=now)
    return [*own, *await door_refusals.list_nobodys_refusals(now=now)]


async def _source(request: PortalRequest) -> Source:
    tenant_id = request.auth.operator.tenant.tenant_id
    return await sources.get_pushed_source(tenant_id, SourceId(path_uuid(request, "source_id")))


async def _pulse(request: PortalRequest) -> SourcePulse:
    visit = request.auth
    source_id = SourceId(path_uuid(request, "source_id"))
    return await overview.get_pulse(visit.operator.tenant.tenant_id, source_id, now=visit.now)


def _new_page(request: PortalRequest, form: Form, *, first: bool) -> Response[bytes]:
    return page(
        request,
        "configure_scim/new.html",
        status_code=422 if form.errors else 200,
        form=form,
        guides=GUIDES,
        first=first,
    )


HANDLERS = (show_all, show_new, create, show, watch, show_mapping, choose_administrator)
