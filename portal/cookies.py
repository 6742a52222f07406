"""The cookies of the portal: the web session, a sign-in half way, and the browser that signed in before."""

from litestar.datastructures import Cookie, MutableScopeHeaders
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from portal.visit import AnyRequest, Site

STEP_AGE_S = 600
DEVICE_AGE_S = 180 * 24 * 3600
_NEW_SESSION = "portal_new_session"


def session_cookie(site: Site, token: str) -> Cookie:
    """Return the cookie that carries a web session; it ends with the browser, or before with the session."""
    return _cookie(site, site.cookie_name, token)


def no_cookie(site: Site) -> Cookie:
    """Return the cookie that removes the web session from the browser."""
    return _cookie(site, site.cookie_name, "", age_s=0)


def step_cookie(site: Site, token: str) -> Cookie:
    """Return the cookie that carries a sign-in half way."""
    return _cookie(site, step_cookie_name(site), token, age_s=STEP_AGE_S)


def no_step_cookie(site: Site) -> Cookie:
    """Return the cookie that ends a sign-in half way in the browser."""
    return _cookie(site, step_cookie_name(site), "", age_s=0)


def step_cookie_name(site: Site) -> str:
    """Return the name under which a sign-in half way comes back."""
    return f"{site.cookie_name}-step"


def device_cookie(site: Site, device: str) -> Cookie:
    """Return the cookie by which a browser is known again while others guess at its account."""
    return _cookie(site, device_cookie_name(site), device, age_s=DEVICE_AGE_S)


def device_cookie_name(site: Site) -> str:
    """Return the name under which the proof of an earlier sign-in comes back."""
    return f"{site.cookie_name}-device"


def send_new_session(request: AnyRequest, token: str) -> None:
    """Give the browser the new token of its session with whatever this request is answered."""
    request.scope["state"][_NEW_SESSION] = token


def hand_over(app: ASGIApp, site: Site) -> ASGIApp:
    """Return the layer that adds a session's new token to any answer: page, redirect, error or file."""

    async def handing_over(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_on(message: Message) -> None:
            token = scope["state"].get(_NEW_SESSION)
            if token is not None and message["type"] == "http.response.start":
                cookie = session_cookie(site, token).to_header(header="")
                MutableScopeHeaders.from_message(message).add("Set-Cookie", cookie)
            await send(message)

        await app(scope, receive, send_on)

    return handing_over


def _cookie(site: Site, name: str, value: str, *, age_s: int | None = None) -> Cookie:
    return Cookie(key=name, value=value, path="/", httponly=True, secure=site.secure, samesite="lax", max_age=age_s)
