"""Requests to Okta: within the rate budget, tried again, and never to another server."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from urllib.parse import unquote

from connectors.addresses import check_same_origin
from connectors.bodies import decoded_from
from connectors.errors import SourceError
from connectors.okta.answers import NO_SUCH_THING, code_of, date_of, error_for, links_from
from connectors.okta.rates import RateBudget
from connectors.okta.transport import Answer, OktaTransport
from connectors.patience import patiently
from connectors.terms import Terms

Read = TypeVar("Read")
Item = TypeVar("Item", covariant=True)  # noqa: PLC0105 a page of what it has

WHO = "Okta"


@dataclass(frozen=True, slots=True)
class Listed(Generic[Item]):
    """A page of a list."""

    items: Sequence[Item]
    follows: str | None
    """The address of the next page; None at the end."""
    at: datetime | None
    """The server's time."""
    gone: bool = False
    """Whether what was to be listed is no longer there."""


class OktaClient:
    """A connection to one organisation, for one pull."""

    def __init__(self, root: str, transport: OktaTransport, terms: Terms, *, reserve_pct: int) -> None:
        self.root = root
        self._transport = transport
        self._terms = terms
        self._rates = RateBudget(reserve_pct)
        self._gate = asyncio.Lock()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def access_token(self) -> str:
        """Return an access token of a service app.

        Raises:
            SourceError: there is none.
        """
        return await patiently(self._transport.access_token, terms=self._terms, who=WHO)

    async def read(self, url: str, kind: type[Read], *, bucket: str) -> Read:
        """Return one object.

        Raises:
            SourceError: there is no answer that can be read.
        """

        async def attempt() -> Read:
            return decoded((await self._sent(url, bucket)).body, kind)

        return await patiently(attempt, terms=self._terms, who=WHO)

    async def find(self, url: str, kind: type[Read], *, bucket: str) -> Read | None:
        """Return one object, or None if there is none of that name.

        Raises:
            SourceError: there is no answer that can be read.
        """

        async def attempt() -> Read | None:
            answer = await self._sent(url, bucket, missing=True)
            return None if answer.status == 404 else decoded(answer.body, kind)

        return await patiently(attempt, terms=self._terms, who=WHO)

    async def list_page(self, url: str, kind: type[Read], *, bucket: str, limit: int) -> Listed[Read]:
        """Return a page of a list, and where it goes on; an empty one if there is no such list any more.

        Raises:
            SourceError: there is none that can be read, or nobody can tell whether it is the last.
        """

        async def attempt() -> Listed[Read]:
            answer = await self._sent(url, bucket, missing=True)
            if answer.status == 404:
                return Listed([], None, None, gone=True)
            items = decoded(answer.body, list[kind])  # type: ignore[valid-type]  # a type made of a variable
            follows = self._follows(answer, url, full=len(items) >= limit)
            return Listed(items, follows, date_of(answer.headers))

        return await patiently(attempt, terms=self._terms, who=WHO)

    def _follows(self, answer: Answer, url: str, *, full: bool) -> str | None:
        links = links_from(answer.links)
        if "next" in links:
            if links["next"] == url:
                raise SourceError("protocol", "Okta leads us round in circles")
            return check_same_origin(links["next"], self.root)
        if full and "self" not in links:
            # Somebody on the way has taken the links out: the end of the list looks the same as its middle.
            raise SourceError("protocol", "Okta sent a full page that does not say whether it is the last")
        if len({"", _cursor_in(links.get("self", "")), _cursor_in(url)}) > 2:
            raise SourceError("protocol", "Okta sent another page than the one that was asked for")
        return None

    async def _sent(self, url: str, bucket: str, *, missing: bool = False) -> Answer:
        check_same_origin(url, self.root)
        await self._until_affordable(bucket)
        self._terms.spend()
        answer = await self._transport.get(url)
        self._rates.note(bucket, answer.headers, self._terms.clock.monotonic())
        absent = missing and answer.status == 404 and code_of(answer.body) == NO_SUCH_THING
        if 200 <= answer.status < 300 or absent:
            return answer
        if answer.status == 401:
            self._transport.forget_token()
        raise error_for(answer.status, answer.headers, answer.body, url=url)

    async def _until_affordable(self, bucket: str) -> None:
        async with self._gate:
            seconds = self._rates.wait_s(bucket, self._terms.clock.monotonic())
            if seconds > self._terms.wait_max_s:
                raise SourceError("throttled", "Okta's rate limit is used up", retry_after_s=seconds)
            if seconds:
                await self._terms.pause(seconds, who=WHO, throttled=True)
            self._rates.spend(bucket)


def _cursor_in(url: str) -> str:
    return unquote(next((part for part in url.partition("?")[2].split("&") if part.startswith("after=")), ""))


def decoded(body: bytes, kind: type[Read]) -> Read:
    """Return a body of this provider as ``kind``; raises as ``decoded_from``."""
    return decoded_from(WHO, body, kind)
