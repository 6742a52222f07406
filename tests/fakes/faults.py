"""What can go wrong on the way from a directory elsewhere, on request."""

import gzip
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Literal, get_args

import msgspec

from tests.fakes.web import Asked, Reply

FaultKind = Literal[
    "429 with Retry-After", "429 without", "500", "502", "503", "504", "408", "401", "403", "404", "reset", "cut body",
    "cut JSON", "HTML", "empty body", "no value", "duplicate page", "foreign next link", "gzip bomb", "redirect",
]  # fmt: skip
FAULT_KINDS: tuple[FaultKind, ...] = get_args(FaultKind)


@dataclass(slots=True)
class Fault:
    """One kind of trouble: which requests it meets, from which of them on, and how many."""

    kind: FaultKind
    path: str = ""
    """A regular expression that is searched in the target; empty fits everything."""
    begin: int = 0
    """How many fitting requests go well before."""
    count: int = 1
    seen: int = 0

    def meets(self, asked: Asked) -> bool:
        """Count a request, and tell whether it is met."""
        if not re.search(self.path, asked.target):
            return False
        self.seen += 1
        return self.begin < self.seen <= self.begin + self.count


@dataclass(slots=True)
class Faults:
    """All the trouble a server makes; empty is none."""

    listed: list[Fault] = field(default_factory=list)
    met: int = 0
    last: dict[str, Reply] = field(default_factory=dict)

    def cause(self, fault: Fault) -> None:
        """Make this trouble from now on, and no other."""
        self.listed[:] = [fault]
        self.last.clear()
        self.met = 0

    async def between(self, asked: Asked, honest: Callable[[Asked], Awaitable[Reply]]) -> Reply:
        """Answer honestly, or with the fault that meets the request."""
        fault = next((one for one in self.listed if one.meets(asked)), None)
        if fault is None:
            reply = await honest(asked)
            self.last[asked.path] = reply
            return reply
        self.met += 1
        return await self._broken(fault.kind, asked, honest)

    async def _broken(self, kind: FaultKind, asked: Asked, honest: Callable[[Asked], Awaitable[Reply]]) -> Reply:
        if kind in PLAIN:
            return PLAIN[kind]()
        if kind == "duplicate page":
            if asked.path not in self.last:
                self.last[asked.path] = await honest(asked)
            return self.last[asked.path]
        return BENT[kind](await honest(asked))


def error(status: int, *headers: tuple[str, str]) -> Reply:
    """Give an error of both providers' kind at once."""
    words = {"code": "aCode", "message": "in a fault's words"}
    return Reply(status, {"error": words, "errorCode": "E0000009", "errorSummary": "a fault"}, list(headers))


def _foreign(reply: Reply) -> Reply:
    document = reply.document
    if isinstance(document, dict):
        links = {key: "https://127.0.0.2:1/steal" for key in document if key in ("@odata.nextLink", "@odata.deltaLink")}
        document = {**document, **links}
    headers = [
        (name, re.sub(r"<https?://[^/]+", "<https://127.0.0.2:1", value) if 'rel="next"' in value else value)
        for name, value in reply.headers
    ]
    return replace(reply, document=document, headers=headers)


def _cut_json(reply: Reply) -> Reply:
    content = reply.content()
    return replace(reply, body=content[: len(content) // 2])


def _cut_body(reply: Reply) -> Reply:
    return replace(reply, sent_bytes=len(reply.content()) // 2)


def _bomb(reply: Reply) -> Reply:
    return replace(reply, body=_packed(), headers=[*reply.headers, ("Content-Encoding", "gzip")])


@cache
def _packed() -> bytes:
    return gzip.compress(b" " * (80 << 20), compresslevel=1)


def _no_value(reply: Reply) -> Reply:
    return replace(reply, document=msgspec.json.decode(b'{"surprise": 1}'))


HTML = b"<!doctype html><title>Maintenance</title>"
PLAIN: dict[FaultKind, Callable[[], Reply]] = {
    "429 with Retry-After": lambda: error(429, ("Retry-After", "7"), ("X-Rate-Limit-Reset", "7")),
    "429 without": lambda: error(429),
    "500": lambda: error(500),
    "502": lambda: Reply(502, body=HTML, content_type="text/html"),
    "503": lambda: error(503, ("Retry-After", "3")),
    "504": lambda: error(504),
    "408": lambda: error(408),
    "401": lambda: error(401),
    "403": lambda: error(403),
    "404": lambda: error(404),
    "reset": lambda: Reply(reset=True),
    "HTML": lambda: Reply(body=HTML, content_type="text/html"),
    "empty body": lambda: Reply(body=b""),
    "redirect": lambda: Reply(302, {}, [("Location", "https://127.0.0.2:1/elsewhere")]),
}
BENT: dict[FaultKind, Callable[[Reply], Reply]] = {
    "cut body": _cut_body,
    "cut JSON": _cut_json,
    "no value": _no_value,
    "foreign next link": _foreign,
    "gzip bomb": _bomb,
}
