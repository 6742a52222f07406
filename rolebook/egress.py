"""Requests to addresses that operators entered: nowhere but to the public internet, and to where the check looked."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

import httpx

from directory.errors import InvalidError
from directory.webhook_urls import WebhookUrl, is_public, parse_webhook_url

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Returns the addresses of a name."""

LOOKUP_S = 5.0
TIMEOUT = httpx.Timeout(10.0, connect=5.0)
TOTAL_S = 20.0
"""A receiver that answers a byte at a time is left alone after so long."""

BODY_S = 3.0
"""The status says whether it was delivered: of what follows as much is kept as comes in so long."""

ANSWER_BYTES_MAX = 4096


class EgressError(Exception):
    """The request was not made, or not answered; the words are for the operator."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: never more than the beginning."""

    status: int
    beginning: bytes


async def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a name, as this machine resolves it."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


@cache
def system_tls() -> ssl.SSLContext:
    """Return what certificates are checked with: what this machine trusts."""
    return ssl.create_default_context()


class Egress:
    """The one way out for webhooks."""

    def __init__(self, *, allow_private: bool, resolver: Resolve = resolve, tls: ssl.SSLContext | None = None) -> None:
        """Keep what is allowed."""
        self._allow_private = allow_private
        self._resolve = resolver
        self._tls = tls

    async def post(self, url_text: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        """Send one request.

        The name is resolved once; every address must be public, and the first is connected to, while Host and the
        name in TLS stay what they are: who answers differently the next time (rebinding) changes nothing.

        Raises:
            EgressError: it was refused here, could not be sent, or was not answered.
        """
        try:
            url = parse_webhook_url(url_text, allow_private=self._allow_private)
        except InvalidError as error:
            raise EgressError(f"The {error.attribute} {error.reason}.") from None
        try:
            async with asyncio.timeout(TOTAL_S):
                address = await self._address_of(url)
                return await self._send(url, address, content, headers)
        except TimeoutError:
            raise EgressError(f"No answer within {TOTAL_S:.0f} s.") from None
        except httpx.TimeoutException:
            raise EgressError("No answer in time.") from None
        except (httpx.HTTPError, ssl.SSLError, OSError) as error:
            raise EgressError(f"The connection failed: {str(error)[:150] or type(error).__name__}") from error

    async def _address_of(self, url: WebhookUrl) -> str:
        found = [str(url.literal)] if url.literal is not None else await self._looked_up(url)
        private = [text for text in found if not _is_allowed(text)]
        if private and not self._allow_private:
            raise EgressError("The name leads into a private network.")
        return found[0]

    async def _looked_up(self, url: WebhookUrl) -> list[str]:
        try:
            async with asyncio.timeout(LOOKUP_S):
                found = await self._resolve(url.host, url.port)
        except (OSError, UnicodeError, TimeoutError):
            found = []
        if not found:
            raise EgressError(f"The name {url.host} leads nowhere.")
        return found

    async def _send(self, url: WebhookUrl, address: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        host = f"[{address}]" if ":" in address else address
        # A client for each request: its connections are kept by address, and two names may share one. Proxies of the
        # environment, redirects and cookies are none of its business.
        client = httpx.AsyncClient(
            verify=self._tls or system_tls(), trust_env=False, follow_redirects=False, timeout=TIMEOUT
        )
        async with (
            client,
            client.stream(
                "POST",
                f"{url.scheme}://{host}:{url.port}{url.target}",
                content=content,
                headers={**headers, "Host": url.authority, "Accept-Encoding": "identity"},
                extensions={"sni_hostname": url.host},
            ) as response,
        ):
            return Answer(response.status_code, await _beginning(response))


async def _beginning(response: httpx.Response) -> bytes:
    taken = bytearray()
    with suppress(TimeoutError, httpx.HTTPError):
        async with asyncio.timeout(BODY_S):
            async for chunk in response.aiter_raw():
                taken += chunk
                if len(taken) >= ANSWER_BYTES_MAX:
                    break
    return bytes(taken[:ANSWER_BYTES_MAX])


def _is_allowed(text: str) -> bool:
    try:
        return is_public(ipaddress.ip_address(text))
    except ValueError:  # with a zone, as link-local addresses have
        return False
