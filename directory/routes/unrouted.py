"""The queue of users whom no rule leads anywhere: who, since when, why, and the rules that would take them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from directory.model import JsonObject, TenantId, UserId
from directory.page_keys import parse_key, render_key
from directory.routes.suggestions import Likeness, Looked, Suggestion, likenesses, suggest
from directory.store.routes import rules, unrouted
from directory.store.routes.facts import list_groups_in_effect
from directory.store.routes.unrouted import COUNTED_MAX, FIRST, Queued

__all__ = ["COUNTED_MAX", "Queued", "Suggestion", "UnroutedPage", "count_unrouted", "each_unrouted", "list_unrouted"]

PAGE = 500
LOOKED_AT = 200
"""Of the queue so many are looked at for suggestions for all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnroutedPage:
    """Some of the queue."""

    users: list[tuple[Queued, Suggestion | None]]
    """Each with the rule that would take it, if one can be told."""
    next_after: str | None
    """Opens the next page."""
    suggestions: list[Suggestion]
    """Rules that would take some of them, the surest first."""
    looked_count: int
    """Of so many of the queue the suggestions say how many they would take."""
    total: int
    """How many wait, counted up to 10,000 and one."""


async def count_unrouted(tenant_id: TenantId) -> int:
    """Return how many users no rule leads anywhere, counted up to 10,000 and one."""
    return await unrouted.count_unrouted(tenant_id)


async def list_unrouted(tenant_id: TenantId, *, after: str | None, limit: int) -> UnroutedPage:
    """Return some of the queue of a super tenant, the longest waiting first, with rules that would take them.

    Raises:
        InvalidError: ``after`` was not made by an earlier page.
    """
    behind = FIRST if after is None else parse_key(after, "time")
    found = await unrouted.list_unrouted(tenant_id, behind=behind, limit=max(limit, LOOKED_AT) + 1)
    page = found[:limit]
    looked = await _looked(tenant_id, [(one.user_id, one.document) for one in found])
    tenants = await rules.list_below(tenant_id)
    routed = await unrouted.sample_routed(tenant_id, [one.tenant_id for one in tenants])
    seen = await _looked(tenant_id, [(one.user_id, one.document) for one in routed])
    led = [(user, one.tenant_id) for user, one in zip(seen, routed, strict=True)]
    suggestions = suggest(looked, led, tenants)
    return UnroutedPage(
        users=[(one, _fitting(suggestions, user)) for one, user in zip(page, looked, strict=False)],
        next_after=render_key(page[-1].since, page[-1].user_id) if len(found) > limit else None,
        suggestions=suggestions,
        looked_count=len(looked),
        total=await count_unrouted(tenant_id),
    )


async def each_unrouted(tenant_id: TenantId) -> AsyncIterator[Queued]:
    """Yield the whole queue of a super tenant, the longest waiting first, page by page."""
    behind = FIRST
    while found := await unrouted.list_unrouted(tenant_id, behind=behind, limit=PAGE):
        for user in found:
            yield user
        behind = (found[-1].since, found[-1].user_id)


async def _looked(tenant_id: TenantId, users: Sequence[tuple[UserId, JsonObject]]) -> list[Looked]:
    groups = await list_groups_in_effect(tenant_id, [user_id for user_id, _ in users]) if users else {}
    return [Looked(document, groups.get(user_id, {})) for user_id, document in users]


def _fitting(suggestions: Sequence[Suggestion], user: Looked) -> Suggestion | None:
    """Return the first rule that would take a user."""
    own = likenesses(user)
    return next((one for one in suggestions if Likeness(one.condition, one.text) in own), None)
