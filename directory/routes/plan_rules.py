"""What a change of the routing rules comes to: the rules as they would be, and the rows and the event of it. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import msgspec

from directory.errors import InvalidError, NotFoundError
from directory.model import TenantId
from directory.plan import NOTHING, AttributeChange, Change, DeleteRows, Event, InsertRow, Plan, UpdateRows
from directory.routes.drafts import (
    RULES_MAX,
    AddRule,
    EditRule,
    MoveRule,
    RemoveRule,
    RuleChange,
    RuleDraft,
    SetReading,
    draft_of,
)
from directory.routing import Condition, RoutingPolicy, RoutingRule

_ACTIONS = {
    AddRule: "routing:rule:added",
    EditRule: "routing:rule:changed",
    MoveRule: "routing:rule:moved",
    RemoveRule: "routing:rule:removed",
    SetReading: "routing:changed",
}


def policy_after(
    current: RoutingPolicy, change: RuleChange, *, rule_id: UUID, consented_by: str | None = None
) -> RoutingPolicy:
    """Return what users would be led by; equal to ``current`` if that is what is wanted already.

    Rules stand at places from 1 on. ``rule_id`` is the id of a rule that is new; ``consented_by`` allows it, or the one
    that is edited, to give a role that carries administration.

    Raises:
        NotFoundError: there is no such rule.
        InvalidError: there would be too many.
    """
    match change:
        case SetReading(matches=matches, fallback=fallback):
            return replace(current, matches=matches, fallback=fallback)
        case AddRule(draft=draft, place=place):
            if len(current.rules) >= RULES_MAX:
                raise InvalidError("rules", f"may be {RULES_MAX} at most")
            rules = list(current.rules)
            rules.insert(len(rules) if place is None else place - 1, _rule(rule_id, draft, consented_by))
            return replace(current, rules=_placed(rules))
        case EditRule(rule_id=edited_id, draft=draft):
            line = rule_of(current, edited_id)
            if draft_of(line) == draft:
                return current
            edited = replace(_rule(edited_id, draft, consented_by), position=line.position)
            return replace(current, rules=tuple(edited if one is line else one for one in current.rules))
        case MoveRule(rule_id=moved_id, places=places):
            line = rule_of(current, moved_id)
            at = min(max(current.rules.index(line) + places, 0), len(current.rules) - 1)
            rules = [one for one in current.rules if one is not line]
            rules.insert(at, line)
            return current if tuple(rules) == current.rules else replace(current, rules=_placed(rules))
        case RemoveRule(rule_id=removed_id):
            line = rule_of(current, removed_id)
            return replace(current, rules=_placed([one for one in current.rules if one is not line]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A policy as columns keep it."""

    mark: UUID
    """The tenant's new mark, by which everybody sees that the rules are others."""
    texts: Sequence[tuple[str, str]]
    """(condition, tenants) of the rules in their order."""
    routing: str
    """The rest of it."""


def plan_rules(
    tenant_id: TenantId,
    current: RoutingPolicy,
    after: RoutingPolicy,
    change: RuleChange,
    written: Written,
    *,
    at: datetime,
) -> Plan:
    """Plan the rows of the rules that differ, the tenant's new mark, and the event; nothing if nothing would change."""
    if after == current:
        return NOTHING
    before = {rule.rule_id: rule for rule in current.rules}
    values: dict[str, object] = {"routing_mark": written.mark}
    if (after.matches, after.fallback) != (current.matches, current.fallback):
        values["routing"] = written.routing
    changes: list[Change] = [
        DeleteRows(table="routing_rule_row", where={"tenant_id": tenant_id, "id": rule_id})
        for rule_id in before
        if all(rule.rule_id != rule_id for rule in after.rules)
    ]
    for rule, texts in zip(after.rules, written.texts, strict=True):
        changes += _row_changes(tenant_id, before.get(rule.rule_id), rule, texts, at=at)
    changes.append(UpdateRows(table="tenant_row", values=values, where={"id": tenant_id}, require=1))
    return Plan(changes=tuple(changes), events=(_event(tenant_id, current, after, change),))


def rule_of(policy: RoutingPolicy, rule_id: UUID) -> RoutingRule:
    """Return a rule of the list.

    Raises:
        NotFoundError: there is no such rule.
    """
    for rule in policy.rules:
        if rule.rule_id == rule_id:
            return rule
    raise NotFoundError("rule", rule_id)


def condition_words(condition: Condition) -> str:
    """Return a condition in few words, without the names of groups and sources that it knows by their ids."""
    values = ", ".join(condition.values)
    match condition.kind:
        case "group":
            return "member of a group"
        case "group_name":
            return f"group is like {values}"
        case "attribute":
            test = {"equals": "is", "one_of": "is one of", "pattern": "is like"}[condition.test]
            return f"{condition.path.rpartition(':')[2]} {test} {values}"
        case "domain":
            return f"e-mail at {values}"
        case "source":
            return "comes from a connection"
        case "named_tenant":
            return f"{condition.path.rpartition(':')[2]} names the tenant"


def _rule(rule_id: UUID, draft: RuleDraft, consented_by: str | None) -> RoutingRule:
    return RoutingRule(
        rule_id=rule_id,
        kind=draft.kind,
        position=0,
        label=draft.label or condition_words(draft.condition)[:100],
        condition=draft.condition,
        goes_to=draft.goes_to,
        role_key=draft.role_key,
        stops=draft.stops,
        consented_by=consented_by,
    )


def _placed(rules: Sequence[RoutingRule]) -> tuple[RoutingRule, ...]:
    return tuple(replace(rule, position=place) for place, rule in enumerate(rules, 1))


def _row_changes(
    tenant_id: TenantId, before: RoutingRule | None, rule: RoutingRule, texts: tuple[str, str], *, at: datetime
) -> Iterator[Change]:
    where = {"tenant_id": tenant_id, "id": rule.rule_id}
    if before == rule:
        return
    if before is not None and replace(before, position=rule.position) == rule:
        yield UpdateRows(table="routing_rule_row", values={"position": rule.position}, where=where, require=1)
        return
    values = {
        "kind": rule.kind,
        "position": rule.position,
        "label": rule.label,
        "condition": texts[0],
        "goes_to": texts[1],
        "role_key": rule.role_key,
        "stops": rule.stops,
        "consented_by": rule.consented_by,
    }
    if before is None:
        yield InsertRow(table="routing_rule_row", values={**where, **values, "created_at": at})
    else:
        yield UpdateRows(table="routing_rule_row", values=values, where=where, require=1)


def _event(tenant_id: TenantId, current: RoutingPolicy, after: RoutingPolicy, change: RuleChange) -> Event:
    subject: UUID = tenant_id
    label, told = "Routing", _reading_told(current, after)
    if not isinstance(change, SetReading):
        was = {rule.rule_id: rule for rule in current.rules}
        becomes = {rule.rule_id: rule for rule in after.rules}
        subject = (becomes.keys() - was.keys()).pop() if isinstance(change, AddRule) else change.rule_id
        label = (becomes.get(subject) or was[subject]).label
        told = _rule_told(was.get(subject), becomes.get(subject), _slugs(after))
    return Event(
        action=_ACTIONS[type(change)], subject_kind="policy", subject_id=subject, subject_label=label, changes=told
    )


def _reading_told(current: RoutingPolicy, after: RoutingPolicy) -> tuple[AttributeChange, ...]:
    slugs = _slugs(after)
    pairs = (
        ("matches", current.matches, after.matches),
        ("fallback", _fallback_told(current, slugs), _fallback_told(after, slugs)),
    )
    return tuple(AttributeChange(name=name, old=old, new=new) for name, old, new in pairs if old != new)


def _fallback_told(policy: RoutingPolicy, slugs: Mapping[TenantId, str]) -> str:
    return "queue" if policy.fallback is None else slugs.get(policy.fallback, str(policy.fallback))


def _rule_told(
    before: RoutingRule | None, after: RoutingRule | None, slugs: Mapping[TenantId, str]
) -> tuple[AttributeChange, ...]:
    old, new = _told(before, slugs), _told(after, slugs)
    return tuple(
        AttributeChange(name=name, old=old.get(name), new=new.get(name))
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    )


def _told(rule: RoutingRule | None, slugs: Mapping[TenantId, str]) -> dict[str, str | None]:
    if rule is None:
        return {}
    return {
        "label": rule.label,
        "place": str(rule.position),
        "for": "users" if rule.kind == "user" else "groups",
        "condition": condition_words(rule.condition),
        "leads to": ", ".join(slugs.get(tenant_id, str(tenant_id)) for tenant_id in rule.goes_to) or None,
        "role": rule.role_key,
        "stops": "yes" if rule.stops else "no",
        "consented_by": rule.consented_by,
        "definition": msgspec.json.encode(draft_of(rule), order="deterministic").decode(),
    }


def _slugs(policy: RoutingPolicy) -> dict[TenantId, str]:
    return {tenant_id: slug for slug, tenant_id in (policy.slugs or {}).items()}
