"""Opening a tenant below in a scoped view, going from one tenant to another, and leaving."""

from litestar import Response

from directory import scoped_views
from directory.errors import InvalidError, NotFoundError, RefusedError
from directory.scoped_view_model import LEVELS
from directory.scoped_views import Child, ScopedView
from portal.auth import does, shows
from portal.forms import Form, path_uuid, read_form
from portal.rendering import DIALOG_ID, go, page
from portal.view_words import LEVEL_CHOICES
from portal.visit import PortalRequest

REASON_CHARS_MAX = 300
OPENING = "/t/{slug:str}/tenants/{tenant_id:str}/view"
VIEW = "/t/{slug:str}/scoped-views/{look_id:str}"


@shows("/t/{slug:str}/switch", access="portal:view")
async def switch(request: PortalRequest) -> Response[bytes]:
    """Show the tenants one can go to: the own one, views that are open, and those below."""
    visit = request.auth
    operator = visit.operator
    if not operator.tenant.is_super:
        raise NotFoundError("page", "switch")
    words = request.query_params.get("q", "")[:100]
    own = await scoped_views.list_own(operator.tenant.tenant_id, operator.user.user_id, now=visit.now)
    is_here = operator.session_id
    return page(
        request,
        "scoped_views_opening/switch.html",
        fragments={DIALOG_ID: "scoped_views_opening/_switch.html"},
        children=await scoped_views.list_children(operator.tenant.tenant_id, words),
        open_views={view.to_tenant_id: view for view in own if view.state == "open" and view.session_id == is_here},
        words=words,
        shown_max=scoped_views.OPENABLE_SHOWN,
    )


@shows(OPENING, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Ask why, and how far."""
    return _page(request, await _child(request), Form({"level": "look"}))


@does(OPENING, access="portal:view", fresh=True)
async def open_view(request: PortalRequest) -> Response[bytes]:
    """Open the view, or ask the tenant whether one may."""
    visit, form, child = request.auth, await read_form(request), await _child(request)
    reason, level = form.text("reason", chars_max=REASON_CHARS_MAX), form.choice("level", LEVELS)
    if form.errors:
        return _page(request, child, form)
    try:
        view = await scoped_views.ask_view(
            visit.operator, child.tenant.tenant_id, level=level, reason=reason, now=visit.now
        )
    except InvalidError as error:
        form.errors["reason"] = f"The reason {error.reason}."
        return _page(request, child, form)
    except RefusedError as error:
        form.errors["reason"] = f"{str(error)[:1].upper()}{str(error)[1:]}."
        return _page(request, child, form)
    return _into(request, view) if view.state == "open" else go(request, visit.path("scoped-views"), done="view-asked")


@does(f"{VIEW}/begin", access="portal:view", fresh=True)
async def begin(request: PortalRequest) -> Response[bytes]:
    """Open what somebody of the tenant agreed to."""
    visit = request.auth
    return _into(request, await scoped_views.begin_view(visit.operator, path_uuid(request, "look_id"), now=visit.now))


@does(f"{VIEW}/leave", access="portal:view")
async def leave(request: PortalRequest) -> Response[bytes]:
    """Leave a view, or withdraw what was asked."""
    visit = request.auth
    view = await scoped_views.leave_view(visit.operator, path_uuid(request, "look_id"), now=visit.now)
    return go(request, visit.path("scoped-views"), done="view-left" if view.begun_at else "view-withdrawn")


def _into(request: PortalRequest, view: ScopedView) -> Response[bytes]:
    return go(request, f"/t/{view.to_slug}/overview", done="view-opened")


async def _child(request: PortalRequest) -> Child:
    return await scoped_views.get_child(request.auth.operator.tenant.tenant_id, path_uuid(request, "tenant_id"))


def _page(request: PortalRequest, child: Child, form: Form) -> Response[bytes]:
    levels = [one for one in LEVEL_CHOICES if one[0] == "look" or request.auth.may("settings:manage")]
    return page(
        request,
        "scoped_views_opening/page.html",
        fragments={DIALOG_ID: "scoped_views_opening/_form.html"},
        status_code=422 if form.errors else 200,
        child=child,
        levels=levels,
        form=form,
    )


HANDLERS = (switch, show, open_view, begin, leave)
