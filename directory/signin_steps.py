"""The second half of a sign-in: a code, or a second factor that must be set up first."""

from dataclasses import dataclass, field
from datetime import datetime

from directory.commit import commit_plan, in_unit_of
from directory.entering import Proof, actor_of, find_code_plan, plan_entry, secret_of
from directory.errors import InvalidError, WrongProofError
from directory.model import Tenant, User
from directory.one_time_codes import digests_of, enrolment_uri, matching_step, new_recovery_codes
from directory.plan import Plan, joined_plan
from directory.plan_signins import STEP_LIFETIME, plan_factor, plan_recovery_codes, step_used
from directory.signin_refusals import note_refusal
from directory.store import credentials, entries
from directory.store.credentials import Factor, Holder
from directory.store.entries import HeldStep
from directory.throttling import FORGOTTEN_AFTER
from directory.tokens import digest_of, is_key
from directory.tries import Counter, counter_for, forget_old_tries, forgive_try, take_try
from directory.visitor import Entry, Stage, Visitor


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A sign-in half way, as its page shows it."""

    tenant: Tenant
    user: User
    stage: Stage
    secret: str | None = field(default=None, repr=False)
    """To put into an authenticator app, where one is being set up."""
    uri: str | None = field(default=None, repr=False)


async def find_step(token: str, *, now: datetime) -> Step | None:
    """Return what comes next in a sign-in half way, or None when it is over."""
    held = await entries.find_step(digest_of(token), now=now) if is_key(token) else None
    if held is None or not _leads_on(held):
        return None
    tenant, user = held.person.tenant, held.person.user
    holder = await credentials.find_holder(tenant.tenant_id, user.user_id)
    if holder is not None and holder.factor is not None:
        return Step(tenant=tenant, user=user, stage="code")
    begun = await _begun_in(held, now=now)
    if begun is None:
        return None
    secret = secret_of(begun, tenant.tenant_id)
    uri = enrolment_uri(secret, account=user.attributes.user_name, tenant=tenant.name)
    return Step(tenant=tenant, user=user, stage="enrolment", secret=secret, uri=uri)


async def finish_with_code(token: str, code: str, visitor: Visitor, *, now: datetime) -> Entry:
    """Return the web session that a code of the app, or a recovery code, opens.

    Raises:
        InvalidError: the sign-in was given up, or is too old: begin again.
        TooManyTriesError: the code was not looked at.
        WrongProofError: it is neither a code of this moment nor a recovery code, or it was used.
    """
    known = await _known_step(token, now=now)
    counters = [_counter_of(known)]
    await take_try(counters, now=now)

    async def body() -> Entry | None:
        step, holder = await _hold_step(token, now=now)
        used = await find_code_plan(holder, code, now=now)
        return None if used is None else await _finish(step, holder, used, visitor, now=now)

    entry = await in_unit_of(actor_of(known.person), body)
    if entry is None:
        await note_refusal(known.person.tenant, known.person.user, "wrong code", visitor, now=now)
        raise WrongProofError("the code is not right, or was used already")
    await forgive_try(counters, now=now)
    return entry


async def finish_with_enrolment(
    token: str, code: str, visitor: Visitor, *, now: datetime
) -> tuple[Entry, tuple[str, ...]]:
    """Return the web session that the first code opens, and the recovery codes, which nobody can read again.

    Raises:
        InvalidError, TooManyTriesError, WrongProofError: as for ``finish_with_code``.
    """
    known = await _known_step(token, now=now)
    counters, codes = [_counter_of(known)], new_recovery_codes()
    await take_try(counters, now=now)

    async def body() -> Entry | None:
        step, holder = await _hold_step(token, now=now)
        begun = await _begun_in(step, now=now)
        if holder.factor is not None or begun is None:
            raise _over()
        at = matching_step(secret_of(begun, step.person.tenant.tenant_id), code, now=now, after_step=0)
        if at is None:
            return None
        by = actor_of(step.person)
        enrolled = joined_plan(
            plan_factor(begun.factor_id, step=at, replaced=None, by=by, now=now),
            plan_recovery_codes(digests_of(codes), by=by),
        )
        return await _finish(step, holder, enrolled, visitor, now=now)

    entry = await in_unit_of(actor_of(known.person), body)
    if entry is None:
        raise WrongProofError("the code is not right: take the one that the app shows now")
    await forgive_try(counters, now=now)
    return entry, codes


async def prune_signins(*, now: datetime, limit: int) -> int:
    """Delete steps that are over, and counters of tries that count no more; return how many rows at most."""
    return await entries.delete_steps(now - FORGOTTEN_AFTER, limit=limit) + await forget_old_tries(now=now, limit=limit)


async def _finish(step: HeldStep, holder: Holder, proven: Plan, visitor: Visitor, *, now: datetime) -> Entry:
    by = actor_of(step.person)
    proof = Proof(way=step.way, second_factor=True, lands_at=step.lands_at)
    plan, entry = plan_entry(holder, proof, visitor, now=now)
    used = Plan(changes=(step_used(step.step_id, by=by, now=now),))
    await commit_plan(joined_plan(used, proven, plan), by=by, now=now)
    return entry


async def _known_step(token: str, *, now: datetime) -> HeldStep:
    held = await entries.find_step(digest_of(token), now=now) if is_key(token) else None
    if held is None or not _leads_on(held):
        raise _over()
    return held


async def _hold_step(token: str, *, now: datetime) -> tuple[HeldStep, Holder]:
    step = await entries.find_step(digest_of(token), now=now, hold=True)
    if step is None or not _leads_on(step):
        raise _over()
    holder = await credentials.find_holder(step.person.tenant.tenant_id, step.person.user.user_id, hold=True)
    if holder is None:
        raise _over()
    return step, holder


def _leads_on(step: HeldStep) -> bool:
    """Whether its user may sign in, with no more permissions than when it began."""
    return step.person.role.may_sign_in and not step.is_outgrown


async def _begun_in(step: HeldStep, *, now: datetime) -> Factor | None:
    """Return the factor that was begun for this step; no other step and no session shows it."""
    if step.factor_id is None:
        return None
    tenant_id, user_id = step.person.tenant.tenant_id, step.person.user.user_id
    return await credentials.find_begun_factor(tenant_id, user_id, step.factor_id, begun_after=now - STEP_LIFETIME)


def _counter_of(step: HeldStep) -> Counter:
    return counter_for("code", step.person.tenant.tenant_id, step.person.user.user_id)


def _over() -> InvalidError:
    return InvalidError(
        "sign-in", "took too long, was finished or begun anew already, or leads to more than before: begin again"
    )
