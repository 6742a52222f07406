"""What pages of connections that are pulled have in common: which one is meant, its kind, and its frame."""

from datetime import datetime

from directory import overview
from directory.errors import InvalidError, NotFoundError, UnavailableError
from directory.model import SourceId
from directory.overview import SourcePulse
from directory.pulls import sources
from directory.pulls.kinds import PullKind, current_connectors
from directory.pulls.model import PullSource
from portal.forms import path_uuid
from portal.visit import PortalRequest, Visit

CONNECTORS = "/t/{slug:str}/connectors"
CONNECTOR = f"{CONNECTORS}/{{source_id:str}}"
TABS = (
    ("", "Connection", "portal:view"),
    ("configuration", "Configuration", "sources:manage"),
    ("credentials", "Credentials", "sources:manage"),
    ("mapping", "Attribute mapping", "sources:manage"),
    ("schedule", "Schedule", "sources:manage"),
    ("mode", "Mode", "sources:manage"),
    ("test", "Test", "sources:manage"),
)
"""Segment, label, and what one must be allowed to."""

NOT_HERE = "This connection is no longer there. Choose another one."


async def connector_of(request: PortalRequest) -> PullSource:
    """Return the connection that an address names.

    Raises:
        NotFoundError: the tenant has none of this id that is pulled.
    """
    tenant_id = request.auth.operator.tenant.tenant_id
    return await sources.get_pull_source(tenant_id, SourceId(path_uuid(request, "source_id")))


def offered_kinds() -> tuple[PullKind, ...]:
    """Return what can be pulled from here; nothing where no connectors are loaded."""
    try:
        return current_connectors().kinds()
    except UnavailableError:
        return ()


def kind_label(name: str) -> str:
    """Return what a kind is called, also of one that is not allowed here any more."""
    return next((kind.label for kind in offered_kinds() if kind.name == name), name)


def lacks_credentials(source: PullSource) -> bool:
    """Whether a connection cannot be pulled before somebody enters credentials; not all kinds need some."""
    needs = any(kind.credentials for kind in offered_kinds() if kind.name == source.kind)
    return needs and not source.secret_names


def kind_of(source: PullSource) -> PullKind:
    """Return the kind of a connection.

    Raises:
        NotFoundError: it is another package's, and not allowed here any more.
    """
    try:
        return current_connectors().get_kind(source.kind)
    except InvalidError as error:
        raise NotFoundError("connector", source.kind) from error


async def pushing_pulses(visit: Visit) -> list[SourcePulse]:
    """Return the connections that push, with how they are."""
    pulses = await overview.list_pulses(visit.operator.tenant.tenant_id, now=visit.now)
    return [pulse for pulse in pulses if pulse.source.kind == "scim"]


def pushes_now(pulse: SourcePulse, now: datetime) -> bool:
    """Whether a connection has a secret with which something may arrive."""
    paused = pulse.source.settings.paused
    return not paused and any(secret.state(now) in {"active", "retiring"} for secret in pulse.secrets)
