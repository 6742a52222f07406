"""Answers on the wire: resources, lists, errors and entity tags, as bytes of one media type (RFC 7644 section 3)."""

import re
from collections.abc import Callable, Sequence

import msgspec
from litestar import Response

from directory.model import JsonObject
from scim.errors import ScimError

MEDIA_TYPE = "application/scim+json"
LIST_URN = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR_URN = "urn:ietf:params:scim:api:messages:2.0:Error"

_NO_STORE = {"Cache-Control": "no-store"}
_TAG = re.compile(r'\s*(?:W/)?"([^"]*)"\s*(?:,|$)')

_encode = msgspec.json.Encoder().encode

Answer = Response[bytes]


def answer(content: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """Return an answer of SCIM's media type that no cache keeps."""
    return Response(content, status_code=status, media_type=MEDIA_TYPE, headers={**_NO_STORE, **(headers or {})})


def resource_answer(resource: JsonObject, *, etag: str, location: str, status: int = 200) -> Answer:
    """Return a resource with its entity tag and address."""
    return answer(_encode(resource), status=status, headers={"ETag": etag, "Location": location})


def empty_answer(*, status: int = 204, etag: str | None = None) -> Answer:
    """Return an answer without a body: 204 or 304."""
    return answer(b"", status=status, headers={"ETag": etag} if etag else None)


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
    return answer(_encode(error_resource(error, reference)), status=error.status, headers=error.headers)


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
