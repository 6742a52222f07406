"""One tenant on each database, sent the same requests, and their answers made comparable."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter
from urllib.parse import quote

import httpx

from directory.model import Preset
from directory.noted import noted
from directory.store.unit import Engine, bind, open_store
from tests.scim.clients import Client, client_of

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_OWN_TIME = re.compile(r'("(?:created|lastModified)":")[^"]+')
_REFERENCE = re.compile(r"Reference [0-9A-Z]{4}-[0-9A-Z]{4}")
_CURSOR = re.compile(r'("(?:next|previous)Cursor":")([^"]+)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request for twins: ``{name}`` in path, query and body stands for the id that each of them knows by the name.

    ``{cursor}`` is the last one that a list came with.
    """

    method: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    body: bytes | None = None
    media_type: str = "application/scim+json"
    keep: str = ""
    headers: Sequence[tuple[str, str]] = ()

    def __str__(self) -> str:
        body = "" if self.body is None else f" {self.body[:400]!r}"
        return f"{self.method} {self.path} {list(self.query)}{body} {list(self.headers) or ''}"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer without what differs from one database to the other: ids, times, references."""

    status: int
    text: str
    etag: str
    elapsed_s: float = field(compare=False)


@dataclass(slots=True)
class Twin:
    """One of them: an open store, a client, and the ids it knows."""

    engine: Engine
    client: Client
    ids: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)

    async def send(self, request: Request) -> Reply:
        """Send a request with this twin's ids."""
        bind(self.engine)
        path = quote(self.named(request.path), safe="/.")
        query = "&".join(f"{name}={quote(self.named(value), safe='')}" for name, value in request.query)
        content = None if request.body is None else self.named(request.body.decode("latin-1")).encode("latin-1")
        headers = dict(request.headers) | ({"content-type": request.media_type} if content is not None else {})
        url = f"/scim/v2{path}" + (f"?{query}" if query else "")
        began = perf_counter()
        response = await self.client.http.request(request.method, url, content=content, headers=headers)
        elapsed_s = perf_counter() - began
        if request.keep and response.status_code == 201:
            self.ids[request.keep] = response.json()["id"]
        for cursor in _CURSOR.finditer(response.text):
            self.ids["cursor"] = cursor.group(2)
        return self.plain(response, elapsed_s)

    def named(self, text: str) -> str:
        """Return ``text`` with the ids for their names."""
        if "{" in text:
            for name, ident in self.ids.items():
                text = text.replace(f"{{{name}}}", ident)
        return text

    def plain(self, response: httpx.Response, elapsed_s: float) -> Reply:
        """Return the answer with ids by the order in which they came up."""
        text = _ID.sub(lambda found: self._number(found.group().lower()), response.text)
        text = _OWN_TIME.sub(r"\1TIME", _REFERENCE.sub("Reference", _CURSOR.sub(r"\1CURSOR", text)))
        return Reply(response.status_code, text, response.headers.get("etag", ""), elapsed_s)

    def _number(self, ident: str) -> str:
        return self.numbers.setdefault(ident, f"ID{len(self.numbers)}")


@asynccontextmanager
async def twins(urls: Sequence[str], preset: Preset) -> AsyncIterator[list[Twin]]:
    """Give a client of a new tenant on each of the databases, all in this process: one is bound at a time."""
    async with AsyncExitStack() as stack:
        found = []
        for number, url in enumerate(urls):
            engine = await stack.enter_async_context(open_store(url))
            client = await stack.enter_async_context(client_of(preset, f"twin-{number}"))
            found.append(Twin(engine, client))
        yield found


async def replies_to(request: Request, pair: Sequence[Twin]) -> list[Reply]:
    """Send one request to all and return their replies."""
    replies = [await twin.send(request) for twin in pair]
    noted.clear()
    return replies
