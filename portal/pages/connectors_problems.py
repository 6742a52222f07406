"""Whom the pulls of a connection could not apply, and why; they wait, and each pull tries them again."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from litestar import Response

from directory import exports
from directory.pulls.model import PullSource
from directory.pulls.problems import list_problems
from portal.auth import shows
from portal.connectors_shown import CONNECTOR, connector_of
from portal.csv_export import Cell, send_csv
from portal.rendering import page
from portal.run_lookup import key_of, seen_key
from portal.visit import PortalRequest

PROBLEMS = f"{CONNECTOR}/problems"
PROBLEMS_MAX = 100
EXPORTED_AT_ONCE = 500
COLUMNS = ("kind", "name", "id there", "reason")


@shows(PROBLEMS, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """List users and groups that could not be applied, as it is now."""
    source, after = await connector_of(request), seen_key(request)
    found = await list_problems(source.tenant_id, source.source_id, after=after or ("", ""), limit=PROBLEMS_MAX + 1)
    problems = found[:PROBLEMS_MAX]
    return page(
        request,
        "connectors_problems/page.html",
        source=source,
        problems=problems,
        after=after,
        next_after=key_of(problems[-1].kind, problems[-1].ext_id) if len(found) > PROBLEMS_MAX else None,
    )


@shows(f"{PROBLEMS}/export.csv", access="portal:view", fresh=True)
async def export(request: PortalRequest) -> Response[Any]:
    """Send all of them as CSV."""
    source, visit = await connector_of(request), request.auth
    await exports.record_list("Objects that a pull could not apply", source.label, by=visit.by, now=visit.now)
    return await send_csv(request, "pull-problems.csv", COLUMNS, _rows(source))


async def _rows(source: PullSource) -> AsyncIterator[Sequence[Cell]]:
    after = ("", "")
    while found := await list_problems(source.tenant_id, source.source_id, after=after, limit=EXPORTED_AT_ONCE):
        for one in found:
            yield (one.kind, one.label, one.ext_id, one.problem)
        after = (found[-1].kind, found[-1].ext_id)


HANDLERS = (show, export)
