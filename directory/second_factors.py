"""Second factors of operators: set up, renewed, given up; and taken from somebody who lost theirs."""

from dataclasses import dataclass, field
from datetime import datetime

from directory.commit import commit_plan, in_unit_of
from directory.entering import actor_of, plan_enrolment, secret_of
from directory.errors import InvalidError, NotFoundError, WrongProofError
from directory.ids import new_id
from directory.model import Actor, UserId
from directory.one_time_codes import digests_of, enrolment_uri, matching_step, new_recovery_codes
from directory.operators import Operator, find_other_ways_plan, operator_actor
from directory.plan import EndSignins, Plan, joined_plan
from directory.plan_signins import (
    STEP_LIFETIME,
    own_event,
    plan_factor,
    plan_factor_begun_in,
    plan_no_factor,
    plan_recovery_codes,
    user_event,
)
from directory.reach import check_within
from directory.store import credentials
from directory.store.credentials import Factor, Holder
from directory.tries import counter_for, forgive_try, take_try
from directory.visitor import Visitor


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """What goes into an authenticator app."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


async def begin_enrolment(operator: Operator, *, now: datetime) -> None:
    """Make a secret for an authenticator app; the factor in use, if any, stays until the new one is confirmed.

    Raises:
        NoKeysError: this server cannot seal it.
    """
    by, factor_id = operator_actor(operator), new_id(now)
    plan = joined_plan(
        plan_enrolment(factor_id, by=by, now=now), plan_factor_begun_in(operator.session_id, factor_id, by=by)
    )
    await in_unit_of(by, lambda: commit_plan(plan, by=by, now=now))


async def find_enrolment(operator: Operator, *, now: datetime) -> Enrolment | None:
    """Return the secret that was begun in this session within the last ten minutes and waits for its first code."""
    tenant, user = operator.tenant, operator.user
    begun = await _begun_in(operator, now=now)
    if begun is None:
        return None
    secret = secret_of(begun, tenant.tenant_id)
    uri = enrolment_uri(secret, account=user.attributes.user_name, tenant=tenant.name)
    return Enrolment(secret=secret, uri=uri)


async def finish_enrolment(operator: Operator, code: str, *, now: datetime) -> tuple[str, ...]:
    """Take the new factor into use and return its recovery codes, which nobody can read again.

    All other sessions of the operator end, and unused links: they were opened with what counts no more.

    Raises:
        InvalidError: nothing was begun in this session, or it is too old or was finished already.
        TooManyTriesError: the code was not looked at.
        WrongProofError: it is not the code of this moment.
    """
    by, codes = operator_actor(operator), new_recovery_codes()
    counters = [counter_for("device", operator.session_id, "enrolment")]
    await take_try(counters, now=now)

    async def body() -> bool:
        holder = await _hold(by, operator.user.user_id)
        begun = await _begun_in(operator, now=now)
        if begun is None:
            raise InvalidError("second factor", "is not being set up: begin again")
        step = matching_step(secret_of(begun, by.tenant_id), code, now=now, after_step=0)
        if step is None:
            return False
        replaced = None if holder.factor is None else holder.factor.factor_id
        plans = (
            plan_factor(begun.factor_id, step=step, replaced=replaced, by=by, now=now),
            plan_recovery_codes(digests_of(codes), by=by),
            await find_other_ways_plan(operator, now=now),
        )
        await commit_plan(joined_plan(*plans), by=by, now=now)
        return True

    if not await in_unit_of(by, body):
        raise WrongProofError("the code is not right: take the one that the app shows now")
    await forgive_try(counters, now=now)
    return codes


async def renew_recovery_codes(operator: Operator, *, now: datetime) -> tuple[str, ...]:
    """Return new recovery codes, which nobody can read again; the former ones open nothing.

    Raises:
        InvalidError: there is no second factor to recover.
    """
    by, codes = operator_actor(operator), new_recovery_codes()

    async def body() -> None:
        holder = await _hold(by, operator.user.user_id)
        if holder.factor is None:
            raise InvalidError("second factor", "is not set up")
        await commit_plan(plan_recovery_codes(digests_of(codes), by=by), by=by, now=now)

    await in_unit_of(by, body)
    return codes


async def remove_factor(operator: Operator, visitor: Visitor, *, now: datetime) -> None:
    """Give the second factor up; one that is gone already stays gone.

    Raises:
        InvalidError: the operator's role asks for one: it can only be replaced.
    """
    if visitor.must_have_factor(operator.role):
        raise InvalidError("second factor", "is required for your access role: replace it instead")
    by = operator_actor(operator)

    async def body() -> None:
        holder = await _hold(by, operator.user.user_id)
        if holder.factor is not None:
            told = own_event("factor:removed", by)
            await commit_plan(plan_no_factor(operator.user.user_id, told=told, by=by), by=by, now=now)

    await in_unit_of(by, body)


async def reset_factor(user_id: UserId, *, by: Actor, now: datetime) -> bool:
    """Take a second factor from somebody who lost it, end their sessions and links; False if there was none.

    They sign in with the password or a new link, and set a second factor up anew where their role asks for one.

    Raises:
        NotFoundError: the tenant has no such user.
        ForbiddenError: the actor may not manage users, or the user's role carries more than the actor's own.
        InvalidError: it is the actor's own, who can replace it.
    """
    by.require("users:manage")
    if user_id == by.user_id:
        raise InvalidError("second factor", "is your own: replace it on your account page")

    async def body() -> bool:
        holder = await _hold(by, user_id)
        check_within(holder.person.role, by=by)
        if holder.factor is None:
            return False
        told = user_event("factor:reset", user_id, actor_of(holder.person).label)
        ended = Plan(changes=(EndSignins(user_id=user_id, at=now),))
        await commit_plan(joined_plan(plan_no_factor(user_id, told=told, by=by), ended), by=by, now=now)
        return True

    return await in_unit_of(by, body)


async def _begun_in(operator: Operator, *, now: datetime) -> Factor | None:
    return await credentials.find_factor_begun_in(
        operator.tenant.tenant_id, operator.session_id, begun_after=now - STEP_LIFETIME
    )


async def _hold(by: Actor, user_id: UserId) -> Holder:
    holder = await credentials.find_holder(by.tenant_id, user_id, hold=True)
    if holder is None:
        raise NotFoundError("user", user_id)
    return holder
