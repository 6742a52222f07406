"""Answers on the wire: resources, lists, errors and entity tags, as bytes of one media type (RFC 7644 section 3)."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from litestar.types import Send

from directory.model import JsonObject
from scim.errors import ScimError

LIST_URN = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR_URN = "urn:ietf:params:scim:api:messages:2.0:Error"

_NO_STORE = (b"cache-control", b"no-store")
_MEDIA_TYPE = (b"content-type", b"application/scim+json")
_TAG = re.compile(r'\s*(?:W/)?"([^"]*)"\s*(?:,|$)')

_encode = msgspec.json.Encoder().encode

Header = tuple[bytes, bytes]


class Answer(NamedTuple):
    """An answer that no cache keeps; without content it has no media type and no length, as 204 and 304 want it."""

    status: int
    content: bytes = b""
    headers: tuple[Header, ...] = ()


async def send_answer(send: Send, answer: Answer) -> None:
    """Send an answer as the two messages of ASGI."""
    headers = [_NO_STORE, *answer.headers]
    if answer.content:
        headers += (_MEDIA_TYPE, (b"content-length", b"%d" % len(answer.content)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.content, "more_body": False})


def answer(content: bytes, *, status: int = 200) -> Answer:
    """Return an answer with a body."""
    return Answer(status, content)


def resource_answer(resource: JsonObject, *, etag: str, location: str, status: int = 200) -> Answer:
    """Return a resource with its entity tag and address."""
    return Answer(status, _encode(resource), ((b"etag", etag.encode()), (b"location", location.encode())))


def empty_answer(*, status: int = 204, etag: str | None = None) -> Answer:
    """Return an answer without a body: 204 or 304."""
    return Answer(status, headers=((b"etag", etag.encode()),) if etag else ())


def options_answer(allow: str) -> Answer:
    """Return which methods an endpoint knows."""
    return Answer(204, headers=_encoded({"Allow": allow}))


def _encoded(headers: Mapping[str, str]) -> tuple[Header, ...]:
    return tuple((name.lower().encode(), value.encode()) for name, value in headers.items())


def list_body(
    resources: Sequence[JsonObject], *, total: int, start: int | None = None, cursor: str | None = None
) -> bytes:
    """Return a ListResponse; ``Resources`` is there also when it is empty, as Entra demands.

    ``start`` is told where a page was asked for by index, ``cursor`` where the next one can be asked for by it.
    """
    body: dict[str, object] = {"schemas": [LIST_URN], "totalResults": total}
    if start is not None:
        body["startIndex"] = start
    body["itemsPerPage"] = len(resources)
    if cursor is not None:
        body["nextCursor"] = cursor
    body["Resources"] = resources
    return _encode(body)


def error_resource(error: ScimError, reference: str | None) -> JsonObject:
    """Return an error; its detail ends with the reference that finds the request's record, where there is one."""
    detail = f"{error.detail} Reference {reference}." if reference else error.detail
    body: JsonObject = {"schemas": [ERROR_URN], "status": str(error.status), "detail": detail}
    if error.scim_type is not None:
        body["scimType"] = error.scim_type
    return body


def error_answer(error: ScimError, reference: str | None) -> Answer:
    """Return the answer of a request that failed as a whole."""
    return Answer(error.status, _encode(error_resource(error, reference)), _encoded(error.headers))


def json_answer(body: JsonObject) -> Answer:
    """Return a message that is no resource."""
    return answer(_encode(body))


def expectation(if_match: str | None) -> Callable[[int], bool] | None:
    """Return the test that If-Match puts a resource's version to; None without one, or for ``*``."""
    if if_match is None or if_match.strip() == "*":
        return None
    tags = _tags(if_match)
    return lambda version: str(version) in tags


def is_unchanged(if_none_match: str | None, version: int) -> bool:
    """Whether If-None-Match says that the client has this version already; entity tags compare weakly."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or str(version) in _tags(if_none_match)


def _tags(header: str) -> frozenset[str]:
    return frozenset(_TAG.findall(header))
