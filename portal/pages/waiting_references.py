"""Managers and members who are named and not here: by whom, since when, as lists and files."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from litestar import Response

from directory import exports, managers
from portal.auth import shows
from portal.csv_export import Cell, send_csv
from portal.rendering import page
from portal.visit import PortalRequest, Visit

LINES_MAX = 50
CSV_PAGE = 500
WAITING = "/t/{slug:str}/waiting-references"
MANAGER_COLUMNS = ("reference", "source", "named by", "since")
MEMBER_COLUMNS = ("value", "group", "source", "since")


@shows(WAITING, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show the managers whom somebody names, the oldest reference first."""
    tenant_id = request.auth.operator.tenant.tenant_id
    after = request.query_params.get("after") or None
    return page(
        request,
        "waiting_references/page.html",
        fragments={"waiting-references-more": "waiting_references/_more.html"},
        found=await managers.list_waiting_managers(tenant_id, after=after, limit=LINES_MAX),
        counts=await managers.count_waiting(tenant_id),
        counted_max=managers.COUNTED_MAX,
        people_max=managers.PEOPLE_MAX,
        after=after,
    )


@shows(f"{WAITING}/members", access="portal:view")
async def show_members(request: PortalRequest) -> Response[bytes]:
    """Show the members whom groups wait for, the oldest first."""
    tenant_id = request.auth.operator.tenant.tenant_id
    after = request.query_params.get("after") or None
    return page(
        request,
        "waiting_members/page.html",
        fragments={"waiting-members-more": "waiting_members/_more.html"},
        found=await managers.list_waiting_members(tenant_id, after=after, limit=LINES_MAX),
        counts=await managers.count_waiting(tenant_id),
        counted_max=managers.COUNTED_MAX,
        after=after,
    )


@shows(f"{WAITING}/export.csv", access="portal:view", fresh=True)
async def export(request: PortalRequest) -> Response[Any]:
    """Send the managers who are named and not here as a file."""
    visit = request.auth
    await exports.record_list("Waiting managers", "", by=visit.by, now=visit.now)
    return await send_csv(request, "waiting-managers.csv", MANAGER_COLUMNS, _manager_rows(visit))


@shows(f"{WAITING}/members/export.csv", access="portal:view", fresh=True)
async def export_members(request: PortalRequest) -> Response[Any]:
    """Send the members whom groups wait for as a file."""
    visit = request.auth
    await exports.record_list("Waiting members", "", by=visit.by, now=visit.now)
    return await send_csv(request, "waiting-members.csv", MEMBER_COLUMNS, _member_rows(visit))


async def _manager_rows(visit: Visit) -> AsyncIterator[Sequence[Cell]]:
    tenant_id = visit.operator.tenant.tenant_id
    after: str | None = None
    while True:
        found = await managers.list_waiting_managers(tenant_id, after=after, limit=CSV_PAGE)
        for line in found.waiting:
            more = "+" if line.people_count == managers.PEOPLE_MAX else ""
            yield line.ref, line.source_label or "local", f"{line.people_count}{more}", line.since
        if (after := found.next_after) is None:
            return


async def _member_rows(visit: Visit) -> AsyncIterator[Sequence[Cell]]:
    tenant_id = visit.operator.tenant.tenant_id
    after: str | None = None
    while True:
        found = await managers.list_waiting_members(tenant_id, after=after, limit=CSV_PAGE)
        for line in found.waiting:
            yield line.value, line.group_name, line.source_label, line.since
        if (after := found.next_after) is None:
            return


HANDLERS = (show, show_members, export, export_members)
