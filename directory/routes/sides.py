"""A user of a super tenant in all its tenants, side by side: what each has, and why it is there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from directory.model import Tenant, User
from directory.routes.explain import WhyLine, explain
from directory.routes.stays import Stay, stays_of
from directory.store.routes import sides


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One tenant that a user is in, or should be."""

    stay: Stay
    why: Sequence[WhyLine]
    """The rules that lead there now; none where a rule did so before, or the user stays as its own."""
    changed_at: datetime | None
    """When the user last changed there; None where nobody is."""
    lock_reason: str | None
    lock_until: datetime | None
    is_blocked: bool
    """Whether that tenant keeps the user from signing in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Where a user is."""

    sides: Sequence[Side]
    unrouted: str
    """Why no rule leads the user anywhere; empty where one does, and for local users, whom nothing leads."""


async def list_sides(tenant: Tenant, user: User) -> Sides | None:
    """Return the tenants of a user of a super tenant, by slug; None for a tenant that leads nobody anywhere."""
    if not tenant.is_super:
        return None
    stays = (await stays_of(tenant.tenant_id, [user.user_id]))[user.user_id]
    own = {row["to_tenant_id"]: row for row in await sides.list_sides(tenant.tenant_id, user.user_id)}
    why = None if user.source_id is None else await explain(tenant.tenant_id, user.user_id)
    lines = () if why is None else why.lines
    found = []
    for stay in stays:
        row = own.get(stay.tenant_id)
        found.append(
            Side(
                stay=stay,
                why=[line for line in lines if stay.tenant_id in line.tenant_ids],
                changed_at=None if row is None else max(row["modified_at"], row["decided_at"]),
                lock_reason=None if row is None else row["lock_reason"],
                lock_until=None if row is None else row["lock_until"],
                is_blocked=row is not None and row["blocked_id"] is not None,
            )
        )
    return Sides(sides=found, unrouted="" if why is None else why.unrouted)
