"""The ordered routing rules of a super tenant: reading them with all their names, and changing them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from directory.commit import commit_plan, in_unit_of
from directory.errors import InvalidError, NotFoundError
from directory.ids import new_id
from directory.model import Actor, TenantId
from directory.names import name_key
from directory.plan import joined_plan
from directory.routes.drafts import (
    AddRule,
    EditRule,
    MoveRule,
    RemoveRule,
    RuleChange,
    RuleDraft,
    SetReading,
    checked_change,
    text_of,
)
from directory.routes.plan_rules import Written, condition_words, plan_rules, policy_after, rule_of
from directory.routes.walks import count_everybody, plan_walk
from directory.routing import Condition, RoutingPolicy, RoutingRule
from directory.store.routes import rules
from directory.store.routes.policy import find_routing, routing_text, texts_of
from directory.store.routes.rules import Below

__all__ = [
    "AddRule",
    "Below",
    "Condition",
    "EditRule",
    "MoveRule",
    "RemoveRule",
    "RuleChange",
    "RuleDraft",
    "RuleLine",
    "RuleList",
    "SetReading",
    "change_rules",
    "create_rule",
    "delete_rule",
    "edit_routing",
    "edit_rule",
    "list_rules",
    "list_tenants_below",
    "move_rule",
    "text_of",
]

Still: TypeAlias = Callable[[RoutingPolicy], Awaitable[None]]
"""Raises if what was decided on is no longer so; asked in the unit, with the rules held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLine:
    """A rule of the list with what people want to know of it."""

    rule: RoutingRule
    condition: str
    """The condition in words."""
    name: str
    """What the group or the connection of the condition is called; empty for other conditions."""
    name_gone: bool
    """Whether that group or connection is gone, so that nobody fits."""
    tenants: tuple[Below, ...]
    """Where it leads, those that were deleted too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleList:
    """How a super tenant routes, as people see it."""

    lines: tuple[RuleLine, ...]
    policy: RoutingPolicy
    tenants: tuple[Below, ...]
    """All tenants below that there are, by slug."""
    fallback: Below | None
    """Where those go whom no rule leads anywhere; gone where that tenant was deleted; None: the unrouted queue."""


async def get_routing(tenant_id: TenantId) -> RoutingPolicy:
    """Return how a tenant routes.

    Raises:
        NotFoundError: it is no super tenant.
    """
    policy = await find_routing(tenant_id)
    if policy is None:
        raise NotFoundError("routing", tenant_id)
    return policy


async def list_rules(tenant_id: TenantId) -> RuleList:
    """Return the ordered rules of a super tenant with the names of what they say.

    Raises:
        NotFoundError: it is no super tenant.
    """
    policy = await get_routing(tenant_id)
    named = {one for rule in policy.rules for one in rule.goes_to} | ({policy.fallback} - {None})
    below = {one.tenant_id: one for one in await rules.list_below(tenant_id, [one for one in named if one is not None])}
    asked = [rule.condition.value for rule in policy.rules if rule.condition.value is not None]
    groups = await rules.names_of_groups(tenant_id, asked)
    labels = await rules.labels_of_sources(tenant_id, asked)
    names = {**groups, **{source_id: (label, False) for source_id, label in labels.items()}}
    return RuleList(
        lines=tuple(_line(rule, names, below) for rule in policy.rules),
        policy=policy,
        tenants=tuple(one for one in below.values() if not one.gone),
        fallback=None if policy.fallback is None else _below(policy.fallback, below),
    )


async def list_tenants_below(tenant_id: TenantId) -> list[Below]:
    """Return the tenants below, by slug."""
    return await rules.list_below(tenant_id)


async def create_rule(draft: RuleDraft, *, consent: bool = False, by: Actor, now: datetime) -> None:
    """Put a rule at the end of the list; raises as ``change_rules`` does."""
    await change_rules(AddRule(draft=draft), consent=consent, by=by, now=now)


async def edit_rule(rule_id: UUID, draft: RuleDraft, *, consent: bool = False, by: Actor, now: datetime) -> None:
    """Change a rule; raises as ``change_rules`` does."""
    await change_rules(EditRule(rule_id=rule_id, draft=draft), consent=consent, by=by, now=now)


async def delete_rule(rule_id: UUID, *, by: Actor, now: datetime) -> None:
    """Take a rule off the list; raises as ``change_rules`` does."""
    await change_rules(RemoveRule(rule_id=rule_id), by=by, now=now)


async def move_rule(rule_id: UUID, *, places: int, by: Actor, now: datetime) -> None:
    """Move a rule up (negative) or down the list; raises as ``change_rules`` does."""
    await change_rules(MoveRule(rule_id=rule_id, places=places), by=by, now=now)


async def edit_routing(reading: SetReading, *, by: Actor, now: datetime) -> None:
    """Set how rules count, and the fallback; raises as ``change_rules`` does."""
    await change_rules(reading, by=by, now=now)


async def change_rules(
    change: RuleChange,
    *,
    consent: bool = False,
    lets_pass: bool = False,
    still: Still | None = None,
    by: Actor,
    now: datetime,
) -> None:
    """Change the rules, and begin a walk that brings everybody to where they lead then.

    ``lets_pass``: the guards of the tenants below count what follows without holding it. ``still`` is asked first,
    inside the unit and with the rules held, whether the change may be made; it says no by raising.

    Raises:
        NotFoundError: the tenant is no super tenant, or has no such rule.
        InvalidError: a value that cannot be, a tenant that is none below, or ``consent`` is missing for a role that
            carries administration.
        ForbiddenError: the actor may not manage mappings, or may not consent or let pass.
    """
    by.require("mappings:manage")
    if lets_pass:
        by.require("settings:manage")
    change = checked_change(change)

    async def body() -> None:
        await rules.hold_rules(by.tenant_id)
        current = await get_routing(by.tenant_id)
        if still is not None:
            await still(current)
        await check_named(current, change, by=by)
        consented_by = await _consent(change, consent=consent, by=by)
        after = policy_after(current, change, rule_id=new_id(now), consented_by=consented_by)
        written = Written(mark=new_id(now), texts=[texts_of(rule) for rule in after.rules], routing=routing_text(after))
        plan = plan_rules(by.tenant_id, current, after, change, written, at=now)
        if plan:
            total = await count_everybody(by.tenant_id)
            walk = plan_walk(by.tenant_id, asked_by=by.label, now=now, total_count=total, lets_pass=lets_pass)
            await commit_plan(joined_plan(plan, walk), by=by, now=now)

    await in_unit_of(by, body)


async def check_named(current: RoutingPolicy, change: RuleChange, *, by: Actor) -> None:
    """Refuse to lead anybody to what is no tenant below, or by what is not of this tenant.

    Raises:
        InvalidError: so.
        NotFoundError: there is no such rule.
    """
    there = set((current.slugs or {}).values())
    match change:
        case SetReading(fallback=fallback):
            if fallback is not None and fallback not in there and fallback != current.fallback:
                raise InvalidError("fallback", "is none of the tenants below")
        case AddRule(draft=draft):
            await _check_draft(draft, there, by=by)
        case EditRule(rule_id=rule_id, draft=draft):
            before = rule_of(current, rule_id)
            asked_before = before.condition.value == draft.condition.value
            await _check_draft(draft, there | set(before.goes_to), by=by, condition=not asked_before)
        case _:
            return


async def privileged_below(tenant_id: TenantId, draft: RuleDraft) -> list[TenantId]:
    """Return the tenants in which the role that a rule gives carries administration."""
    if draft.role_key is None:
        return []
    wanted = name_key(draft.role_key)
    found = await rules.list_roles_below(tenant_id, [wanted])
    anywhere = draft.condition.kind == "named_tenant"
    return [role.tenant_id for role in found if role.privileged and (anywhere or role.tenant_id in draft.goes_to)]


async def _check_draft(draft: RuleDraft, there: set[TenantId], *, by: Actor, condition: bool = True) -> None:
    if not set(draft.goes_to) <= there:
        raise InvalidError("goes_to", "names what is none of the tenants below")
    asked = draft.condition.value
    if asked is None or not condition:
        return
    if draft.condition.kind == "group":
        _, gone = (await rules.names_of_groups(by.tenant_id, [asked])).get(asked, ("", True))
        if gone:
            raise InvalidError("value", "is no group of this tenant")
    elif asked not in await rules.labels_of_sources(by.tenant_id, [asked]):
        raise InvalidError("value", "is no connection of this tenant")


async def _consent(change: RuleChange, *, consent: bool, by: Actor) -> str | None:
    """Return who allows a rule to give administration; None where it gives none."""
    if not isinstance(change, AddRule | EditRule) or not await privileged_below(by.tenant_id, change.draft):
        return None
    if not consent:
        raise InvalidError("consent", f"is needed: {change.draft.role_key} carries administration")
    by.require("settings:manage")
    return by.label


def _line(rule: RoutingRule, names: dict[UUID, tuple[str, bool]], below: dict[TenantId, Below]) -> RuleLine:
    asked = rule.condition.value
    name, gone = ("", False) if asked is None else names.get(asked, ("", True))
    return RuleLine(
        rule=rule,
        condition=condition_words(rule.condition),
        name=name,
        name_gone=gone,
        tenants=tuple(_below(tenant_id, below) for tenant_id in rule.goes_to),
    )


def _below(tenant_id: TenantId, below: dict[TenantId, Below]) -> Below:
    """Return a tenant; one that was erased has nothing but its id."""
    return below.get(tenant_id) or Below(tenant_id=tenant_id, slug="", name="a tenant that is gone", gone=True)
