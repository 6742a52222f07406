"""What follows a commit at a super tenant, and one at a tenant below that concerns what was routed there."""

from collections.abc import Sequence
from typing import NamedTuple

from directory.followers import Committed, Noted, Place
from directory.model import TenantId
from directory.routes.due import queue_groups, queue_people
from directory.routes.ground import Ground, find_ground
from directory.routes.groups import route_groups
from directory.routes.people import route_newcomers, route_people
from directory.routes.touched import Touched, frees_somebody, touched_by
from directory.store.routes import routes
from directory.store.routes.policy import find_place
from directory.store.unit import as_tenant, is_trial

PEOPLE_AT_ONCE = 20
"""Users who are routed in the unit that touched them, about 10 ms of SQLite's writer; more are queued in it."""

GROUPS_AT_ONCE = 5
STIRRED_MAX = 200
"""Users of the super tenant whom a commit below has looked at again."""


class _Below(NamedTuple):
    """A tenant that committed something, and its super tenant."""

    tenant_id: TenantId
    parent_id: TenantId


async def follow_commits(noted: Noted) -> None:
    """Route whom the plans of a unit touched, in the open unit; many are queued in it instead.

    Whatever is only tried out is followed by nothing.
    """
    if is_trial():
        return
    by_tenant: dict[TenantId, list[Committed]] = {}
    for one in noted.committed:
        by_tenant.setdefault(one.by.tenant_id, []).append(one)
    for tenant_id, committed in by_tenant.items():
        place = noted.places.get(tenant_id)
        if place is None:
            place = await _look_up(tenant_id, committed)
        if place.routing_mark is not None:
            await _follow_above(tenant_id, place, committed)
        elif place.parent_id is not None:
            await _follow_below(_Below(tenant_id, TenantId(place.parent_id)), committed)


async def _look_up(tenant_id: TenantId, committed: Sequence[Committed]) -> Place:
    """Return how a tenant stands to others, if what it committed concerns anybody at all."""
    touched = touched_by(one.plan for one in committed)
    if not (touched.user_ids or touched.group_ids or touched.newcomers):
        return Place(None, None)
    return await find_place(tenant_id)


async def _follow_above(tenant_id: TenantId, place: Place, committed: Sequence[Committed]) -> None:
    touched = touched_by(one.plan for one in committed)
    if not (touched.user_ids or touched.group_ids or touched.newcomers):
        return
    last = committed[-1]
    ground = await find_ground(tenant_id, by=last.by, now=last.now, place=place)
    if ground is None:
        return
    await _follow_groups(ground, touched)
    await _follow_people(ground, touched)


async def _follow_groups(ground: Ground, touched: Touched) -> None:
    tenant_id = ground.tenant.tenant_id
    if len(touched.group_ids) > GROUPS_AT_ONCE:
        await queue_groups(tenant_id, touched.group_ids, ground.now)
    elif touched.group_ids:
        await route_groups(ground, sorted(touched.group_ids))
    if touched.renamed and any(rule.condition.kind == "group_name" for rule in ground.policy.rules):
        for group_id in sorted(touched.renamed):
            await routes.queue_members(tenant_id, group_id, ground.now)


async def _follow_people(ground: Ground, touched: Touched) -> None:
    known = touched.user_ids - touched.newcomers.keys()
    if len(known) + len(touched.newcomers) > PEOPLE_AT_ONCE:
        await queue_people(ground.tenant.tenant_id, known | touched.newcomers.keys(), ground.now)
        return
    if touched.newcomers:
        await route_newcomers(ground, list(touched.newcomers.values()))
    if known:
        await route_people(ground, sorted(known))


async def _follow_below(below: _Below, committed: Sequence[Committed]) -> None:
    """Have users above looked at again whose copies somebody here decided about, or who may be taken by now."""
    decided = [one for one in committed if one.by.kind != "source"]
    if not decided and not any(frees_somebody(one.plan) for one in committed):
        return
    now = committed[-1].now
    touched = sorted(touched_by(one.plan for one in decided).user_ids)[:STIRRED_MAX]
    async with as_tenant(below.tenant_id):
        live = await routes.list_live_copies(below.tenant_id, touched) if touched else {}
    stirred = set(live)
    async with as_tenant(below.parent_id):
        if live:
            await routes.note_found(below.parent_id, below.tenant_id, live, now)
        if touched:
            stirred.update(await routes.list_origins_of(below.parent_id, below.tenant_id, touched))
        stirred.update(await routes.list_troubled(below.parent_id, below.tenant_id, limit=STIRRED_MAX))
        if stirred:
            await queue_people(below.parent_id, stirred, now)
