"""What takes a change of the rules back: another change, which is previewed as any other."""

from collections.abc import Mapping

import msgspec

from directory import activity
from directory.errors import NotFoundError
from directory.events import EventView
from directory.model import EventId, TenantId
from directory.routes.drafts import (
    PLACES_MAX,
    AddRule,
    EditRule,
    MoveRule,
    RemoveRule,
    RuleChange,
    RuleDraft,
    SetReading,
    checked_change,
)
from directory.routes.plan_rules import rule_of
from directory.routes.rules import get_routing
from directory.routing import RoutingPolicy


async def inverse_of(tenant_id: TenantId, event_id: EventId) -> RuleChange:
    """Return the change that brings back what an event of the routing rules found.

    Raises:
        NotFoundError: there is no such event, it is about something else, or its rule is gone since.
        InvalidError: what it found cannot be any more.
    """
    event = (await activity.get_change(tenant_id, event_id)).event
    policy = await get_routing(tenant_id)
    was = {change.name: str(change.old) for change in event.changes if change.old is not None}
    match event.action:
        case "routing:rule:added":
            change: RuleChange = RemoveRule(rule_id=rule_of(policy, event.subject_id).rule_id)
        case "routing:rule:removed":
            change = AddRule(draft=_draft(was, event), place=_place(was))
        case "routing:rule:changed":
            change = EditRule(rule_id=rule_of(policy, event.subject_id).rule_id, draft=_draft(was, event))
        case "routing:rule:moved":
            line = rule_of(policy, event.subject_id)
            places = (_place(was) or line.position) - line.position
            change = MoveRule(rule_id=line.rule_id, places=max(min(places, PLACES_MAX - 1), 1 - PLACES_MAX) or -1)
        case "routing:changed":
            change = _reading(policy, was)
        case _:
            raise NotFoundError("change of the rules", event_id)
    return checked_change(change)


def _draft(was: Mapping[str, str], event: EventView) -> RuleDraft:
    try:
        return msgspec.json.decode(was["definition"], type=RuleDraft)
    except (KeyError, msgspec.DecodeError) as error:
        raise NotFoundError("former rule", event.event_id) from error


def _place(was: Mapping[str, str]) -> int | None:
    text = was.get("place", "")
    return int(text) if text.isdecimal() and int(text) > 0 else None


def _reading(policy: RoutingPolicy, was: Mapping[str, str]) -> SetReading:
    """Return how rules were read; a fallback that is no tenant below any more stays as it is."""
    fallback = policy.fallback
    if "fallback" in was:
        fallback = (policy.slugs or {}).get(was["fallback"], fallback) if was["fallback"] != "queue" else None
    return SetReading(matches="all" if was.get("matches", policy.matches) == "all" else "first", fallback=fallback)
