"""Sign in by a one-time link, and sign out."""

from litestar import Response

from directory import signins
from directory.errors import InvalidError
from portal.auth import SIGN_IN_PATH, clock, does, find_visit, network_of, no_cookie, session_cookie, shows
from portal.rendering import go, page
from portal.visit import PortalRequest, site_of

SOFTWARE_CHARS_MAX = 200


@shows("/", access="signed in")
async def start(request: PortalRequest) -> Response[bytes]:
    """Lead to the overview of the operator's tenant."""
    return go(request, request.auth.path("overview"))


@shows("/t/{slug:str}", access="signed in")
async def start_of_tenant(request: PortalRequest) -> Response[bytes]:
    """Lead to the overview."""
    return go(request, request.auth.path("overview"))


@shows(SIGN_IN_PATH, access="public")
async def explain(request: PortalRequest) -> Response[bytes]:
    """Say how signing in works."""
    visit = await find_visit(request)
    if visit is not None:
        return go(request, visit.path("overview"))
    return page(request, "sign_in/explain.html")


@shows(f"{SIGN_IN_PATH}/{{token:str}}", access="public")
async def confirm(request: PortalRequest) -> Response[bytes]:
    """Show the button that uses the link: mail scanners that open links must not use them up."""
    usable = await signins.peek_link(str(request.path_params["token"]), now=clock())
    return page(request, "sign_in/confirm.html" if usable else "sign_in/used.html", status_code=200 if usable else 410)


@does(f"{SIGN_IN_PATH}/{{token:str}}", access="public")
async def redeem(request: PortalRequest) -> Response[bytes]:
    """Use the link and start a web session under a new id; the one this browser had ends."""
    software = request.headers.get("user-agent", "")[:SOFTWARE_CHARS_MAX]
    try:
        session = await signins.redeem_link(
            str(request.path_params["token"]), now=clock(), network=network_of(request), software=software
        )
    except InvalidError:
        return page(request, "sign_in/used.html", status_code=410)
    former = await find_visit(request)
    if former is not None:
        await signins.sign_out(former.operator.session_id, by=former.by, now=former.now)
    response = go(request, "/")
    response.cookies.append(session_cookie(site_of(request), session))
    return response


@does("/sign-out", access="signed in")
async def sign_out(request: PortalRequest) -> Response[bytes]:
    """End the web session here and in the directory."""
    visit = request.auth
    await signins.sign_out(visit.operator.session_id, by=visit.by, now=visit.now)
    response = go(request, SIGN_IN_PATH, done="signed-out")
    response.cookies.append(no_cookie(site_of(request)))
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


HANDLERS = (start, start_of_tenant, explain, confirm, redeem, sign_out)
