"""Many newcomers at once: one look around for all, and one commit of what creating each of them comes to."""

from collections.abc import Sequence
from datetime import datetime

from directory.commit import commit_plan, in_unit_of
from directory.errors import AlreadyExistsError
from directory.facts import Arrival, Moment
from directory.ids import new_id
from directory.model import UserAttributes, UserId
from directory.names import name_key
from directory.plan import Plan, joined_plan
from directory.plan_users import plan_new_user
from directory.pulls.ground import Ground
from directory.pulls.outlooks import Outlook
from directory.pulls.people_seen import meetings_of
from directory.store import circles
from directory.store.policy import read_policy


async def create_newcomers(ground: Ground, newcomers: Sequence[Outlook], *, now: datetime) -> list[str]:
    """Create those who meet nobody, and return their ids; whoever met somebody is left to ``users.create_user``.

    What is written is what that verb would write for each: the same planner, the same commit.
    """

    async def body() -> list[str]:
        policy = await read_policy(ground.tenant_id, hold="to decide")
        await circles.hold_names(ground.tenant_id, ground.source_id, [one.ext_id for one in newcomers])
        met = await meetings_of(ground, newcomers)
        moment = Moment(at=now, by=ground.by)
        plans: list[Plan] = []
        created: list[str] = []
        for ext_id, attributes in _apart([one for one in newcomers if one.ext_id not in met]):
            user_id = UserId(new_id(now))
            plans.append(plan_new_user(user_id, attributes, policy=policy, arrival=Arrival(), moment=moment))
            created.append(ext_id)
        await commit_plan(joined_plan(*plans), by=ground.by, now=now)
        return created

    try:
        return await in_unit_of(ground.by, body)
    except AlreadyExistsError:  # somebody came in between; each is told apart by the verb for one
        return []


def _apart(newcomers: Sequence[Outlook]) -> list[tuple[str, UserAttributes]]:
    """Return newcomers and their attributes, but those who have the user name of another one."""
    names: set[str] = set()
    found: list[tuple[str, UserAttributes]] = []
    for one in newcomers:
        if one.attributes is None or (key := name_key(one.attributes.user_name)) in names:
            continue
        names.add(key)
        found.append((one.ext_id, one.attributes))
    return found
