"""By which id a source knows a user, put right by hand: for a link that the provider can no longer repair itself."""

from dataclasses import replace
from datetime import datetime

from directory.commit import commit_plan, in_unit_of
from directory.errors import InvalidError, NotFoundError
from directory.facts import Moment, role_facts
from directory.model import Actor, JsonObject, User, UserAttributes, UserId
from directory.person import TEXT_MAX
from directory.plan import Plan, joined_plan
from directory.plan_users import plan_arrival, plan_user_edit
from directory.reach import role_within
from directory.routed_sources import check_own
from directory.store import access, blocks, circles, people
from directory.store.policy import read_policy


async def relink_user(user_id: UserId, external_id: str | None, *, by: Actor, now: datetime) -> bool:
    """Have the user's source know it by another externalId, or by none; returns False if it did so already.

    The source goes on owning the user and finds it by our id and by its user name. Groups that wait for the new id
    get it as a member. What the source reports next may change it again.

    Raises:
        NotFoundError: no such user.
        InvalidError: a local user, or an id that cannot be one.
        AlreadyExistsError: the source knows somebody else by that id.
        ForbiddenError: the actor may not manage sources, or the user's role carries more than the actor's own.
    """
    by.require("sources:manage")
    external_id = None if external_id is None else _checked(external_id)

    async def body() -> bool:
        policy = await read_policy(by.tenant_id, hold="to decide")
        owner = await people.find_user(by.tenant_id, user_id)
        if owner is None:
            raise NotFoundError("user", user_id)
        if owner.source_id is None:
            raise InvalidError("external id", "belongs to users of a source; this one is local")
        check_own(await access.find_source(by.tenant_id, owner.source_id))
        values = [] if external_id is None else [external_id]
        await circles.hold_names(by.tenant_id, owner.source_id, values)
        arrival = await people.find_waiting(by.tenant_id, owner.source_id, values)
        user = await people.find_user_to_change(by.tenant_id, user_id)
        if user is None or user.source_id != owner.source_id:
            raise NotFoundError("user", user_id)
        await role_within(user.decision.role_id, by=by, gone=True)
        moment = Moment(at=now, by=by)
        plan = await _edit_plan(user, external_id, moment=moment)
        if not plan:
            return False
        groups = await people.mapped_groups_of(by.tenant_id, [user_id])
        facts = role_facts(user, groups.get(user_id, frozenset()))
        joining = plan_arrival(facts, policy=policy, arrival=arrival, moment=moment)
        await commit_plan(joined_plan(plan, joining), by=by, now=now)
        return True

    return await in_unit_of(by, body)


async def _edit_plan(user: User, external_id: str | None, *, moment: Moment) -> Plan:
    blocked = not user.active and await blocks.find_block(user.tenant_id, user.user_id) is not None
    plan = plan_user_edit(user, lambda old: _with_id(old, external_id), moment=moment, blocked=blocked)
    action = "user:unlinked" if external_id is None else "user:relinked"
    return replace(plan, events=tuple(replace(event, action=action) for event in plan.events))


def _with_id(attributes: UserAttributes, external_id: str | None) -> UserAttributes:
    document: JsonObject = {name: value for name, value in attributes.document.items() if name != "externalId"}
    return UserAttributes(document if external_id is None else {**document, "externalId": external_id})


def _checked(external_id: str) -> str:
    external_id = external_id.strip()
    if not external_id or len(external_id) > TEXT_MAX or not external_id.isprintable():
        raise InvalidError("external id", "is needed, in characters that can be shown")
    return external_id
