"""Who joins and who leaves which copy of a group: from where people stand to moves, without I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from directory.model import GroupId, TenantId, UserId

Place = tuple[GroupId, TenantId]
"""A group of the super tenant, in a tenant below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a user of the super tenant stands, after it was routed."""

    user_id: UserId
    groups: Mapping[GroupId, str]
    """Ids and names of the groups of the super tenant that have the user in effect."""
    copies: Mapping[TenantId, UserId]
    """In which tenants the user is, and as which user there; but those where the source reports it deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMove:
    """Whom one edit of a copy lets join, or leave; as users of that tenant."""

    tenant_id: TenantId
    copy_id: GroupId
    join: frozenset[UserId] = frozenset()
    leave: frozenset[UserId] = frozenset()


def places_of(standings: Iterable[Standing]) -> dict[Place, set[UserId]]:
    """Return where groups are to be, with the users of that tenant who are to be in them."""
    found: dict[Place, set[UserId]] = {}
    for one in standings:
        for tenant_id, copy_id in one.copies.items():
            for group_id in one.groups:
                found.setdefault((group_id, tenant_id), set()).add(copy_id)
    return found


def moves_for(
    wanted: Mapping[Place, set[UserId]],
    copies: Mapping[Place, GroupId],
    present: Mapping[TenantId, set[tuple[GroupId, UserId]]],
) -> list[GroupMove]:
    """Return the moves that make memberships equal to those wanted: in each tenant first who joins, then who leaves.

    In between nobody is without a group that gives a role. Copies that are not there are left out: they begin with
    their members.
    """
    meant: dict[TenantId, set[tuple[GroupId, UserId]]] = {tenant_id: set() for tenant_id in present}
    for (group_id, tenant_id), users in wanted.items():
        if (copy_id := copies.get((group_id, tenant_id))) is not None:
            meant.setdefault(tenant_id, set()).update((copy_id, user_id) for user_id in users)
    moves: list[GroupMove] = []
    for tenant_id in sorted(meant):
        here = present.get(tenant_id, set())
        joining, leaving = _by_group(meant[tenant_id] - here), _by_group(here - meant[tenant_id])
        moves += [GroupMove(tenant_id=tenant_id, copy_id=one, join=joining[one]) for one in sorted(joining)]
        moves += [GroupMove(tenant_id=tenant_id, copy_id=one, leave=leaving[one]) for one in sorted(leaving)]
    return moves


def _by_group(pairs: Iterable[tuple[GroupId, UserId]]) -> dict[GroupId, frozenset[UserId]]:
    found: dict[GroupId, set[UserId]] = {}
    for group_id, user_id in pairs:
        found.setdefault(group_id, set()).add(user_id)
    return {group_id: frozenset(users) for group_id, users in found.items()}
