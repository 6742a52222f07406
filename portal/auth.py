"""Cookie to operator, and the guard that every portal route passes."""

import ipaddress
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.exceptions import PermissionDeniedException
from litestar.handlers import HTTPRouteHandler

from directory import signins
from directory.errors import ForbiddenError, NotFoundError
from directory.model import Permission
from portal.rendering import go, wants_fragment
from portal.visit import TOKEN_FIELD, PortalRequest, Site, Visit, form_fields, site_of

Access = Permission | Literal["public", "signed in"]
"""What a route asks of the visitor; there is no default."""

SIGN_IN_PATH = "/sign-in"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def shows(path: str | Sequence[str], *, access: Access) -> Callable[[Callable[..., Any]], HTTPRouteHandler]:
    """Declare a page: it changes nothing, and says who may see it."""
    return get(list(path) if isinstance(path, tuple) else path, opt={"access": access}, include_in_schema=False)


def does(path: str, *, access: Access) -> Callable[[Callable[..., Any]], HTTPRouteHandler]:
    """Declare a deed: a posted form, and who may send it."""
    return post(path, opt={"access": access}, include_in_schema=False)


def clock() -> datetime:
    """Return the time: the one place where this door reads the clock, once per request."""
    return datetime.now(UTC)  # noqa: TID251 - a door hands `now` to every verb


async def admit(request: PortalRequest) -> Response[bytes] | None:
    """Let the request through to its page, or answer in its place.

    Order: origin of unsafe requests, session, tenant of the address, form token, permission. A tenant that is not the
    operator's own looks the same as one that does not exist.

    Raises:
        NotFoundError: the address names another tenant.
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
    slug = request.path_params.get("slug")
    if slug is not None and slug != visit.operator.tenant.slug:
        raise NotFoundError("tenant", slug)
    if unsafe and not visit.owns_token((await form_fields(request)).get(TOKEN_FIELD, "")):
        raise PermissionDeniedException("form token")
    if access != "signed in" and not visit.may(access):
        raise ForbiddenError(access)
    return None


async def find_visit(request: PortalRequest) -> Visit | None:
    """Return the visit of the operator whose cookie came along, or None when nobody is signed in."""
    token = request.cookies.get(site_of(request).cookie_name)
    if token is None:
        return None
    now = clock()
    operator = await signins.find_session(token, now=now)
    return None if operator is None else Visit(operator=operator, now=now)


def is_same_origin(request: PortalRequest) -> bool:
    """Whether a form came from our own pages, as far as the browser tells; a silent client is refused."""
    fetch_site = request.headers.get("sec-fetch-site")
    if fetch_site is not None:
        return fetch_site == "same-origin"
    return request.headers.get("origin") == site_of(request).origin


def to_sign_in(request: PortalRequest) -> Response[bytes]:
    """Send a visitor whose sign-in is lost to the sign-in page."""
    if wants_fragment(request):
        # htmx would swap the body of a 401 into the page; this header makes it leave the page instead.
        return Response(b"", status_code=401, headers={"HX-Redirect": SIGN_IN_PATH, "Cache-Control": "no-store"})
    return go(request, SIGN_IN_PATH)


def session_cookie(site: Site, token: str) -> Cookie:
    """Return the cookie that carries a web session; it ends with the browser, or before with the session."""
    return Cookie(key=site.cookie_name, value=token, path="/", httponly=True, secure=site.secure, samesite="lax")


def no_cookie(site: Site) -> Cookie:
    """Return the cookie that removes the web session from the browser."""
    return Cookie(
        key=site.cookie_name, value="", path="/", httponly=True, secure=site.secure, samesite="lax", max_age=0
    )


def network_of(request: PortalRequest) -> str:
    """Return the network the request came from, coarse enough not to name a person: /24, or /64 for IPv6."""
    host = request.client.host if request.client else ""
    # A socket that takes both families shows IPv4 clients as ::ffff:203.0.113.77; their /64 would be everybody's.
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 64), strict=False))
