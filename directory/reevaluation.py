"""Resync now: one user's role decided anew from the facts as they are; a pushing provider cannot be asked for more."""

from datetime import datetime

from directory.commit import commit_plan, in_unit_of
from directory.errors import NotFoundError
from directory.facts import role_facts
from directory.model import Actor, UserId
from directory.plan_roles import plan_decisions
from directory.reach import role_within
from directory.store import people
from directory.store.policy import read_policy


async def reevaluate_role(user_id: UserId, *, by: Actor, now: datetime) -> bool:
    """Decide the user's role anew; returns whether the decision that was stored was another one.

    Raises:
        NotFoundError: no such user.
        ForbiddenError: the actor may not manage users, or the user's role carries more than the actor's own.
        LastAdministratorError: the tenant would have no active administrator.
    """
    by.require("users:manage")

    async def body() -> bool:
        policy = await read_policy(by.tenant_id, hold="to decide")
        user = await people.find_user_to_change(by.tenant_id, user_id)
        if user is None:
            raise NotFoundError("user", user_id)
        await role_within(user.decision.role_id, by=by, gone=True)
        groups = await people.mapped_groups_of(by.tenant_id, [user_id])
        facts = role_facts(user, groups.get(user_id, frozenset()))
        plan = plan_decisions(policy, [facts], at=now)
        await commit_plan(plan, by=by, now=now)
        return bool(plan)

    return await in_unit_of(by, body)
