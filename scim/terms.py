"""What an operator set for a source, held to at the door: where its requests come from, and how many there may be."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from math import ceil
from time import monotonic

from litestar.types import Scope

from directory.door_refusals import note_refusal
from directory.edits import UserEdit
from directory.model import RequestDraft, SourceId, SourceSettings, UserAttributes
from directory.person import promoted_from
from directory.refusal_kinds import RefusalCause, RefusalKind
from scim.errors import InvalidValueError, NotAllowedError, ScimError, TooManyRequestsError

BURST = 4
"""So many seconds' worth may come at once: Entra sends a cycle's requests in bursts."""

BUCKETS_MAX = 10_000


@dataclass(slots=True)
class _Bucket:
    """What a source has left."""

    left: float
    at_s: float


_buckets: dict[SourceId, _Bucket] = {}
"""Of this process: several processes allow several times as much."""


def check_terms(scope: Scope, settings: SourceSettings, draft: RequestDraft) -> None:
    """Refuse a request of a known source that comes from elsewhere, or too soon after others; the record says why.

    Raises:
        NotAllowedError: its address is in none of the networks that the source may call from.
        TooManyRequestsError: the rate is used up; says when to come again.
    """
    if not settings.networks and not settings.rate_per_s:
        return
    error: ScimError | None = None
    cause: RefusalCause = "network"
    client = scope.get("client")
    if settings.networks and not is_within("" if client is None else client[0], settings.networks):
        error = NotAllowedError(
            "This connection takes requests from certain networks only, and this one is of another. "
            "Add the network of your IdP under Configure SCIM > Policies."
        )
    elif settings.rate_per_s and draft.source_id is not None:
        wait_s = wait_for(draft.source_id, settings.rate_per_s, now_s=monotonic())
        if wait_s:
            cause, error = "rate", TooManyRequestsError(wait_s)
    if error is not None:
        draft.status, draft.detail = error.status, error.detail
        note_refusal(
            RefusalKind(
                cause=cause,
                network=draft.network,
                software=draft.software,
                source=(draft.tenant_id, draft.source_id) if draft.source_id else None,
            ),
            at=draft.started_at,
        )
        raise error


def wait_for(source_id: SourceId, rate_per_s: int, *, now_s: float) -> int:
    """Return 0 and count the request, or how many whole seconds to wait (RFC 9110 section 10.2.3)."""
    room = float(rate_per_s * BURST)
    bucket = _buckets.get(source_id)
    if bucket is None:
        if len(_buckets) >= BUCKETS_MAX:
            _buckets.clear()
        bucket = _buckets[source_id] = _Bucket(room, now_s)
    bucket.left = min(room, bucket.left + (now_s - bucket.at_s) * rate_per_s)
    bucket.at_s = now_s
    if bucket.left < 1:
        return max(ceil((1 - bucket.left) / rate_per_s), 1)
    bucket.left -= 1
    return 0


def is_within(host: str, networks: Sequence[str]) -> bool:
    """Whether an address is in one of the networks; an IPv4 client of a socket of both families is one of IPv4."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in _parsed(tuple(networks)))


def within_domains(edit: UserEdit, settings: SourceSettings) -> UserEdit:
    """Return the edit; applied, it refuses to give a user an address of a domain that is not accepted."""
    if not settings.accepted_domains:
        return edit

    def checked(attributes: UserAttributes) -> UserAttributes:
        after = edit(attributes)
        # Only a new address is judged: whoever is here already can always be disabled.
        if address_of(after) != address_of(attributes):
            check_domain(after, settings)
        return after

    return checked


def check_domain(attributes: UserAttributes, settings: SourceSettings) -> None:
    """Refuse a user whose e-mail address, or without one whose name, is of a domain that is not accepted.

    Raises:
        InvalidValueError: says which address, and which domains are accepted.
    """
    address = address_of(attributes)
    if settings.accepted_domains and not is_accepted(address, settings.accepted_domains):
        raise InvalidValueError(
            f"This connection accepts addresses of {', '.join(settings.accepted_domains)} and {address} is of "
            "another domain. Leave this user out of scope in your IdP, or add the domain to the connection."
        )


def address_of(attributes: UserAttributes) -> str:
    """Return the address that a user is judged by."""
    return promoted_from(attributes).email or attributes.user_name


def is_accepted(address: str, domains: Sequence[str]) -> bool:
    """Whether an address is of one of the domains; names that are no address are of none."""
    return address.rpartition("@")[2].lower().rstrip(".") in domains if "@" in address else False


@lru_cache(maxsize=256)
def _parsed(networks: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(network) for network in networks)
