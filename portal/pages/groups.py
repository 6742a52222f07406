"""Groups: what the identity providers pushed, who is in it, who is waited for, and what it decides."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal
from uuid import UUID

from litestar import Response

from directory import access_roles, events, exports, group_lists, groups, held, sources
from directory.group_lists import GroupFilter, GroupOrder, Order
from directory.model import EventId, GroupId, SourceId, TenantId, UserId
from portal.auth import shows
from portal.csv_export import Cell, send_csv
from portal.export_words import narrowed_by
from portal.forms import parse_uuid, path_uuid
from portal.list_search import ListSearch
from portal.rendering import page
from portal.visit import PortalRequest

GROUPS_MAX = 50
CSV_PAGE = 500
MEMBERS_MAX = 50
WAITING_MAX = 20
EVENTS_MAX = 20
GROUPS = "/t/{slug:str}/groups"
ORDERS: tuple[Order, ...] = ("name", "members", "pushed")
STATES: tuple[Literal["empty", "waiting", "nested"], ...] = ("empty", "waiting", "nested")
MAPPED: tuple[Literal["yes", "no"], ...] = ("yes", "no")
COLUMNS = ("name", "source", "external id", "members", "waiting", "nested", "mapping", "access role", "last pushed")


@shows(GROUPS, access="portal:view")
async def show_all(request: PortalRequest) -> Response[bytes]:
    """List the groups of the tenant."""
    tenant_id = request.auth.operator.tenant.tenant_id
    connections = await sources.list_sources(tenant_id)
    search = ListSearch(request.query_params)
    wanted, order = filter_from(search, {one.source_id for one in connections}), order_from(search)
    after = request.query_params.get("after") or None
    return page(
        request,
        "groups/list.html",
        fragments={"groups-more": "groups/_more.html"},
        found=await group_lists.list_groups(tenant_id, wanted, order, after=after, limit=GROUPS_MAX),
        count=await group_lists.count_groups(tenant_id, wanted),
        search=search,
        wanted=wanted,
        order=order,
        connections=connections,
        after=after,
    )


@shows(f"{GROUPS}/export.csv", access="portal:view")
async def export(request: PortalRequest) -> Response[Any]:
    """Send the groups of the filter as a file."""
    visit = request.auth
    tenant_id = visit.operator.tenant.tenant_id
    search = ListSearch(request.query_params)
    labels: dict[UUID, str] = {one.source_id: one.label for one in await sources.list_sources(tenant_id)}
    wanted, order = filter_from(search, {SourceId(key) for key in labels}), order_from(search)
    await exports.record_list("Groups", narrowed_by(search.params, labels), by=visit.by, now=visit.now)
    rows = _rows(tenant_id, wanted, order)
    return await send_csv(request, "groups.csv", COLUMNS, rows)


@shows(f"{GROUPS}/{{group_id:str}}", access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show one group: its mapping, one page of its members, who is waited for, and what happened."""
    tenant_id, group_id = request.auth.operator.tenant.tenant_id, GroupId(path_uuid(request, "group_id"))
    group = await groups.get_group(tenant_id, group_id)
    after = parse_uuid(request.query_params.get("after", ""))
    before = parse_uuid(request.query_params.get("before", ""))
    members = await groups.list_members(
        tenant_id, group_id, after=None if after is None else UserId(after), limit=MEMBERS_MAX + 1
    )
    told = await events.list_events(
        tenant_id, subject_id=group_id, before=None if before is None else EventId(before), limit=EVENTS_MAX + 1
    )
    nested = await groups.nested_of_groups(tenant_id, [group_id])
    return page(
        request,
        "groups/page.html",
        fragments={"groups-history": "groups/_history.html", "groups-members": "groups/_members.html"},
        group=group,
        source=await sources.get_source(tenant_id, group.source_id),
        members=members[:MEMBERS_MAX],
        next_after=members[MEMBERS_MAX - 1].user_id if len(members) > MEMBERS_MAX else None,
        after=after,
        held=await held.count_of_group(tenant_id, group_id),
        waiting=await groups.list_waiting(tenant_id, group_id, limit=WAITING_MAX),
        nested=nested[group_id],
        renames=await group_lists.list_renames(group),
        mapping=await group_lists.find_mapping(tenant_id, group_id),
        events=told[:EVENTS_MAX],
        next_before=told[EVENTS_MAX - 1].event_id if len(told) > EVENTS_MAX else None,
        before=before,
        names={str(role_id): name for role_id, name in (await access_roles.names_of_roles(tenant_id)).items()},
    )


def filter_from(search: ListSearch, known: set[SourceId]) -> GroupFilter:
    """Return which groups are looked for."""
    source_id = search.ident("source", known)
    return GroupFilter(
        text=search.text("q"),
        source_id=None if source_id is None else SourceId(source_id),
        mapped=search.choice("mapped", MAPPED),
        state=search.choice("state", STATES),
    )


def order_from(search: ListSearch) -> GroupOrder:
    """Return in which order."""
    column = search.sort("sort", ORDERS)
    return GroupOrder(column=column, descending=search.sort("dir", ("up", "down")) == "down")


async def _rows(tenant_id: TenantId, wanted: GroupFilter, order: GroupOrder) -> AsyncIterator[Sequence[Cell]]:
    after: str | None = None
    while True:
        found = await group_lists.list_groups(tenant_id, wanted, order, after=after, limit=CSV_PAGE)
        for line in found.groups:
            yield (
                line.display_name,
                line.source_label,
                line.external_id,
                line.member_count,
                line.waiting_count,
                line.nested_count,
                line.position,
                line.role_name,
                line.modified_at,
            )
        if (after := found.next_after) is None:
            return


HANDLERS = (show_all, export, show)
