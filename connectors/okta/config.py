"""How a connection to Okta is configured."""

import base64
import re
from typing import Annotated, Any, Literal

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPrivateNumbers, RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from msgspec import Meta

from connectors.addresses import check_base_url
from connectors.connector import Secrets
from connectors.errors import SourceError

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
RESERVE_PCT_MAX = 90


class OktaConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One Okta organisation, and which of its people are meant."""

    org_url: Annotated[
        str, Meta(description="https://example.okta.com: the address of the organisation, not of its administration.")
    ]
    auth: Annotated[
        Literal["private_key", "token"], Meta(description="A service app with a key of its own, or an API token.")
    ] = "private_key"
    client_id: Annotated[str | None, Meta(description="Client id of the service app; not needed with a token.")] = None
    key_id: Annotated[str | None, Meta(description="Id of the key (kid), where the key itself does not say it.")] = None
    scope: Annotated[
        Literal["all", "assigned"], Meta(description="Everybody, or who is assigned to the application.")
    ] = "all"
    app_id: Annotated[str | None, Meta(description="Id of the application whose assignments count.")] = None
    staged: Annotated[
        bool, Meta(description="Whether people who were never activated (STAGED) are taken over, as disabled.")
    ] = False
    reserve_pct: Annotated[
        int, Meta(description="Percent of each rate limit that are left to others: limits are of the organisation.")
    ] = 40
    parallel: Annotated[int, Meta(description="How many groups are read side by side, 1 to 8.")] = 4


def check_config(config: OktaConfig, *, private: bool) -> None:
    """Refuse what cannot be a connection.

    Raises:
        SourceError: names the field.
    """
    host = check_base_url(config.org_url, private=private).partition("://")[2]
    if "-admin." in host:
        raise SourceError("config", "this is the address of the administration: leave out -admin")
    if config.auth == "private_key" and not _ID.fullmatch(config.client_id or ""):
        raise SourceError("config", "client_id is missing: the id of the service app")
    if config.scope == "assigned" and not _ID.fullmatch(config.app_id or ""):
        raise SourceError("config", "app_id is missing: the id of the application whose assignments count")
    if not 0 <= config.reserve_pct <= RESERVE_PCT_MAX:
        raise SourceError("config", f"reserve_pct is between 0 and {RESERVE_PCT_MAX}")
    if not 1 <= config.parallel <= 8:
        raise SourceError("config", "parallel is between 1 and 8")


def credentials_from(config: OktaConfig, secrets: Secrets) -> dict[str, Any]:
    """Return the credentials as the library takes them; a key always as text, never as something it would open.

    Raises:
        SourceError: they are missing, or the key cannot be read.
    """
    if config.auth == "token":
        token = secrets.get("token", "").strip()
        if not token or not token.isascii() or any(mark.isspace() for mark in token):
            raise SourceError("config", "there is no API token")
        return {"authorizationMode": "SSWS", "token": token}
    key, key_id = _read_key(secrets.get("private_key", "").strip())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {
        "authorizationMode": "PrivateKey",
        "clientId": config.client_id,
        "privateKey": pem,
        "kid": config.key_id or key_id,
        "oauthTokenRenewalOffset": 5,
    }


def _read_key(text: str) -> tuple[RSAPrivateKey, str | None]:
    words = "the private key cannot be read: PEM without a pass phrase, or JWK, of an RSA key"
    try:
        if text.startswith("{"):
            return _key_of(msgspec.json.decode(text, type=dict[str, str | bool | list[str]]))
        key = load_pem_private_key(text.encode(), None)
    except (ValueError, TypeError, KeyError, UnsupportedAlgorithm) as error:
        raise SourceError("config", words) from error
    if not isinstance(key, RSAPrivateKey):
        raise SourceError("config", words)
    return key, None


def _key_of(jwk: dict[str, Any]) -> tuple[RSAPrivateKey, str | None]:
    """Return an RSA key and its id from a JSON web key (RFC 7518 section 6.3.2)."""
    n, e, d, p, q, dp, dq, qi = (_number(jwk[name]) for name in ("n", "e", "d", "p", "q", "dp", "dq", "qi"))
    numbers = RSAPrivateNumbers(p, q, d, dp, dq, qi, RSAPublicNumbers(e, n))
    return numbers.private_key(), jwk.get("kid")


def _number(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")
