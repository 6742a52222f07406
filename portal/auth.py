"""Cookie to operator, and the guard that every portal route passes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.exceptions import PermissionDeniedException
from litestar.handlers import HTTPRouteHandler

from directory import overview, scoped_views, signins
from directory.errors import ForbiddenError, GuestError
from directory.model import Permission
from directory.slugs import SLUG_PATTERN
from directory.tenancy import take_turn
from portal.confirming import address_of, ask_or_confirm
from portal.cookies import send_new_session
from portal.guests import is_closed
from portal.rendering import go, wants_fragment
from portal.visit import (
    FORM_BYTES_MAX,
    TOKEN_FIELD,
    UPLOAD_BYTES_MAX,
    PortalRequest,
    Visit,
    form_fields,
    site_of,
    visitor_of,
)

Access = Permission | Literal["public", "signed in"]
"""What a route asks of the visitor; there is no default."""

SIGN_IN_PATH = "/sign-in"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def shows(
    path: str | Sequence[str], *, access: Access, fresh: bool = False
) -> Callable[[Callable[..., Any]], HTTPRouteHandler]:
    """Declare a page: it changes nothing, and says who may see it.

    ``fresh`` asks for a sign-in that was confirmed within the last ten minutes.
    """
    paths = list(path) if isinstance(path, tuple) else path
    return get(paths, opt={"access": access, "fresh": fresh}, include_in_schema=False)


def does(
    path: str, *, access: Access, fresh: bool = False, upload: bool = False
) -> Callable[[Callable[..., Any]], HTTPRouteHandler]:
    """Declare a deed: a posted form, and who may send it; ``fresh`` as for ``shows``.

    ``upload`` takes a form with a file, of the size that one may have.
    """
    opt = {"access": access, "fresh": fresh, "upload": upload}
    bytes_max = UPLOAD_BYTES_MAX if upload else FORM_BYTES_MAX
    return post(path, opt=opt, include_in_schema=False, request_max_body_size=bytes_max)


def clock() -> datetime:
    """Return the time: the one place where this door reads the clock, once per request."""
    return datetime.now(UTC)  # noqa: TID251 - a door hands `now` to every verb


async def admit(request: PortalRequest) -> Response[bytes] | None:
    """Let the request through to its page, or answer in its place.

    Order: origin of unsafe requests, session, tenant of the address, form token, permission, how long ago the operator
    showed who it is. A tenant that is not the operator's own, and of which the session has no open view, looks the same
    as one that does not exist.

    Raises:
        NotFoundError: the address names another tenant.
        GuestError: a page for the tenant's own people, in a view.
        PermissionDeniedException: the form was not made by us for this session.
        ForbiddenError: the operator's role lacks the permission.
    """
    if request.method == "OPTIONS":
        return None  # the framework answers with the methods of the address; no handler of ours is asked
    unsafe = request.method not in SAFE_METHODS
    if unsafe and not is_same_origin(request):
        raise PermissionDeniedException("cross-site request")
    access: Access = request.route_handler.opt["access"]
    if access == "public":
        return None
    visit = await find_visit(request)
    if visit is None:
        return to_sign_in(request)
    request.scope["auth"] = visit
    try:
        visit = request.scope["auth"] = await at_address(request, visit)
    except scoped_views.ViewOverError:
        if unsafe or wants_fragment(request):
            raise
        return go(request, visit.path("scoped-views"), done="view-over")
    if unsafe and not visit.owns_token((await form_fields(request)).get(TOKEN_FIELD, "")):
        raise PermissionDeniedException("form token")
    check_access(request, visit, access)
    await count_attention(request, visit)
    await renew_for_role(request, visit)
    take_turn(visit.operator.tenant.tenant_id)
    asks = request.route_handler.opt.get("fresh", False) and not visit.is_fresh
    return await ask_or_confirm(request, visit) if asks else None


def check_access(request: PortalRequest, visit: Visit, access: Access) -> None:
    """Refuse what the visit does not open.

    Raises:
        GuestError: a page for the tenant's own people, in a view.
        ForbiddenError: the operator's role lacks the permission.
    """
    if visit.operator.view is not None and is_closed(request.scope["path_template"]):
        raise GuestError
    if access not in {"public", "signed in"} and access not in visit.operator.role.permissions:
        raise ForbiddenError(access)


async def at_address(request: PortalRequest, visit: Visit) -> Visit:
    """Return the visit as the tenant of the address sees it: at home, or through an open view of a tenant below.

    Raises:
        NotFoundError: the address names a tenant that is neither.
    """
    slug = request.path_params.get("slug")
    if slug is None or slug == visit.operator.tenant.slug:
        return visit
    return replace(visit, operator=await scoped_views.find_view(visit.operator, slug, now=visit.now))


async def count_attention(request: PortalRequest, visit: Visit) -> None:
    """Let the header of a whole page say how much waits for somebody; about half a millisecond on SQLite."""
    if request.method == "GET" and "slug" in request.path_params and not wants_fragment(request):
        tenant_id = visit.operator.tenant.tenant_id
        attention = await overview.list_attention(tenant_id, now=visit.now)
        held_count = sum(one.count for one in attention if one.kind == "changes_held")
        request.scope["auth"] = replace(visit, attention_count=len(attention), held_count=held_count)


async def renew_for_role(request: PortalRequest, visit: Visit) -> None:
    """Let the session go on under a new token when its operator has got another role since it began."""
    if visit.operator.has_new_role:
        former = request.cookies[site_of(request).cookie_name]
        send_new_session(request, await signins.renew_session(visit.operator, former, now=visit.now))


async def find_visit(request: PortalRequest, *, stamp: bool = True) -> Visit | None:
    """Return the visit of the operator whose cookie came along, or None when nobody is signed in.

    With ``stamp=False`` it does not count as a use of the sign-in: an open stream must not keep it alive.
    """
    token = request.cookies.get(site_of(request).cookie_name)
    if token is None:
        return None
    now = clock()
    operator = await signins.find_session(token, now=now, stamp=stamp)
    if operator is None or not operator.is_let_in(visitor_of(request, site_of(request))):
        return None
    return Visit(operator=operator, now=now)


def is_same_origin(request: PortalRequest) -> bool:
    """Whether a form came from our own pages, as far as the browser tells; a silent client is refused."""
    fetch_site = request.headers.get("sec-fetch-site")
    if fetch_site is not None:
        return fetch_site == "same-origin"
    return request.headers.get("origin") == site_of(request).origin


def to_sign_in(request: PortalRequest) -> Response[bytes]:
    """Send a visitor whose sign-in is lost to the sign-in page of the tenant, and from there back again."""
    slug = request.path_params.get("slug")
    if slug is not None and SLUG_PATTERN.fullmatch(slug) is None:
        slug = None  # no tenant has it, and not every text can stand in a header
    path = SIGN_IN_PATH if slug is None else f"/t/{slug}{SIGN_IN_PATH}"
    if wants_fragment(request):
        # htmx would swap the body of a 401 into the page; this header makes it leave the page instead.
        return Response(b"", status_code=401, headers={"HX-Redirect": path, "Cache-Control": "no-store"})
    if slug is not None and request.method == "GET":
        path += "?" + urlencode({"next": address_of(request)})
    return go(request, path)
