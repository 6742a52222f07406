"""Plans of signing in: sessions opened, confirmed and ended, steps between, passwords and second factors."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from directory.model import Actor, RoleId, UserId
from directory.plan import AttributeChange, Change, DeleteRows, Event, InsertRow, Plan, UpdateRows, permissions_text
from directory.visitor import Visitor, Way

STEP_LIFETIME = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A web session as it begins."""

    session_id: UUID
    digest: str
    csrf_key: str
    role_id: RoleId
    way: Way
    second_factor: bool
    visitor: Visitor


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """A web session that goes on under a new token."""

    session_id: UUID
    digest: str
    former: str
    role_id: RoleId


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStep:
    """A sign-in half way."""

    step_id: UUID
    digest: str
    way: Way
    lands_at: str
    factor_id: UUID | None = None
    """The second factor that is to be set up in it."""


def plan_session(session: NewSession, *, by: Actor, now: datetime) -> Plan:
    """Plan that the actor is signed in."""
    opened = InsertRow(
        table="web_session_row",
        values={
            "tenant_id": by.tenant_id,
            "id": session.session_id,
            "user_id": by.user_id,
            "digest": session.digest,
            "csrf_key": session.csrf_key,
            "created_at": now,
            "last_used_at": now,
            "confirmed_at": now,
            "network": session.visitor.network,
            "software": session.visitor.software,
            "way": session.way,
            "second_factor": session.second_factor,
            "role_id": session.role_id,
            "permissions": permissions_text(by.permissions),
        },
    )
    proof = f"{session.way} and code" if session.second_factor else session.way
    told = (AttributeChange(name="with", old=None, new=proof),)
    return Plan(changes=(opened,), events=(session_event("opened", session.session_id, by, told),))


def plan_step(step: NewStep, *, by: Actor, now: datetime) -> Plan:
    """Plan that the actor is asked for a second factor; nobody is told until they are in.

    Of several that were begun only the last leads on.
    """
    where = {"tenant_id": by.tenant_id, "user_id": by.user_id, "used_at": None}
    older = UpdateRows(table="signin_step_row", values={"used_at": now}, where=where)
    begun = InsertRow(
        table="signin_step_row",
        values={
            "tenant_id": by.tenant_id,
            "id": step.step_id,
            "user_id": by.user_id,
            "digest": step.digest,
            "way": step.way,
            "lands_at": step.lands_at,
            "permissions": permissions_text(by.permissions),
            "factor_id": step.factor_id,
            "created_at": now,
            "expires_at": now + STEP_LIFETIME,
        },
    )
    return Plan(changes=(older, begun))


def step_used(step_id: UUID, *, by: Actor, now: datetime) -> UpdateRows:
    """Return the change by which a step is used up: of two who take it at once, one fails."""
    where = {"tenant_id": by.tenant_id, "id": step_id, "used_at": None}
    return UpdateRows(table="signin_step_row", values={"used_at": now}, where=where, require=1)


def code_used(factor_id: UUID, *, step: int, last_step: int, by: Actor) -> UpdateRows:
    """Return the change by which a code is used up."""
    where = {"tenant_id": by.tenant_id, "id": factor_id, "last_step": last_step}
    return UpdateRows(table="factor_row", values={"last_step": step}, where=where, require=1)


def recovery_used(digest: str, *, by: Actor, now: datetime) -> Plan:
    """Plan that a recovery code is used up, which its owner should hear of."""
    where = {"tenant_id": by.tenant_id, "user_id": by.user_id, "digest": digest, "used_at": None}
    used = UpdateRows(table="recovery_code_row", values={"used_at": now}, where=where, require=1)
    return Plan(changes=(used,), events=(own_event("recovery:used", by),))


def plan_confirmed(session: Renewed, *, by: Actor, now: datetime) -> Plan:
    """Plan that a session goes on under a new token, its operator confirmed."""
    changed = _renewed(session, by=by, confirmed_at=now)
    return Plan(changes=(changed,), events=(session_event("confirmed", session.session_id, by),))


def plan_renewed(session: Renewed, *, by: Actor) -> Plan:
    """Plan that a session goes on under a new token, since its operator has another role now."""
    return Plan(changes=(_renewed(session, by=by),))


def _renewed(session: Renewed, *, by: Actor, **also: object) -> UpdateRows:
    where = {"tenant_id": by.tenant_id, "id": session.session_id, "digest": session.former, "ended_at": None}
    now_carried = {"role_id": session.role_id, "permissions": permissions_text(by.permissions)}
    values = {"digest": session.digest, **now_carried, **also}
    return UpdateRows(table="web_session_row", values=values, where=where, require=1)


def plan_closed(session_ids: Iterable[UUID], *, by: Actor, now: datetime) -> Plan:
    """Plan that sessions end, each with its event."""
    ended = tuple(session_ids)
    return Plan(
        changes=tuple(
            UpdateRows(
                table="web_session_row",
                values={"ended_at": now},
                where={"tenant_id": by.tenant_id, "id": session_id, "ended_at": None},
            )
            for session_id in ended
        ),
        events=tuple(session_event("closed", session_id, by) for session_id in ended),
    )


def plan_no_links(user_id: UserId, *, by: Actor, now: datetime) -> Plan:
    """Plan that what somebody may hold of the past opens nothing: unused links, and sign-ins half way."""
    owned = {"tenant_id": by.tenant_id, "user_id": user_id, "used_at": None}
    tables = ("signin_link_row", "signin_step_row")
    return Plan(changes=tuple(UpdateRows(table=table, values={"used_at": now}, where=owned) for table in tables))


def plan_password(hashed: str, *, had_one: bool, by: Actor, now: datetime) -> Plan:
    """Plan that the actor has a new password."""
    values = {"hash": hashed, "set_at": now}
    where = {"tenant_id": by.tenant_id, "user_id": by.user_id}
    change: Change = (
        UpdateRows(table="password_row", values=values, where=where, require=1)
        if had_one
        else InsertRow(table="password_row", values={**where, **values})
    )
    return Plan(changes=(change,), events=(own_event("password:changed" if had_one else "password:set", by),))


def plan_factor_begun(factor_id: UUID, sealed: str, *, by: Actor, now: datetime) -> Plan:
    """Plan that the actor has a factor to confirm; one begun before is forgotten."""
    where = {"tenant_id": by.tenant_id, "user_id": by.user_id}
    begun = {**where, "id": factor_id, "sealed": sealed, "created_at": now, "last_step": 0}
    forgotten = DeleteRows(table="factor_row", where={**where, "confirmed_at": None})
    return Plan(changes=(forgotten, InsertRow(table="factor_row", values=begun)))


def plan_factor_begun_in(session_id: UUID, factor_id: UUID, *, by: Actor) -> Plan:
    """Plan that a factor is to be confirmed in this session, and shown in no other."""
    where = {"tenant_id": by.tenant_id, "id": session_id, "ended_at": None}
    values = {"begun_factor_id": factor_id}
    return Plan(changes=(UpdateRows(table="web_session_row", values=values, where=where, require=1),))


def plan_factor(factor_id: UUID, *, step: int, replaced: UUID | None, by: Actor, now: datetime) -> Plan:
    """Plan that a factor begun is in use from now on, in place of the one before."""
    where = {"tenant_id": by.tenant_id, "id": factor_id, "confirmed_at": None}
    used = UpdateRows(table="factor_row", values={"confirmed_at": now, "last_step": step}, where=where, require=1)
    if replaced is None:
        return Plan(changes=(used,), events=(own_event("factor:added", by),))
    gone = DeleteRows(table="factor_row", where={"tenant_id": by.tenant_id, "id": replaced})
    return Plan(changes=(gone, used), events=(own_event("factor:replaced", by),))


def plan_no_factor(user_id: UserId, *, told: Event, by: Actor) -> Plan:
    """Plan that a user has neither a second factor nor recovery codes."""
    where = {"tenant_id": by.tenant_id, "user_id": user_id}
    return Plan(
        changes=(DeleteRows(table="factor_row", where=where), DeleteRows(table="recovery_code_row", where=where)),
        events=(told,),
    )


def plan_recovery_codes(digests: Iterable[str], *, by: Actor) -> Plan:
    """Plan that the actor has new recovery codes; the former ones open nothing."""
    where = {"tenant_id": by.tenant_id, "user_id": by.user_id}
    rows = tuple(InsertRow(table="recovery_code_row", values={**where, "digest": digest}) for digest in digests)
    return Plan(
        changes=(DeleteRows(table="recovery_code_row", where=where), *rows), events=(own_event("recovery:renewed", by),)
    )


def session_event(deed: str, session_id: UUID, by: Actor, told: tuple[AttributeChange, ...] = ()) -> Event:
    """Return what happened to a session."""
    return Event(
        action=f"session:{deed}", subject_kind="session", subject_id=session_id, subject_label=by.label, changes=told
    )


def own_event(deed: str, by: Actor, told: tuple[AttributeChange, ...] = ()) -> Event:
    """Return what an operator did to their own ways in."""
    assert by.user_id is not None  # noqa: S101 - operators are users
    return user_event(deed, by.user_id, by.label, told)


def user_event(deed: str, user_id: UserId, label: str, told: tuple[AttributeChange, ...] = ()) -> Event:
    """Return what happened to a user's ways in."""
    return Event(action=f"user:{deed}", subject_kind="user", subject_id=user_id, subject_label=label, changes=told)
