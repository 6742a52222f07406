"""How operators come into the portal and leave it: one-time links, and web sessions known by a hash."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from directory.commit import commit_plan, in_unit_of
from directory.entering import Proof, actor_of, plan_entry
from directory.errors import ForbiddenError, InvalidError, NotFoundError, UnavailableError
from directory.ids import new_id
from directory.model import AccessRole, Actor, TenantId, User, UserId
from directory.operators import IDLE_MAX, SESSION_LIFETIME, Operator, operator_actor
from directory.plan import AttributeChange, Event, InsertRow, Plan, UpdateRows, joined_plan, permissions_text
from directory.plan_signins import plan_closed, plan_renewed
from directory.store import access, credentials, entries
from directory.store.entries import SigninLink, WebSession
from directory.store.people import find_user_to_change
from directory.store.unit import as_tenant
from directory.tokens import digest_of, is_key, new_key
from directory.visitor import LINK_LIFETIMES, Entry, Purpose, Visitor

STAMPED_EVERY = timedelta(minutes=1)
LISTED_MAX = 50
LANDINGS: dict[Purpose, str] = {"sign in": "", "invite": "own-account/password", "reset": "own-account/password"}
"""Where a link leads, below the tenant's path."""

__all__ = [
    "Operator",
    "SigninLink",
    "WebSession",
    "create_link",
    "end_other_sessions",
    "end_own_session",
    "find_session",
    "is_live",
    "list_links",
    "list_sessions",
    "operator_actor",
    "peek_link",
    "redeem_link",
    "renew_session",
    "sign_out",
]


async def create_link(user_id: UserId, *, purpose: Purpose = "sign in", by: Actor, now: datetime) -> str:
    """Return the token of a new link that lets the user in once: within an hour, or three days if it invites.

    It stands for a password, never for a second factor.

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
        role = _checked_role(user, role, by=by)
        link = InsertRow(
            table="signin_link_row",
            values={
                "tenant_id": by.tenant_id,
                "id": link_id,
                "user_id": user_id,
                "digest": digest_of(token),
                "created_by": by.label,
                "created_at": now,
                "expires_at": now + LINK_LIFETIMES[purpose],
                "purpose": purpose,
                "permissions": permissions_text(role.permissions),
            },
        )
        created = Event(
            action="user:link:created",
            subject_kind="user",
            subject_id=user_id,
            subject_label=user.promoted.display_name,
            changes=(AttributeChange(name="purpose", old=None, new=purpose),),
        )
        await commit_plan(Plan(changes=(link,), events=(created,)), by=by, now=now)

    await in_unit_of(by, body)
    return token


async def peek_link(token: str, *, now: datetime) -> bool:
    """Tell whether a link would let somebody in now, without using it up."""
    if not is_key(token):
        return False
    found = await entries.find_link(digest_of(token), now=now)
    return found is not None and found.person.role.may_sign_in and not found.is_outgrown


async def redeem_link(token: str, *, visitor: Visitor, now: datetime) -> Entry:
    """Use a link up and return what it opens: a web session, or the step to the second factor.

    Raises:
        InvalidError: the link is unknown, used or expired, or its user may no longer sign in, or may do more by now
            than when it was made: whoever made it, or keeps a copy, may do less.
    """
    if not is_key(token):
        raise _no_entry()
    digest = digest_of(token)
    found = await entries.find_link(digest, now=now)
    if found is None:
        raise _no_entry()
    by = actor_of(found.person)

    async def body() -> Entry:
        held = await entries.find_link(digest, now=now, hold=True)
        if held is None or not held.person.role.may_sign_in:
            raise _no_entry()
        if held.is_outgrown:
            raise InvalidError("link", "was made for an access role that carried less: ask for a new one")
        holder = await credentials.find_holder(by.tenant_id, held.person.user.user_id, hold=True)
        if holder is None:
            raise _no_entry()
        used = UpdateRows(
            table="signin_link_row",
            values={"used_at": now},
            where={"tenant_id": by.tenant_id, "id": held.link_id, "used_at": None},
            require=1,
        )
        plan, entry = plan_entry(holder, Proof(way="link", lands_at=LANDINGS[held.purpose]), visitor, now=now)
        await commit_plan(joined_plan(Plan(changes=(used,)), plan), by=by, now=now)
        return entry

    return await in_unit_of(by, body)


async def find_session(token: str, *, now: datetime, stamp: bool = True) -> Operator | None:
    """Return who is signed in with this token, or None.

    A session ends 30 minutes after its last use and 12 hours after sign-in, and at once when its user is disabled,
    deleted or given a role without permissions. So it does when the user may do more than when it was begun or last
    renewed: whoever gains permissions signs in anew, and nobody waits in a session for somebody else's promotion.
    With ``stamp=False`` this is no use that keeps it alive.
    """
    if not is_key(token):
        return None
    session = await entries.find_session(digest_of(token))
    if session is None or not session.person.role.may_sign_in or session.is_outgrown:
        return None
    if now - session.last_used_at >= IDLE_MAX or now - session.signed_in_at >= SESSION_LIFETIME:
        return None
    person = session.person
    if stamp and now - session.last_used_at >= STAMPED_EVERY:
        with suppress(UnavailableError):  # a page can still be read while nothing can be written
            await entries.stamp_session(person.tenant.tenant_id, session.session_id, now)
    return Operator(
        tenant=person.tenant,
        user=person.user,
        role=person.role,
        csrf_key=session.csrf_key,
        session_id=session.session_id,
        signed_in_at=session.signed_in_at,
        confirmed_at=session.confirmed_at,
        way=session.way,
        second_factor=session.second_factor,
        session_role_id=session.role_id,
    )


async def renew_session(operator: Operator, token: str, *, now: datetime) -> str:
    """Return the new token of a session whose operator has another role now, of no more permissions than before.

    The former opens nothing any more. Form tokens stay good: the session is the same, in the same browser.
    """
    by, new_token = operator_actor(operator.own), new_key()
    plan = plan_renewed(operator.own.renewed(token=token, new_token=new_token), by=by)
    async with as_tenant(by.tenant_id):
        await in_unit_of(by, lambda: commit_plan(plan, by=by, now=now))
    return new_token


async def sign_out(session_id: UUID, *, by: Actor, now: datetime) -> None:
    """End a web session; one that is over already stays as it is.

    Raises:
        NotFoundError: the tenant has no such session.
    """
    await _end_session(session_id, by=by, now=now, own=False)


async def end_own_session(session_id: UUID, *, by: Actor, now: datetime) -> None:
    """End a web session of the actor's own.

    Raises:
        NotFoundError: the actor has no such session.
    """
    await _end_session(session_id, by=by, now=now, own=True)


async def end_other_sessions(kept_id: UUID, *, by: Actor, now: datetime) -> int:
    """End the actor's web sessions but this one; return how many."""

    async def body() -> int:
        ended = await _live_sessions(by, but=kept_id, now=now)
        await commit_plan(plan_closed(ended, by=by, now=now), by=by, now=now)
        return len(ended)

    return await in_unit_of(by, body)


async def list_sessions(tenant_id: TenantId, user_id: UserId) -> list[WebSession]:
    """Return the newest web sessions of a user, also those that are over."""
    return await entries.list_sessions(tenant_id, user_id, limit=LISTED_MAX)


def is_live(session: WebSession, *, now: datetime) -> bool:
    """Whether somebody is still signed in with a session."""
    within = now - session.last_used_at < IDLE_MAX and now - session.signed_in_at < SESSION_LIFETIME
    return session.ended_at is None and within


async def list_links(tenant_id: TenantId, user_id: UserId) -> list[SigninLink]:
    """Return the newest links of a user, also those that are over."""
    return await entries.list_links(tenant_id, user_id, limit=LISTED_MAX)


def _checked_role(user: User, role: AccessRole | None, *, by: Actor) -> AccessRole:
    if not user.active:
        raise InvalidError("user", "is disabled and cannot sign in")
    if role is None or not role.may_sign_in:
        raise InvalidError("user", "has a role without a login")
    gained = role.permissions - by.reach
    if by.kind != "system" and gained:
        # The link works for whoever has it: nobody raises their own rights by making one for somebody else.
        raise ForbiddenError(min(gained))
    return role


async def _end_session(session_id: UUID, *, by: Actor, now: datetime, own: bool) -> None:
    async def body() -> None:
        session = await entries.find_session_to_end(by.tenant_id, session_id)
        if session is None or (own and session.user_id != by.user_id):
            raise NotFoundError("session", session_id)
        if session.ended_at is None:
            await commit_plan(plan_closed((session_id,), by=by, now=now), by=by, now=now)

    await in_unit_of(by, body)


async def _live_sessions(by: Actor, *, but: UUID, now: datetime) -> Sequence[UUID]:
    if by.user_id is None:
        raise NotFoundError("user", by.label)
    begun_after = now - SESSION_LIFETIME
    return await entries.list_live_session_ids(by.tenant_id, by.user_id, but=but, begun_after=begun_after)


def _no_entry() -> InvalidError:
    return InvalidError("link", "has been used or has expired: ask for a new one")
