"""Bearer secret to the caller it belongs to; every cause of a refusal gets the same answer."""

from collections.abc import Iterable
from datetime import datetime

from directory.callers import Caller
from directory.errors import UnknownSecretError
from directory.secret_keys import recognise
from scim.errors import UnauthorizedError

_TOKEN_MAX = 256

Headers = Iterable[tuple[bytes, bytes]]


async def caller_from(headers: Headers, *, now: datetime) -> Caller:
    """Return the tenant and source that the request's bearer secret opens.

    Raises:
        UnauthorizedError: none, malformed, more than one, or one that opens nothing.
    """
    token = bearer_token(headers)
    if token is None:
        raise UnauthorizedError
    try:
        return await recognise(token, now=now)
    except UnknownSecretError as error:
        raise UnauthorizedError from error


def bearer_token(headers: Headers) -> str | None:
    """Return the token of the one Authorization header of the scheme Bearer, or None."""
    sent = [value for name, value in headers if name == b"authorization"]
    if len(sent) != 1:
        return None
    scheme, _, token = sent[0].partition(b" ")
    if scheme.lower() != b"bearer" or not 0 < len(token) <= _TOKEN_MAX or not token.isascii():
        return None
    return token.strip().decode("ascii")
