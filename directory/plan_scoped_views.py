"""Plans of scoped views: what becomes of one, told in the tenant that is looked into and in its super tenant."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from directory.alerts import AlertCase, alert_change, recovery_change
from directory.model import JsonValue, TenantId
from directory.plan import AttributeChange, Event, InsertRow, Plan, UpdateRows
from directory.scoped_view_model import ScopedView, ViewPolicy

Deed = Literal["asked", "granted", "refused", "opened", "ended", "expired"]
LEVEL_WORDS = {"look": "only look", "act": "look and change"}


def plan_view(view: ScopedView) -> Plan:
    """Plan that a view is asked for, or open at once, as the super tenant keeps it."""
    row = InsertRow(
        table="scoped_view_row",
        values={
            "tenant_id": view.tenant_id,
            "id": view.view_id,
            "to_tenant_id": view.to_tenant_id,
            "user_id": view.user_id,
            "session_id": view.session_id,
            "user_label": view.user_label,
            "reason": view.reason,
            "level": view.level,
            "state": view.state,
            "asked_at": view.asked_at,
            "decided_at": view.decided_at,
            "decided_by": view.decided_by,
            "begun_at": view.begun_at,
            "until": view.until,
            "ended_at": view.ended_at,
        },
    )
    return Plan(changes=(row,), events=(view_event("opened" if view.state == "open" else "asked", view),))


def plan_step(view: ScopedView, values: Mapping[str, object], deed: Deed, **told: JsonValue) -> Plan:
    """Plan the next step of a view that is still as given, as the super tenant keeps it."""
    where = {"tenant_id": view.tenant_id, "id": view.view_id, "state": view.state, "ended_at": None}
    step = UpdateRows(table="scoped_view_row", values=values, where=where, require=1)
    return Plan(changes=(step,), events=(view_event(deed, view, **told),))


def plan_told(deed: Deed, view: ScopedView, *, now: datetime, **told: JsonValue) -> Plan:
    """Plan what the tenant that is looked into is told, with an alert as long as somebody there has to decide."""
    tenant_id, subject = view.to_tenant_id, str(view.view_id)
    event = view_event(deed, view, **told)
    if deed == "asked":
        case = AlertCase(
            kind="view_asked",
            subject=subject,
            label=view.user_label,
            detail=f"Wants to {LEVEL_WORDS[view.level]} here: {view.reason} Agree or refuse within a day.",
            path="scoped-views",
        )
        return Plan(changes=(alert_change(case, tenant_id=tenant_id, now=now),), events=(event,))
    if view.state == "asked":
        return Plan(changes=(recovery_change("view_asked", subject, tenant_id=tenant_id, now=now),), events=(event,))
    return Plan(events=(event,))


def plan_policy(tenant_id: TenantId, name: str, before: ViewPolicy, after: ViewPolicy) -> Plan:
    """Plan whom a tenant lets in."""
    row = UpdateRows(table="tenant_row", values={"scoped_views": after}, where={"id": tenant_id}, require=1)
    event = Event(
        action="tenant:views:changed",
        subject_kind="tenant",
        subject_id=tenant_id,
        subject_label=name,
        changes=(AttributeChange(name="lets in", old=before, new=after),),
    )
    return Plan(changes=(row,), events=(event,))


def view_event(deed: Deed, view: ScopedView, **told: JsonValue) -> Event:
    """Return the event that tells one step: why, how far, until when, and what else is known by then."""
    known: dict[str, JsonValue] = {"reason": view.reason, "may": LEVEL_WORDS[view.level], **told}
    return Event(
        action=f"tenant:view:{deed}",
        subject_kind="tenant",
        subject_id=view.to_tenant_id,
        subject_label=view.to_name,
        changes=tuple(AttributeChange(name=name, old=None, new=value) for name, value in known.items()),
    )
