"""The queue of users whom no routing rule leads anywhere, with rules that would take them."""

from collections.abc import AsyncIterator
from typing import Any

from litestar import Response

from directory import exports
from directory.model import TenantId
from directory.routes.unrouted import COUNTED_MAX, each_unrouted, list_unrouted
from portal.auth import shows
from portal.csv_export import Cell, send_csv
from portal.rendering import page
from portal.routing_words import REASONS, check_super, suggestion_path, suggestion_words
from portal.visit import PortalRequest

UNROUTED = "/t/{slug:str}/unrouted"
PAGE = 50
COLUMNS = ("user id", "user name", "name", "status", "since", "reason")


@shows(UNROUTED, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show who is in no tenant, since when and why, the longest waiting first."""
    check_super(request)
    visit = request.auth
    after = request.query_params.get("after") or None
    found = await list_unrouted(visit.operator.tenant.tenant_id, after=after, limit=PAGE)
    return page(
        request,
        "unrouted/page.html",
        found=found,
        after=after,
        counted_max=COUNTED_MAX,
        reasons=REASONS,
        words=suggestion_words,
        path_of=suggestion_path,
    )


@shows(f"{UNROUTED}/export.csv", access="portal:view", fresh=True)
async def export(request: PortalRequest) -> Response[Any]:
    """Send everybody in the queue as a file."""
    check_super(request)
    visit = request.auth
    await exports.record_list("Unrouted users", "", by=visit.by, now=visit.now)
    return await send_csv(request, "unrouted.csv", COLUMNS, _rows(visit.operator.tenant.tenant_id))


async def _rows(tenant_id: TenantId) -> AsyncIterator[list[Cell]]:
    async for user in each_unrouted(tenant_id):
        yield [
            str(user.user_id),
            user.user_name,
            user.display_name,
            "active" if user.active else "disabled",
            user.since,
            REASONS.get(user.reason, user.reason),
        ]


HANDLERS = (show, export)
