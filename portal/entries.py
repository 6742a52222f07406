"""What a browser gets when somebody is let in, or half way in."""

from litestar import Response

from directory import signins
from directory.visitor import Entry
from portal.auth import find_visit
from portal.confirming import next_path
from portal.cookies import device_cookie, no_step_cookie, session_cookie, step_cookie
from portal.rendering import go
from portal.visit import PortalRequest, site_of


def landing_of(entry: Entry) -> str:
    """Return the path that a sign-in leads to."""
    root = f"/t/{entry.slug}"
    if entry.lands_at.startswith("/"):
        return next_path(root, entry.lands_at, f"{root}/overview")
    return f"{root}/{entry.lands_at or 'overview'}"


def step_path(slug: str) -> str:
    """Return the page of the second half of a sign-in."""
    return f"/t/{slug}/sign-in/second-factor"


async def go_in(request: PortalRequest, entry: Entry) -> Response[bytes]:
    """Lead to where the sign-in goes on: the page that was asked for, or the second factor."""
    if entry.stage == "session":
        return await let_in(request, entry, go(request, landing_of(entry)))
    response = go(request, step_path(entry.slug))
    response.cookies.append(step_cookie(site_of(request), entry.token))
    return response


async def let_in(request: PortalRequest, entry: Entry, response: Response[bytes]) -> Response[bytes]:
    """Give the browser its web session along with an answer; the session that it had ends."""
    former = await find_visit(request)
    if former is not None:
        await signins.sign_out(former.operator.session_id, by=former.by, now=former.now)
    site = site_of(request)
    response.cookies += [session_cookie(site, entry.token), no_step_cookie(site)]
    if entry.device is not None:
        response.cookies.append(device_cookie(site, entry.device))
    return response
