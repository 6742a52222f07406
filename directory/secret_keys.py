"""SCIM bearer tokens: one active per source, shown once, recognised by their hash."""

import hmac
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from directory import callers
from directory.callers import Caller
from directory.commit import commit_plan, in_unit_of
from directory.errors import InvalidError, NotFoundError, SecretFault, UnknownSecretError
from directory.ids import new_id
from directory.model import SECRET_LIFETIME, SECRET_LIFETIME_MAX, Actor, SecretId, SecretKey, SourceId, TenantId
from directory.noted import noted
from directory.plan_secrets import plan_issue, plan_revocation
from directory.routed_sources import check_own
from directory.store import access, secret_days
from directory.store.access import PresentedSecret
from directory.store.bookkeeping import SecretUse
from directory.tokens import LENGTH_MAX, digest_of, new_secret_token, public_id_of

OVERLAPS = (timedelta(0), timedelta(hours=1), timedelta(hours=24))
"""How long the previous secret may stay valid when it is rotated."""

LIFETIME_MIN = timedelta(days=1)
LABEL_LENGTH_MAX = 200
USE_DAYS = 14

_NOBODYS_DIGEST = digest_of("nobody's")
"""Compared with when the public part is unknown, so that this takes as long as a wrong secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedSecret:
    """A new secret with its token, which is never to be had again."""

    secret: SecretKey
    token: str = field(repr=False)


async def issue_secret(
    source_id: SourceId,
    *,
    label: str,
    lifetime: timedelta = SECRET_LIFETIME,
    overlap: timedelta = timedelta(0),
    by: Actor,
    now: datetime,
) -> IssuedSecret:
    """Issue a secret; the one before is void now, or after ``overlap``, and any older one is void now.

    Raises:
        NotFoundError: the tenant has no such source.
        InvalidError: a lifetime beyond 1 to 365 days, another overlap than 0, 1 or 24 hours, an overlong label, or a
            source that is pulled.
        ForbiddenError: the actor may not manage sources.
    """
    by.require("sources:manage")
    _check_terms(label, lifetime, overlap)
    token = new_secret_token()
    secret = SecretKey(
        secret_id=SecretId(new_id(now)),
        source_id=source_id,
        public_id=token.public_id,
        label=label.strip(),
        last_four=token.text[-4:],
        created_by=by.label,
        created_at=now,
        expires_at=now + lifetime,
    )

    async def body() -> None:
        source = await access.find_source(by.tenant_id, source_id, hold=True)
        if source is None:
            raise NotFoundError("source", source_id)
        check_own(source)
        if source.kind != "scim":
            raise InvalidError("source", "is pulled: nobody pushes to it, so it has no secret")
        before = await access.list_secrets(by.tenant_id, source_id)
        plan = plan_issue(source, secret, before, digest=digest_of(token.text), overlap=overlap)
        await commit_plan(plan, by=by, now=now)

    await in_unit_of(by, body)
    callers.forget()
    return IssuedSecret(secret=secret, token=token.text)


async def revoke_secret(secret_id: SecretId, *, by: Actor, now: datetime) -> None:
    """Void a secret now; one that is void already stays as it is.

    Raises:
        NotFoundError: the tenant has no such secret.
        ForbiddenError: the actor may not manage sources.
    """
    by.require("sources:manage")

    async def body() -> None:
        secret = await access.find_secret(by.tenant_id, secret_id)
        if secret is None:
            raise NotFoundError("secret", secret_id)
        source = await access.find_source(by.tenant_id, secret.source_id, hold=True)
        secret = await access.find_secret(by.tenant_id, secret_id)  # as it is now that nobody else can change it
        if source is None or secret is None:
            raise NotFoundError("secret", secret_id)
        await commit_plan(plan_revocation(source, secret, now=now), by=by, now=now)

    await in_unit_of(by, body)
    callers.forget()


async def list_secrets(tenant_id: TenantId, source_id: SourceId) -> list[SecretKey]:
    """Return the secrets of a source, also the void ones, the newest first."""
    return await access.list_secrets(tenant_id, source_id)


async def list_days(
    tenant_id: TenantId, source_id: SourceId, *, now: datetime
) -> dict[SecretId, list[tuple[date, int]]]:
    """Return how many requests each secret of a source opened on each of the last 14 days (UTC), the oldest first."""
    days = [now.date() - timedelta(days=ago) for ago in reversed(range(USE_DAYS))]
    found: dict[SecretId, dict[date, int]] = {}
    for one in await secret_days.list_days(tenant_id, source_id, since=days[0]):
        found.setdefault(one.secret_id, {})[one.day] = one.things
    return {secret_id: [(day, counted.get(day, 0)) for day in days] for secret_id, counted in found.items()}


async def recognise(token: str, *, now: datetime) -> Caller:
    """Return whose token this is; an answer may be up to a second old.

    Raises:
        UnknownSecretError: it opens nothing.
    """
    if len(token) > LENGTH_MAX or not token.isascii():
        raise UnknownSecretError("malformed")
    digest = digest_of(token)
    caller = callers.recall(digest, now=now)
    if caller is not None:
        return caller
    public_id = public_id_of(token)
    if public_id is None:
        raise UnknownSecretError("malformed")
    read_in = callers.generation()
    presented = await access.find_presented(public_id)
    matches = hmac.compare_digest(digest, _NOBODYS_DIGEST if presented is None else presented.digest)
    if presented is None:
        raise UnknownSecretError("unknown")
    fault = _fault_of(presented, matches=matches, now=now)
    if fault is not None:
        raise UnknownSecretError(
            fault,
            tenant_id=presented.tenant.tenant_id,
            source_id=presented.source.source_id,
            secret_id=presented.secret_id,
        )
    caller = Caller(tenant=presented.tenant, source=presented.source, secret_id=presented.secret_id)
    callers.remember(digest, caller, now=now, valid_until=presented.valid_until, read_in=read_in)
    return caller


def note_use(caller: Caller, *, at: datetime, network: str, software: str) -> None:
    """Remember that a secret was used; written within a second, at most once a minute, and never in the way."""
    noted.add_use(
        SecretUse(
            tenant_id=caller.tenant.tenant_id,
            source_id=caller.source.source_id,
            secret_id=caller.secret_id,
            at=at,
            network=network,
            software=software,
        )
    )


def _check_terms(label: str, lifetime: timedelta, overlap: timedelta) -> None:
    if len(label) > LABEL_LENGTH_MAX or not label.isprintable():
        raise InvalidError("label", f"must be one line of at most {LABEL_LENGTH_MAX} characters")
    if not LIFETIME_MIN <= lifetime <= SECRET_LIFETIME_MAX:
        raise InvalidError("lifetime", f"must be 1 to {SECRET_LIFETIME_MAX.days} days")
    if overlap not in OVERLAPS:
        raise InvalidError("overlap", "must be none, 1 hour or 24 hours")


def _fault_of(presented: PresentedSecret, *, matches: bool, now: datetime) -> SecretFault | None:
    if not matches:
        return "unknown"
    if presented.revoked:
        return "revoked"
    if presented.valid_until <= now:
        return "expired"
    if presented.suspended:
        return "tenant suspended"
    return "source paused" if presented.source.settings.paused else None
