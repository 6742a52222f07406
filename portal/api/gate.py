"""Who calls: the key of an asset system, how often it may ask, and what its request says."""

import re
from collections.abc import Collection
from math import ceil
from time import monotonic
from typing import TypeVar
from uuid import UUID

import msgspec

from directory import equipment_keys
from directory.edits import Expect
from directory.errors import UnknownSecretError
from directory.model import Actor
from directory.tenancy import take_turn
from portal.api.problems import refused, unauthorized
from portal.auth import clock
from portal.visit import PortalRequest, network_of

RATE_PER_S = 20
BURST = 200
TENANTS_MAX = 10_000
BODY_BYTES_MAX = 64 * 1024
STATE_KEY = "equipment_actor"
_SCHEME = re.compile(r"bearer +(\S+)", re.IGNORECASE)
_ETAG = re.compile(r'"(\d{1,15})"')
_left: dict[UUID, tuple[float, float]] = {}
"""What each tenant has left, and when that was; of this process."""

Body = TypeVar("Body")


async def admit(request: PortalRequest) -> None:
    """Let the request through if its key opens anything, and not too often. Cookies mean nothing here.

    Raises:
        ProblemError: 401 without a valid key, 429 with the seconds to wait.
    """
    if request.route_handler.opt.get("public", False):
        return
    found = _SCHEME.fullmatch(request.headers.get("authorization", "").strip())
    if found is None:
        raise unauthorized()
    try:
        by = await equipment_keys.recognise(found[1], now=clock(), network=network_of(request))
    except UnknownSecretError:
        raise unauthorized() from None
    take_turn(by.tenant_id)
    wait_s = wait_for(by.tenant_id, now_s=monotonic())
    if wait_s:
        detail = f"At most {RATE_PER_S} requests a second are taken of a tenant, {BURST} at once."
        raise refused(429, detail, Retry_After=str(wait_s))
    request.scope["state"][STATE_KEY] = by


def wait_for(tenant_id: UUID, *, now_s: float) -> int:
    """Return 0 and count the request, or how many whole seconds to wait."""
    if len(_left) >= TENANTS_MAX:
        _left.clear()
    left, at_s = _left.get(tenant_id, (float(BURST), now_s))
    left = min(float(BURST), left + (now_s - at_s) * RATE_PER_S)
    if left < 1:
        _left[tenant_id] = (left, now_s)
        return max(ceil((1 - left) / RATE_PER_S), 1)
    _left[tenant_id] = (left - 1, now_s)
    return 0


def actor_of(request: PortalRequest) -> Actor:
    """Return whom the key stands for."""
    by: Actor = request.scope["state"][STATE_KEY]
    return by


async def read_body(request: PortalRequest, shape: type[Body]) -> Body:
    """Return the JSON body in its shape; an empty one is an empty object.

    Raises:
        ProblemError: 415 for another media type, 400 for what is no JSON of this shape.
    """
    raw = await request.body()
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if raw and media_type != "application/json":
        raise refused(415, "Send the body as application/json.")
    try:
        return msgspec.json.decode(raw or b"{}", type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise refused(400, f"The body cannot be read: {error}.") from error


def read_params(request: PortalRequest, known: Collection[str]) -> dict[str, str]:
    """Return the parameters of the address.

    Raises:
        ProblemError: 400 for one that is not known, or that stands there twice.
    """
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in known or name in found:
            raise refused(400, f"The parameter {name[:40]} is not known here, or stands there twice.", name[:40])
        found[name] = value
    return found


def expected(request: PortalRequest) -> Expect:
    """Return which version the caller expects (RFC 9110 sections 13.1.1 and 13.1.2); 0 stands for none yet.

    Raises:
        ProblemError: 400 for a condition that cannot be read.
    """
    match, none_match = request.headers.get("if-match"), request.headers.get("if-none-match")
    if none_match is not None:
        if none_match.strip() != "*":
            raise refused(400, "If-None-Match can be * only: put it if there is none.", "If-None-Match")
        return lambda version: version == 0
    if match is None:
        return None
    if match.strip() == "*":
        return lambda version: version > 0
    found = _ETAG.fullmatch(match.strip())
    if found is None:
        raise refused(400, "If-Match holds the ETag of an item, or *.", "If-Match")
    wanted = int(found[1])
    return lambda version: version == wanted
