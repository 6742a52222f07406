"""One entry of the activity: a change or a request, with what caused it and what it caused."""

from uuid import UUID

import msgspec
from litestar import Response

from directory import activity, events, secret_keys, sources, traffic, undo
from directory.errors import NotFoundError
from directory.events import EventView
from directory.model import EventId, Source, TenantId, UserId
from directory.pulls import runs
from directory.pulls.model import Run
from directory.traffic import KEPT_REQUESTS, RequestView
from portal.auth import shows
from portal.event_names import names_in_events
from portal.event_words import derivation_words, value_words, words_for
from portal.forms import parse_uuid, path_uuid
from portal.rendering import page
from portal.request_advice import advice_for, replay_segments
from portal.request_steps import Story, steps_for
from portal.visit import PortalRequest

MOVED_MAX = 50
EVENTS_MAX = 50


@shows("/t/{slug:str}/activity/changes/{event_id:str}", access="portal:view")
async def show_change(request: PortalRequest) -> Response[bytes]:
    """Show one change: what, by whom, why, whom it moved, and what else came of the same request."""
    tenant_id = request.auth.operator.tenant.tenant_id
    event_id = EventId(path_uuid(request, "event_id"))
    detail = await activity.get_change(tenant_id, event_id)
    after = parse_uuid(request.query_params.get("after", ""))
    moved, next_after = await activity.list_moved(
        tenant_id, event_id, after=None if after is None else UserId(after), limit=MOVED_MAX
    )
    names = await names_in_events(tenant_id, [detail.event, *detail.siblings])
    event = detail.event
    names |= {str(one.new): words_for(str(one.new)) for one in event.changes if event.action == undo.UNDONE}
    return page(
        request,
        "activity/change.html",
        detail=detail,
        event=event,
        names=names,
        rows=[(change.name.replace("_", " "), *_told(change.old, change.new, names)) for change in event.changes],
        undo=await undo.read_state(tenant_id, event),
        derivation=derivation_words(event.action, event.changes, names),
        caused_by=await _request_of(tenant_id, event),
        pulled_by=await _pull_of(tenant_id, event),
        moved=moved,
        next_after=next_after,
        kept_days=KEPT_REQUESTS.days,
    )


@shows("/t/{slug:str}/activity/requests/{reference:str}", access="portal:view")
async def show_request(request: PortalRequest) -> Response[bytes]:
    """Show the request that a reference in an error message names: why it ended so, and what it changed."""
    tenant_id = request.auth.operator.tenant.tenant_id
    record = await traffic.get_request(tenant_id, str(request.path_params["reference"]))
    caused = await events.list_events_of_request(tenant_id, record.request_id, limit=EVENTS_MAX)
    names = await names_in_events(tenant_id, caused)
    source = await _source_of(tenant_id, record)
    story = Story(
        record=record,
        source_label=None if source is None else source.label,
        secret_label=await _secret_label(tenant_id, record),
        events=caused,
        names=names,
    )
    return page(
        request,
        "activity/request.html",
        record=record,
        body=readable(record.request_body),
        answer=error_body(record),
        story=story,
        steps=steps_for(story),
        advice=advice_for(record, None if source is None else source.preset),
        replay=replay_segments(record) if request.auth.may("sources:manage") else (),
        differences=[(event, _differences(event, names)) for event in caused],
    )


def readable(body: str | None) -> str | None:
    """Return a recorded body with one value a line; one that is not JSON as it is."""
    if body is None:
        return None
    try:
        return msgspec.json.format(body, indent=2)
    except msgspec.DecodeError:
        return body


def error_body(record: RequestView) -> str | None:
    """Return the error that the client was told, as it was put; None for an answer that is no error."""
    if record.status < 400:
        return None
    told: dict[str, str | None] = {"status": str(record.status), "scimType": record.scim_type, "detail": record.detail}
    said = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], **{k: v for k, v in told.items() if v}}
    return msgspec.json.format(msgspec.json.encode(said), indent=2).decode()


def _differences(event: EventView, names: dict[str, str]) -> list[tuple[str, str | None, str | None]]:
    return [(change.name.replace("_", " "), *_told(change.old, change.new, names)) for change in event.changes]


def _told(old: object, new: object, names: dict[str, str]) -> tuple[str | None, str | None]:
    return (
        None if old is None else value_words(old, names),  # type: ignore[arg-type]  # values of changes are JSON
        None if new is None else value_words(new, names),  # type: ignore[arg-type]  # as above
    )


async def _source_of(tenant_id: TenantId, record: RequestView) -> Source | None:
    found = await sources.list_sources(tenant_id)
    return next((source for source in found if source.source_id == record.source_id), None)


async def _secret_label(tenant_id: TenantId, record: RequestView) -> str | None:
    if record.source_id is None or record.secret_id is None:
        return None
    kept = await secret_keys.list_secrets(tenant_id, record.source_id)
    secret = next((one for one in kept if one.secret_id == record.secret_id), None)
    return None if secret is None else f"{secret.label} (…{secret.last_four})".strip()


async def _request_of(tenant_id: TenantId, event: EventView) -> RequestView | None:
    """Return the request that caused an event; None when an operator or a duty did, or when it is too old."""
    request_id: UUID | None = event.request_id
    if request_id is None:
        return None
    return await traffic.find_request(tenant_id, request_id)


async def _pull_of(tenant_id: TenantId, event: EventView) -> Run | None:
    """Return the pull that caused an event; None if none did, or if it is no longer kept."""
    if event.run_id is None:
        return None
    try:
        return await runs.get_run(tenant_id, event.run_id)
    except NotFoundError:
        return None


HANDLERS = (show_change, show_request)
