"""The credentials of our own Okta: API tokens, and service apps that sign with a private key."""

from dataclasses import dataclass, field

import jwt

from tests.fakes.web import Asked, Reply

CLIENT = "0oa1serviceapp00000f"
TOKEN = "00-an-api-token-of-tests"
SIGNING = "a key that only the fake knows, 32 bytes"
SCOPES = ("okta.users.read", "okta.groups.read", "okta.apps.read")
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(slots=True)
class Doorkeeper:
    """Who is let in, and with what."""

    token: str = TOKEN
    keys: dict[str, bytes] = field(default_factory=dict)
    """Public keys (PEM) of the service app, by key id."""
    granted: tuple[str, ...] = SCOPES
    generation: int = 0
    """Grows when all access tokens are revoked."""
    used: set[str] = field(default_factory=set)
    issued: int = 0

    def give(self, asked: Asked, base: str, now: float) -> Reply:
        """Give an access token, or say why not; scopes that were not granted drop out silently."""
        form = asked.form
        claims = self._proven(form.get("client_assertion", ""), f"{base}/oauth2/v1/token")
        if claims is None or form.get("client_assertion_type") != ASSERTION or claims["jti"] in self.used:
            error = {"error": "invalid_client", "error_description": "The client_assertion is not valid."}
            return Reply(401, error)
        self.used.add(claims["jti"])
        scopes = [one for one in form.get("scope", "").split() if one in self.granted]
        if not scopes:
            return Reply(400, {"error": "invalid_scope", "error_description": "One or more scopes are not allowed."})
        self.issued += 1
        content = {"cid": CLIENT, "scp": scopes, "gen": self.generation, "exp": int(now) + 3600, "jti": self.issued}
        token = jwt.encode({**content, "jti": str(self.issued)}, SIGNING, "HS256")
        granted = {"token_type": "Bearer", "expires_in": 3600, "access_token": token, "scope": " ".join(scopes)}
        return Reply(document=granted)

    def _proven(self, assertion: str, audience: str) -> dict[str, str] | None:
        try:
            key = self.keys[jwt.get_unverified_header(assertion).get("kid", "")]
            claims: dict[str, str] = jwt.decode(assertion, key, ["RS256"], audience=audience)
        except (jwt.InvalidTokenError, KeyError):
            return None
        return claims if claims["iss"] == claims["sub"] == CLIENT else None

    def refuses(self, asked: Asked) -> Reply | None:
        """Give the refusal that a request deserves, or None."""
        kind, _, value = asked.headers.get("authorization", "").partition(" ")
        if kind == "SSWS":
            return None if value == self.token else problem(401, "E0000011", "Invalid token provided")
        try:
            claims = jwt.decode(value, SIGNING, ["HS256"], options={"verify_exp": False})
        except jwt.InvalidTokenError:
            return problem(401, "E0000011", "Invalid token provided")
        if claims["gen"] != self.generation:
            return problem(401, "E0000011", "Invalid token provided")
        what = asked.path.split("/")[3]
        needed = f"okta.{what}.read"
        if needed in SCOPES and needed not in claims["scp"]:
            return problem(403, "E0000006", "You do not have permission to perform the requested action")
        return None


def problem(status: int, code: str, words: str) -> Reply:
    """Give an error as Okta words it."""
    document = {"errorCode": code, "errorSummary": words, "errorLink": code, "errorId": "oae1", "errorCauses": []}
    return Reply(status, document)
