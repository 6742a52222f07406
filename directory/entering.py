"""What a right password, link or code leads to: a web session, or a sign-in half way."""

import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from directory.errors import NoKeysError
from directory.ids import new_id
from directory.key_ring import KeyRingError, Place
from directory.model import Actor, TenantId
from directory.names import name_key
from directory.one_time_codes import matching_step, new_factor_secret, recovery_digest
from directory.plan import Plan, joined_plan
from directory.plan_signins import (
    NewSession,
    NewStep,
    code_used,
    plan_factor_begun,
    plan_session,
    plan_step,
    recovery_used,
)
from directory.sealing_keys import current_key_ring
from directory.store import credentials
from directory.store.bookkeeping import storable
from directory.store.credentials import Factor, Holder
from directory.store.entries import Person
from directory.tokens import digest_of, new_key
from directory.tries import Counter, counter_for
from directory.visitor import Entry, Visitor, Way, stage_for

DEVICE_LIFETIME = timedelta(days=180)
_DEVICE = "device"
_DEVICE_PATTERN = re.compile(
    r"(?P<told>(?P<nonce>[0-9a-f]{32})\.(?P<made_at_s>[0-9]{1,12})\.(?P<stamp>[0-9]{1,18}))\.(?P<tag>[0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A browser where somebody signed in to an account before."""

    counter: Counter
    password_stamp: str
    """When the password of then was set, in microseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What is proven by now."""

    way: Way
    second_factor: bool = False
    lands_at: str = ""


def actor_of(person: Person) -> Actor:
    """Return a person as the cause of a change."""
    return Actor(
        tenant_id=person.tenant.tenant_id,
        kind="operator",
        label=person.user.promoted.display_name,
        user_id=person.user.user_id,
        permissions=person.role.permissions,
    )


def plan_entry(holder: Holder, proof: Proof, visitor: Visitor, *, now: datetime) -> tuple[Plan, Entry]:
    """Plan what comes next for somebody who may sign in: the session, or the step before it.

    Raises:
        NoKeysError: a second factor must be set up, and nothing can be sealed.
    """
    person, by, token = holder.person, actor_of(holder.person), new_key()
    has_factor = holder.factor is not None
    stage = "session" if proof.second_factor else stage_for(person.role, visitor, has_factor=has_factor)
    entry = Entry(stage=stage, token=token, slug=person.tenant.slug, lands_at=proof.lands_at)
    if stage == "session":
        session = NewSession(
            session_id=new_id(now),
            digest=digest_of(token),
            csrf_key=secrets.token_hex(32),
            role_id=person.role.role_id,
            way=proof.way,
            second_factor=proof.second_factor,
            visitor=Visitor(network=storable(visitor.network), software=storable(visitor.software)),
        )
        return plan_session(session, by=by, now=now), replace(entry, device=new_device(holder, now=now))
    step = NewStep(step_id=new_id(now), digest=digest_of(token), way=proof.way, lands_at=proof.lands_at)
    if stage == "code":
        return plan_step(step, by=by, now=now), entry
    factor_id = new_id(now)
    enrolment = plan_enrolment(factor_id, by=by, now=now)
    return joined_plan(plan_step(replace(step, factor_id=factor_id), by=by, now=now), enrolment), entry


def plan_enrolment(factor_id: UUID, *, by: Actor, now: datetime) -> Plan:
    """Plan that the actor has a new secret to put into an authenticator app."""
    sealed = current_key_ring().seal(new_factor_secret(), factor_place(by.tenant_id, factor_id))
    return plan_factor_begun(factor_id, sealed, by=by, now=now)


def factor_place(tenant_id: TenantId, factor_id: UUID) -> Place:
    """Return where the secret of a second factor belongs."""
    return Place("factor_row", tenant_id, factor_id, "sealed")


def secret_of(factor: Factor, tenant_id: TenantId) -> str:
    """Return the secret of a second factor.

    Raises:
        NoKeysError: it cannot be opened here.
    """
    try:
        return current_key_ring().open(factor.sealed, factor_place(tenant_id, factor.factor_id))
    except KeyRingError as error:
        words = "the key that sealed this second factor is not on the server: use a recovery code, or have it reset"
        raise NoKeysError(words) from error


async def find_code_plan(holder: Holder, code: str, *, now: datetime) -> Plan | None:
    """Return the plan that uses a code of the app or a recovery code up, or None if it is neither."""
    by = actor_of(holder.person)
    assert by.user_id is not None  # noqa: S101 - an operator is a user
    if holder.factor is None:
        return None
    digest = recovery_digest(code)
    if digest is not None:
        kept = await credentials.list_recovery_digests(by.tenant_id, by.user_id)
        return recovery_used(digest, by=by, now=now) if digest in kept else None
    last_step = holder.factor.last_step
    step = matching_step(secret_of(holder.factor, by.tenant_id), code, now=now, after_step=last_step)
    if step is None:
        return None
    return Plan(changes=(code_used(holder.factor.factor_id, step=step, last_step=last_step, by=by),))


def account_counter(slug: str, user_name: str) -> Counter:
    """Return the counter of an account, whether it exists or not."""
    return counter_for("account", slug, name_key(user_name))


def new_device(holder: Holder, *, now: datetime) -> str | None:
    """Return what a browser keeps in order to be let through while others guess at this account."""
    person = holder.person
    account = account_counter(person.tenant.slug, person.user.attributes.user_name)
    told = f"{secrets.token_hex(16)}.{int(now.timestamp())}.{_password_stamp(holder)}"
    try:
        return f"{told}.{current_key_ring().tag(_DEVICE, f'{account.key}.{told}')}"
    except NoKeysError:
        return None


def device_from(text: str, account: Counter, *, now: datetime) -> Device | None:
    """Return the browser that kept this, None if we did not make it for the account within the last 180 days."""
    found = _DEVICE_PATTERN.fullmatch(text)
    if found is None:
        return None
    told, nonce, made_at_s, stamp, tag = found.group("told", "nonce", "made_at_s", "stamp", "tag")
    try:
        known = current_key_ring().is_tag(_DEVICE, f"{account.key}.{told}", tag)
    except NoKeysError:
        return None
    if not known or now.timestamp() - int(made_at_s) >= DEVICE_LIFETIME.total_seconds():
        return None
    return Device(counter=counter_for("device", account.key, nonce), password_stamp=stamp)


def is_device_of(device: Device, holder: Holder | None) -> bool:
    """Whether the account still has the password that it had when the browser signed in."""
    return holder is not None and device.password_stamp == _password_stamp(holder)


def _password_stamp(holder: Holder) -> str:
    set_at = holder.password_set_at
    return "0" if set_at is None else str(int(set_at.timestamp() * 1_000_000))
