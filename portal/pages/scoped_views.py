"""Who looked in from the super tenant, who may, and requests that somebody here has to answer."""

from litestar import Response

from directory import scoped_view_consents, scoped_views
from portal.auth import does, shows
from portal.forms import Form, parse_uuid, path_uuid, read_form
from portal.rendering import go, page
from portal.view_words import POLICY_CHOICES, STATE_WORDS
from portal.visit import PortalRequest

VIEWS = "/t/{slug:str}/scoped-views"
ANSWERS = ("agree", "refuse")


@shows(VIEWS, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show who looked in, the newest first: into this tenant, or from it into those below."""
    visit = request.auth
    tenant = visit.operator.tenant
    before = parse_uuid(request.query_params.get("before", ""))
    looks = await scoped_view_consents.list_looks(tenant, before=before)
    is_full = len(looks) == scoped_view_consents.LISTED
    return page(
        request,
        "scoped_views/page.html",
        looks=looks,
        asked=[look for look in looks if look.state == "asked" and look.until > visit.now] if tenant.parent_id else [],
        own=[] if tenant.parent_id else await _own(request),
        policy=await scoped_view_consents.get_policy(tenant.tenant_id),
        policies=POLICY_CHOICES,
        form=Form({}),
        states=STATE_WORDS,
        before=before,
        next_before=looks[-1].view_id if is_full else None,
        may_set=visit.may("settings:manage") and visit.operator.view is None,
    )


@does(f"{VIEWS}/policy", access="settings:manage", fresh=True)
async def set_policy(request: PortalRequest) -> Response[bytes]:
    """Let the super tenant's operators in at once, after asking, or not at all."""
    visit, form = request.auth, await read_form(request)
    await scoped_view_consents.set_policy(form.fields.get("policy", ""), by=visit.by, now=visit.now)
    return go(request, visit.path("scoped-views"), done="view-policy-set")


@does(f"{VIEWS}/{{look_id:str}}/decide", access="settings:manage", fresh=True)
async def decide(request: PortalRequest) -> Response[bytes]:
    """Agree to a request, or refuse it."""
    visit, form, look_id = request.auth, await read_form(request), path_uuid(request, "look_id")
    agrees = form.choice("answer", ANSWERS) == "agree" and not form.errors
    await scoped_view_consents.decide_view(look_id, agrees=agrees, by=visit.by, now=visit.now)
    return go(request, visit.path("scoped-views"), done="view-granted" if agrees else "view-refused")


@does(f"{VIEWS}/{{look_id:str}}/end", access="settings:manage")
async def end(request: PortalRequest) -> Response[bytes]:
    """Show somebody out."""
    visit = request.auth
    await scoped_view_consents.end_view(path_uuid(request, "look_id"), by=visit.by, now=visit.now)
    return go(request, visit.path("scoped-views"), done="view-ended")


async def _own(request: PortalRequest) -> list[scoped_views.ScopedView]:
    operator = request.auth.operator
    return await scoped_views.list_own(operator.tenant.tenant_id, operator.user.user_id, now=request.auth.now)


HANDLERS = (show, set_policy, decide, end)
