"""How a tenant is: open, suspended, deleted or erased; and what its super tenant decided for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from directory.model import Tenant

State = Literal["open", "suspended", "deleted", "erased"]
Views = Literal["open", "ask", "closed"]
"""Whether operators of the super tenant may look in: at once, after asking, or not at all."""

VIEWS: tuple[Views, ...] = ("open", "ask", "closed")
"""From the most open to the strictest."""

TENANT_GRACE = timedelta(days=30)
"""So long a deleted tenant can be restored; then what it knows of people is erased."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantState:
    """A tenant with how it is.

    A deleted tenant is suspended, too: whatever asks for a tenant that may act asks for one that is not suspended.
    """

    tenant: Tenant
    created_at: datetime
    suspended_at: datetime | None = None
    deleted_at: datetime | None = None
    erased_at: datetime | None = None
    ended_by: str | None = None
    """Who suspended or deleted it."""
    scoped_views: Views = "open"
    own_sources: bool = True
    """Whether it may have connections of its own."""
    grace_days: int = 30
    """So long users of its own, and of connections to come, can be restored after they are deleted."""

    @property
    def state(self) -> State:
        """The one word for it."""
        if self.erased_at is not None:
            return "erased"
        if self.deleted_at is not None:
            return "deleted"
        return "open" if self.suspended_at is None else "suspended"

    @property
    def erased_after(self) -> datetime | None:
        """From when on a deleted tenant is erased."""
        return None if self.deleted_at is None else self.deleted_at + TENANT_GRACE


def may_set_views(before: Views, after: Views) -> bool:
    """Whether a super tenant may decide so: it makes looking in stricter, and only the tenant itself opens it again."""
    return VIEWS.index(after) >= VIEWS.index(before)
