"""The second factor of somebody who lost it: taken away, so that a new one can be set up."""

from litestar import Response

from directory import accounts, credentials, second_factors
from directory.model import UserId
from portal.auth import does, shows
from portal.forms import path_uuid
from portal.rendering import DIALOG_ID, go, page
from portal.visit import PortalRequest

RESET = "/t/{slug:str}/sub-accounts/{user_id:str}/second-factor"


@shows(RESET, access="users:manage")
async def show_reset(request: PortalRequest) -> Response[bytes]:
    """Say what taking it away does."""
    tenant_id, user_id = request.auth.operator.tenant.tenant_id, UserId(path_uuid(request, "user_id"))
    why = await accounts.explain_role(tenant_id, user_id)
    return page(
        request,
        "user_second_factor/reset_page.html",
        fragments={DIALOG_ID: "user_second_factor/_reset.html"},
        user=why.user,
        has=await credentials.get_credentials(tenant_id, user_id),
        covered=request.auth.covers(why.role),
        own=user_id == request.auth.operator.user.user_id,
    )


@does(RESET, access="users:manage", fresh=True)
async def reset(request: PortalRequest) -> Response[bytes]:
    """Take it away, and end the user's sessions and links."""
    visit, user_id = request.auth, UserId(path_uuid(request, "user_id"))
    await second_factors.reset_factor(user_id, by=visit.by, now=visit.now)
    return go(request, visit.path("sub-accounts", user_id), done="factor-reset")


HANDLERS = (show_reset, reset)
