"""Groups: what the identity providers pushed, and who is in it."""

from litestar import Response

from directory import groups, mappings, sources
from directory.model import GroupId, UserId
from directory.query import Window
from portal.auth import shows
from portal.forms import parse_uuid, path_uuid
from portal.rendering import page
from portal.visit import PortalRequest

GROUPS_MAX = 50
MEMBERS_MAX = 50
WAITING_MAX = 20


@shows("/t/{slug:str}/groups", access="portal:view")
async def show_all(request: PortalRequest) -> Response[bytes]:
    """List the groups of the tenant."""
    tenant_id = request.auth.operator.tenant.tenant_id
    after = parse_uuid(request.query_params.get("after", ""))
    found, next_after = await groups.list_groups_by_name(
        tenant_id, after=None if after is None else GroupId(after), limit=GROUPS_MAX
    )
    total = (await groups.list_groups(tenant_id, None, None, Window(limit=0))).total
    policy = await mappings.get_policy(tenant_id)
    connections = await sources.list_sources(tenant_id)
    return page(
        request,
        "groups/list.html",
        groups=found,
        total=total,
        next_after=next_after,
        after=after,
        mapped={line.mapping.group_id: line for line in policy.lines},
        labels={source.source_id: source.label for source in connections},
    )


@shows("/t/{slug:str}/groups/{group_id:str}", access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show one group: its mapping, one page of its members, and who is waited for."""
    tenant_id, group_id = request.auth.operator.tenant.tenant_id, GroupId(path_uuid(request, "group_id"))
    group = await groups.get_group(tenant_id, group_id)
    after = parse_uuid(request.query_params.get("after", ""))
    members = await groups.list_members(
        tenant_id, group_id, after=None if after is None else UserId(after), limit=MEMBERS_MAX + 1
    )
    policy = await mappings.get_policy(tenant_id)
    return page(
        request,
        "groups/page.html",
        group=group,
        source=await sources.get_source(tenant_id, group.source_id),
        members=members[:MEMBERS_MAX],
        next_after=members[MEMBERS_MAX - 1].user_id if len(members) > MEMBERS_MAX else None,
        after=after,
        waiting=await groups.list_waiting(tenant_id, group_id, limit=WAITING_MAX),
        line=next((line for line in policy.lines if line.mapping.group_id == group_id), None),
    )


HANDLERS = (show_all, show)
