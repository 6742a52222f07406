"""Who is asking, through which site, and what their form says."""

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import ClientException, HTTPException

from directory import signins
from directory.model import AccessRole, Actor, Permission
from directory.signins import Operator

FORM_BYTES_MAX = 64 * 1024
FORM_FIELDS_MAX = 200
FORM_MEDIA_TYPE = "application/x-www-form-urlencoded"
TOKEN_FIELD = "csrf_token"  # noqa: S105 - the name of a field
_TOKEN_PATTERN = re.compile(r"[0-9a-f]{128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the portal is reached from outside."""

    public_url: str
    """Scheme, host and port, without a slash at the end."""

    @property
    def secure(self) -> bool:
        """Whether browsers reach the portal by https; plain http is for loopback only."""
        return self.public_url.startswith("https://")

    @property
    def origin(self) -> str:
        """The value browsers send as Origin."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def cookie_name(self) -> str:
        """``__Host-`` binds the cookie to this host and to https; other clients than Chromium drop it on plain http."""
        return "__Host-rolebook" if self.secure else "rolebook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request of a signed-in operator."""

    operator: Operator
    now: datetime
    """The clock, read once for the whole request."""

    @property
    def by(self) -> Actor:
        """The operator as the cause of a change."""
        return signins.operator_actor(self.operator)

    def may(self, permission: Permission) -> bool:
        """Whether the operator's role carries ``permission``."""
        return permission in self.operator.role.permissions

    def covers(self, role: AccessRole) -> bool:
        """Whether the operator's role carries all that ``role`` carries: nobody gives or takes away more."""
        return role.permissions <= self.operator.role.permissions

    def path(self, *segments: object) -> str:
        """Return the path of a page of the operator's tenant."""
        return "/".join(["/t", self.operator.tenant.slug, *map(str, segments)])

    def new_token(self) -> str:
        """Return a fresh form token: a mask, then the session's tag under it.

        The mask keeps the tag from being guessed by the length of compressed pages.
        """
        mask = secrets.token_bytes(32)
        return mask.hex() + _under(mask, self._tag()).hex()

    def owns_token(self, token: str) -> bool:
        """Whether ``token`` was made for this session."""
        # The format first: compare_digest raises on text outside ASCII.
        if _TOKEN_PATTERN.fullmatch(token) is None:
            return False
        raw = bytes.fromhex(token)
        return hmac.compare_digest(_under(raw[:32], raw[32:]), self._tag())

    def _tag(self) -> bytes:
        return hmac.digest(self.operator.csrf_key, b"portal form", "sha256")


PortalRequest: TypeAlias = Request[Operator, Visit, State]
AnyRequest: TypeAlias = Request[Any, Any, Any]
"""A request as the framework hands it to what words errors: nobody may be signed in."""


def site_of(request: PortalRequest) -> Site:
    """Return the site that the request's route belongs to."""
    site = request.route_handler.opt["site"]
    assert isinstance(site, Site)  # noqa: S101 - routes.router sets it on every route
    return site


async def form_fields(request: PortalRequest) -> dict[str, str]:
    """Return the fields of a posted form; of a field sent twice, the last.

    Raises:
        HTTPException: 413 over 64 KiB, 415 for another media type, 400 when it is not a form.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if not body:
        return {}
    if media_type != FORM_MEDIA_TYPE:
        raise HTTPException(status_code=415, detail="not a form")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FORM_FIELDS_MAX)
    except (UnicodeDecodeError, ValueError) as error:
        raise ClientException("not a form") from error
    return dict(pairs)


def _under(mask: bytes, text: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(mask, text, strict=True))
