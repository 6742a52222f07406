"""In which tenants a super tenant's users are, and as what: the same for every door."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from directory.model import TenantId, UserId
from directory.query import And, Element, Not, Or, Query, Term
from directory.store.routes import stays
from directory.store.routes.policy import find_routing
from directory.store.unit import Row

StayState = Literal["there", "held", "met", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """That a user is in a tenant below, or should be."""

    tenant_id: TenantId
    slug: str
    tenant_name: str
    state: StayState
    """``held``: the source said that the user leaves or is disabled, and a guard keeps it as it was. ``met``: somebody
    is there already, and the tenant decides. ``refused``: ``problem`` says why."""
    problem: str
    rule_label: str | None
    """None: nobody's rule but the fallback, or one that is gone."""
    since: datetime
    copy_id: UserId | None
    """Who the user is there; None where nobody is."""
    role: str | None
    active: bool


async def stays_of(tenant_id: TenantId, user_ids: Sequence[UserId]) -> dict[UserId, list[Stay]]:
    """Return the tenants of these users of a super tenant, by slug; who is in none has an empty list."""
    found: dict[UserId, list[Stay]] = {user_id: [] for user_id in user_ids}
    for row in await stays.list_stays(tenant_id, list(found)):
        found[UserId(row["user_id"])].append(_stay_from(row))
    return found


def _stay_from(row: Row) -> Stay:
    copy_id = row["copy_user_id"]
    kept = copy_id is not None and (bool(row["kept_active"]) or (bool(row["active"]) and not row["reported_active"]))
    state: StayState = "held" if kept and row["state"] == "there" else row["state"]
    return Stay(
        tenant_id=TenantId(row["to_tenant_id"]),
        slug=row["slug"],
        tenant_name=row["tenant_name"],
        state=state,
        problem=row["problem"],
        rule_label=row["rule_label"],
        since=row["since"],
        copy_id=None if copy_id is None else UserId(copy_id),
        role=row["role_name"],
        active=bool(row["active"]),
    )


async def slugs_below(tenant_id: TenantId) -> Mapping[str, TenantId]:
    """Return the tenants below a super tenant by slug, but deleted ones."""
    policy = await find_routing(tenant_id)
    return {} if policy is None else policy.slugs or {}


def by_tenant_id(query: Query, slugs: Mapping[str, TenantId]) -> Query:
    """Return a search with the slugs that ``tenants`` is compared with as the ids that the directory finds by. Pure.

    A slug of no tenant below becomes a text that is no id, and so finds nobody.
    """
    match query:
        case And(parts):
            return And(tuple(by_tenant_id(part, slugs) for part in parts))
        case Or(parts):
            return Or(tuple(by_tenant_id(part, slugs) for part in parts))
        case Not(part):
            return Not(by_tenant_id(part, slugs))
        case Element("tenants", inner):
            return Element("tenants", _with_ids(inner, "value", slugs))
        case Term("tenants"):
            return _with_ids(query, "tenants", slugs)
        case _:
            return query


def _with_ids(query: Query, name: str, slugs: Mapping[str, TenantId]) -> Query:
    match query:
        case Term() if query.attribute == name and isinstance(query.operand, str):
            tenant_id = slugs.get(query.operand.lower())
            return replace(query, operand="" if tenant_id is None else str(tenant_id))
        case And(parts):
            return And(tuple(_with_ids(part, name, slugs) for part in parts))
        case Or(parts):
            return Or(tuple(_with_ids(part, name, slugs) for part in parts))
        case Not(part):
            return Not(_with_ids(part, name, slugs))
        case _:
            return query
