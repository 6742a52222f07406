"""What an operator does to somebody's sign-in, apart from role and reported status."""

from dataclasses import dataclass
from datetime import datetime

from directory.facts import Moment
from directory.held_changes import Overtake
from directory.model import User
from directory.plan import AttributeChange, Change, DeleteRows, EndSignins, Event, InsertRow, Plan, UpdateRows


@dataclass(frozen=True, slots=True, kw_only=True)
class SigninBlock:
    """Keeps a user from signing in whatever the source reports, until an operator lifts it; never the role."""

    reason: str
    owner: str
    created_at: datetime


def plan_block(user: User, *, reason: str, moment: Moment) -> Plan:
    """Plan that the user is out at once and stays out."""
    block = InsertRow(
        table="signin_block_row",
        values={
            "tenant_id": user.tenant_id,
            "user_id": user.user_id,
            "reason": reason,
            "owner": moment.by.label,
            "created_at": moment.at,
        },
    )
    told = AttributeChange(name="reason", old=None, new=reason)
    held = Overtake(user_ids=(user.user_id,), kinds=("disable",), at=moment.at)
    over: tuple[Change, ...] = (held,) if user.held_active else ()
    return Plan(
        changes=(block, *_status(user, active=False), EndSignins(user_id=user.user_id, at=moment.at), *over),
        events=(_event("user:sign-in:blocked", user, told, active=False),),
        demotes_administrator=user.active,
    )


def plan_allow(user: User, block: SigninBlock) -> Plan:
    """Plan the end of a block: what the source reports holds again."""
    active = user.attributes.active
    lifted = DeleteRows(table="signin_block_row", where={"tenant_id": user.tenant_id, "user_id": user.user_id})
    told = AttributeChange(name="reason", old=block.reason, new=None)
    return Plan(
        changes=(lifted, *_status(user, active=active)),
        events=(_event("user:sign-in:allowed", user, told, active=active),),
    )


def _status(user: User, *, active: bool) -> tuple[Change, ...]:
    """Return the effective status alone: what the source sees, and its version, stay as they are."""
    if user.active == active:
        return ()
    where = {"tenant_id": user.tenant_id, "id": user.user_id}
    return (UpdateRows(table="user_row", values={"active": active}, where=where, require=1),)


def _event(action: str, user: User, told: AttributeChange, *, active: bool) -> Event:
    moved = AttributeChange(name="may sign in", old=user.active, new=active)
    return Event(
        action=action,
        subject_kind="user",
        subject_id=user.user_id,
        subject_label=user.promoted.display_name,
        changes=(told, moved) if user.active != active else (told,),
    )
