"""A SCIM endpoint that is honest in everything but one: each lie is one that real endpoints tell."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode

from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

MEDIA_TYPE = "application/scim+json"


@dataclass(frozen=True, slots=True)
class Sent:
    """A request."""

    method: str
    path: str
    query: str
    body: bytes

    @property
    def document(self) -> Any:  # noqa: ANN401 any JSON
        """The body."""
        return json.loads(self.body) if self.body else {}

    @property
    def parameters(self) -> dict[str, str]:
        """The query."""
        return dict(parse_qsl(self.query))


@dataclass(frozen=True, slots=True)
class Told:
    """An answer."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def document(self) -> Any:  # noqa: ANN401 any JSON
        """The body."""
        return json.loads(self.body) if self.body else {}

    def saying(self, document: object) -> "Told":
        """Return the same with another body."""
        return replace(self, body=json.dumps(document).encode())


Honest = Callable[[Sent], Awaitable[Told]]
Lie = Callable[[Sent, Honest], Awaitable[Told]]


@dataclass(frozen=True, slots=True)
class LyingEndpoint:
    """An application that answers as another one does, but for one lie."""

    app: ASGIApp
    lie: Lie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        asked = cast("HTTPScope", scope)
        body = b""
        more = True
        while more:
            message = cast("dict[str, Any]", await receive())
            body += message.get("body", b"")
            more = message.get("more_body", False)
        sent = Sent(asked["method"], asked["path"], asked["query_string"].decode(), body)
        told = await self.lie(sent, lambda other: self._ask(asked, other))
        headers = [(name.encode(), value.encode()) for name, value in told.headers.items() if name != "content-length"]
        headers.append((b"content-length", str(len(told.body)).encode()))
        await send({"type": "http.response.start", "status": cast("Any", told.status), "headers": headers})
        await send({"type": "http.response.body", "body": told.body, "more_body": False})

    async def _ask(self, scope: HTTPScope, sent: Sent) -> Told:
        headers = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
        headers.append((b"content-length", str(len(sent.body)).encode()))
        changes = {"method": sent.method, "path": sent.path, "raw_path": sent.path.encode(), "headers": headers}
        asked = {**scope, **changes, "query_string": sent.query.encode(), "state": {}}
        told: list[Any] = []

        async def receive() -> Any:  # noqa: ANN401 whatever ASGI has
            return {"type": "http.request", "body": sent.body, "more_body": False}

        async def keep(message: Message) -> None:
            told.append(message)

        await self.app(cast("Any", asked), receive, keep)
        start, *parts = told
        headers_told = {name.decode(): value.decode() for name, value in start["headers"]}
        return Told(start["status"], headers_told, b"".join(part.get("body", b"") for part in parts))


async def nothing_but_the_truth(sent: Sent, honest: Honest) -> Told:
    """Change nothing."""
    return await honest(sent)


async def loses_a_member(sent: Sent, honest: Honest) -> Told:
    """Drop the last of several members that are added at once."""
    if sent.method != "PATCH" or "/Groups/" not in sent.path:
        return await honest(sent)
    body = sent.document
    for operation in body["Operations"]:
        if operation["op"].lower() == "add" and len(operation["value"]) > 1:
            operation["value"].pop()
    return await honest(replace(sent, body=json.dumps(body).encode()))


async def says_status_as_a_number(sent: Sent, honest: Honest) -> Told:
    """Give an error's status as a number."""
    told = await honest(sent)
    return told.saying({**told.document, "status": told.status}) if told.status >= 400 else told


async def gives_no_location(sent: Sent, honest: Honest) -> Told:
    """Leave Location out."""
    told = await honest(sent)
    return replace(told, headers={name: value for name, value in told.headers.items() if name.lower() != "location"})


async def repeats_one_on_a_page(sent: Sent, honest: Honest) -> Told:
    """Show the first of a page twice and the last one not at all."""
    told = await honest(sent)
    if "startIndex" not in sent.parameters or len(told.document.get("Resources", [])) < 2:
        return told
    first, *others = told.document["Resources"]
    return told.saying({**told.document, "Resources": [first, first, *others[:-1]]})


async def knows_one_page_only(sent: Sent, honest: Honest) -> Told:
    """Answer every startIndex with the first page."""
    start = int(sent.parameters.get("startIndex", "1"))
    told = await honest(replace(sent, query=urlencode({**sent.parameters, "startIndex": "1"})))
    return told.saying({**told.document, "startIndex": start}) if start > 1 else told


async def counts_otherwise_each_time(sent: Sent, honest: Honest) -> Told:
    """Tell another total on every page."""
    told = await honest(sent)
    if "startIndex" not in sent.parameters or not told.document.get("Resources"):
        return told
    total = told.document["totalResults"] + int(sent.parameters["startIndex"]) - 1
    return told.saying({**told.document, "totalResults": total})


async def is_deaf_to_string_booleans(sent: Sent, honest: Honest) -> Told:
    """Accept "False" for a status and do nothing about it."""
    if sent.method == "PATCH" and b'"False"' in sent.body:
        return Told(204)
    return await honest(sent)


async def keeps_the_deleted(sent: Sent, honest: Honest) -> Told:
    """Say that it is deleted and keep it."""
    return Told(204) if sent.method == "DELETE" else await honest(sent)


async def ignores_filters(sent: Sent, honest: Honest) -> Told:
    """Answer every search with everybody."""
    return await honest(replace(sent, query=""))


async def shows_passwords(sent: Sent, honest: Honest) -> Told:
    """Return the password that was sent."""
    told = await honest(sent)
    if sent.method == "POST" and told.status == 201:
        return told.saying({**told.document, "password": sent.document.get("password")})
    return told


async def forgets_what_was_put(sent: Sent, honest: Honest) -> Told:
    """Answer PUT with what was there before."""
    return await honest(replace(sent, method="GET", body=b"") if sent.method == "PUT" else sent)


async def speaks_plain_json(sent: Sent, honest: Honest) -> Told:
    """Answer with the media type of JSON."""
    told = await honest(sent)
    return replace(told, headers={**told.headers, "content-type": "application/json"})


async def mixes_versions_up(sent: Sent, honest: Honest) -> Told:
    """Give an ETag of another version than the body's."""
    told = await honest(sent)
    return replace(told, headers={**told.headers, "etag": 'W/"999"'}) if "etag" in told.headers else told


async def finds_nobody_with_404(sent: Sent, honest: Honest) -> Told:
    """Answer a search that finds nobody with 404."""
    told = await honest(sent)
    if told.status != 200 or told.document.get("totalResults") != 0:
        return told
    error = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "404", "detail": "Nobody."}
    return Told(404, told.headers).saying(error)


async def empties_a_renamed_group(sent: Sent, honest: Honest) -> Told:
    """Take a PATCH of a group for the whole group."""
    told = await honest(sent)
    if sent.method == "PATCH" and "/Groups/" in sent.path and b"displayName" in sent.body:
        operation = {"op": "replace", "path": "members", "value": []}
        body = {**sent.document, "Operations": [operation]}
        await honest(replace(sent, body=json.dumps(body).encode()))
    return told


async def lists_a_member_twice(sent: Sent, honest: Honest) -> Told:
    """Show the first member of a group again at the end."""
    told = await honest(sent)
    members = told.document.get("members") if told.status == 200 else None
    return told.saying({**told.document, "members": [*members, members[0]]}) if members else told


async def takes_a_name_twice(sent: Sent, honest: Honest) -> Told:
    """Say that it created what it refused."""
    told = await honest(sent)
    return replace(told, status=201) if told.status == 409 else told


async def fails_now_and_then(sent: Sent, honest: Honest) -> Told:
    """Answer every create of a group with an error of its own."""
    if sent.method == "POST" and sent.path.endswith("/Groups"):
        return Told(500, {"content-type": "text/plain"}, b"Traceback")
    return await honest(sent)


async def lets_everybody_in(sent: Sent, honest: Honest) -> Told:
    """Take a secret that nobody gave out for a good one."""
    told = await honest(sent)
    page = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 0}
    return Told(200, told.headers).saying(page) if told.status == 401 else told
