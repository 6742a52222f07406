"""What operators do to the role of one user: lock it, unlock it, create a local user with it."""

import contextlib
import re
from datetime import datetime

from directory.commit import commit_plan, in_unit_of
from directory.errors import ForbiddenError, InvalidError, LastAdministratorError, NotFoundError
from directory.facts import Arrival, Moment, role_facts
from directory.ids import new_id
from directory.model import AccessRole, Actor, JsonObject, RoleId, RoleLock, TenantId, User, UserAttributes, UserId
from directory.plan import PutUser
from directory.plan_roles import plan_lock, roles_reached
from directory.plan_users import plan_new_user
from directory.store import access, people
from directory.store.policy import read_policy

REASON_MAX = 500
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
LOCAL_REASON = "Role given when the local account was created"


async def lock_role(
    user_id: UserId, role_id: RoleId, *, reason: str, until: datetime | None, by: Actor, now: datetime
) -> User:
    """Keep the user's role at ``role_id`` whatever groups and mappings say, until ``until`` or until unlocked.

    Raises:
        NotFoundError: no such user.
        InvalidError: no such role, no reason, ``until`` is not in the future, or the account is the actor's own.
        ForbiddenError: the actor may not manage users, or the role, or the one the user has now, carries more than the
            actor's own; or the one that a lock hides, if this lock replaces another or ends by itself.
        LastAdministratorError: the tenant would have no active administrator.
    """
    _check_may_lock(user_id, by=by)
    reason = _checked_reason(reason)
    if until is not None and until <= now:
        raise InvalidError("until", "must lie in the future")
    lock = RoleLock(role_id=role_id, reason=reason, owner=by.label, created_at=now, until=until)
    return await _put_lock(user_id, lock, by=by, now=now)


async def unlock_role(user_id: UserId, *, by: Actor, now: datetime) -> User:
    """Let groups and mappings decide the user's role again.

    Raises:
        NotFoundError: no such user.
        InvalidError: the account is the actor's own.
        ForbiddenError: the actor may not manage users, or the locked role, or the one that follows, carries more than
            the actor's own.
        LastAdministratorError: the tenant would have no active administrator.
    """
    _check_may_lock(user_id, by=by)
    return await _put_lock(user_id, None, by=by, now=now)


async def create_local_user(
    user_name: str, *, display_name: str = "", email: str | None = None, role_id: RoleId, by: Actor, now: datetime
) -> User:
    """Create a user of no source; its role is kept by a lock, since no group can decide it.

    Raises:
        AlreadyExistsError: the user name is taken.
        InvalidError: no user name, one that cannot be printed, no e-mail address, or no such role.
        ForbiddenError: the actor may not manage users, or the role carries more than the actor's own.
    """
    by.require("users:manage")
    user_name = user_name.strip()
    if not user_name or not user_name.isprintable():
        raise InvalidError("user name", "is needed, in characters that can be printed")
    if email and _EMAIL.fullmatch(email) is None:
        raise InvalidError("email", "is not an address such as ann@example.com")
    document: JsonObject = {"userName": user_name, "active": True}
    if display_name.strip():
        document["displayName"] = display_name.strip()
    if email:
        document["emails"] = [{"value": email, "type": "work", "primary": True}]

    async def body() -> User:
        policy = await read_policy(by.tenant_id, hold="to decide")
        _check_within(await _role(by.tenant_id, role_id), by=by)
        lock = RoleLock(role_id=role_id, reason=LOCAL_REASON, owner=by.label, created_at=now)
        plan = plan_new_user(
            UserId(new_id(now)),
            UserAttributes(document),
            policy=policy,
            arrival=Arrival(),
            moment=Moment(at=now, by=by),
            lock=lock,
        )
        await commit_plan(plan, by=by, now=now)
        return next(change.user for change in plan.changes if isinstance(change, PutUser))

    return await in_unit_of(by, body)


async def expire_locks(*, now: datetime, limit: int) -> int:
    """End locks whose time has passed and decide those roles anew; returns how many it ended.

    One that cannot end, because nobody would be left to administer the tenant, stays, and is tried again.
    """
    ended = 0
    for tenant_id, user_id in await people.list_expired_locks(now, limit):
        by = Actor(tenant_id=tenant_id, kind="system", label="expiry of role locks")
        with contextlib.suppress(LastAdministratorError, NotFoundError):
            await _put_lock(user_id, None, by=by, now=now, only_if_over=True)
            ended += 1
    return ended


def _lasts(lock: RoleLock | None, now: datetime) -> bool:
    """Whether a lock that was found to be over is not: somebody may just have extended or replaced it."""
    return lock is None or lock.until is None or lock.until > now


async def _put_lock(
    user_id: UserId,
    lock: RoleLock | None,
    *,
    by: Actor,
    now: datetime,
    only_if_over: bool = False,
) -> User:
    async def body() -> None:
        policy = await read_policy(by.tenant_id, hold="to decide")
        if lock is not None:
            _check_within(await _role(by.tenant_id, lock.role_id), by=by)
        user = await people.find_user_to_change(by.tenant_id, user_id)
        if user is None:
            raise NotFoundError("user", user_id)
        if only_if_over and _lasts(user.lock, now):
            return
        groups = await people.mapped_groups_of(by.tenant_id, [user_id])
        facts = role_facts(user, groups.get(user_id, frozenset()))
        if by.kind != "system":
            # Of a role that is gone there are holders until the walk has reached them.
            for role_id in {facts.decision.role_id, *roles_reached(policy, facts, lock)}:
                _check_within(await _role(by.tenant_id, role_id, gone=True), by=by)
        await commit_plan(plan_lock(policy, facts, lock, at=now), by=by, now=now)

    await in_unit_of(by, body)
    user = await people.find_user(by.tenant_id, user_id)
    if user is None:
        raise NotFoundError("user", user_id)
    return user


def _check_may_lock(user_id: UserId, *, by: Actor) -> None:
    by.require("users:manage")
    if by.user_id == user_id:
        raise InvalidError("user", "is yourself: somebody else locks and unlocks your role")


async def _role(tenant_id: TenantId, role_id: RoleId, *, gone: bool = False) -> AccessRole:
    role = await access.find_role(tenant_id, role_id, gone=gone)
    if role is None:
        raise InvalidError("role", "is not one of this tenant")
    return role


def _check_within(role: AccessRole, *, by: Actor) -> None:
    """Nobody gives away, or takes away, more than they have."""
    if by.kind != "system":
        for permission in sorted(role.permissions - by.reach):
            raise ForbiddenError(permission)


def _checked_reason(reason: str) -> str:
    reason = reason.strip()
    if not reason or len(reason) > REASON_MAX:
        raise InvalidError("reason", f"is needed, in at most {REASON_MAX} characters")
    return reason
