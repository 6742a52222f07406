"""Access tokens for Microsoft Graph, by msal on a thread: it would hold the loop for as long as the network does."""

import asyncio
import base64
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import msal
import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from msal.exceptions import MsalError

from connectors.connector import Secrets
from connectors.entra.config import Endpoints, GraphConfig
from connectors.errors import SourceError

TIMEOUT_S = 10

# https://learn.microsoft.com/entra/identity-platform/reference-error-codes
REMEDIES: dict[int, tuple[str, str]] = {
    7000215: ("the client secret is wrong", "Enter the secret's value, not its id, from Certificates & secrets."),
    7000222: ("the client secret has expired", "Make a new client secret and enter it here."),
    700016: ("the application is not in this directory", "Compare application id and directory id."),
    700027: ("the certificate is not registered with the application", "Upload it under Certificates & secrets."),
    700024: ("the certificate's proof is not valid at this time", "Compare this server's clock."),
    90002: ("there is no such directory", "Compare the directory (tenant) id, and the cloud."),
    65001: ("nobody has consented to the application", "Grant admin consent under API permissions."),
    53003: ("a conditional access policy blocks the application", "Allow the application in the policy."),
}


class TokenClient:
    """What msal sends with: our time limit and trust, no redirects, nothing from the environment."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._client = httpx.Client(timeout=TIMEOUT_S, trust_env=False, verify=tls, follow_redirects=False)

    def post(self, url: str, *, data: Any = None, **sent: Any) -> httpx.Response:  # noqa: ANN401 as msal has it
        """Send a form, as msal asks."""
        # msal signs assertions as bytes, which httpx would word as Python does.
        plain = {name: value.decode() if isinstance(value, bytes) else value for name, value in (data or {}).items()}
        return self._client.post(url, data=plain, params=sent.get("params"), headers=sent.get("headers"))

    def get(self, url: str, **sent: Any) -> httpx.Response:  # noqa: ANN401 as msal has it
        """Fetch a document, as msal asks."""
        return self._client.get(url, params=sent.get("params"), headers=sent.get("headers"))

    def close(self) -> None:
        """Close all connections."""
        self._client.close()


class GraphTokens:
    """The tokens of one connection; msal keeps them until shortly before they end."""

    def __init__(self, config: GraphConfig, secrets: Secrets, endpoints: Endpoints, tls: ssl.SSLContext) -> None:
        self._config = config
        self._secrets = secrets
        self._endpoints = endpoints
        self._client = TokenClient(tls)
        self._app: Any = None
        self._lock = asyncio.Lock()
        self._fresh = False

    async def get(self) -> str:
        """Return a token.

        Raises:
            SourceError: the platform gives none, with what to do about it.
        """
        async with self._lock:
            return await asyncio.to_thread(self._acquire)

    def refuse(self, token: str) -> None:
        """Take note that Graph does not take this token: the next one is a new one."""
        if token:
            self._fresh = True

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def _acquire(self) -> str:
        scopes = [f"{self._endpoints.graph}/.default"]
        try:
            if self._app is None or self._fresh:
                self._app = self._new_app()
                self._fresh = False
            answer: Mapping[str, Any] = self._app.acquire_token_for_client(scopes)
        except httpx.HTTPError as error:
            self._app = None
            words = f"the sign-in service of Microsoft cannot be reached ({type(error).__name__})"
            raise SourceError("transient", words) from error
        except (MsalError, ValueError, RuntimeError, KeyError, TypeError) as error:  # what msal cannot read
            self._app = None
            raise SourceError("transient", "the sign-in service of Microsoft gave an answer of no use") from error
        token = answer.get("access_token")
        if not isinstance(token, str):
            self._app = None  # it answers errors from a cache of its own for a minute
            raise refusal_from(answer)
        return token

    def _new_app(self) -> Any:  # noqa: ANN401 msal has no types
        return msal.ConfidentialClientApplication(
            self._config.client_id,
            client_credential=self._credential(),
            authority=f"{self._endpoints.authority}/{self._config.tenant}",
            http_client=self._client,
            instance_discovery=False,  # the table of clouds says whom to trust, not a server elsewhere
        )

    def _credential(self) -> object:
        if "certificate" in self._secrets:
            return {"private_key": self._secrets["private_key"], "public_certificate": self._secrets["certificate"]}
        return self._secrets["client_secret"]


def refusal_from(answer: Mapping[str, Any]) -> SourceError:
    """Return what an error of the token endpoint means; its own text may carry ids, and stays out."""
    codes, error = answer.get("error_codes"), answer.get("error")  # of any type, if a proxy answers
    numbers = [one for one in codes if isinstance(one, int)] if isinstance(codes, list) else []
    known = next((REMEDIES[one] for one in numbers if one in REMEDIES), None)
    if known:
        return SourceError("auth", f"{known[0]} (AADSTS{numbers[0]})", remedy=known[1], final=True)
    if not numbers or (isinstance(error, str) and error in {"temporarily_unavailable", "server_error", "slow_down"}):
        return SourceError("transient", "the sign-in service of Microsoft is busy")
    remedy = "Look the number up at login.microsoftonline.com/error."
    return SourceError(
        "auth", f"the sign-in service of Microsoft refused (AADSTS{numbers[0]})", remedy=remedy, final=True
    )


def claims_of(token: str) -> dict[str, Any]:
    """Return what stands in an access token, unverified: only to name permissions; empty if it cannot be read."""
    part = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        claims = msgspec.json.decode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}


def check_secrets(secrets: Secrets) -> None:
    """Refuse credentials that are incomplete, or no certificate and key.

    Raises:
        SourceError: says what is missing.
    """
    if "certificate" not in secrets:
        if not secrets.get("client_secret", "").strip():
            raise SourceError("config", "there is neither a client secret nor a certificate")
        return
    certificate_end(secrets)
    try:
        key = load_pem_private_key(secrets.get("private_key", "").encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        words = "the certificate's private key cannot be read: PEM without a pass phrase is needed"
        raise SourceError("config", words) from error
    if not isinstance(key, RSAPrivateKey):
        raise SourceError("config", "the certificate's private key is not RSA, which Microsoft asks for")
    certificate = x509.load_pem_x509_certificate(secrets["certificate"].encode())
    if certificate.public_key() != key.public_key():
        raise SourceError("config", "the private key is not the certificate's")


def certificate_end(secrets: Secrets) -> datetime | None:
    """Return when the certificate ends; None for a client secret, whose end only the portal of Entra knows.

    Raises:
        SourceError: it is no certificate.
    """
    if "certificate" not in secrets:
        return None
    try:
        return x509.load_pem_x509_certificate(secrets["certificate"].encode()).not_valid_after_utc.astimezone(UTC)
    except ValueError as error:
        raise SourceError("config", "the certificate cannot be read: PEM is needed") from error
