"""Walks over all users of a super tenant after a change of its rules, batch by batch."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from directory.ids import new_id
from directory.model import Actor, TenantId
from directory.plan import InsertRow, Plan, UpdateRows
from directory.routes.ground import Ground, find_ground
from directory.routes.groups import route_groups
from directory.routes.people import route_people
from directory.store.holding import hold
from directory.store.policy import policy_name
from directory.store.routes import due, group_routes
from directory.store.routes import walks as rows
from directory.store.routes.walks import FIRST, Phase, RouteWalk
from directory.store.unit import in_joined_unit

__all__ = ["Phase", "RouteWalk", "count_everybody", "find_walk", "leave_batch", "plan_walk", "walk_on"]

USERS_IN_UNIT = 20
GROUPS_IN_UNIT = 20
WALKS_KEPT = timedelta(days=90)


def plan_walk(tenant_id: TenantId, *, asked_by: str, now: datetime, total_count: int, lets_pass: bool) -> Plan:
    """Plan a walk over everybody; whichever is under way ends with it. Goes into the plan that changes the rules.

    ``total_count`` is what ``count_everybody`` says, for the progress that people see.
    """
    ends = UpdateRows(
        table="route_walk_row", values={"ended_at": now}, where={"tenant_id": tenant_id, "ended_at": None}
    )
    begins = InsertRow(
        table="route_walk_row",
        values={
            "tenant_id": tenant_id,
            "id": new_id(now),
            "asked_at": now,
            "asked_by": asked_by,
            "lets_pass": lets_pass,
            "phase": "groups",
            "after_id": None,
            "done_count": 0,
            "moved_count": 0,
            "total_count": total_count,
            "ended_at": None,
        },
    )
    return Plan(changes=(ends, begins))


async def count_everybody(tenant_id: TenantId) -> int:
    """Return how many users a walk will look at, about."""
    return await rows.count_everybody(tenant_id)


async def find_walk(tenant_id: TenantId, walk_id: UUID | None = None) -> RouteWalk | None:
    """Return the newest walk, under way or over, or the one asked for; None if there is none."""
    return await (rows.find_newest(tenant_id) if walk_id is None else rows.find_walk(tenant_id, walk_id))


async def walk_on(walk: RouteWalk, *, now: datetime) -> int:
    """Do the next batch of a walk in one unit of work, with how far it is then; returns how much that was, at least 1.

    Whoever dies in between has done none of the batch, and the next one begins with it.
    """
    by = Actor(tenant_id=walk.tenant_id, kind="system", label=walk.asked_by)

    async def body() -> int:
        if walk.is_new:  # whoever routes by the rules of before is done first, so that nobody is missed
            await hold(policy_name(walk.tenant_id))
        ground = await find_ground(walk.tenant_id, by=by, now=now, lets_pass=walk.lets_pass)
        held = await rows.hold_walk(walk.tenant_id, walk.walk_id)
        if held is None:
            return 1
        if ground is None:
            await rows.advance(replace(held, ended_at=now))
            return 1
        return await (_groups if held.phase == "groups" else _users)(ground, held)

    return await in_joined_unit(walk.tenant_id, body)


async def leave_batch(walk: RouteWalk, *, now: datetime) -> None:
    """Leave the next batch of a walk, which failed, to the queue, where each is tried alone; the walk goes on."""

    async def body() -> None:
        held = await rows.hold_walk(walk.tenant_id, walk.walk_id)
        if held is None:
            return
        ids: Sequence[UUID]
        if held.phase == "groups":
            ids = await group_routes.groups_after(walk.tenant_id, held.after, limit=GROUPS_IN_UNIT)
            await due.queue(walk.tenant_id, "group", ids, now, lets_pass=held.lets_pass)
        else:
            ids = await rows.users_after(walk.tenant_id, held.after, limit=USERS_IN_UNIT)
            await due.queue(walk.tenant_id, "user", ids, now, lets_pass=held.lets_pass)
        done_count = len(ids) if held.phase == "users" else 0
        await rows.advance(replace(held, after=ids[-1] if ids else held.after), done_count=done_count)

    await in_joined_unit(walk.tenant_id, body)


async def _groups(ground: Ground, walk: RouteWalk) -> int:
    ids = await group_routes.groups_after(walk.tenant_id, walk.after, limit=GROUPS_IN_UNIT)
    await route_groups(ground, ids)
    if len(ids) < GROUPS_IN_UNIT:
        await rows.advance(replace(walk, phase="users", after=FIRST))
    else:
        await rows.advance(replace(walk, after=ids[-1]))
    return max(len(ids), 1)


async def _users(ground: Ground, walk: RouteWalk) -> int:
    ids = await rows.users_after(walk.tenant_id, walk.after, limit=USERS_IN_UNIT)
    done = await route_people(ground, ids) if ids else Counter[str]()
    over = len(ids) < USERS_IN_UNIT
    reached = replace(walk, after=ids[-1] if ids else walk.after, ended_at=ground.now if over else None)
    await rows.advance(reached, done_count=len(ids), moved_count=done["moved"])
    if over:
        await rows.forget_ended(walk.tenant_id, ground.now - WALKS_KEPT)
    return max(len(ids), 1)
