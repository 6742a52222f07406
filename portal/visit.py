"""Who is asking, through which site, and what their form says."""

import hmac
import ipaddress
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from litestar import Request
from litestar.datastructures import State, UploadFile
from litestar.exceptions import ClientException, HTTPException

from directory import signins
from directory.model import AccessRole, Actor, Permission, Source
from directory.signins import Operator
from directory.visitor import Visitor
from portal.places import Kin

FORM_BYTES_MAX = 64 * 1024
UPLOAD_BYTES_MAX = 6 * 1024 * 1024
"""For forms with a file, which the page that takes it bounds more narrowly, and in words."""

UPLOAD_MEDIA_TYPE = "multipart/form-data"
FORM_FIELDS_MAX = 200
FORM_MEDIA_TYPE = "application/x-www-form-urlencoded"
SOFTWARE_CHARS_MAX = 200
TOKEN_FIELD = "csrf_token"  # noqa: S105 - the name of a field
_TOKEN_PATTERN = re.compile(r"[0-9a-f]{128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the portal is reached from outside."""

    public_url: str
    """Scheme, host and port, without a slash at the end."""
    sends_mail: bool = False
    """Whether there is a mail server; without one mails stay queued."""
    private_webhooks: bool = False
    """Whether webhooks may lead to private addresses and to plain http."""

    @property
    def secure(self) -> bool:
        """Whether browsers reach the portal by https; plain http is for loopback only."""
        return self.public_url.startswith("https://")

    @property
    def beyond_loopback(self) -> bool:
        """Whether others than this machine reach the portal."""
        host = urlsplit(self.public_url).hostname or ""
        try:
            return not ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host != "localhost"

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
    attention_count: int = 0
    """How many things wait for somebody; counted for whole pages only."""
    held_count: int = 0
    """How many held changes wait, counted up to 10,000; likewise."""

    @property
    def by(self) -> Actor:
        """The operator as the cause of a change."""
        return signins.operator_actor(self.operator)

    @property
    def is_fresh(self) -> bool:
        """Whether the operator showed within the last ten minutes who it is."""
        return self.operator.is_fresh(self.now)

    def may(self, permission: Permission) -> bool:
        """Whether the operator's role carries ``permission``."""
        return permission in self.operator.role.permissions

    def covers(self, role: AccessRole) -> bool:
        """Whether all that ``role`` carries is the operator's to give: nobody gives or takes away more."""
        return role.permissions <= self.by.reach

    def is_kin(self, kin: Kin) -> bool:
        """Whether a place that is for such tenants only is one of this tenant."""
        tenant = self.operator.tenant
        match kin:
            case "any":
                return True
            case "top":
                return tenant.parent_id is None
            case "super":
                return tenant.is_super
            case "family":
                return tenant.is_super or tenant.parent_id is not None

    def path(self, *segments: object) -> str:
        """Return the path of a page of the operator's tenant."""
        return "/".join(["/t", self.operator.tenant.slug, *map(str, segments)])

    def home_path(self, *segments: object) -> str:
        """Return the path of a page of the operator's own tenant, also from within a view of another."""
        return "/".join(["/t", self.operator.own.tenant.slug, *map(str, segments)])

    def source_path(self, source: Source) -> str:
        """Return the path of a connection's page: of one that pushes, or of one that is pulled."""
        return self.path("configure-scim" if source.kind == "scim" else "connectors", source.source_id)

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


def visitor_of(request: AnyRequest, site: Site) -> Visitor:
    """Return the browser as the directory is told of it."""
    software = request.headers.get("user-agent", "")[:SOFTWARE_CHARS_MAX]
    return Visitor(network=network_of(request), software=software, beyond_loopback=site.beyond_loopback)


def network_of(request: AnyRequest) -> str:
    """Return the network the request came from, coarse enough not to name a person: /24, or /64 for IPv6."""
    host = request.client.host if request.client else ""
    # A socket that takes both families shows IPv4 clients as ::ffff:203.0.113.77; their /64 would be everybody's.
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 64), strict=False))


async def form_fields(request: PortalRequest) -> dict[str, str]:
    """Return the fields of a posted form; of a field sent twice, the last.

    Raises:
        HTTPException: as for ``form_pairs``.
    """
    return dict(await form_pairs(request))


async def form_pairs(request: PortalRequest) -> list[tuple[str, str]]:
    """Return the fields of a posted form as they were sent, a field that was sent twice twice.

    A file is the text of its bytes (``surrogateescape``) under the name of its field, and its name under ``…_name``.

    Raises:
        HTTPException: 413 over 64 KiB, 415 for another media type, 400 when it is not a form.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == UPLOAD_MEDIA_TYPE and request.route_handler.opt.get("upload", False):
        return await _uploaded_pairs(request)
    body = await request.body()
    if not body:
        return []
    if media_type != FORM_MEDIA_TYPE:
        raise HTTPException(status_code=415, detail="not a form")
    try:
        return parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FORM_FIELDS_MAX)
    except (UnicodeDecodeError, ValueError) as error:
        raise ClientException("not a form") from error


async def _uploaded_pairs(request: PortalRequest) -> list[tuple[str, str]]:
    """Return the fields of a form with a file; the framework reads it once, and each call from the beginning."""
    try:
        form = await request.form()
    except ValueError as error:
        raise ClientException("not a form") from error
    pairs: list[tuple[str, str]] = []
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            await value.seek(0)
            pairs.append((name, (await value.read()).decode(errors="surrogateescape")))
            pairs.append((f"{name}_name", value.filename))
        else:
            pairs.append((name, str(value)))
    return pairs


def _under(mask: bytes, text: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(mask, text, strict=True))
