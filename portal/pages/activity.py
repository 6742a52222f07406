"""Activity: what changed and who did it, and every request of the identity providers."""

import msgspec
from litestar import Response

from directory import access_roles, events, sources, traffic
from directory.model import EventId, RequestId, SourceId
from portal.auth import shows
from portal.event_names import names_in_events
from portal.forms import parse_uuid
from portal.rendering import page
from portal.visit import PortalRequest

ENTRIES_MAX = 50


@shows("/t/{slug:str}/activity", access="portal:view")
async def show_changes(request: PortalRequest) -> Response[bytes]:
    """List changes, newest first."""
    before = parse_uuid(request.query_params.get("before", ""))
    found = await events.list_events(
        request.auth.operator.tenant.tenant_id,
        before=None if before is None else EventId(before),
        limit=ENTRIES_MAX + 1,
    )
    next_before = found[ENTRIES_MAX - 1].event_id if len(found) > ENTRIES_MAX else None
    return page(
        request,
        "activity/changes.html",
        events=found[:ENTRIES_MAX],
        names=await _names(request),
        next_before=next_before,
        before=before,
    )


@shows("/t/{slug:str}/activity/requests", access="portal:view")
async def show_requests(request: PortalRequest) -> Response[bytes]:
    """List requests, newest first; reads and refusals included."""
    before = parse_uuid(request.query_params.get("before", ""))
    failed_only = request.query_params.get("result") == "failed"
    found = await traffic.list_requests(
        request.auth.operator.tenant.tenant_id,
        before=None if before is None else RequestId(before),
        limit=ENTRIES_MAX + 1,
        failed_only=failed_only,
    )
    return page(
        request,
        "activity/requests.html",
        requests=found[:ENTRIES_MAX],
        labels=await _labels(request),
        next_before=found[ENTRIES_MAX - 1].request_id if len(found) > ENTRIES_MAX else None,
        before=before,
        failed_only=failed_only,
    )


@shows("/t/{slug:str}/activity/requests/{reference:str}", access="portal:view")
async def show_request(request: PortalRequest) -> Response[bytes]:
    """Show the request that a reference in an error message names."""
    tenant_id = request.auth.operator.tenant.tenant_id
    record = await traffic.get_request(tenant_id, str(request.path_params["reference"]))
    return page(
        request,
        "activity/request.html",
        record=record,
        body=readable(record.request_body),
        labels=await _labels(request),
        events=await events.list_events_of_request(tenant_id, record.request_id, limit=ENTRIES_MAX),
        names=await _names(request),
    )


def readable(body: str | None) -> str | None:
    """Return a recorded body with one value a line; one that is not JSON as it is."""
    if body is None:
        return None
    try:
        return msgspec.json.format(body, indent=2)
    except msgspec.DecodeError:
        return body


async def _names(request: PortalRequest) -> dict[str, str]:
    tenant_id = request.auth.operator.tenant.tenant_id
    return await names_in_events(tenant_id, await access_roles.list_roles(tenant_id))


async def _labels(request: PortalRequest) -> dict[SourceId, str]:
    found = await sources.list_sources(request.auth.operator.tenant.tenant_id)
    return {source.source_id: source.label for source in found}


HANDLERS = (show_changes, show_requests, show_request)
