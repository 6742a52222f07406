"""Requests to Microsoft Graph: signed, bounded, tried again, and never to another server."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

import httpx
import msgspec

from connectors.addresses import check_same_origin
from connectors.bodies import decoded_from
from connectors.entra.answers import error_for
from connectors.entra.tokens import GraphTokens
from connectors.errors import SourceError
from connectors.patience import patiently
from connectors.terms import Terms

Read = TypeVar("Read")

WHO = "Microsoft Graph"
BATCH_MAX = 20
HEADERS = {"Accept": "application/json", "User-Agent": "Rolebook", "x-ms-throttle-priority": "Low"}


class Part(msgspec.Struct):
    """One answer of a batch; the parts come in any order."""

    id: str
    status: int
    headers: dict[str, str] = {}
    body: msgspec.Raw = msgspec.Raw(b"{}")


class _Parts(msgspec.Struct):
    responses: list[Part]


class GraphClient:
    """A connection to one Graph, for one pull."""

    def __init__(self, root: str, tokens: GraphTokens, terms: Terms) -> None:
        self.root = root
        self._tokens = tokens
        self._terms = terms
        self._client = httpx.AsyncClient(
            verify=terms.network.tls,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(terms.network.timeout_s, connect=10),
            limits=httpx.Limits(max_connections=4, max_keepalive_connections=4),
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()
        self._tokens.close()

    async def token(self) -> str:
        """Return an access token.

        Raises:
            SourceError: there is none.
        """
        return await patiently(self._tokens.get, terms=self._terms, who=WHO)

    async def read(self, url: str, read: Callable[[bytes], Read], *, counted: bool = False) -> Read:
        """Return what ``read`` makes of the answer; what it refuses with SourceError is asked for again.

        ``counted`` asks for a count, which Graph gives to those only who accept one that lags behind.

        Raises:
            SourceError: there is no answer that can be read.
        """
        check_same_origin(url, self.root)
        headers = {"ConsistencyLevel": "eventual"} if counted else {}

        async def attempt() -> Read:
            return read(await self._sent("GET", url, headers=headers))

        return await patiently(attempt, terms=self._terms, who=WHO)

    async def read_each(self, paths: Sequence[str]) -> dict[str, Part]:
        """Return the answers for paths like ``/users/…``, twenty in a request; a part of 404 is an answer, too.

        Raises:
            SourceError: a part did not come.
        """
        found: dict[str, Part] = {}
        for at in range(0, len(paths), BATCH_MAX):
            filled = partial(self._fill, found, paths[at : at + BATCH_MAX])
            await patiently(filled, terms=self._terms, who=WHO)
        return found

    async def _fill(self, found: dict[str, Part], paths: Sequence[str]) -> None:
        """Ask for the paths that are not found yet. Each part is throttled on its own, so some may fail."""
        missing = [path for path in paths if path not in found]
        parts = [{"id": str(at), "method": "GET", "url": path} for at, path in enumerate(missing)]
        content = msgspec.json.encode({"requests": parts})
        sent = {"Content-Type": "application/json"}
        body = await self._sent("POST", f"{self.root}/v1.0/$batch", headers=sent, content=content)
        failed: SourceError | None = None
        for part in decoded(body, _Parts).responses:
            if part.status < 400 or part.status == 404:
                found[missing[int(part.id)]] = part
            else:
                lower = {name.lower(): value for name, value in part.headers.items()}
                failed = error_for(part.status, lower, bytes(part.body), token_in_url=False)
        if failed is not None:
            raise failed
        if any(path not in found for path in missing):
            raise SourceError("protocol", "Microsoft Graph left out parts of a batch")

    async def _sent(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes | None = None) -> bytes:
        self._terms.spend()
        token = await self._tokens.get()
        signed = {**HEADERS, **headers, "Authorization": f"Bearer {token}"}
        try:
            async with self._client.stream(method, url, headers=signed, content=content) as answer:
                body = await self._bounded(answer)
        except httpx.HTTPError as error:
            raise SourceError("transient", f"Microsoft Graph cannot be reached ({type(error).__name__})") from error
        if answer.status_code == 401:
            self._tokens.refuse(token)
        if not answer.is_success:
            asked_with_token = "token=" in url
            raise error_for(answer.status_code, answer.headers, body, token_in_url=asked_with_token)
        return body

    async def _bounded(self, answer: httpx.Response) -> bytes:
        parts: list[bytes] = []
        size = 0
        async for part in answer.aiter_bytes():
            size += len(part)
            if size > self._terms.network.body_bytes_max:
                raise SourceError("protocol", "Microsoft Graph sent a page that is far too large", final=True)
            parts.append(part)
        return b"".join(parts)


def decoded(body: bytes, kind: type[Read]) -> Read:
    """Return a body of this provider as ``kind``; raises as ``decoded_from``."""
    return decoded_from(WHO, body, kind)
