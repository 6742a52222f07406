"""What waits for somebody, sorted by risk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args
from uuid import UUID

from directory.liveness import StateKind

AttentionKind = Literal[
    "worker_late",
    "alert_open",
    "source_failing",
    "changes_held",
    "secret_ended",
    "secret_ending",
    "source_silent",
    "no_local_administrator",
    "one_administrator",
    "mappings_gone",
    "equipment_out",
    "locks_due",
    "adoptions_open",
    "unrouted",
    "records_lost",
    "redeciding",
]
Risk = Literal["high", "medium", "low"]

KINDS: tuple[AttentionKind, ...] = get_args(AttentionKind)
SECRET_WARNED = timedelta(days=30)
SECRET_URGENT = timedelta(days=7)
LOCKS_WARNED = timedelta(days=7)
RISKS: tuple[Risk, ...] = ("high", "medium", "low")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceNeed:
    """What is known of a source that may need somebody."""

    source_id: UUID
    label: str
    state: StateKind
    reason: str
    secret_until: datetime | None
    """When the last of its usable secrets ends; None when it has none."""
    had_secret: bool
    pulled: bool = False
    """Whether it is pulled: then it has a credential, of which the end may not be known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertNeed:
    """An alert that nobody looks after, of a kind that is seen nowhere else here."""

    kind: str
    label: str
    detail: str
    path: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantNeeds:
    """Everything that may need somebody in a tenant."""

    now: datetime
    sources: Sequence[SourceNeed] = ()
    alerts: Sequence[AlertNeed] = ()
    administrator_count: int = 2
    """Active ones, counted up to two."""
    has_local_administrator: bool = True
    gone_mapping_count: int = 0
    due_lock_count: int = 0
    leaver_count: int = 0
    """Disabled and deleted people who still have equipment."""
    first_lock_until: datetime | None = None
    held_count: int = 0
    """Changes that the guard held and nobody decided."""
    held_since: datetime | None = None
    adoption_count: int = 0
    unrouted_count: int = 0
    """Users of a super tenant whom no routing rule leads anywhere."""
    lost_record_count: int = 0
    redeciding_since: datetime | None = None
    worker_late_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """One thing that waits for somebody."""

    kind: AttentionKind
    risk: Risk
    source_id: UUID | None = None
    label: str = ""
    reason: str = ""
    at: datetime | None = None
    """When it began, or when it will be too late."""
    count: int = 1
    alert_kind: str = ""
    path: str = ""
    """The page where an alert is dealt with, below the tenant's address."""
    pulled: bool = False
    """Whether it is about a connection that is pulled."""


def attention_for(needs: TenantNeeds) -> list[Attention]:
    """Return what waits for somebody, the greatest risk first; within a risk in the order of the kinds."""
    found = [one for source in needs.sources for one in _of_source(source, needs.now)]
    found += _of_people(needs) + _of_work(needs)
    return sorted(found, key=lambda one: (RISKS.index(one.risk), KINDS.index(one.kind), one.label, str(one.source_id)))


def _of_source(source: SourceNeed, now: datetime) -> list[Attention]:
    if source.state in {"paused", "new"} and not source.had_secret and not source.pulled:
        return []
    found: list[Attention] = []
    if source.state == "failing":
        found.append(_about(source, "source_failing", "high"))
    elif source.state == "silent" and source.secret_until is not None:
        found.append(_about(source, "source_silent", "medium"))
    if source.state == "paused" or (source.pulled and source.secret_until is None):
        return found
    if source.secret_until is None or source.secret_until <= now:
        found.append(_about(source, "secret_ended", "high"))
    elif source.secret_until - now <= SECRET_WARNED:
        urgent = source.secret_until - now <= SECRET_URGENT
        found.append(_about(source, "secret_ending", "high" if urgent else "medium"))
    return found


def _about(source: SourceNeed, kind: AttentionKind, risk: Risk) -> Attention:
    at = source.secret_until if kind == "secret_ending" else None
    return Attention(
        kind=kind,
        risk=risk,
        source_id=source.source_id,
        label=source.label,
        reason=source.reason,
        at=at,
        pulled=source.pulled,
    )


def _of_people(needs: TenantNeeds) -> list[Attention]:
    counted: tuple[tuple[AttentionKind, Risk, int, datetime | None], ...] = (
        ("changes_held", "high", needs.held_count, needs.held_since),
        ("one_administrator", "medium", int(needs.administrator_count < 2), None),
        ("mappings_gone", "medium", needs.gone_mapping_count, None),
        ("equipment_out", "medium", needs.leaver_count, None),
        ("adoptions_open", "medium", needs.adoption_count, None),
        ("unrouted", "medium", needs.unrouted_count, None),
        ("locks_due", "low", needs.due_lock_count, needs.first_lock_until),
    )
    nobody = [] if needs.has_local_administrator else [Attention(kind="no_local_administrator", risk="high")]
    return nobody + [
        Attention(kind=kind, risk=risk, count=count, at=at) for kind, risk, count, at in counted if count > 0
    ]


def _of_work(needs: TenantNeeds) -> list[Attention]:
    found = [
        Attention(
            kind="alert_open",
            risk="medium",
            label=one.label,
            reason=one.detail,
            at=one.since,
            alert_kind=one.kind,
            path=one.path,
        )
        for one in needs.alerts
    ]
    if needs.worker_late_since is not None:
        found.append(Attention(kind="worker_late", risk="high", at=needs.worker_late_since))
    if needs.lost_record_count:
        found.append(Attention(kind="records_lost", risk="low", count=needs.lost_record_count))
    if needs.redeciding_since is not None:
        found.append(Attention(kind="redeciding", risk="low", at=needs.redeciding_since))
    return found
