"""Reports: who left with equipment, who is in no feed, whose role changed, and what wants looking after."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from litestar import Response

from directory import exports, reports, schedules
from directory.report_shapes import Asked, Report, Summary, file_cells, file_heads, option_words
from directory.rhythms import rhythm_words
from directory.schedule_values import Schedule
from portal.auth import shows
from portal.csv_export import Cell, send_csv
from portal.list_search import ListSearch
from portal.rendering import asks_for, page
from portal.report_cells import shown_rows
from portal.visit import PortalRequest

ROWS_MAX = 50
MORE = {"reports-more": "reports/_more.html"}
LIST = "/t/{slug:str}/reports"
ONE = f"{LIST}/{{report:str}}"


@shows(LIST, access="portal:view")
async def show_list(request: PortalRequest) -> Response[bytes]:
    """Show which reports there are, and which of them are mailed when."""
    tenant = request.auth.operator.tenant
    sent: dict[str, list[Schedule]] = {}
    for schedule in await schedules.list_schedules(tenant.tenant_id):
        sent.setdefault(schedule.terms.report, []).append(schedule)
    offered = reports.reports_for(is_super=tenant.is_super)
    return page(request, "reports/list.html", reports=offered, sent=sent, rhythm_words=rhythm_words)


@shows(ONE, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show one page of a report."""
    visit = request.auth
    report = _report(request)
    search, asked = _asked(request, report)
    after = request.query_params.get("after") or None
    found = await report.read_page(asked, after, ROWS_MAX)
    fragment = asks_for(request, MORE)
    summary = Summary() if fragment else await report.summarise(asked)
    return page(
        request,
        "reports/page.html",
        fragments=MORE,
        report=report,
        options=asked.options,
        suggested={} if fragment else await _suggested(asked, report),
        search=search,
        after=after,
        rows=shown_rows(found.rows, visit),
        next_after=found.next_after,
        summary=summary,
        moves=[(one.before, one.after, one.count, one.privileged) for one in summary.moves],
        sent=await schedules.list_schedules(asked.tenant_id, report=report.key),
        rhythm_words=rhythm_words,
    )


@shows(f"{ONE}/export.csv", access="portal:view", fresh=True)
async def export(request: PortalRequest) -> Response[Any]:
    """Send a whole report as a file."""
    visit = request.auth
    report = _report(request)
    _, asked = _asked(request, report)
    name = f"Report: {report.title}"
    await exports.record_list(name, option_words(report, asked.options), by=visit.by, now=visit.now)
    return await send_csv(request, f"{report.key}.csv", file_heads(report.columns), _lines(report, asked))


async def _lines(report: Report, asked: Asked) -> AsyncIterator[Sequence[Cell]]:
    async for row in reports.each_row(report, asked):
        yield list(file_cells(report.columns, row))


def _report(request: PortalRequest) -> Report:
    return reports.get_report(str(request.path_params["report"]), is_super=request.auth.operator.tenant.is_super)


async def _suggested(asked: Asked, report: Report) -> Mapping[str, Sequence[tuple[str, str]]]:
    return {option.name: await option.suggest(asked.tenant_id) for option in report.options if option.suggest}


def _asked(request: PortalRequest, report: Report) -> tuple[ListSearch, Asked]:
    """Return what the address asks for; a value that is none of the choices is named and left out."""
    visit = request.auth
    search = ListSearch(request.query_params)
    given: Mapping[str, str] = {
        option.name: (
            search.choice(option.name, [value for value, _ in option.choices])
            if option.choices
            else search.text(option.name)
        )
        or ""
        for option in report.options
    }
    return search, reports.asked_for(report, visit.operator.tenant.tenant_id, given, now=visit.now)


HANDLERS = (show_list, show, export)
