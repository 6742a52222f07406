"""The activity as files: what a filter finds, streamed as CSV or as one JSON object a line."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response
from litestar.response import Stream

from directory import activity, exports, sources
from directory.errors import NotFoundError
from directory.events import EventView
from directory.model import TenantId
from directory.traffic import RequestView
from portal.activity_terms import CHANGE_TERMS, REQUEST_TERMS, change_filter, read_terms, request_filter
from portal.auth import shows
from portal.csv_export import Cell, export_headers, send_csv
from portal.event_names import names_in_events
from portal.event_words import value_words, words_for
from portal.export_words import narrowed_by
from portal.times import iso
from portal.visit import PortalRequest

CHANGE_COLUMNS = ("time", "change", "action", "about", "kind", "id", "by", "values", "request", "link", "event id")
REQUEST_COLUMNS = ("time", "reference", "connection", "method", "path", "status", "error type", "answer", "took ms",
                   "leniencies", "software", "network")  # fmt: skip
NDJSON_CHUNK_MIN = 32 * 1024
NAMED_AT_ONCE = 500
"""Changes whose ids are looked up together."""


@shows("/t/{slug:str}/activity/export/{name:str}", access="portal:view", fresh=True)
async def export(request: PortalRequest) -> Response[Any]:
    """Send changes or requests as a file: all that the filter in the address finds."""
    visit = request.auth
    tenant_id, name = visit.operator.tenant.tenant_id, str(request.path_params["name"])
    match name:
        case "changes.csv" | "changes.ndjson":
            terms = read_terms(request, CHANGE_TERMS)
            sought, labels = await change_filter(tenant_id, terms), await _labels(tenant_id)
            words = narrowed_by(terms.fields, labels)
            await exports.record_list("Activity: changes", words, by=visit.by, now=visit.now)
            changes = activity.each_change(tenant_id, sought)
            if name.endswith("csv"):
                return await send_csv(request, name, CHANGE_COLUMNS, _change_rows(tenant_id, changes))
            return _send_ndjson(request, name, _change_objects(changes))
        case "requests.csv" | "requests.ndjson":
            terms = read_terms(request, REQUEST_TERMS)
            wanted, labels = await request_filter(tenant_id, terms), await _labels(tenant_id)
            words = narrowed_by(terms.fields, labels)
            await exports.record_list("Activity: requests", words, by=visit.by, now=visit.now)
            requests = activity.each_request(tenant_id, wanted)
            if name.endswith("csv"):
                return await send_csv(request, name, REQUEST_COLUMNS, _request_rows(requests, labels))
            return _send_ndjson(request, name, _request_objects(requests, labels))
        case _:
            raise NotFoundError("page", name)


async def _change_rows(tenant_id: TenantId, changes: AsyncIterator[EventView]) -> AsyncIterator[Sequence[Cell]]:
    async for some in _together(changes):
        names = await names_in_events(tenant_id, some)
        for event in some:
            yield _change_row(event, names)


def _change_row(event: EventView, names: Mapping[str, str]) -> Sequence[Cell]:
    told = "; ".join(
        f"{change.name}: {_said(change.old, names)} -> {_said(change.new, names)}" for change in event.changes
    )
    about = (event.subject_label, event.subject_kind, str(event.subject_id))
    caused = (event.actor_label, told, event.reference, event.seq, str(event.event_id))
    return (event.at, words_for(event.action), event.action, *about, *caused)


async def _together(changes: AsyncIterator[EventView]) -> AsyncIterator[list[EventView]]:
    some: list[EventView] = []
    async for event in changes:
        some.append(event)
        if len(some) == NAMED_AT_ONCE:
            yield some
            some = []
    yield some


async def _request_rows(
    requests: AsyncIterator[RequestView], labels: Mapping[UUID, str]
) -> AsyncIterator[Sequence[Cell]]:
    async for one in requests:
        yield (one.started_at, one.reference, _label(one, labels), one.method, one.path, one.status,
               one.scim_type, one.detail, str(one.duration_us / 1000), "; ".join(one.leniencies), one.software,
               one.network)  # fmt: skip


async def _change_objects(changes: AsyncIterator[EventView]) -> AsyncIterator[Mapping[str, object]]:
    async for event in changes:
        yield {
            "event_id": event.event_id,
            "at": iso(event.at),
            "action": event.action,
            "subject": {"kind": event.subject_kind, "id": event.subject_id, "label": event.subject_label},
            "actor": {"kind": event.actor_kind, "id": event.actor_id, "label": event.actor_label},
            "changes": [{"name": change.name, "old": change.old, "new": change.new} for change in event.changes],
            "request": event.reference,
            "link": event.seq,
        }


async def _request_objects(
    requests: AsyncIterator[RequestView], labels: Mapping[UUID, str]
) -> AsyncIterator[Mapping[str, object]]:
    async for one in requests:
        yield {
            "request_id": one.request_id,
            "reference": one.reference,
            "at": iso(one.started_at),
            "connection": _label(one, labels),
            "method": one.method,
            "path": one.path,
            "status": one.status,
            "scim_type": one.scim_type,
            "detail": one.detail,
            "duration_us": one.duration_us,
            "leniencies": one.leniencies,
            "software": one.software,
            "network": one.network,
        }


def _send_ndjson(request: PortalRequest, name: str, objects: AsyncIterator[Mapping[str, object]]) -> Stream:
    """Answer with one JSON object a line; bodies of requests are left out, they are on the pages of the requests."""

    async def text() -> AsyncIterator[bytes]:
        kept = b""
        async for one in objects:
            kept += msgspec.json.encode(one) + b"\n"
            if len(kept) >= NDJSON_CHUNK_MIN:
                yield kept
                kept = b""
        yield kept

    return Stream(text, headers=export_headers(request, name), media_type="application/x-ndjson")


def _said(value: Any, names: Mapping[str, str]) -> str:  # noqa: ANN401 - whatever JSON the event holds
    return "" if value is None else value_words(value, names)


def _label(one: RequestView, labels: Mapping[UUID, str]) -> str | None:
    return None if one.source_id is None else labels.get(one.source_id)


async def _labels(tenant_id: TenantId) -> dict[UUID, str]:
    return {source.source_id: source.label for source in await sources.list_sources(tenant_id)}


HANDLERS = (export,)
