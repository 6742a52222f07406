"""One search over everything that has a name: people, groups, requests by reference, and the settings."""

from litestar import Response

from directory import accounts, groups, traffic
from directory.errors import NotFoundError
from directory.model import Group, TenantId
from directory.query import Term, Window
from directory.references import parse_reference
from directory.traffic import RequestView
from portal.auth import shows
from portal.places import find_places
from portal.rendering import page
from portal.visit import PortalRequest

FOUND_MAX = 8
TEXT_LENGTH_MAX = 200


@shows("/t/{slug:str}/search", access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show what has a name like the text."""
    visit = request.auth
    tenant_id = visit.operator.tenant.tenant_id
    text = " ".join(request.query_params.get("q", "")[:TEXT_LENGTH_MAX].replace("\0", "").split())
    people, more_people = await accounts.list_some(tenant_id, text, limit=FOUND_MAX) if text else ([], False)
    return page(
        request,
        "search/page.html",
        text=text,
        record=await _request_named(tenant_id, text),
        people=people,
        more_people=more_people,
        groups=await _groups_named(tenant_id, text) if text else [],
        found_places=find_places(text, may=visit.may, is_kin=visit.is_kin),
    )


async def _groups_named(tenant_id: TenantId, text: str) -> list[Group]:
    named = Term("displayName", None, "co", text)
    return (await groups.list_groups(tenant_id, None, named, Window(limit=FOUND_MAX, total=0))).things


async def _request_named(tenant_id: TenantId, text: str) -> RequestView | None:
    reference = parse_reference(text)
    if reference is None:
        return None
    try:
        return await traffic.get_request(tenant_id, reference)
    except NotFoundError:
        return None


HANDLERS = (show,)
