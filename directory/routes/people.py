"""Users of a super tenant: brought to be in the tenants below as the rules say, in the open unit."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from directory.model import GroupId, TenantId, User, UserId
from directory.routes.bookkeeping import keep_outcomes
from directory.routes.copies import Came, Wish
from directory.routes.edges import Standing, hold_copies, route_edges
from directory.routes.ground import Ground, as_routing
from directory.routes.settling import LAST_ADMINISTRATOR, settle
from directory.routes.wishes import Sight, see, see_new, wishes_for
from directory.store.routes import due
from directory.store.routes.routes import list_troubled

LAST_WAITS = timedelta(minutes=15)
TRIED_AGAIN = 200
"""Users who are looked at again when somebody left a name in a tenant that refused them."""


async def route_people(ground: Ground, user_ids: Sequence[UserId]) -> Counter[str]:
    """Make copies and memberships of up to 50 users equal to what the rules say of them now; in the open unit.

    Idempotent: whatever is as it should be is left alone. Counts what was done: ``created``, ``changed``, ``left``,
    ``held``, ``met``, ``refused``, ``unrouted``.
    """
    return await _route(ground, await see(ground, sorted(set(user_ids))))


async def route_newcomers(ground: Ground, newcomers: Sequence[User]) -> Counter[str]:
    """Do the same for users who were created in the open unit, and whom no group has: there is nothing to look up."""
    return await _route(ground, await see_new(ground, newcomers))


async def _route(ground: Ground, sights: Sequence[Sight]) -> Counter[str]:
    by_tenant: dict[TenantId, list[Wish]] = {}
    for sight in sights:
        for tenant_id, wish in wishes_for(sight, ground.policy):
            by_tenant.setdefault(tenant_id, []).append(wish)
    with as_routing():
        await _hold(ground, sights, by_tenant)
        # In the order of the ids, as everybody who acts in several tenants does: so nobody waits in a circle.
        came = {tenant_id: await settle(ground, tenant_id, by_tenant[tenant_id]) for tenant_id in sorted(by_tenant)}
        standings = [one for sight in sights if (one := _standing(sight, came)) is not None]
        problems = await route_edges(ground, standings) if standings else {}
    came = {tenant_id: [_with_problem(one, tenant_id, problems) for one in some] for tenant_id, some in came.items()}
    await keep_outcomes(ground, sights, came)
    if last := sorted(
        {one.wish.user_id for some in came.values() for one in some if one.problem == LAST_ADMINISTRATOR}
    ):
        await try_later(ground.tenant.tenant_id, last, ground.now)
    await _try_again(ground, came)
    return _counted(sights, came)


async def try_later(tenant_id: TenantId, user_ids: Sequence[UserId], now: datetime) -> None:
    """Have those looked at again who are kept in a tenant as its last administrator: another may come in any way."""
    await due.try_later(tenant_id, user_ids, LAST_ADMINISTRATOR, now, until=now + LAST_WAITS)


async def _try_again(ground: Ground, came: Mapping[TenantId, Sequence[Came]]) -> None:
    """Have those looked at again who could not be brought into a tenant, where somebody left a name now."""
    tenant_id = ground.tenant.tenant_id
    for to_tenant_id, some in came.items():
        if any(one.frees_name for one in some):
            troubled = await list_troubled(tenant_id, to_tenant_id, limit=TRIED_AGAIN)
            if others := set(troubled) - {one.wish.user_id for one in some}:
                await due.queue(tenant_id, "user", others, ground.now, lets_pass=False)


async def _hold(ground: Ground, sights: Sequence[Sight], tenant_ids: Collection[TenantId]) -> None:
    """Hold what several users may move in, before any of them moves."""
    copies = {one.copy_user_id: one.to_tenant_id for sight in sights for one in sight.routes if one.copy_user_id}
    if len(sights) > 1 or len(tenant_ids) > 1:
        await hold_copies(ground, {group_id for sight in sights for group_id in sight.groups}, copies, tenant_ids)


def _standing(sight: Sight, came: Mapping[TenantId, Sequence[Came]]) -> Standing | None:
    """Return where a user stands, if its groups may have to be told below."""
    user_id = sight.origin.user_id
    copies = {
        tenant_id: one.copy.user_id
        for tenant_id, some in came.items()
        for one in some
        if one.wish.user_id == user_id and one.copy is not None and one.is_fed
    }
    if not copies or (sight.is_new and not sight.groups):
        return None
    groups: Mapping[GroupId, str] = sight.groups
    return Standing(user_id=user_id, groups=groups, copies=copies)


def _with_problem(one: Came, tenant_id: TenantId, problems: Mapping[tuple[UserId, TenantId], str]) -> Came:
    problem = problems.get((one.wish.user_id, tenant_id))
    return one if not problem or one.problem else replace(one, problem=problem)


def _counted(sights: Sequence[Sight], came: Mapping[TenantId, Sequence[Came]]) -> Counter[str]:
    everybody = [one for some in came.values() for one in some]
    counts: Counter[str] = Counter()
    for one in everybody:
        if one.did != "nothing":
            counts[one.did] += 1
        if one.state != "there":
            counts[one.state] += 1
    counts["moved"] = len({one.wish.user_id for one in everybody if one.did != "nothing" and one.state == "there"})
    counts["unrouted"] = sum(bool(sight.unrouted) for sight in sights)
    return +counts
