"""The token endpoint of our own Microsoft identity platform: discovery, secrets, certificates, and its error texts."""

import base64
import hashlib
from dataclasses import dataclass, field

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.fakes.web import Asked, Reply

APPLICATION = "33333333-cccc-4000-8000-000000000009"
DIRECTORY = "99999999-dddd-4000-8000-000000000001"
SECRET = "graph~secret~of~tests"
SIGNING = "a key that only the fake knows, 32 bytes"
ROLES = ("User.Read.All", "GroupMember.Read.All", "Application.Read.All")
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(slots=True)
class Identity:
    """Who may get a token, and what stands in it."""

    secret: str = SECRET
    secret_expired: bool = False
    certificates: list[bytes] = field(default_factory=list)
    """PEM of the certificates that are registered."""
    roles: tuple[str, ...] = ROLES
    generation: int = 0
    """Grows when all tokens are revoked."""
    refuse: list[Reply] = field(default_factory=list)
    """Answers that the token endpoint gives instead, one after the other."""
    issued: int = 0

    def discovery(self, base: str, tenant: str) -> Reply:
        """Give the OpenID configuration of a tenant."""
        authority = f"{base}/{tenant}"
        return Reply(
            document={
                "issuer": f"{authority}/v2.0",
                "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
                "token_endpoint": f"{authority}/oauth2/v2.0/token",
                "device_authorization_endpoint": f"{authority}/oauth2/v2.0/devicecode",
                "jwks_uri": f"{authority}/discovery/v2.0/keys",
                "tenant_region_scope": "EU",
            }
        )

    def instance_discovery(self, base: str, tenant: str) -> Reply:
        """Name the endpoint for an authority that is not known."""
        address = f"{base}/{tenant}/v2.0/.well-known/openid-configuration"
        return Reply(document={"tenant_discovery_endpoint": address, "api-version": "1.1", "metadata": []})

    def token(self, asked: Asked, base: str, now: float) -> Reply:
        """Give an access token, or say why not."""
        if self.refuse:
            return self.refuse.pop(0)
        form = asked.form
        if form.get("client_id") != APPLICATION:
            return refusal(700016, "unauthorized_client", "Application was not found in the directory.")
        if not form.get("scope", "").split(" ")[0].endswith("/.default"):
            return refusal(1002012, "invalid_scope", "The provided value for scope is not valid.")
        problem = self._problem(form, f"{base}{asked.path}")
        if problem is not None:
            return problem
        self.issued += 1
        claims = {"tid": DIRECTORY, "appid": APPLICATION, "roles": list(self.roles), "gen": self.generation}
        token = jwt.encode({**claims, "exp": int(now) + 3599, "jti": str(self.issued)}, SIGNING, "HS256")
        return Reply(document={"token_type": "Bearer", "expires_in": 3599, "access_token": token})

    def _problem(self, form: dict[str, str], audience: str) -> Reply | None:
        if "client_assertion" in form:
            proven = form.get("client_assertion_type") == ASSERTION and self._signed(form["client_assertion"], audience)
            return None if proven else refusal(700027, "invalid_client", "The certificate is not registered.")
        if self.secret_expired:
            return refusal(7000222, "invalid_client", "The provided client secret keys are expired.")
        if form.get("client_secret") != self.secret:
            return refusal(7000215, "invalid_client", "Invalid client secret provided.")
        return None

    def _signed(self, assertion: str, audience: str) -> bool:
        head = jwt.get_unverified_header(assertion)
        for pem in self.certificates:
            known = x509.load_pem_x509_certificate(pem)
            der = known.public_bytes(Encoding.DER)
            prints = {thumbprint(hashlib.sha1(der).digest()), thumbprint(hashlib.sha256(der).digest())}  # noqa: S324 as RFC 7515 x5t has it
            if {head.get(name, "").rstrip("=") for name in ("x5t", "x5t#S256")} & prints:
                key = known.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
                return _is_signed_by(key, assertion, audience)
        return False

    def admits(self, authorization: str) -> bool:
        """Tell whether a bearer token is one that still holds."""
        try:
            claims = jwt.decode(
                authorization.removeprefix("Bearer "), SIGNING, ["HS256"], options={"verify_exp": False}
            )
        except jwt.InvalidTokenError:
            return False
        return bool(claims["gen"] == self.generation)


def thumbprint(digest: bytes) -> str:
    """Give a digest as a JSON web token's header carries it."""
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _is_signed_by(key: bytes, assertion: str, audience: str) -> bool:
    try:
        claims = jwt.decode(assertion, key, ["RS256", "PS256"], audience=audience)
    except jwt.InvalidTokenError:
        return False
    return bool(claims["iss"] == claims["sub"] == APPLICATION)


def refusal(number: int, error: str, words: str) -> Reply:
    """Give an error of the token endpoint as the platform words it."""
    description = f"AADSTS{number}: {words} Trace ID: 0 Correlation ID: 0 Timestamp: 2026-11-22 00:00:00Z"
    document = {"error": error, "error_description": description, "error_codes": [number]}
    return Reply(401 if error == "invalid_client" else 400, document)
