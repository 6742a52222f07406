"""Copies of many who meet nobody in a tenant below: one look around for all, and one commit."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from directory.commit import commit_plan, in_unit_of, source_of
from directory.errors import AlreadyExistsError
from directory.facts import Arrival, Moment
from directory.ids import new_id
from directory.meetings import keys_of
from directory.model import RoleLock, User, UserAttributes, UserId
from directory.names import name_key
from directory.plan import Plan, PutUser, joined_plan
from directory.plan_users import plan_new_user
from directory.roles import RolePolicy
from directory.store import circles
from directory.store.arrivals import look_around
from directory.store.errors import ConcurrencyError
from directory.store.policy import read_policy
from directory.store.pulls.newcomers import look_around_many
from directory.store.unit import current_engine


class Comer(NamedTuple):
    """Somebody who is to be in a tenant: what it is told of them, and the role that a rule gives them there."""

    attributes: UserAttributes
    lock: RoleLock | None


async def create_comers(comers: Mapping[UserId, Comer], *, moment: Moment) -> dict[UserId, User]:
    """Create those who meet nobody, and return them by whose copies they are; the others are left out.

    What is written is what ``users.create_user`` would write for each.
    """

    async def body() -> dict[UserId, User]:
        alone, policy = await _alone(comers, moment)
        plans: dict[UserId, Plan] = {
            user_id: plan_new_user(
                UserId(new_id(moment.at)),
                comer.attributes,
                policy=policy,
                arrival=Arrival(),
                moment=moment,
                lock=comer.lock,
            )
            for user_id, comer in alone.items()
        }
        await commit_plan(joined_plan(*plans.values()), by=moment.by, now=moment.at)
        return {user_id: _user_of(plan) for user_id, plan in plans.items()}

    try:
        if current_engine().engine_type != "sqlite":  # two round trips less than with a savepoint
            return await body()
        return await in_unit_of(moment.by, body)
    except AlreadyExistsError as error:
        if current_engine().engine_type == "sqlite":
            return {}  # each is told apart by the verb for one
        raise ConcurrencyError("somebody came in between") from error


async def _alone(comers: Mapping[UserId, Comer], moment: Moment) -> tuple[dict[UserId, Comer], RolePolicy]:
    """Return those who meet nobody there and none of the others, and what roles are decided by."""
    tenant_id, source_id = moment.by.tenant_id, source_of(moment.by)
    if len(comers) == 1:
        ((_, comer),) = comers.items()
        said = comer.attributes
        policy, met = await look_around(tenant_id, source_id, said.user_name, said.external_id, keys_of(said))
        if not met:
            return dict(comers), policy
    policy = await read_policy(tenant_id, hold="to decide")
    external_ids = [str(user_id) for user_id in comers]
    await circles.hold_names(tenant_id, source_id, external_ids)
    keys = {user_id: keys_of(comer.attributes) for user_id, comer in comers.items()}
    rows = await look_around_many(
        tenant_id,
        source_id,
        name_keys=[name_key(comer.attributes.user_name) for comer in comers.values()],
        external_ids=external_ids,
        keys=sorted({key for some in keys.values() for key in some}),
    )
    # Whoever left earlier under the same name is nobody's concern: who is who was decided above.
    values = {row["value"] for row in rows if row["met"] != "returned"}
    return _apart(comers, [user_id for user_id in comers if not values & {str(user_id), *keys[user_id]}]), policy


def _apart(comers: Mapping[UserId, Comer], user_ids: Sequence[UserId]) -> dict[UserId, Comer]:
    """Return those of the comers, but who has the user name of another one."""
    named: dict[str, UserId] = {}
    for user_id in user_ids:
        named.setdefault(name_key(comers[user_id].attributes.user_name), user_id)
    return {user_id: comers[user_id] for user_id in named.values()}


def _user_of(plan: Plan) -> User:
    return next(change.user for change in plan.changes if isinstance(change, PutUser))
