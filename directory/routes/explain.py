"""Why a user is in a tenant: the rules in their order, with the fact of the user that fits them."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from directory.errors import NotFoundError
from directory.model import GroupId, JsonObject, SourceId, TenantId, UserId
from directory.routes.plan_rules import condition_words
from directory.routes.rules import get_routing
from directory.routing import RoutedPerson, RoutingRule, domain_of, fits_person, is_like, outcome_for, texts_at
from directory.store import access, people
from directory.store.routes.facts import list_groups_in_effect

FACT_MAX = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyLine:
    """One rule, as it looks at a user."""

    rule_id: UUID | None
    """None: the fallback."""
    place: int
    """From 1; 0 for the fallback."""
    label: str
    condition: str
    fact: str
    """What of the user fits the condition."""
    tenant_ids: tuple[TenantId, ...]
    """The tenants that the user is in because of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why a user is where it is."""

    lines: tuple[WhyLine, ...]
    """The rules that count, in their order."""
    unrouted: str
    """Why no tenant has the user: ``no rule``, ``tenant is gone`` or ``name is unknown``; empty if one has."""


async def explain(tenant_id: TenantId, user_id: UserId) -> Why:
    """Return which rules lead a user of a super tenant where they do, by the rules and facts of now.

    Raises:
        NotFoundError: no super tenant, or no such user whom its sources provision.
    """
    policy = await get_routing(tenant_id)
    user = await people.find_user(tenant_id, user_id)
    if user is None or user.source_id is None:
        raise NotFoundError("user", user_id)
    groups = (await list_groups_in_effect(tenant_id, [user_id])).get(user_id, {})
    person = RoutedPerson(document=dict(user.attributes.document), source_id=user.source_id, groups=groups)
    outcome = outcome_for(person, policy)
    labels = {source.source_id: source.label for source in await access.list_sources(tenant_id)}
    led: dict[UUID | None, list[TenantId]] = {}
    for destination in outcome.destinations:
        led.setdefault(destination.rule_id, []).append(destination.tenant_id)
    lines = [
        _line(rule, person, labels, tuple(led[rule.rule_id]))
        for rule in policy.rules
        if rule.rule_id in led and fits_person(rule, person)
    ]
    if None in led:
        lines.append(
            WhyLine(
                rule_id=None,
                place=0,
                label="Fallback",
                condition="no rule fits",
                fact="",
                tenant_ids=tuple(led[None]),
            )
        )
    return Why(lines=tuple(lines), unrouted=outcome.unrouted)


async def why(tenant_id: TenantId, user_id: UserId) -> list[WhyLine]:
    """Return the rules that lead a user anywhere, in their order; raises as ``explain`` does."""
    return list((await explain(tenant_id, user_id)).lines)


def _line(
    rule: RoutingRule, person: RoutedPerson, labels: Mapping[SourceId, str], tenant_ids: tuple[TenantId, ...]
) -> WhyLine:
    return WhyLine(
        rule_id=rule.rule_id,
        place=rule.position,
        label=rule.label,
        condition=condition_words(rule.condition),
        fact=fact_for(rule, person, labels)[:FACT_MAX],
        tenant_ids=tenant_ids,
    )


def fact_for(rule: RoutingRule, person: RoutedPerson, labels: Mapping[SourceId, str]) -> str:
    """Return what of a user fits a rule: the name of the group, the value, the domain or the connection. Pure."""
    condition = rule.condition
    document: JsonObject = dict(person.document)
    match condition.kind:
        case "group":
            return person.groups.get(GroupId(condition.value), "") if condition.value is not None else ""
        case "group_name":
            fitting = (
                name
                for name in sorted(person.groups.values())
                if any(is_like(pattern, name) for pattern in condition.values)
            )
            return next(fitting, "")
        case "source":
            return "" if person.source_id is None else labels.get(person.source_id, "")
        case "domain":
            return domain_of(document)
        case "attribute" | "named_tenant":
            return ", ".join(texts_at(document, condition.path))
