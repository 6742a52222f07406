"""Alerts: what somebody must look at now; raised with the change that shows it, and told to the recipients once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from directory.ids import new_id
from directory.model import TenantId
from directory.plan import Change, InsertRow

AlertKind = Literal[
    "source_failing",
    "source_silent",
    "secret_ending",
    "secrets_refused",
    "changes_held",
    "drift_found",
    "administrator_refused",
    "report_failed",
    "webhook_failing",
    "mail_failed",
    "routes_refused",
    "view_asked",
]
ALERT_KINDS: tuple[AlertKind, ...] = get_args(AlertKind)
DETAIL_CHARS_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCase:
    """Something that is the matter."""

    kind: AlertKind
    subject: str
    """What it is about: of a kind and subject there is one alert at a time. An id, or any text that stays the same."""
    label: str
    """The subject as people know it: "Entra (SCIM)"."""
    detail: str
    """What is the matter and what to do, in one or two sentences; without secrets."""
    path: str = "alerts"
    """The page where it is dealt with, below the tenant's address: ``held``, ``configure-scim/…``."""
    level: int = 1
    """How bad it is. Recipients are told again only when it rises while the alert is open."""


def alert_change(case: AlertCase, *, tenant_id: TenantId, now: datetime) -> Change:
    """Return the change that raises an alert, or makes an open one worse: it is part of the plan that shows why.

    It only adds a row, so that changes that raise the same alert at the same time never wait for each other; a duty
    makes the alert of it within a second.
    """
    return _signal(case, tenant_id=tenant_id, now=now, over=False)


def recovery_change(kind: AlertKind, subject: str, *, tenant_id: TenantId, now: datetime, detail: str = "") -> Change:
    """Return the change that says that what an alert was about is over; without an open alert it does nothing."""
    case = AlertCase(kind=kind, subject=subject, label="", detail=detail)
    return _signal(case, tenant_id=tenant_id, now=now, over=True)


def _signal(case: AlertCase, *, tenant_id: TenantId, now: datetime, over: bool) -> InsertRow:
    return InsertRow(
        table="alert_signal_row",
        values={
            "tenant_id": tenant_id,
            "id": new_id(now),
            "kind": case.kind,
            "subject_key": case.subject,
            "label": _stored(case.label),
            "detail": _stored(case.detail),
            "path": case.path,
            "level": case.level,
            "over": over,
            "at": now,
        },
    )


def _stored(text: str) -> str:
    return text.replace("\0", "")[:DETAIL_CHARS_MAX]
