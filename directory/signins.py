"""How operators come into the portal: one-time links, and web sessions known by a hash."""

import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from directory.commit import commit_plan, in_unit_of
from directory.errors import ForbiddenError, InvalidError, NotFoundError, UnavailableError
from directory.ids import new_id
from directory.model import AccessRole, Actor, Tenant, TenantId, User, UserId
from directory.plan import Event, InsertRow, Plan, UpdateRows
from directory.store import access, entries
from directory.store.bookkeeping import storable
from directory.store.entries import Person, SigninLink, WebSession
from directory.store.people import find_user_to_change
from directory.tokens import digest_of, is_key, new_key

LINK_LIFETIME = timedelta(hours=1)
IDLE_MAX = timedelta(minutes=30)
SESSION_LIFETIME = timedelta(hours=12)
STAMPED_EVERY = timedelta(minutes=1)
LISTED_MAX = 50

__all__ = [
    "Operator",
    "SigninLink",
    "WebSession",
    "create_link",
    "find_session",
    "list_links",
    "list_sessions",
    "operator_actor",
    "peek_link",
    "redeem_link",
    "sign_out",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """A user while signed in to the portal."""

    tenant: Tenant
    user: User
    role: AccessRole
    csrf_key: bytes = field(repr=False)
    session_id: UUID


def operator_actor(operator: Operator) -> Actor:
    """Return the operator as the cause of a change."""
    return _actor(Person(tenant=operator.tenant, user=operator.user, role=operator.role))


async def create_link(user_id: UserId, *, by: Actor, now: datetime) -> str:
    """Return the token of a new link that lets the user in once, within an hour.

    Raises:
        NotFoundError: the tenant has no such user.
        InvalidError: the user is disabled, or has a role without a login.
        ForbiddenError: the actor may not manage users, or would gain a permission by the link.
    """
    by.require("users:manage")
    token, link_id = new_key(), new_id(now)

    async def body() -> None:
        user = await find_user_to_change(by.tenant_id, user_id)
        if user is None:
            raise NotFoundError("user", user_id)
        role = await access.find_role(by.tenant_id, user.decision.role_id)
        _check_may_enter(user, role, by=by)
        link = InsertRow(
            table="signin_link_row",
            values={
                "tenant_id": by.tenant_id,
                "id": link_id,
                "user_id": user_id,
                "digest": digest_of(token),
                "created_by": by.label,
                "created_at": now,
                "expires_at": now + LINK_LIFETIME,
            },
        )
        created = Event(
            action="user:link:created",
            subject_kind="user",
            subject_id=user_id,
            subject_label=user.promoted.display_name,
        )
        await commit_plan(Plan(changes=(link,), events=(created,)), by=by, now=now)

    await in_unit_of(by, body)
    return token


async def peek_link(token: str, *, now: datetime) -> bool:
    """Tell whether a link would let somebody in now, without using it up."""
    if not is_key(token):
        return False
    found = await entries.find_link(digest_of(token), now=now)
    return found is not None and found[1].role.may_sign_in


async def redeem_link(token: str, *, now: datetime, network: str, software: str) -> str:
    """Use a link up and return the token of the web session that it opens, which nobody knew before.

    Raises:
        InvalidError: the link is unknown, used or expired, or its user may no longer sign in.
    """
    if not is_key(token):
        raise _no_entry()
    digest = digest_of(token)
    found = await entries.find_link(digest, now=now)
    if found is None:
        raise _no_entry()
    session_token, session_id, csrf_key = new_key(), new_id(now), secrets.token_hex(32)
    by = _actor(found[1])

    async def body() -> None:
        held = await entries.find_link(digest, now=now, hold=True)
        if held is None or not held[1].role.may_sign_in:
            raise _no_entry()
        link_id, person = held
        used = UpdateRows(
            table="signin_link_row",
            values={"used_at": now},
            where={"tenant_id": by.tenant_id, "id": link_id, "used_at": None},
            require=1,
        )
        opened = InsertRow(
            table="web_session_row",
            values={
                "tenant_id": by.tenant_id,
                "id": session_id,
                "user_id": person.user.user_id,
                "digest": digest_of(session_token),
                "csrf_key": csrf_key,
                "created_at": now,
                "last_used_at": now,
                "network": storable(network),
                "software": storable(software),
            },
        )
        plan = Plan(changes=(used, opened), events=(_session_event("opened", session_id, by),))
        await commit_plan(plan, by=by, now=now)

    await in_unit_of(by, body)
    return session_token


async def find_session(token: str, *, now: datetime) -> Operator | None:
    """Return who is signed in with this token, or None.

    A session ends 30 minutes after its last use and 12 hours after sign-in, and at once when its user is disabled,
    deleted or given a role without permissions.
    """
    if not is_key(token):
        return None
    session = await entries.find_session(digest_of(token))
    if session is None or not session.person.role.may_sign_in:
        return None
    if now - session.last_used_at >= IDLE_MAX or now - session.signed_in_at >= SESSION_LIFETIME:
        return None
    person = session.person
    if now - session.last_used_at >= STAMPED_EVERY:
        with suppress(UnavailableError):  # a page can still be read while nothing can be written
            await entries.stamp_session(person.tenant.tenant_id, session.session_id, now)
    return Operator(
        tenant=person.tenant,
        user=person.user,
        role=person.role,
        csrf_key=session.csrf_key,
        session_id=session.session_id,
    )


async def sign_out(session_id: UUID, *, by: Actor, now: datetime) -> None:
    """End a web session; one that is over already stays as it is.

    Raises:
        NotFoundError: the tenant has no such session.
    """

    async def body() -> None:
        session = await entries.find_session_to_end(by.tenant_id, session_id)
        if session is None:
            raise NotFoundError("session", session_id)
        if session.ended_at is None:
            ended = UpdateRows(
                table="web_session_row",
                values={"ended_at": now},
                where={"tenant_id": by.tenant_id, "id": session_id, "ended_at": None},
                require=1,
            )
            plan = Plan(changes=(ended,), events=(_session_event("closed", session_id, by),))
            await commit_plan(plan, by=by, now=now)

    await in_unit_of(by, body)


async def list_sessions(tenant_id: TenantId, user_id: UserId) -> list[WebSession]:
    """Return the newest web sessions of a user, also those that are over."""
    return await entries.list_sessions(tenant_id, user_id, limit=LISTED_MAX)


async def list_links(tenant_id: TenantId, user_id: UserId) -> list[SigninLink]:
    """Return the newest links of a user, also those that are over."""
    return await entries.list_links(tenant_id, user_id, limit=LISTED_MAX)


def _check_may_enter(user: User, role: AccessRole | None, *, by: Actor) -> None:
    if not user.active:
        raise InvalidError("user", "is disabled and cannot sign in")
    if role is None or not role.may_sign_in:
        raise InvalidError("user", "has a role without a login")
    gained = role.permissions - by.permissions
    if by.kind != "system" and gained:
        # The link works for whoever has it: nobody raises their own rights by making one for somebody else.
        raise ForbiddenError(min(gained))


def _actor(person: Person) -> Actor:
    return Actor(
        tenant_id=person.tenant.tenant_id,
        kind="operator",
        label=person.user.promoted.display_name,
        user_id=person.user.user_id,
        permissions=person.role.permissions,
    )


def _session_event(deed: str, session_id: UUID, by: Actor) -> Event:
    return Event(action=f"session:{deed}", subject_kind="session", subject_id=session_id, subject_label=by.label)


def _no_entry() -> InvalidError:
    return InvalidError("link", "has been used or has expired: ask for a new one")
