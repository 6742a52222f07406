"""What operators do to the status of one user: keep it from signing in, let it in again, disable a local account."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from directory.commit import commit_plan, in_unit_of
from directory.errors import InvalidError, NotFoundError
from directory.facts import Moment
from directory.model import Actor, TenantId, User, UserAttributes, UserId
from directory.plan import NOTHING, Plan
from directory.plan_status import SigninBlock, plan_allow, plan_block
from directory.plan_users import plan_user_edit
from directory.reach import checked_reason, role_within
from directory.store import blocks, people

__all__ = ["SigninBlock", "allow_signin", "block_signin", "find_block", "set_local_status"]


async def block_signin(user_id: UserId, *, reason: str, by: Actor, now: datetime) -> bool:
    """Keep the user out from now on, whatever the source reports; returns False if somebody did so before.

    Sessions and unused links end at once. The source goes on seeing the status that it reported.

    Raises:
        NotFoundError: no such user.
        InvalidError: no reason.
        ForbiddenError: the actor may not manage users, or the user's role carries more than the actor's own.
        LastAdministratorError: the tenant would have no active administrator.
    """
    reason = checked_reason(reason)

    async def planned(user: User, block: SigninBlock | None) -> Plan:
        return NOTHING if block is not None else plan_block(user, reason=reason, moment=Moment(at=now, by=by))

    return await _change(user_id, planned, by=by, now=now)


async def allow_signin(user_id: UserId, *, by: Actor, now: datetime) -> bool:
    """Let what the source reports hold again; returns False if nothing kept the user out.

    Raises:
        NotFoundError, ForbiddenError: as for ``block_signin``.
    """

    async def planned(user: User, block: SigninBlock | None) -> Plan:
        return NOTHING if block is None else plan_allow(user, block)

    return await _change(user_id, planned, by=by, now=now)


async def set_local_status(user_id: UserId, *, active: bool, by: Actor, now: datetime) -> bool:
    """Disable or enable a user of no source; returns False if it was so before.

    Raises:
        InvalidError: the user is a source's, which reports the status: block its sign-in instead.
        NotFoundError, ForbiddenError, LastAdministratorError: as for ``block_signin``.
    """

    async def planned(user: User, block: SigninBlock | None) -> Plan:
        if user.source_id is not None:
            raise InvalidError("status", "is reported by the user's source: disable sign-in instead")
        return plan_user_edit(
            user,
            lambda old: _with_status(old, active=active),
            moment=Moment(at=now, by=by),
            blocked=block is not None,
            settles=True,
        )

    return await _change(user_id, planned, by=by, now=now)


async def find_block(tenant_id: TenantId, user_id: UserId) -> SigninBlock | None:
    """Return what keeps a user from signing in whatever its source reports, or None."""
    return await blocks.find_block(tenant_id, user_id)


def _with_status(attributes: UserAttributes, *, active: bool) -> UserAttributes:
    return UserAttributes({**attributes.document, "active": active})


async def _change(
    user_id: UserId,
    planned: Callable[[User, SigninBlock | None], Awaitable[Plan]],
    *,
    by: Actor,
    now: datetime,
) -> bool:
    by.require("users:manage")

    async def body() -> bool:
        user = await people.find_user_to_change(by.tenant_id, user_id)
        if user is None:
            raise NotFoundError("user", user_id)
        await role_within(user.decision.role_id, by=by, gone=True)
        plan = await planned(user, await blocks.find_block(by.tenant_id, user_id))
        await commit_plan(plan, by=by, now=now)
        return bool(plan)

    return await in_unit_of(by, body)
