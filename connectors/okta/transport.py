"""The okta library as transport and authentication, and nothing more.

Its typed calls are not used: their pagination ends silently when a page fails, and one odd record spoils a page.
"""

import asyncio
import logging
import ssl
from dataclasses import dataclass
from typing import Any

import aiohttp
import yarl
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from okta.cache.no_op_cache import NoOpCache
from okta.constants import LOGGER_NAME
from okta.http_client import HTTPClient
from okta.request_executor import RequestExecutor

from connectors.addresses import check_address
from connectors.errors import SourceError
from connectors.terms import Network

HEADERS = {
    "Content-Type": "application/json; okta-response=omitCredentials,omitCredentialsLinks,omitTransitioningToStatus"
}
SCOPES = ("okta.users.read", "okta.groups.read")
APPS_SCOPE = "okta.apps.read"

logging.getLogger(LOGGER_NAME).disabled = True  # at DEBUG it prints the Authorization header, at ERROR whole answers


class GuardedResolver(AbstractResolver):
    """Finds addresses of names, on the public internet only; what it finds is what is connected to."""

    def __init__(self, *, private: bool) -> None:
        self._inner = ThreadedResolver()
        self._private = private

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:  # noqa: ANN401 as aiohttp has it
        """Return the addresses of a name.

        Raises:
            SourceError: one of them is not on the public internet.
        """
        found = await self._inner.resolve(host, port, family)
        for one in found:
            check_address(one["host"], private=self._private)
        return found

    async def close(self) -> None:
        """Close nothing."""
        await self._inner.close()


class BoundedClient(HTTPClient):
    """What the library sends with: no redirects, no proxy of the environment's, and no endless answers."""

    body_bytes_max = 32 << 20

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)  # type: ignore[no-untyped-call]  # the library has hardly any types
        self._session: Any = None
        self._proxy = None  # it would take the environment's

    async def send_request(self, request: dict[str, Any]) -> tuple[Any, Any, bytes | None, Exception | None]:
        """Send one request; gives (info, response, body, error), as the library's own does."""
        headers = {**self._default_headers, **request["headers"]}
        sent: dict[str, Any] = {"data": request["form"] or None, "headers": headers}
        # Encoded already: cursors are opaque, and would be worded anew.
        url = yarl.URL(request["url"], encoded=True)
        try:
            async with self._session.request(request["method"], url, allow_redirects=False, **sent) as response:
                body = await self._bounded(response)
                return response.request_info, response, body, None
        except (aiohttp.ClientError, TimeoutError, OSError, SourceError) as error:
            return None, None, None, error

    async def _bounded(self, response: aiohttp.ClientResponse) -> bytes:
        parts = bytearray()
        async for part in response.content.iter_any():
            parts += part
            if len(parts) > self.body_bytes_max:
                raise SourceError("protocol", "Okta sent a page that is far too large", final=True)
        return bytes(parts)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; ``links`` are the lines of the header Link."""

    status: int
    headers: dict[str, str]
    links: list[str]
    body: bytes


class OktaTransport:
    """A signed connection to one organisation."""

    def __init__(self, org_url: str, credentials: dict[str, Any], network: Network, *, apps: bool) -> None:
        self._network = network
        self._session: aiohttp.ClientSession | None = None
        self._signs = credentials["authorizationMode"] == "PrivateKey"
        # Built directly: the library's client merges files of the user and variables of the environment into it.
        client = {
            "orgUrl": org_url,
            "requestTimeout": 0,  # the session has one
            "rateLimit": {"maxRetries": 0},
            "userAgent": "Rolebook",
            "scopes": [*SCOPES, APPS_SCOPE] if apps else list(SCOPES),
            **credentials,
        }
        bounded = type("Bounded", (BoundedClient,), {"body_bytes_max": network.body_bytes_max})
        executor: Any = RequestExecutor  # the library has hardly any types
        cache: Any = NoOpCache
        self._executor: Any = executor({"client": client}, cache(), bounded)
        self._lock = asyncio.Lock()

    async def get(self, url: str) -> Answer:
        """Return the answer to a signed GET, whatever its status.

        Raises:
            SourceError: there is none, or no access token.
        """
        await self._open()
        if self._signs:
            await self.access_token()
        request, error = await self._executor.create_request("GET", url, headers=HEADERS)
        if error is not None:
            raise _unreached(error)
        # Not execute(): it would read each page as JSON twice, to decide whether to cache it, and then not.
        _, response, body, error = await self._executor.fire_request_helper(request, 0, 0)
        if error is not None or response is None:
            raise _unreached(error)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, headers, response.headers.getall("Link", []), body or b"")

    async def access_token(self) -> str:
        """Return an access token of a service app.

        Raises:
            SourceError: Okta gives none, with what to do about it.
        """
        await self._open()
        async with self._lock:
            try:
                await self._sign_ahead()
                token, _, error = await self._oauth.get_oauth_token()
            except (
                ValueError,
                TypeError,
                KeyError,
                AttributeError,
            ) as broken:  # of the library, on answers it cannot read
                raise SourceError("transient", "Okta gave no access token, but nothing of use") from broken
        if error is not None or not token:
            raise refusal_from(error)
        return str(token)

    async def _sign_ahead(self) -> None:
        """Sign on a thread what the next token is asked for with: the library takes 200 ms for it."""
        signed, oauth = list[str](), self._oauth
        if oauth.get_current_token()[0] is None:
            signed.append(await asyncio.to_thread(type(oauth).get_JWT, oauth))
        oauth.get_JWT = lambda: signed.pop() if signed else type(oauth).get_JWT(oauth)

    def forget_token(self) -> None:
        """Let the next request get a token of its own."""
        if self._signs:
            self._oauth.clear_access_token()

    @property
    def _oauth(self) -> Any:  # noqa: ANN401 the library has no types
        return self._executor._oauth  # noqa: SLF001 there is no other way to renew a token that was revoked

    async def _open(self) -> None:
        if self._session is None:
            guarded = GuardedResolver(private=self._network.private_addresses)
            tls: ssl.SSLContext = self._network.tls
            connector = aiohttp.TCPConnector(ssl=tls, resolver=guarded, limit=8)
            timeout = aiohttp.ClientTimeout(total=self._network.timeout_s, connect=10)
            jar = aiohttp.DummyCookieJar()
            self._session = aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False, cookie_jar=jar)
            self._executor.set_session(self._session)

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()


def _unreached(error: Exception | None) -> SourceError:
    if isinstance(error, SourceError):
        return error
    return SourceError("transient", f"Okta cannot be reached ({type(error).__name__})")


def refusal_from(error: Exception | None) -> SourceError:
    """Return what an error of the token endpoint means; the library's own words stay out."""
    if isinstance(error, SourceError):
        return error
    status = getattr(error, "status", None)
    if not isinstance(status, int) or status >= 500 or status == 429:
        return SourceError("transient", "Okta gave no access token")
    if status == 400:
        remedy = "Grant okta.users.read and okta.groups.read under Okta API Scopes, and let it not require DPoP."
        return SourceError("permission", "Okta refuses the scopes of the service app", remedy=remedy, final=True)
    remedy = "Compare the client id, the key id, and the public key that is registered with the service app."
    return SourceError("auth", "Okta does not take the signature of the service app", remedy=remedy, final=True)
