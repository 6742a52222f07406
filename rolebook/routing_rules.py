"""What ``rolebook rule`` does: rules of a super tenant as words of the command line, and back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from directory import groups, sources
from directory.errors import InvalidError
from directory.model import Tenant, TenantId
from directory.person import ENTERPRISE
from directory.query import Term, Window
from directory.routes import rules
from directory.routes.drafts import AddRule, RuleDraft, SetReading
from directory.routes.rules import RuleLine
from directory.routing import ROUTING_EXTENSION, Condition
from directory.tenants import system_actor
from rolebook.command import Answer
from rolebook.provision import ACTOR, get_tenant

SHORT = {
    "routeTo": f"{ROUTING_EXTENSION}:routeTo",
    **{
        name: f"{ENTERPRISE}:{name}"
        for name in ("employeeNumber", "costCenter", "organization", "division", "department")
    },
}
"""Attributes that people name without their schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A rule as asked for."""

    when: str
    to: str | None
    of_groups: bool
    role: str | None
    label: str
    place: int | None
    goes_on: bool
    consent: bool


async def add_rule(slug: str, wanted: Wanted, *, now: datetime) -> Answer:
    """Add a rule, and return all of them.

    Raises:
        NotFoundError: no such tenant, or one that has none below it.
        InvalidError: a condition, a tenant or a role that there is not, or consent is missing.
    """
    tenant = await get_tenant(slug)
    draft = RuleDraft(
        label=wanted.label,
        kind="group" if wanted.of_groups else "user",
        condition=await condition_from(tenant, wanted.when),
        goes_to=await tenants_from(tenant, _split(wanted.to or "")),
        role_key=wanted.role,
        stops=not wanted.goes_on,
    )
    change = AddRule(draft=draft, place=wanted.place)
    await rules.change_rules(change, consent=wanted.consent, by=system_actor(tenant, ACTOR), now=now)
    return await show_rules(slug)


async def drop_rule(slug: str, rule_id: UUID, *, now: datetime) -> Answer:
    """Take a rule off, and return the others.

    Raises:
        NotFoundError: no such tenant, or no such rule.
    """
    tenant = await get_tenant(slug)
    await rules.delete_rule(rule_id, by=system_actor(tenant, ACTOR), now=now)
    return await show_rules(slug)


async def set_reading(slug: str, matches: str | None, fallback: str | None, *, now: datetime) -> Answer:
    """Set what is given, and return the rules.

    Raises:
        NotFoundError: no such tenant.
        InvalidError: the fallback is no tenant below it.
    """
    tenant = await get_tenant(slug)
    current = (await rules.list_rules(tenant.tenant_id)).policy
    to: TenantId | None = current.fallback
    if fallback is not None:
        to = None if fallback == "queue" else (await tenants_from(tenant, [fallback]))[0]
    reading = SetReading(matches="all" if (matches or current.matches) == "all" else "first", fallback=to)
    await rules.edit_routing(reading, by=system_actor(tenant, ACTOR), now=now)
    return await show_rules(slug)


async def show_rules(slug: str) -> Answer:
    """Return the rules of a super tenant.

    Raises:
        NotFoundError: no such tenant, or one that has none below it.
    """
    found = await rules.list_rules((await get_tenant(slug)).tenant_id)
    return {
        "tenant": slug,
        "matches": found.policy.matches,
        "fallback": None if found.fallback is None else found.fallback.slug,
        "rules": [_shown(line) for line in found.lines],
    }


def _shown(line: RuleLine) -> Answer:
    rule = line.rule
    return {
        "rule": str(rule.rule_id),
        "place": rule.position,
        "kind": rule.kind,
        "label": rule.label,
        "when": f"{line.condition}: {line.name}" if line.name else line.condition,
        "to": [tenant.slug for tenant in line.tenants],
        "role": rule.role_key,
        "stops": rule.stops,
    }


async def tenants_from(tenant: Tenant, slugs: Sequence[str]) -> tuple[TenantId, ...]:
    """Return the tenants below that are called so.

    Raises:
        InvalidError: names one that there is not.
    """
    known = {one.slug: one.tenant_id for one in await rules.list_tenants_below(tenant.tenant_id)}
    for slug in slugs:
        if slug not in known:
            raise InvalidError("to", f"has {slug}, which is no tenant below {tenant.slug}")
    return tuple(known[slug] for slug in slugs)


async def condition_from(tenant: Tenant, text: str) -> Condition:
    """Return the condition that ``--when`` means.

    Raises:
        InvalidError: it is none of those that there are, or names a group or a source that there is not.
    """
    kind, _, said = text.partition("=")
    name, _, path = kind.partition(":")
    match name:
        case "domain":
            return Condition(kind="domain", values=_split(said))
        case "attribute":
            return attribute_condition(path, _split(said))
        case "group-name":
            return Condition(kind="group_name", test="pattern", values=_split(said))
        case "named-tenant":
            return Condition(kind="named_tenant", path=SHORT.get(said, said))
        case "group":
            return Condition(kind="group", value=await _group(tenant, said))
        case "source":
            return Condition(kind="source", value=await _source(tenant, said))
        case _:
            raise InvalidError(
                "when", "must be domain, attribute:PATH, group, group-name, source or named-tenant, and ="
            )


def attribute_condition(path: str, values: tuple[str, ...]) -> Condition:
    """Return the condition on an attribute: a pattern where there is a ``*``."""
    path = SHORT.get(path, path)
    if any("*" in value for value in values):
        return Condition(kind="attribute", test="pattern", path=path, values=values)
    return Condition(kind="attribute", test="equals" if len(values) == 1 else "one_of", path=path, values=values)


def _split(text: str) -> tuple[str, ...]:
    return tuple(part for one in text.split(",") if (part := one.strip()))


async def _group(tenant: Tenant, name: str) -> UUID:
    found = await groups.list_groups(tenant.tenant_id, None, Term("displayName", None, "eq", name), Window(limit=2))
    if len(found.things) != 1:
        raise InvalidError("when", f"names {found.total or 'no'} groups of that name; it must be one")
    return found.things[0].group_id


async def _source(tenant: Tenant, name: str) -> UUID:
    found = [one for one in await sources.list_sources(tenant.tenant_id) if name in {one.label, str(one.source_id)}]
    if len(found) != 1:
        raise InvalidError("when", f"names {len(found) or 'no'} connections of that name; it must be one")
    return found[0].source_id
