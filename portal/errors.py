"""What goes wrong, in words for an operator: a page, or a notice where htmx asked for a fragment."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias, assert_never

import structlog
from litestar import Response
from litestar.exceptions import HTTPException

from directory.errors import (
    AlreadyExistsError,
    ForbiddenError,
    GuestError,
    InvalidError,
    LastAdministratorError,
    NotFoundError,
    RefusedError,
    StaleError,
    UnavailableError,
    UnknownSecretError,
)
from portal.rendering import answer, environment, visit_of, wants_fragment
from portal.visit import AnyRequest, Site

log = structlog.get_logger("portal")

KnownError: TypeAlias = (
    NotFoundError
    | AlreadyExistsError
    | StaleError
    | InvalidError
    | ForbiddenError
    | UnknownSecretError
    | UnavailableError
    | RefusedError
)
"""Every kind of DirectoryError; a test compares this with the classes there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """One error as the operator reads it: what happened, and what to do."""

    status_code: int
    title: str
    text: str
    next_step: str
    reference: str | None = None


MISSING = Wording(
    status_code=404,
    title="Page not found",
    text="There is nothing at this address, or your sign-in does not reach it.",
    next_step="Check the address, or start again from the overview.",
)
BUSY = Wording(
    status_code=503,
    title="Please try again",
    text="The database could not do it now; nothing was changed.",
    next_step="Try again in a moment.",
)
BROKEN = Wording(
    status_code=500,
    title="Something went wrong on our side",
    text="The page could not be made. What you sent was not applied.",
    next_step="Try again. If it stays, give the reference to whoever runs this server.",
)
HTTP_WORDINGS = {
    400: Wording(
        status_code=400,
        title="The form could not be read",
        text="What arrived is not a form of this site.",
        next_step="Go back, reload the page and send it again.",
    ),
    403: Wording(
        status_code=403,
        title="This form was not accepted",
        text="It did not come from a page of your present sign-in; nothing was changed.",
        next_step="Go back, reload the page and send it again.",
    ),
    404: MISSING,
    405: Wording(
        status_code=405,
        title="This address does not take that request",
        text="It exists, but not for this kind of request; nothing was changed.",
        next_step="Use the links and buttons of the portal.",
    ),
    408: Wording(
        status_code=408,
        title="The form took too long to arrive",
        text="It was given up half way; nothing was changed.",
        next_step="Go back and send it again.",
    ),
    413: Wording(
        status_code=413,
        title="The form is too large",
        text="A form may hold up to 64 KiB, and one with a file 5 MiB; nothing was changed.",
        next_step="Go back and send less.",
    ),
    415: Wording(
        status_code=415,
        title="This is not a form",
        text="The portal takes ordinary forms only (application/x-www-form-urlencoded); nothing was changed.",
        next_step="Use the forms of the portal. For programs there is SCIM.",
    ),
    429: Wording(
        status_code=429,
        title="Too many tries",
        text="This was asked for more often than is allowed; nothing was changed.",
        next_step="Wait a few minutes, then try again.",
    ),
}


def wording_for(error: KnownError) -> Wording:
    """Return the words for what the directory said no to."""
    match error:
        case NotFoundError():
            return MISSING
        case UnavailableError():
            return BUSY
        case AlreadyExistsError():
            return _refused(409, "This is taken", error, "Go back and choose another value.")
        case StaleError():
            return _refused(409, "Somebody else was faster", error, "Reload the page and look again.")
        case InvalidError():
            return _refused(422, "This value cannot be used", error, "Go back and correct it.")
        case ForbiddenError() | UnknownSecretError():
            return _forbidden(error)
        case RefusedError():
            return _refused(409, "This was refused", error, _way_out(error))
        case _:
            assert_never(error)


def error_answerer(site: Site) -> Callable[[AnyRequest, Exception], Response[bytes]]:
    """Return the function that words any exception for the paths of this door."""

    def worded(request: AnyRequest, error: Exception) -> Response[bytes]:
        wording = _wording(request, error)
        visit = visit_of(request)
        if wants_fragment(request):
            name = "errors/_error.html"
        else:
            name = "errors/bare.html" if visit is None else "errors/page.html"
        text = environment().get_template(name).render(error=wording, visit=visit, path=request.url.path, notice=None)
        response = answer(text, site=site, request=request, status_code=wording.status_code)
        if wants_fragment(request):
            response.headers.update({"HX-Retarget": "#notice", "HX-Reswap": "innerHTML"})
        if wording.status_code == 503:
            response.headers["Retry-After"] = "5"
        return response

    return worded


def _wording(request: AnyRequest, error: Exception) -> Wording:
    if isinstance(error, KnownError):
        return wording_for(error)
    if isinstance(error, HTTPException) and error.status_code in HTTP_WORDINGS:
        return HTTP_WORDINGS[error.status_code]
    reference = secrets.token_hex(4)
    log.error("portal.failed", reference=reference, method=request.method, exc_info=error)
    return replace(BROKEN, reference=reference)


def _way_out(error: RefusedError) -> str:
    if isinstance(error, LastAdministratorError):
        return "Give the role Administrator to another active user first."
    return "Nothing was changed."


def _forbidden(error: ForbiddenError | UnknownSecretError) -> Wording:
    if isinstance(error, GuestError):
        return _refused(403, "Not in a scoped view", error, "Ask somebody of that tenant.")
    return _refused(403, "Your access role does not allow this", error, "Ask an administrator of your tenant.")


def _refused(status_code: int, title: str, error: Exception, next_step: str) -> Wording:
    words = str(error)
    return Wording(status_code=status_code, title=title, text=f"{words[:1].upper()}{words[1:]}.", next_step=next_step)
