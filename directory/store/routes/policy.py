"""Reads of how a super tenant routes."""

from typing import NamedTuple
from uuid import UUID

import msgspec

from directory.followers import Place
from directory.model import Tenant, TenantId
from directory.routing import Condition, RoutingPolicy, RoutingRule
from directory.store.access import tenant_from
from directory.store.compiled import Statement
from directory.store.holding import hold as held
from directory.store.unit import Row, current_engine, fetch, fetch_one, in_house

_MARK = Statement("SELECT * FROM tenant_row WHERE id = $1::uuid")
_RULES = Statement(
    "SELECT id, kind, position, label, condition, goes_to, role_key, stops, consented_by"
    " FROM routing_rule_row WHERE tenant_id = $1::uuid ORDER BY position, id"
)
_BELOW = Statement("SELECT id, slug FROM tenant_row WHERE parent_id = $1::uuid AND deleted_at IS NULL", house=True)


class _Known(NamedTuple):
    """What was read of a tenant, good for as long as it has that mark: each change makes a new one."""

    mark: UUID
    tenant: Tenant
    policy: RoutingPolicy


_known: dict[TenantId, _Known] = {}
_KNOWN_MAX = 1_000


class Routing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What ``tenant_row.routing`` says, as JSON: how rules are read, and where those go whom none leads anywhere."""

    matches: str = "first"
    fallback: UUID | None = None


async def find_routing(tenant_id: TenantId) -> RoutingPolicy | None:
    """Return how a tenant routes; None if it has no tenants below. Read anew only if its mark is another one."""
    found = await find_routed(tenant_id)
    return None if found is None else found[1]


async def find_routed(
    tenant_id: TenantId, *, hold: bool = False, place: Place | None = None
) -> tuple[Tenant, RoutingPolicy] | None:
    """Return a tenant and how it routes; with ``hold`` nobody changes that until the unit ends.

    ``place``: what the unit read of it already; that is still so if the policy was held then, and on SQLite, which has
    one unit at a time.
    """
    known = _known.get(tenant_id)
    settled = place is not None and (place.is_held or current_engine().engine_type == "sqlite")
    if known is not None and place is not None and settled and known.mark == place.routing_mark:
        return known.tenant, known.policy
    if hold:
        await held(routing_name(tenant_id), shared=True)
    row = await fetch_one(_MARK, tenant_id)
    if row is None or row["routing_mark"] is None:
        return None
    if known is None or known.mark != row["routing_mark"]:
        known = _Known(row["routing_mark"], tenant_from(row), await _read(tenant_id, row))
        if len(_known) >= _KNOWN_MAX:
            _known.clear()
        _known[tenant_id] = known
    return known.tenant, known.policy


def routing_name(tenant_id: TenantId) -> str:
    """Return the name under which the rules are held: shared by who routes, alone by who changes them."""
    return f"{tenant_id}/routing"


async def find_place(tenant_id: TenantId) -> Place:
    """Return how a tenant stands to others."""
    row = await fetch_one(_MARK, tenant_id)
    return Place(None, None) if row is None else Place(row["routing_mark"], row["parent_id"])


async def _read(tenant_id: TenantId, row: Row) -> RoutingPolicy:
    said = msgspec.json.decode(row["routing"], type=Routing)
    rules = [rule_from(rule) for rule in await fetch(_RULES, tenant_id)]
    async with in_house():
        below = await fetch(_BELOW, tenant_id)
    return RoutingPolicy(
        rules=tuple(rules),
        matches="all" if said.matches == "all" else "first",
        fallback=None if said.fallback is None else TenantId(said.fallback),
        slugs={one["slug"]: TenantId(one["id"]) for one in below},
    )


def rule_from(row: Row) -> RoutingRule:
    """Return a rule from its row."""
    return RoutingRule(
        rule_id=row["id"],
        kind=row["kind"],
        position=row["position"],
        label=row["label"],
        condition=msgspec.json.decode(row["condition"], type=Condition),
        goes_to=tuple(TenantId(one) for one in msgspec.json.decode(row["goes_to"], type=list[UUID])),
        role_key=row["role_key"],
        stops=row["stops"],
        consented_by=row["consented_by"],
    )


def texts_of(rule: RoutingRule) -> tuple[str, str]:
    """Return a rule's condition and tenants as their columns keep them."""
    return (
        msgspec.json.encode(rule.condition, order="deterministic").decode(),
        msgspec.json.encode(list(rule.goes_to)).decode(),
    )


def routing_text(policy: RoutingPolicy) -> str:
    """Return what ``tenant_row.routing`` keeps of a policy."""
    return msgspec.json.encode(Routing(matches=policy.matches, fallback=policy.fallback)).decode()
