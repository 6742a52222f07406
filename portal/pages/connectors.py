"""Connectors: the connections that are pulled, how each is, and making one."""

from litestar import Response

from directory import overview
from directory.errors import InvalidError, NotFoundError
from directory.model import Source, SourceId
from directory.pulls import sources
from directory.pulls.kinds import PullKind, current_connectors
from directory.pulls.model import PullMode
from directory.routed_sources import is_routed
from directory.sources import list_sources
from portal.auth import does, shows
from portal.connector_forms import config_fields, note_refused, read_config, read_secrets, shown_fields, without_secrets
from portal.connector_words import CREDENTIAL_HINTS, SET_UP
from portal.connectors_shown import (
    CONNECTOR,
    CONNECTORS,
    NOT_HERE,
    TABS,
    connector_of,
    kind_label,
    lacks_credentials,
    offered_kinds,
    pushes_now,
    pushing_pulses,
)
from portal.forms import Form, parse_uuid, path_uuid, read_form
from portal.rendering import go, page
from portal.run_cards import card_for
from portal.visit import PortalRequest

LABEL_CHARS_MAX = 100
MODES: tuple[PullMode, ...] = ("provision", "audit")


@shows(CONNECTORS, access="portal:view")
async def show_all(request: PortalRequest) -> Response[bytes]:
    """List the connections that are pulled, with how they are."""
    visit = request.auth
    tenant_id = visit.operator.tenant.tenant_id
    pulses = {pulse.source.source_id: pulse for pulse in await overview.list_pulses(tenant_id, now=visit.now)}
    found = await sources.list_pull_sources(tenant_id)
    return page(
        request,
        "connectors/list.html",
        sources=[(source, pulses[source.source_id].state) for source in found if source.source_id in pulses],
        kind_label=kind_label,
        lacks=lacks_credentials,
        pushes=any(pulse.source.kind == "scim" for pulse in pulses.values()),
        led=[pulse.source for pulse in pulses.values() if is_routed(pulse.source)],
    )


@shows(f"{CONNECTORS}/new", access="sources:manage", fresh=True)
async def ask(request: PortalRequest) -> Response[bytes]:
    """Ask what to pull from, and then how: whoever enters credentials has just shown who it is."""
    name = request.query_params.get("kind", "")
    kind = next((one for one in offered_kinds() if one.name == name), None)
    if kind is None:
        return page(request, "connectors/choose.html", kinds=offered_kinds(), setups=SET_UP)
    return await _new_page(request, kind, Form(config_fields(kind, {})))


@does(f"{CONNECTORS}/new", access="sources:manage", fresh=True, upload=True)
async def create(request: PortalRequest) -> Response[bytes]:
    """Make a connection; the first pull follows by its schedule."""
    visit, form = request.auth, await read_form(request)
    kinds = {kind.name: kind for kind in offered_kinds()}
    if form.fields.get("kind") not in kinds:
        raise InvalidError("kind", "is none that can be pulled from here")
    kind = kinds[form.fields["kind"]]
    label = form.text("label", chars_max=LABEL_CHARS_MAX, required=False) or kind.label
    mode = form.choice("mode", MODES)
    audits = _audited(form, mode)
    config, secrets = read_config(form, kind), read_secrets(form, kind)
    if not form.errors:
        try:
            made = await sources.create_pull_source(
                kind.name, label, config, secrets, mode=mode, audits_source_id=audits, by=visit.by, now=visit.now
            )
        except InvalidError as error:
            note_refused(form, error, kind)
        except NotFoundError:
            form.errors["audits"] = NOT_HERE
        else:
            done = "connector-bare" if lacks_credentials(made) else "connector-created"
            return go(request, visit.path("connectors", made.source_id), done=done)
    return await _new_page(request, kind, without_secrets(form))


@shows(CONNECTOR, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show a connection: how it is, when it is pulled, what was found, and its runs."""
    if (led := await _routed(request)) is not None:
        return page(request, "connectors/routed.html", source=led)
    visit, source = request.auth, await connector_of(request)
    pulse = await overview.get_pulse(source.tenant_id, source.source_id, now=visit.now)
    audited = None
    if source.audits_source_id is not None:
        audited = await overview.get_pulse(source.tenant_id, source.audits_source_id, now=visit.now)
    return page(
        request,
        "connectors/page.html",
        source=source,
        state=pulse.state,
        held=pulse.held,
        audited=audited,
        kind_label=kind_label(source.kind),
        lacks=lacks_credentials(source),
        tabs=TABS,
        run_card=await card_for(source),
    )


async def _routed(request: PortalRequest) -> Source | None:
    """Return the source of the address where it is the super tenant's routing: nobody connects to it, or pulls it."""
    tenant_id, source_id = request.auth.operator.tenant.tenant_id, SourceId(path_uuid(request, "source_id"))
    found = [source for source in await list_sources(tenant_id) if is_routed(source)]
    return next((source for source in found if source.source_id == source_id), None)


def _audited(form: Form, mode: PullMode) -> SourceId | None:
    """Return the connection that is compared with, where the mode needs one."""
    if mode == "provision":
        return None
    found = parse_uuid(form.fields.get("audits", ""))
    if found is None:
        form.errors["audits"] = "Choose the connection to compare with."
        return None
    return SourceId(found)


async def _new_page(request: PortalRequest, kind: PullKind, form: Form) -> Response[bytes]:
    visit = request.auth
    pulses = await pushing_pulses(visit)
    return page(
        request,
        "connectors/new.html",
        status_code=422 if form.errors else 200,
        form=form,
        kind=current_connectors().get_kind(kind.name),
        fields=shown_fields(kind),
        hints=CREDENTIAL_HINTS,
        setup=SET_UP.get(kind.name, ()),
        pushing=[(pulse.source.source_id, pulse.source.label) for pulse in pulses],
        pushes=any(pushes_now(pulse, visit.now) for pulse in pulses),
    )


HANDLERS = (show_all, ask, create, show)
