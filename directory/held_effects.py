"""Approved changes take effect, batch by batch: each is a unit of work, so that a process that dies loses nothing."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid5

from directory.alerts import recovery_change
from directory.commit import commit_plan, in_unit_of
from directory.errors import LastAdministratorError
from directory.facts import Moment
from directory.held_changes import HeldChange, HeldFilter, Overtake
from directory.model import Actor, TenantId, User, UserId
from directory.operators import find_actor
from directory.plan import AttributeChange, Plan, joined_plan
from directory.plan_held import Deed, held_event, plan_approved, roles_approved
from directory.store import access, held, people
from directory.store.policy import read_policy
from directory.store.unit import savepoint

FIRST_ID = UUID(int=0)
_turn = [FIRST_ID]
"""The tenant whose turn it was last in this process: they take turns, however much one of them approved."""

BATCH_CHANGES = 20
"""Approved changes that take effect in one unit of work: about 10 ms of SQLite's writer."""

LAST_ADMINISTRATOR = "Nobody active would be left to administer the tenant."
BEYOND = "The user's role carries more than the role of whoever approved this."


async def tell(deed: Deed, changes: Sequence[HeldChange], *, by: Actor, now: datetime) -> None:
    """Tell a decision on held changes: one event for each source; the alert ends with the last that waited."""
    await commit_plan(await _told(deed, changes, by=by, now=now), by=by, now=now)


async def _told(deed: Deed, changes: Sequence[HeldChange], *, by: Actor, now: datetime) -> Plan:
    plans: list[Plan] = []
    for source_id in sorted({one.source_id for one in changes}):
        some = [one for one in changes if one.source_id == source_id]
        kinds = sorted({one.kind for one in some})
        told = tuple(
            AttributeChange(name=f"held {kind}", old=None, new=sum(one.kind == kind for one in some)) for kind in kinds
        )
        source = await access.find_source(by.tenant_id, source_id)
        label = "" if source is None else source.label
        users = tuple(sorted({one.user_id for one in some}))
        event = held_event(deed, ("source", source_id, label), changes=told, left=users)
        waits = await held.count(by.tenant_id, HeldFilter(source_id=source_id), limit=1)
        over = recovery_change("changes_held", str(source_id), tenant_id=by.tenant_id, now=now)
        plans.append(Plan(changes=() if waits else (over,), events=(event,)))
    return joined_plan(*plans)


async def has_approved(_now: datetime) -> bool:
    """Whether approved changes wait to take effect."""
    return await held.find_approved_tenant(FIRST_ID) is not None


async def apply_approved(*, now: datetime) -> int:
    """Let one batch of approved changes take effect; returns how many, 0 when there are none left."""
    tenant_id = await held.find_approved_tenant(_turn[0]) or await held.find_approved_tenant(FIRST_ID)
    if tenant_id is None:
        return 0
    _turn[0] = UUID(int=tenant_id.int)  # a plain one: drivers have their own kinds, and databases may change in tests
    done, _ = await apply_batch(tenant_id, now=now)
    return done


async def apply_batch(tenant_id: TenantId, *, now: datetime) -> tuple[int, int]:
    """Let the next approved changes take effect; returns how many were looked at, and how many wait again."""
    system = Actor(tenant_id=tenant_id, kind="system", label="approval of held changes")

    async def body() -> tuple[int, int]:
        found = await held.list_approved(tenant_id, limit=BATCH_CHANGES)
        if not found:
            return 0, 0
        await read_policy(tenant_id, hold="to decide")
        groups = {one.group_id for one in found if one.group_id is not None}
        await held.hold_groups(tenant_id, sorted(groups))
        users = await held.list_users_to_change(tenant_id, sorted({one.user_id for one in found}))
        by = await _decider(found[0])
        decision = found[0].decided_by_id, found[0].decided_at
        of_one = [one for one in found if (one.decided_by_id, one.decided_at) == decision]
        known = await held.list_these(tenant_id, [one.held_id for one in of_one])
        still = [one for one in known if one.in_force and one.state == "approved"]
        return len(found), await _take_effect(still, users, moment=Moment(at=now, by=by))

    return await in_unit_of(system, body)


async def _decider(approved: HeldChange) -> Actor:
    """Return who approved, with the permissions that are left: none once disabled or gone."""
    tenant_id, user_id = approved.tenant_id, approved.decided_by_id
    if user_id is None:
        return Actor(tenant_id=tenant_id, kind="system", label=approved.decided_by or "system")
    return await find_actor(tenant_id, user_id, approved.decided_by or "")


async def _take_effect(changes: list[HeldChange], users: dict[UserId, User], *, moment: Moment) -> int:
    """Let changes take effect whose users are held; returns how many cannot, and wait again."""
    by, tenant_id = moment.by, moment.by.tenant_id
    gone = [one for one in changes if one.user_id not in users]
    if gone:
        over = Overtake(user_ids=tuple({one.user_id for one in gone}), at=moment.at)
        await commit_plan(Plan(changes=(over,)), by=by, now=moment.at)
    there = [one for one in changes if one.user_id in users]
    beyond = await _beyond(there, users, by=by)
    await held.back_to_waiting(tenant_id, [one.held_id for one in beyond], BEYOND)
    within = [one for one in there if one not in beyond]
    try:
        async with savepoint():
            await _commit(within, users, moment=moment)
    except LastAdministratorError:
        return len(beyond) + await _one_by_one(within, users, moment=moment)
    return len(beyond)


async def _beyond(changes: list[HeldChange], users: dict[UserId, User], *, by: Actor) -> list[HeldChange]:
    """Return the changes that take or give more than the role of whoever approved carries, by what is so now."""
    if by.kind == "system" or not changes:
        return []
    policy = await read_policy(by.tenant_id)
    within = {role_id for role_id, role in policy.roles.items() if role.permissions <= by.reach}
    found: list[HeldChange] = []
    for facts in await people.list_role_facts(by.tenant_id, sorted({one.user_id for one in changes})):
        some = [one for one in changes if one.user_id == facts.user_id]
        reached = {users[facts.user_id].decision.role_id, *roles_approved(policy, some, facts)}
        if "users:manage" not in by.permissions or not reached <= within:
            found += some
    return found


async def _one_by_one(changes: list[HeldChange], users: dict[UserId, User], *, moment: Moment) -> int:
    refused = 0
    for user_id in dict.fromkeys(one.user_id for one in changes):
        some = [one for one in changes if one.user_id == user_id]
        try:
            async with savepoint():
                await _commit(some, users, moment=moment)
        except LastAdministratorError:
            await held.back_to_waiting(moment.by.tenant_id, [one.held_id for one in some], LAST_ADMINISTRATOR)
            refused += len(some)
    return refused


async def _commit(changes: list[HeldChange], users: dict[UserId, User], *, moment: Moment) -> None:
    if not changes:
        return
    tenant_id = moment.by.tenant_id
    policy = await read_policy(tenant_id)
    facts = await people.list_role_facts(tenant_id, sorted({one.user_id for one in changes}))
    plan = plan_approved(policy, changes, users, {one.user_id: one for one in facts}, moment=moment)
    told = await _told("approved", changes, by=moment.by, now=moment.at)
    await commit_plan(joined_plan(told, plan), by=moment.by, now=moment.at, job_id=_approval_id(changes[0]))


def _approval_id(change: HeldChange) -> UUID:
    """Return what names one decision with all that it came to, so that it can be undone as a whole."""
    return uuid5(change.tenant_id, f"{change.decided_by_id} {change.decided_at}")
