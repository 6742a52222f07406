"""Showing once more that it is really the operator who sits there."""

from datetime import datetime

from directory.commit import commit_plan, in_unit_of
from directory.entering import find_code_plan
from directory.errors import InvalidError, NotFoundError, WrongProofError
from directory.operators import Operator, operator_actor
from directory.password_hashes import is_password
from directory.plan import NOTHING, joined_plan
from directory.plan_signins import plan_confirmed
from directory.store import credentials
from directory.store.unit import as_tenant
from directory.tokens import new_key
from directory.tries import counter_for, forgive_try, take_try


async def confirm(operator: Operator, token: str, *, password: str, code: str, now: datetime) -> str:
    """Return the new token of a session whose operator has shown who it is, with all that it has.

    ``token`` is the session's former one, which opens nothing from now on. Form tokens stay good: pages that are open
    in other windows of the same browser belong to the same person. In a view these are the operator's own, at home.

    Raises:
        InvalidError: the operator has neither password nor second factor: only a new link will do.
        TooManyTriesError: nothing was looked at.
        WrongProofError: the password or the code is not right.
    """
    async with as_tenant(operator.own.tenant.tenant_id):
        return await _confirm(operator.own, token, password=password, code=code, now=now)


async def _confirm(operator: Operator, token: str, *, password: str, code: str, now: datetime) -> str:
    by, new_token = operator_actor(operator), new_key()
    known = await credentials.find_holder(by.tenant_id, operator.user.user_id)
    if known is None:
        raise NotFoundError("user", operator.user.user_id)
    if known.password_hash is None and known.factor is None:
        raise InvalidError("sign-in", "was by a link, and there is no password to confirm it with: use a new link")
    # Not the counter of the account: strangers who guess at it must not keep its owner from working.
    counters = [counter_for("device", operator.session_id)]
    await take_try(counters, now=now)
    right = known.password_hash is None or await is_password(password, known.password_hash)
    confirmed = plan_confirmed(operator.renewed(token=token, new_token=new_token), by=by, now=now)

    async def body() -> bool:
        held = await credentials.find_holder(by.tenant_id, operator.user.user_id, hold=True)
        if held is None or held.password_hash != known.password_hash:
            return False
        used = NOTHING if held.factor is None else await find_code_plan(held, code, now=now)
        if used is None:
            return False
        await commit_plan(joined_plan(used, confirmed), by=by, now=now)
        return True

    if not right or not await in_unit_of(by, body):
        raise WrongProofError("what you entered is not right")
    await forgive_try(counters, now=now)
    return new_token
