"""Reads around the routing rules: what their tenants, roles, groups and connections are called."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec

from directory.model import PRIVILEGED, GroupId, TenantId
from directory.store.compiled import Statement
from directory.store.holding import hold
from directory.store.policy import policy_name
from directory.store.routes.policy import routing_name
from directory.store.unit import fetch, in_house

_BELOW = Statement(
    "SELECT id, slug, name, suspended_at, deleted_at FROM tenant_row WHERE parent_id = $1::uuid"
    " AND (deleted_at IS NULL OR id = ANY($2::uuid[])) ORDER BY slug",
    house=True,
)
# By index of names for each tenant; shipped roles are few.
_ROLES = Statement(
    "SELECT x.id AS tenant_id, r.name, r.permissions, r.name_key, r.shipped FROM tenant_row x CROSS JOIN role_row r"
    " WHERE x.parent_id = $1::uuid AND x.deleted_at IS NULL AND r.tenant_id = x.id"
    " AND (r.name_key = ANY($2::text[]) OR r.shipped = ANY($2::text[]))"
    " AND NOT EXISTS (SELECT 1 FROM retired_role_row d WHERE d.tenant_id = r.tenant_id AND d.role_id = r.id)",
    house=True,
)
_GROUPS = Statement(
    "SELECT id, display_name, deleted_at FROM group_row WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[])"
)
_SOURCES = Statement("SELECT id, label FROM source_row WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Below:
    """A tenant below, as rules name it."""

    tenant_id: TenantId
    slug: str
    name: str
    suspended: bool = False
    gone: bool = False
    """It was deleted: nobody is led there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleBelow:
    """A role of a tenant below that a rule may give."""

    tenant_id: TenantId
    name: str
    keys: frozenset[str]
    """What a rule may call it: its folded name and, of a shipped one, its key."""
    privileged: bool


async def hold_rules(tenant_id: TenantId) -> None:
    """Let one unit at a time change the rules of a tenant, until it ends; whoever routes by them holds either name."""
    await hold(policy_name(tenant_id))
    await hold(routing_name(tenant_id))


async def list_below(tenant_id: TenantId, named: Collection[TenantId] = ()) -> list[Below]:
    """Return the tenants below that there are, and of ``named`` those that were deleted, by slug."""
    async with in_house():
        rows = await fetch(_BELOW, tenant_id, list(named))
    return [
        Below(
            tenant_id=TenantId(row["id"]),
            slug=row["slug"],
            name=row["name"],
            suspended=row["suspended_at"] is not None,
            gone=row["deleted_at"] is not None,
        )
        for row in rows
    ]


async def list_roles_below(tenant_id: TenantId, keys: Collection[str]) -> list[RoleBelow]:
    """Return the roles of these names or shipped keys in all tenants below."""
    if not keys:
        return []
    async with in_house():
        rows = await fetch(_ROLES, tenant_id, sorted(set(keys)))
    return [
        RoleBelow(
            tenant_id=TenantId(row["tenant_id"]),
            name=row["name"],
            keys=frozenset(key for key in (row["name_key"], row["shipped"]) if key),
            privileged=bool(PRIVILEGED & set(msgspec.json.decode(row["permissions"], type=list[str]))),
        )
        for row in rows
    ]


async def names_of_groups(tenant_id: TenantId, group_ids: Sequence[UUID]) -> dict[UUID, tuple[str, bool]]:
    """Return (name, whether it is gone) of groups."""
    rows = await fetch(_GROUPS, tenant_id, list(group_ids)) if group_ids else []
    return {GroupId(row["id"]): (row["display_name"], row["deleted_at"] is not None) for row in rows}


async def labels_of_sources(tenant_id: TenantId, source_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return what connections are called."""
    rows = await fetch(_SOURCES, tenant_id, list(source_ids)) if source_ids else []
    return {row["id"]: row["label"] for row in rows}
