"""The operator's own account: role, ways to sign in, and where it is signed in."""

from litestar import Response

from directory import credentials, events, signins
from directory.events import EventView
from directory.sealing_keys import has_key_ring
from portal.auth import does, shows
from portal.forms import path_uuid
from portal.rendering import go, page
from portal.visit import PortalRequest, site_of, visitor_of

OWN_ACCOUNT = "/t/{slug:str}/own-account"
REFUSED = "user:signin:refused"
REFUSED_MAX = 10
TOLD_MAX = 100
"""So many of the newest events of the operator are looked through for refused sign-ins."""


@shows(OWN_ACCOUNT, access="signed in")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show who is signed in, with what, and where else."""
    visit, operator = request.auth, request.auth.operator
    tenant_id, user_id = operator.tenant.tenant_id, operator.user.user_id
    listed = await signins.list_sessions(tenant_id, user_id)
    told = await events.list_events(tenant_id, subject_id=user_id, limit=TOLD_MAX)
    live = [session for session in listed if signins.is_live(session, now=visit.now)]
    return page(
        request,
        "own_account/page.html",
        has=await credentials.get_credentials(tenant_id, user_id),
        live=live,
        past=[session for session in listed if session not in live],
        refused=[refused_try(event) for event in told if event.action == REFUSED][:REFUSED_MAX],
        may_seal=has_key_ring(),
        must_have_factor=visitor_of(request, site_of(request)).must_have_factor(operator.role),
    )


@does(f"{OWN_ACCOUNT}/sessions/{{session_id:str}}/end", access="signed in")
async def end_session(request: PortalRequest) -> Response[bytes]:
    """End one of the operator's sessions; one that is over stays over."""
    visit = request.auth
    await signins.end_own_session(path_uuid(request, "session_id"), by=visit.by, now=visit.now)
    return go(request, visit.path("own-account"), done="session-ended")


@does(f"{OWN_ACCOUNT}/sessions/end-others", access="signed in")
async def end_others(request: PortalRequest) -> Response[bytes]:
    """End all sessions of the operator but this one."""
    visit = request.auth
    await signins.end_other_sessions(visit.operator.session_id, by=visit.by, now=visit.now)
    return go(request, visit.path("own-account"), done="sessions-ended")


def refused_try(event: EventView) -> dict[str, object]:
    """Return a sign-in that was refused as its row shows it."""
    return {
        "at": event.at,
        "why": "",
        "software": "",
        "network": "",
        **{change.name: change.new for change in event.changes},
    }


HANDLERS = (show, end_session, end_others)
