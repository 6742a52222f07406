"""What a connector found that is pulled to compare: where the push of another connection and its directory differ."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from litestar import Response

from directory import exports
from directory.pulls.drift_lists import COUNTED_MAX, KINDS, count_drifts, find_auditor, list_drifts
from directory.pulls.model import DriftKind, PullSource
from directory.report_drift import DRIFT_WORDS, NEWER_WORDS, attribute_words
from directory.sources import get_source
from portal.auth import shows
from portal.connectors_shown import connector_of
from portal.csv_export import Cell, send_csv
from portal.list_search import ListSearch
from portal.rendering import page
from portal.visit import PortalRequest

DRIFT = "/t/{slug:str}/connectors/{source_id:str}/drift"
ROWS_MAX = 100
EXPORTED_AT_ONCE = 500
COLUMNS = ("difference", "name", "id there", "id here", "attribute", "pushed", "in the directory", "newer", "since")


@shows(DRIFT, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """List the differences, the riskiest kind first."""
    source = await connector_of(request)
    search = ListSearch(request.query_params)
    kind = search.choice("kind", KINDS)
    after = request.query_params.get("after") or None
    found = await list_drifts(source.tenant_id, source.source_id, kind=kind, after=after, limit=ROWS_MAX)
    auditor = await find_auditor(source.tenant_id, source.source_id)
    return page(
        request,
        "drift/page.html",
        fragments={"drift-more": "drift/_more.html"},
        source=source,
        auditor=auditor,
        audited=None if auditor is None else await get_source(source.tenant_id, auditor.audited_id),
        search=search,
        kinds=await _chips(request, source, kind),
        kind=kind,
        drifts=found.drifts,
        next_after=found.next_after,
        after=after,
        drift_words=DRIFT_WORDS,
        newer_words=NEWER_WORDS,
        attribute_words=attribute_words,
    )


@shows(f"{DRIFT}/export.csv", access="portal:view", fresh=True)
async def export(request: PortalRequest) -> Response[Any]:
    """Send all of them, or those of one kind, as a file."""
    source, visit = await connector_of(request), request.auth
    kind = ListSearch(request.query_params).choice("kind", KINDS)
    words = source.label if kind is None else f"{source.label}: {DRIFT_WORDS[kind]}"
    await exports.record_list("Drift push against pull", words, by=visit.by, now=visit.now)
    return await send_csv(request, "drift.csv", COLUMNS, _lines(source, kind))


async def _lines(source: PullSource, kind: DriftKind | None) -> AsyncIterator[Sequence[Cell]]:
    after: str | None = None
    while True:
        found = await list_drifts(source.tenant_id, source.source_id, kind=kind, after=after, limit=EXPORTED_AT_ONCE)
        for one in found.drifts:
            user_id = None if one.user_id is None else str(one.user_id)
            told = (DRIFT_WORDS[one.kind], one.label, one.ext_id, user_id, one.target or None)
            yield (*told, one.here, one.there, NEWER_WORDS[one.newer], one.since)
        if (after := found.next_after) is None:
            return


async def _chips(request: PortalRequest, source: PullSource, chosen: DriftKind | None) -> list[tuple[str, str, bool]]:
    """Return a view of each kind with its count, and one of all."""
    place = request.auth.path("connectors", source.source_id, "drift")
    counts = await count_drifts(source.tenant_id, source.source_id)
    views = [("All", place, chosen is None)]
    for kind, count in counts.items():
        shown = f"{count:,}+" if count >= COUNTED_MAX else f"{count:,}"
        views.append((f"{DRIFT_WORDS[kind]} {shown}", f"{place}?kind={kind}", chosen == kind))
    return views


HANDLERS = (show, export)
