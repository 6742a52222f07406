"""Signing in with a password."""

from dataclasses import dataclass, field
from datetime import datetime

from directory.commit import commit_plan, in_unit_of
from directory.entering import Proof, account_counter, actor_of, device_from, is_device_of, plan_entry
from directory.errors import NoEntryError, TenantSuspendedError, TooManyTriesError, WrongProofError
from directory.model import Tenant
from directory.names import name_key
from directory.password_hashes import is_password
from directory.signin_refusals import note_refusal
from directory.store import access, credentials, tenants
from directory.store.credentials import Holder
from directory.tries import Counter, counter_for, forgive_try, take_try
from directory.visitor import Entry, Visitor

TEXT_CHARS_MAX = 500
"""Nobody has a longer user name, or a longer password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What somebody typed into the sign-in page of a tenant."""

    slug: str
    user_name: str
    password: str = field(repr=False)
    device: str = field(default="", repr=False)
    """What the browser kept from an earlier sign-in."""
    lands_at: str = ""

    @property
    def is_readable(self) -> bool:
        """Whether it can be looked up at all; what cannot is treated as what is not there."""
        return all(text.isprintable() and len(text) <= TEXT_CHARS_MAX for text in (self.slug, self.user_name))


async def sign_in(attempt: Attempt, visitor: Visitor, *, now: datetime) -> Entry:
    """Return what a right password leads to: a web session, or the step to the second factor.

    Nothing tells a wrong password from a user that is not there: neither words, nor work, nor throttling.

    Raises:
        TenantSuspendedError: nobody signs in there for now; nothing was looked at.
        TooManyTriesError: the password was not looked at.
        WrongProofError: no user of the tenant has this name and this password.
        NoEntryError: the password is right, but the user is disabled or has a role without a login.
    """
    if attempt.is_readable:
        await check_open(attempt.slug)
    counters = await counters_of(attempt, visitor, now=now)
    await take_try(counters, now=now)
    tenant = await access.find_tenant_by_slug(attempt.slug) if attempt.is_readable else None
    holder = None if tenant is None else await find_holder(tenant, attempt.user_name)
    known_hash = None if holder is None else holder.password_hash
    if account_counter(attempt.slug, attempt.user_name) in counters:  # else a browser that was let in before tries
        counters.append(twin_counter(attempt, holder))
        if not await _is_open(counters[-1], now=now):
            known_hash = None  # the password is not looked at; another answer would tell that the name is a former one
    right = await is_password(attempt.password[:TEXT_CHARS_MAX], known_hash)
    if tenant is None or holder is None or not right:
        if tenant is not None:
            user = None if holder is None else holder.person.user
            await note_refusal(tenant, user, "wrong password", visitor, now=now)
        raise WrongProofError("the user name or the password is not right")
    await check_may_enter(holder, visitor, now=now)
    entry = await enter(holder, attempt.lands_at, visitor, now=now)
    await forgive_try(counters, now=now)
    return entry


async def find_holder(tenant: Tenant, user_name: str) -> Holder | None:
    """Return the user of that name, of any status."""
    return await credentials.find_holder_named(tenant.tenant_id, name_key(user_name))


async def check_open(slug: str) -> None:
    """Refuse to ask who somebody is where nobody signs in for now.

    Raises:
        TenantSuspendedError: so it is in the tenant of that slug.
    """
    if await tenants.is_suspended(slug):
        raise TenantSuspendedError


async def counters_of(attempt: Attempt, visitor: Visitor, *, now: datetime) -> list[Counter]:
    """Return what counts the try: the account and the network, or alone the browser that signed in to it before.

    A network that is not known counts as one. The account is looked up only for a browser with a proof that we made.
    """
    account = account_counter(attempt.slug, attempt.user_name)
    device = device_from(attempt.device, account, now=now)
    if device is not None and attempt.is_readable:
        tenant = await access.find_tenant_by_slug(attempt.slug)
        holder = None if tenant is None else await find_holder(tenant, attempt.user_name)
        if is_device_of(device, holder):
            return [device.counter]
    return [account, counter_for("network", visitor.network)]


def twin_counter(attempt: Attempt, holder: Holder | None) -> Counter:
    """Return what else counts a try: the present name of whoever was called by a former one, which is no second lot.

    For every other name, so that the same is done, a counter that closes when the account's does.
    """
    present = attempt.user_name if holder is None else holder.person.user.attributes.user_name
    if name_key(present) != name_key(attempt.user_name):
        return account_counter(attempt.slug, present)
    return counter_for("account", "twin", attempt.slug, name_key(attempt.user_name))


async def _is_open(counter: Counter, *, now: datetime) -> bool:
    """Count a try; whether it is not too early for one."""
    try:
        await take_try([counter], now=now)
    except TooManyTriesError:
        return False
    return True


async def check_may_enter(holder: Holder, visitor: Visitor, *, now: datetime) -> None:
    """Refuse whoever may not sign in though the password is right, and write it down.

    Raises:
        NoEntryError: says why.
    """
    tenant, user, role = holder.person.tenant, holder.person.user, holder.person.role
    if not user.active:
        await note_refusal(tenant, user, "disabled", visitor, now=now)
        raise NoEntryError("this user is disabled")
    if not role.may_sign_in:
        await note_refusal(tenant, user, "no sign-in", visitor, now=now)
        raise NoEntryError(f"the access role {role.name} has no sign-in")


async def enter(holder: Holder, lands_at: str, visitor: Visitor, *, now: datetime) -> Entry:
    """Open what comes next, if what was verified is still so.

    Raises:
        WrongProofError: password, status or role changed meanwhile.
    """
    by = actor_of(holder.person)

    async def body() -> Entry:
        held = await credentials.find_holder(by.tenant_id, holder.person.user.user_id, hold=True)
        if held is None or held.password_hash != holder.password_hash or not may_enter(held):
            raise WrongProofError("the user name or the password is not right")
        plan, entry = plan_entry(held, Proof(way="password", lands_at=lands_at), visitor, now=now)
        await commit_plan(plan, by=by, now=now)
        return entry

    return await in_unit_of(by, body)


def may_enter(holder: Holder) -> bool:
    """Whether somebody may sign in at all."""
    return holder.person.user.active and holder.person.role.may_sign_in
