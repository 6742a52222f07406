"""Equipment to return: who left with something, who was asked for it, and asking again."""

from litestar import Response

from directory import loans, return_tasks
from directory.errors import InvalidError
from directory.model import UserId
from portal.auth import does, shows
from portal.forms import path_uuid
from portal.rendering import go, page
from portal.visit import PortalRequest

RETURNS = "/t/{slug:str}/equipment/returns"
LISTED_MAX = 50
MORE = {"equipment-returns-more": "equipment_returns/_more.html"}


@shows(RETURNS, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show one page of those who left, who left first at the beginning."""
    return await _page(request)


@does(f"{RETURNS}/{{user_id:str}}/remind", access="users:manage")
async def remind(request: PortalRequest) -> Response[bytes]:
    """Write to the manager again."""
    visit = request.auth
    try:
        await return_tasks.remind(UserId(path_uuid(request, "user_id")), by=visit.by, now=visit.now)
    except InvalidError as error:
        return await _page(request, refusal=f"The {error.attribute} {error.reason}.")
    return go(request, visit.path("equipment", "returns"), done="return-reminded")


async def _page(request: PortalRequest, *, refusal: str = "") -> Response[bytes]:
    visit = request.auth
    tenant_id = visit.operator.tenant.tenant_id
    after = request.query_params.get("after") or None
    return page(
        request,
        "equipment_returns/page.html",
        fragments=MORE,
        status_code=409 if refusal else 200,
        found=await loans.list_disabled_holders(tenant_id, after=after, limit=LISTED_MAX, now=visit.now),
        count=await return_tasks.count_tasks(tenant_id),
        counted_max=return_tasks.COUNTED_MAX,
        after=after,
        refusal=refusal,
        may_manage=visit.may("users:manage"),
    )


HANDLERS = (show, remind)
