"""The tenants below a super tenant, as its operators see them: how they are, and their figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from directory.errors import InvalidError
from directory.model import Actor, TenantId
from directory.routing import RoutingRule
from directory.slugs import SLUG_PATTERN
from directory.store import tenant_figures, tenants
from directory.store.routes.policy import find_routing
from directory.store.tenant_figures import Figures
from directory.sub_tenants.below import get_below
from directory.tenant_states import TenantState

FAILED_WITHIN = timedelta(hours=24)
TEXT_CHARS_MAX = 200

__all__ = ["ChildPage", "Figures", "TenantLine", "count_children", "count_troubled", "get_child", "list_children"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantLine:
    """One tenant of the list."""

    state: TenantState
    figures: Figures
    rules: Sequence[RoutingRule]
    """Those that name it, in order."""
    is_fallback: bool
    """Whether those come here whom no rule leads anywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildPage:
    """Some of them, by slug; ``next_after`` opens the next page."""

    lines: list[TenantLine]
    next_after: str | None


async def list_children(tenant_id: TenantId, text: str, *, after: str | None, limit: int, now: datetime) -> ChildPage:
    """Return a page of the tenants below a tenant, deleted ones too, that have the text in their slug or name.

    Raises:
        InvalidError: ``after`` is no slug.
    """
    if after is not None and SLUG_PATTERN.fullmatch(after) is None:
        raise InvalidError("after", "is no place in this list")
    found = await tenants.page_below(tenant_id, text.strip()[:TEXT_CHARS_MAX], after=after or "", limit=limit + 1)
    page = found[:limit]
    more = len(found) > limit
    return ChildPage(lines=await _lines(tenant_id, page, now=now), next_after=page[-1].tenant.slug if more else None)


async def get_child(tenant_id: TenantId, *, by: Actor, now: datetime) -> TenantLine:
    """Return one of them.

    Raises:
        NotFoundError: the actor has no such tenant.
    """
    state = await get_below(tenant_id, by=by)
    (line,) = await _lines(by.tenant_id, [state], now=now)
    return line


async def count_children(tenant_id: TenantId) -> int:
    """Return how many tenants are below a tenant; deleted ones count no more."""
    return await tenants.count_below(tenant_id)


async def count_troubled(tenant_id: TenantId, *, by: Actor) -> dict[str, int]:
    """Return how many users are led to a tenant and held, met or refused there, by state."""
    return await tenant_figures.count_troubled(by.tenant_id, tenant_id)


async def _lines(parent_id: TenantId, states: Sequence[TenantState], *, now: datetime) -> list[TenantLine]:
    if not states:
        return []
    policy = await find_routing(parent_id)
    tenant_ids = [one.tenant.tenant_id for one in states]
    figures = await tenant_figures.list_figures(tenant_ids, failed_since=now - FAILED_WITHIN)
    return [
        TenantLine(
            state=one,
            figures=figures[one.tenant.tenant_id],
            rules=[] if policy is None else [rule for rule in policy.rules if one.tenant.tenant_id in rule.goes_to],
            is_fallback=policy is not None and policy.fallback == one.tenant.tenant_id,
        )
        for one in states
    ]
