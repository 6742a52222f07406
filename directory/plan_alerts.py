"""What signals and observations make of the alerts there are: pure, and nothing is told twice."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from directory.alerts import AlertCase, AlertKind
from directory.ids import new_id
from directory.model import Actor, TenantId
from directory.plan import AttributeChange, Change, Event, InsertRow, Plan, UpdateRows

AlertState = Literal["open", "acknowledged", "recovered"]

WATCHED: frozenset[AlertKind] = frozenset(
    {
        *("source_failing", "source_silent", "secret_ending", "secrets_refused", "mail_failed", "changes_held"),
        *("drift_found", "routes_refused"),
    }
)
"""Kinds that are seen by looking: whatever of them is not seen any more is over."""

PASSING: frozenset[AlertKind] = frozenset({"administrator_refused"})
"""Kinds of things that happen once: over when they have not happened again for a day."""

RENEWED: frozenset[AlertKind] = frozenset({"changes_held"})
"""Kinds that are told again if they happen again while the alert is open, an hour after it was news."""

RENEWED_AFTER = timedelta(hours=1)
PASSED_AFTER = timedelta(hours=24)
SEEN_EVERY = timedelta(minutes=10)
"""How often it is written that an alert is still seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One thing that is, or was, the matter."""

    alert_id: UUID
    kind: AlertKind
    subject: str
    label: str
    detail: str
    path: str
    level: int
    state: AlertState
    mark: int
    """Counts what there was to tell of it: that it began, got worse, is over."""
    opened_at: datetime
    changed_at: datetime
    seen_at: datetime
    recovered_at: datetime | None = None
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None

    @property
    def key(self) -> tuple[AlertKind, str]:
        """What there is one alert of at a time."""
        return self.kind, self.subject


@dataclass(frozen=True, slots=True)
class Signal:
    """Something that is the matter, or is over, at a time."""

    case: AlertCase
    at: datetime
    over: bool = False
    happened: bool = True
    """False: nothing new, it was seen that it still is so."""


def watcher(tenant_id: TenantId) -> Actor:
    """Return who raises alerts."""
    return Actor(tenant_id=tenant_id, kind="system", label="watching")


def alert_from(row: Mapping[str, Any]) -> Alert:
    """Return an alert from its row."""
    names = ("kind", "label", "detail", "path", "level", "state", "mark", "opened_at", "changed_at", "seen_at")
    ends = ("recovered_at", "acknowledged_by", "acknowledged_at")
    told = {name: row[name] for name in (*names, *ends)}
    return Alert(alert_id=row["id"], subject=row["subject_key"], **told)


def plan_signals(before: Sequence[Alert], signals: Iterable[Signal], *, tenant_id: TenantId, now: datetime) -> Plan:
    """Return what the signals, in their order, make of the alerts that are open."""
    known = {alert.key: alert for alert in before}
    after: dict[tuple[AlertKind, str], Alert] = dict(known)
    for signal in signals:
        key = (signal.case.kind, signal.case.subject)
        found = after.get(key)
        if not signal.over:
            after[key] = _raised(found, signal, now)
        elif found is not None:
            after[key] = _recovered(found, signal.case.detail, now)
    return _plan(known, after, tenant_id)


def plan_observed(before: Sequence[Alert], seen: Iterable[AlertCase], *, tenant_id: TenantId, now: datetime) -> Plan:
    """Return what a look at everything that is watched makes of the alerts that are open."""
    signals = [Signal(case, now, happened=False) for case in seen]
    there = {(signal.case.kind, signal.case.subject) for signal in signals}
    for alert in before:
        gone = alert.kind in WATCHED and alert.key not in there
        passed = alert.kind in PASSING and now - alert.seen_at >= PASSED_AFTER
        if gone or passed:
            case = AlertCase(kind=alert.kind, subject=alert.subject, label=alert.label, detail="")
            signals.append(Signal(case, now, over=True))
    return plan_signals(before, signals, tenant_id=tenant_id, now=now)


def plan_acknowledged(alert: Alert, *, who: str, tenant_id: TenantId, now: datetime) -> Plan:
    """Return the plan by which somebody says that they look after it: it is told nobody again unless it gets worse."""
    after = replace(alert, state="acknowledged", acknowledged_by=who, acknowledged_at=now)
    return Plan(changes=(_put(after, tenant_id, fresh=None),), events=(_event("acknowledged", after),))


def _raised(found: Alert | None, signal: Signal, now: datetime) -> Alert:
    case = signal.case
    if found is None or found.state == "recovered":
        ident = new_id(now) if found is None else found.alert_id
        opened_at, mark = (signal.at, 1) if found is None else (found.opened_at, found.mark)
        return Alert(
            alert_id=ident,
            kind=case.kind,
            subject=case.subject,
            label=case.label,
            detail=case.detail,
            path=case.path,
            level=case.level,
            state="open",
            mark=mark,
            opened_at=opened_at,
            changed_at=now,
            seen_at=signal.at,
        )
    same = replace(found, label=case.label, path=case.path, seen_at=signal.at)
    again = case.kind in RENEWED and signal.happened and signal.at - found.changed_at >= RENEWED_AFTER
    if case.level <= found.level and not again:
        return replace(same, detail=case.detail)
    return replace(
        same,
        detail=case.detail,
        level=max(case.level, found.level),
        state="open",
        mark=found.mark + 1,
        changed_at=now,
        acknowledged_by=None,
        acknowledged_at=None,
    )


def _recovered(found: Alert, detail: str, now: datetime) -> Alert:
    if found.state == "recovered":
        return found
    return replace(
        found,
        state="recovered",
        detail=detail or found.detail,
        mark=found.mark + 1,
        changed_at=now,
        recovered_at=now,
    )


def _plan(
    known: Mapping[tuple[AlertKind, str], Alert], after: Mapping[tuple[AlertKind, str], Alert], tenant_id: TenantId
) -> Plan:
    changes: list[Change] = []
    events: list[Event] = []
    for key, alert in after.items():
        before = known.get(key)
        if before is None:
            if alert.state != "recovered":  # what is over before anybody saw it was nothing
                changes.append(_insert(alert, tenant_id))
                events.append(_event("raised", alert))
        elif alert.mark != before.mark:
            changes.append(_put(alert, tenant_id, fresh=True))
            events.append(_event("recovered" if alert.state == "recovered" else "worsened", alert))
        elif _is_news(before, alert):
            changes.append(_put(alert, tenant_id, fresh=None))
    return Plan(changes=tuple(changes), events=tuple(events))


def _is_news(before: Alert, after: Alert) -> bool:
    """Whether an alert that goes on must be written: its words say how long, so those alone may wait a little."""
    return (before.label, before.path) != (after.label, after.path) or after.seen_at - before.seen_at >= SEEN_EVERY


def _insert(alert: Alert, tenant_id: TenantId) -> Change:
    values = {"tenant_id": tenant_id, "id": alert.alert_id, "kind": alert.kind, "subject_key": alert.subject}
    return InsertRow(
        table="alert_row", values={**values, "opened_at": alert.opened_at, **_values(alert), "fresh": True}
    )


def _put(alert: Alert, tenant_id: TenantId, *, fresh: bool | None) -> Change:
    values = _values(alert) if fresh is None else {**_values(alert), "fresh": fresh}
    return UpdateRows(table="alert_row", values=values, where={"tenant_id": tenant_id, "id": alert.alert_id}, require=1)


def _values(alert: Alert) -> dict[str, object]:
    names = ("label", "detail", "path", "level", "state", "mark", "changed_at", "seen_at")
    ends = ("recovered_at", "acknowledged_by", "acknowledged_at")
    return {name: getattr(alert, name) for name in (*names, *ends)}


def _event(deed: str, alert: Alert) -> Event:
    told = {"kind": alert.kind, "detail": alert.detail}
    return Event(
        action=f"alert:{deed}",
        subject_kind="alert",
        subject_id=alert.alert_id,
        subject_label=alert.label,
        changes=tuple(AttributeChange(name=name, old=None, new=value) for name, value in told.items()),
    )
