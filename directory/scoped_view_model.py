"""Scoped views: an operator of a super tenant looks into a tenant below it, for a reason and for an hour at most."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal, get_args
from uuid import UUID

from directory.model import Permission, TenantId, UserId

Level = Literal["look", "act"]
"""What the view allows: seeing what everybody there sees, or also what the operator's own role carries."""

ViewState = Literal["asked", "granted", "refused", "open", "ended", "expired"]
ViewPolicy = Literal["open", "ask", "closed"]
"""Whether a tenant lets operators of its super tenant in: at once, after somebody there agrees, or not at all."""

LEVELS: tuple[Level, ...] = get_args(Level)
POLICIES: tuple[ViewPolicy, ...] = get_args(ViewPolicy)
VIEW_LASTS = timedelta(hours=1)
REQUEST_LASTS = timedelta(days=1)
"""How long somebody may agree, and how long what was agreed to can be opened."""

NEEDED: Mapping[Level, Permission] = MappingProxyType({"look": "portal:view", "act": "settings:manage"})
"""What the operator's own role must carry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopedView:
    """One look into a tenant, from being asked for to its end."""

    view_id: UUID
    tenant_id: TenantId
    """The super tenant."""
    to_tenant_id: TenantId
    to_name: str
    to_slug: str
    user_id: UserId
    user_label: str
    session_id: UUID | None
    """The web session that it belongs to, once it is open."""
    reason: str
    level: Level
    state: ViewState
    asked_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    begun_at: datetime | None
    until: datetime
    ended_at: datetime | None
    changed_count: int | None = None
    """Events that the operator caused there, once the view is over."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes of it."""
        return self.ended_at is not None


def permitted(level: Level, permissions: frozenset[Permission]) -> frozenset[Permission]:
    """Return what a view lets an operator do whose own role carries ``permissions``: never more than these.

    Nothing, when the role does not carry what the level asks for: then there is no such view.
    """
    if NEEDED[level] not in permissions:
        return frozenset()
    return permissions & {"portal:view"} if level == "look" else permissions
