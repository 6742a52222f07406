"""Sign-ins that were refused, told as events: as many as were looked at, which throttling bounds."""

from datetime import datetime
from typing import Literal

from directory.commit import commit_events, in_unit_of
from directory.model import Actor, Tenant, User
from directory.plan import AttributeChange, Event
from directory.plan_signins import user_event
from directory.store.bookkeeping import storable
from directory.visitor import Visitor

ACTOR = "sign-in page"
Why = Literal["wrong password", "wrong code", "disabled", "no sign-in"]


async def note_refusal(tenant: Tenant, user: User | None, why: Why, visitor: Visitor, *, now: datetime) -> None:
    """Write the event of a refused sign-in.

    One for a name that nobody has, too: the same work is done for it. The name is not kept; it may be a password.
    """
    by = Actor(tenant_id=tenant.tenant_id, kind="system", label=ACTOR)
    told = (
        AttributeChange(name="why", old=None, new=why if user is not None else "no such user"),
        AttributeChange(name="network", old=None, new=storable(visitor.network)),
        AttributeChange(name="software", old=None, new=storable(visitor.software)),
    )
    if user is None:
        event = Event(
            action="tenant:signin:refused",
            subject_kind="tenant",
            subject_id=tenant.tenant_id,
            subject_label=tenant.name,
            changes=told,
        )
    else:
        event = user_event("signin:refused", user.user_id, user.promoted.display_name, told)
    await in_unit_of(by, lambda: commit_events((event,), by=by, now=now))
