"""What goes wrong, as problem details that a program can act on (RFC 9457)."""

import secrets
from typing import Any, assert_never

import msgspec
import structlog
from litestar import Response
from litestar.exceptions import HTTPException

from directory.errors import (
    AlreadyExistsError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    RefusedError,
    StaleError,
    UnavailableError,
    UnknownSecretError,
)
from portal.errors import KnownError
from portal.visit import AnyRequest

MEDIA_TYPE = "application/problem+json"
RETRY_S = 5
log = structlog.get_logger("portal.api")


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What every refusal says."""

    title: str
    status: int
    detail: str
    field: str | None = None
    """The member or parameter that is wrong."""
    reference: str | None = None
    """To be given to whoever runs the server."""


class ProblemError(Exception):
    """A request that is refused at this door."""

    def __init__(self, problem: Problem, headers: dict[str, str] | None = None) -> None:
        super().__init__(problem.detail)
        self.problem = problem
        self.headers = headers or {}


TITLES = {
    400: "Bad request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    408: "Request timeout",
    409: "Conflict",
    412: "Precondition failed",
    413: "Content too large",
    415: "Unsupported media type",
    422: "Unprocessable content",
    429: "Too many requests",
    500: "Server error",
    503: "Service unavailable",
}
_DETAILS = {
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    408: "The body took too long to arrive.",
    413: "The body may have 64 KiB.",
}


def refused(status: int, detail: str, field: str | None = None, **headers: str) -> ProblemError:
    """Return the error that answers with this status, in these words."""
    problem = Problem(title=TITLES[status], status=status, detail=detail, field=field)
    return ProblemError(problem, {name.replace("_", "-"): value for name, value in headers.items()})


def unauthorized() -> ProblemError:
    """Return the one answer to every secret that opens nothing."""
    return refused(
        401,
        "Send a valid key of the equipment API as Authorization: Bearer rbk_e_…",
        WWW_Authenticate='Bearer realm="equipment"',
    )


def problem_answer(request: AnyRequest, error: Exception) -> Response[bytes]:
    """Word any exception for the paths of this door."""
    worded = _worded(request, error)
    body = msgspec.json.encode(worded.problem)
    headers = {"Cache-Control": "no-store", **worded.headers}
    return Response(body, status_code=worded.problem.status, media_type=MEDIA_TYPE, headers=headers)


def _worded(request: AnyRequest, error: Exception) -> ProblemError:
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, KnownError):
        return _from_directory(error)
    if isinstance(error, HTTPException) and error.status_code in TITLES and error.status_code < 500:
        return refused(error.status_code, _DETAILS.get(error.status_code, "The request could not be read."))
    reference = secrets.token_hex(4)
    log.error("portal.api.failed", reference=reference, method=request.method, exc_info=error)
    detail = "Something went wrong on our side; nothing was changed."
    return ProblemError(Problem(title=TITLES[500], status=500, detail=detail, reference=reference))


def _from_directory(error: KnownError) -> ProblemError:
    match error:
        case NotFoundError():
            return refused(404, f"There is no such {error.kind}.")
        case AlreadyExistsError() | InvalidError(attribute="item") | RefusedError():
            return refused(409, _sentence(error))
        case StaleError():
            return refused(412, "The item is not as If-Match or If-None-Match expects it: read it again.")
        case InvalidError():
            return refused(422, _sentence(error), error.attribute)
        case ForbiddenError():
            return refused(403, _sentence(error))
        case UnknownSecretError():
            return unauthorized()
        case UnavailableError():
            return refused(503, "The database could not do it now; nothing was changed.", Retry_After=str(RETRY_S))
        case _:
            assert_never(error)


def _sentence(error: Exception) -> str:
    words = str(error)
    return f"{words[:1].upper()}{words[1:]}."


def json_answer(value: Any, *, status: int = 200, **headers: str) -> Response[bytes]:  # noqa: ANN401  # whatever has a shape
    """Return a value as JSON."""
    named = {"Cache-Control": "no-store", **{name.replace("_", "-"): text for name, text in headers.items()}}
    return Response(msgspec.json.encode(value), status_code=status, media_type="application/json", headers=named)
