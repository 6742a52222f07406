"""Bearer secret to the caller it belongs to; every cause of a refusal gets the same answer."""

from collections.abc import Iterable
from datetime import datetime

from directory.callers import Caller
from directory.errors import SecretFault, UnknownSecretError
from directory.refusal_kinds import RefusalCause
from directory.secret_keys import recognise
from directory.tokens import find_public_id
from scim.errors import UnauthorizedError

_TOKEN_MAX = 256
_HEADER_MAX = 512

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
    sent = sent_headers(headers)
    if len(sent) != 1:
        return None
    scheme, _, token = sent[0].partition(b" ")
    if scheme.lower() != b"bearer" or not 0 < len(token) <= _TOKEN_MAX or not token.isascii():
        return None
    return token.strip().decode("ascii")


def sent_headers(headers: Headers) -> list[bytes]:
    """Return every Authorization header that came along."""
    return [value for name, value in headers if name == b"authorization"]


def refusal_cause(headers: Headers, fault: SecretFault | None) -> RefusalCause:
    """Return why a secret was refused, for the operator: ``fault`` where it was well-formed, else what is wrong."""
    if fault is not None and fault != "malformed":
        return fault
    sent = sent_headers(headers)
    if len(sent) != 1:
        return "two headers" if sent else "no header"
    words = sent[0][:_HEADER_MAX].lower().split()
    if words[:1] != [b"bearer"]:
        return "not bearer"
    # Providers put the word before the token themselves; whoever pastes it with the token doubles it.
    return "doubled bearer" if words[1:2] == [b"bearer"] else "altered"


def public_id_in(headers: Headers) -> str | None:
    """Return the public part of our secret in a header that was refused, however the rest of it was spoilt."""
    sent = b" ".join(value[:_HEADER_MAX] for value in sent_headers(headers)[:2])
    return find_public_id(sent.decode("latin-1"))
