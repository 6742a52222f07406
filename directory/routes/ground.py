"""What routing stands on: the super tenant, its rules, and in whose name and when."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from directory.followers import Place, unfollowed
from directory.model import Actor, Tenant, TenantId
from directory.routing import RoutingPolicy
from directory.store.routes.policy import find_routed
from directory.store.unit import is_in_unit, joining


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A super tenant as it routes now; ``by`` is whoever caused it there."""

    tenant: Tenant
    policy: RoutingPolicy
    by: Actor
    now: datetime
    lets_pass: bool = False
    """Whether the guards of the tenants below count what follows without holding it: an operator confirmed it."""


async def find_ground(
    tenant_id: TenantId, *, by: Actor, now: datetime, lets_pass: bool = False, place: Place | None = None
) -> Ground | None:
    """Return what routing of a tenant stands on, None if it routes nothing; in a unit nobody changes it meanwhile.

    ``place``: what the unit has read of the tenant already.
    """
    found = await find_routed(tenant_id, hold=is_in_unit(), place=place)
    if found is None:
        return None
    tenant, policy = found
    return Ground(tenant=tenant, policy=policy, by=by, now=now, lets_pass=lets_pass)


@contextmanager
def as_routing() -> Iterator[None]:
    """Let the verbs of the body act in tenants below as parts of the open unit; nothing follows what they commit."""
    with joining(), unfollowed():
        yield
