"""What the door says no with: one class for each row of RFC 7644's error table, and the words for the room's errors."""

from typing import ClassVar

from directory.errors import (
    AlreadyExistsError,
    DirectoryError,
    ForbiddenError,
    InvalidError,
    MetError,
    NotFoundError,
    RefusedError,
    StaleError,
    UnavailableError,
    UnknownSecretError,
)
from scim.hiding import hidden

RETRY_AFTER_S = 5
"""How long a client is asked to wait after a transient fault."""

DETAIL_MAX = 1000

SECRET_REFUSED = "The bearer token is missing or not valid. Create a secret in the portal and enter it in your IdP."  # noqa: S105 a sentence
"""One body for every cause, so that nobody learns which part of a guess was right."""


class ScimError(Exception):
    """An answer of RFC 7644 section 3.12; the message is its ``detail``, written for the IdP's administrator."""

    status: ClassVar[int] = 400
    scim_type: ClassVar[str | None] = None

    def __init_subclass__(cls, *, status: int = 400, scim_type: str | None = None) -> None:
        cls.status = status
        cls.scim_type = scim_type

    def __init__(self, detail: str, *, headers: dict[str, str] | None = None) -> None:
        detail = hidden(detail)  # words of the client's are told back, and kept in the record of the request
        if len(detail) > DETAIL_MAX:
            # Words of the client's stand in the middle; what is wrong comes first, and what to do last.
            detail = f"{detail[: DETAIL_MAX - 300]} ... {detail[-300:]}"
        super().__init__(detail)
        self.detail = detail
        self.headers = headers or {}


class InvalidFilterError(ScimError, scim_type="invalidFilter"):
    """The filter does not parse, names no attribute, or asks what cannot be searched."""


class InvalidPathError(ScimError, scim_type="invalidPath"):
    """A path does not parse, or names no attribute of the schema."""


class InvalidSyntaxError(ScimError, scim_type="invalidSyntax"):
    """The body is not JSON, or not the message it should be."""


class InvalidValueError(ScimError, scim_type="invalidValue"):
    """A value is missing or of the wrong kind."""


class InvalidCursorError(ScimError, scim_type="invalidCursor"):
    """The cursor is none of ours, or of another list (RFC 9865 section 2.1)."""


class ExpiredCursorError(ScimError, scim_type="expiredCursor"):
    """The cursor was good once."""


class InvalidCountError(ScimError, scim_type="invalidCount"):
    """The size of a page differs from the first one's, or is more than a page may have."""


class MutabilityError(ScimError, scim_type="mutability"):
    """A read-only attribute was to be changed."""


class NoTargetError(ScimError, scim_type="noTarget"):
    """The path selects nothing, or a removal has no path."""


class UnauthorizedError(ScimError, status=401):
    """No secret, or one that opens nothing."""

    def __init__(self) -> None:
        super().__init__(SECRET_REFUSED, headers={"WWW-Authenticate": 'Bearer realm="scim"'})


class NotAllowedError(ScimError, status=403):
    """The caller is known and may not do this."""


class NoResourceError(ScimError, status=404):
    """There is no such resource or endpoint."""


class WrongMethodError(ScimError, status=405):
    """The endpoint does not know the method."""


class SlowBodyError(ScimError, status=408):
    """The body did not arrive in time."""


class UnresolvedError(ScimError, status=409):
    """An operation of a Bulk request refers to one that failed, or to one that waits for it in turn."""


class UniquenessError(ScimError, status=409, scim_type="uniqueness"):
    """A value that must be one of a kind is taken."""


class PreconditionError(ScimError, status=412):
    """If-Match names another version."""


class TooLargeError(ScimError, status=413):
    """The body is larger than the limit."""


class TooManyOperationsError(ScimError, status=413, scim_type="tooMany"):
    """A Bulk request has more operations than is advertised."""


class MediaTypeError(ScimError, status=415):
    """The body is of another media type."""


class TooManyRequestsError(ScimError, status=429):
    """More requests than the source may send (RFC 6585 section 4)."""

    def __init__(self, wait_s: int) -> None:
        words = f"The connection sends more requests than it may. Nothing was changed; come again in {wait_s} s."
        super().__init__(words, headers={"Retry-After": str(wait_s)})


class FaultError(ScimError, status=500):
    """Our own mistake; what went wrong is in the log under the reference."""

    def __init__(self) -> None:
        super().__init__("Something went wrong on our side and nothing was changed. Report the reference.")


class BusyError(ScimError, status=503):
    """A transient fault: trying again may work."""

    def __init__(self) -> None:
        words = "The directory is busy and nothing was changed. The request can be sent again as it is."
        super().__init__(words, headers={"Retry-After": str(RETRY_AFTER_S)})


def from_directory(error: DirectoryError) -> ScimError:
    """Return the answer for an error of the room."""
    match error:
        case NotFoundError():
            return NoResourceError(
                f"There is no {error.kind} {error.ident} here. It was deleted, or it belongs to another connection; "
                "your IdP can create it again."
            )
        case AlreadyExistsError():
            return UniquenessError(_met(error) if isinstance(error, MetError) else _taken(error))
        case StaleError():
            return PreconditionError(
                f'The {error.kind} is at version W/"{error.actual}" and If-Match names another. '
                "Read it again, then send the change with the new ETag."
            )
        case InvalidError():
            return InvalidValueError(
                f"{error.attribute} {error.reason}. Change what your IdP sends as {error.attribute}, or its mapping."
            )
        case UnavailableError():
            return BusyError()
        case UnknownSecretError():
            return UnauthorizedError()
        case ForbiddenError() | RefusedError():
            return NotAllowedError(f"The directory refuses this: {error}.")
        case _:
            return FaultError()


def _taken(error: AlreadyExistsError) -> str:
    return (
        f"Another {error.kind} already has the {error.attribute} {error.value}. "
        f"Match on {error.attribute} in your IdP, or remove the other {error.kind}."
    )


def _met(error: MetError) -> str:
    known = f"Somebody who is not this connection's has the {error.attribute} {error.value}."
    if error.attribute == "userName":
        known = f"Somebody who is not this connection's, or whom it deleted, has the userName {error.value}."
    if not error.queued:
        return f"{known} The connection's policy refuses such a user. Leave it out of scope in your IdP."
    return (
        f"{known} An administrator decides under Adoption in the portal whether it is the same person. "
        "Nothing was changed; send it again after that, as your IdP does by itself."
    )
