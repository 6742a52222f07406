"""What a user can sign in with, and the password that operators choose for themselves."""

from dataclasses import dataclass
from datetime import datetime

from directory.commit import commit_plan, in_unit_of
from directory.errors import InvalidError, NotFoundError, StaleError, WrongProofError
from directory.model import TenantId, UserId
from directory.operators import Operator, find_other_ways_plan, operator_actor
from directory.password_hashes import hash_password, is_password
from directory.passwords import check_password
from directory.plan import Plan, joined_plan
from directory.plan_signins import plan_confirmed, plan_password, plan_renewed
from directory.store import credentials
from directory.store.credentials import Holder
from directory.store.unit import as_tenant
from directory.tokens import new_key
from directory.tries import counter_for, forgive_try, take_try


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a user can sign in with, besides links."""

    password_set_at: datetime | None
    factor_since: datetime | None
    recovery_left: int
    """Recovery codes that are not used."""

    @property
    def is_bare(self) -> bool:
        """Whether there are only links."""
        return self.password_set_at is None and self.factor_since is None


async def get_own_credentials(operator: Operator) -> Credentials:
    """Return what an operator has, at home, also where it looks into another tenant."""
    own = operator.own
    async with as_tenant(own.tenant.tenant_id):
        return await get_credentials(own.tenant.tenant_id, own.user.user_id)


async def get_credentials(tenant_id: TenantId, user_id: UserId) -> Credentials:
    """Return what a user has.

    Raises:
        NotFoundError: the tenant has no such user.
    """
    holder = await _get_holder(tenant_id, user_id)
    return Credentials(
        password_set_at=holder.password_set_at,
        factor_since=None if holder.factor is None else holder.factor.since,
        recovery_left=len(await credentials.list_recovery_digests(tenant_id, user_id)),
    )


async def set_password(operator: Operator, token: str, *, current: str, password: str, now: datetime) -> str:
    """Set the operator's password and return the new token of this session; all others end, and unused links.

    It counts as confirming who one is only where a password is all there is: with a second factor, a session that is
    not fresh does not become so.

    The current one is asked for, unless a link opened this session just now. A first one needs a fresh session:
    otherwise whoever finds a browser left open could make the account their own.

    Raises:
        InvalidError: the password is easy to guess (``password``), or only a new link will do (``sign-in``).
        TooManyTriesError: nothing was looked at.
        WrongProofError: the current password is not right.
        StaleError: it was changed meanwhile.
    """
    by, new_token = operator_actor(operator), new_key()
    known = await _get_holder(by.tenant_id, operator.user.user_id)
    await _check_may_set(operator, known, current, now=now)
    check_password(password, names=_names_of(operator))
    hashed = await hash_password(password)
    session = operator.renewed(token=token, new_token=new_token)

    async def body() -> None:
        held = await credentials.find_holder(by.tenant_id, operator.user.user_id, hold=True)
        if held is None or held.password_hash != known.password_hash:
            raise StaleError("password", operator.user.user_id, actual=0)
        confirms = held.factor is None
        renewed = plan_confirmed(session, by=by, now=now) if confirms else plan_renewed(session, by=by)
        plans = (
            plan_password(hashed, had_one=known.password_hash is not None, by=by, now=now),
            Plan(changes=renewed.changes),
            await find_other_ways_plan(operator, now=now),
        )
        await commit_plan(joined_plan(*plans), by=by, now=now)

    await in_unit_of(by, body)
    return new_token


def needs_current(operator: Operator, has: Credentials, *, now: datetime) -> bool:
    """Whether the present password must be shown in order to set another."""
    return has.password_set_at is not None and not operator.came_by_link(now)


async def _check_may_set(operator: Operator, known: Holder, current: str, *, now: datetime) -> None:
    if operator.came_by_link(now):
        return
    if known.password_hash is None:
        if not operator.is_fresh(now):
            raise InvalidError("sign-in", "is too long ago to choose a first password: use a new link")
        return
    counters = [counter_for("device", operator.session_id)]
    await take_try(counters, now=now)
    if not await is_password(current, known.password_hash):
        raise WrongProofError("the current password is not right")
    await forgive_try(counters, now=now)


def _names_of(operator: Operator) -> list[str]:
    user = operator.user
    known = [user.attributes.user_name, user.promoted.display_name, user.promoted.email or ""]
    return [*known, operator.tenant.name, operator.tenant.slug]


async def _get_holder(tenant_id: TenantId, user_id: UserId) -> Holder:
    holder = await credentials.find_holder(tenant_id, user_id)
    if holder is None:
        raise NotFoundError("user", user_id)
    return holder
