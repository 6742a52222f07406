"""How a tenant is: its connections, its people in numbers, what happened lately, and what waits for somebody."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from directory.attention import LOCKS_WARNED, AlertNeed, Attention, SourceNeed, TenantNeeds, attention_for
from directory.errors import NotFoundError
from directory.liveness import RecentRequest, SourceFacts, SourceState, last_seen, pull_state, source_state
from directory.model import SecretKey, Source, SourceId, TenantId
from directory.pull_alerts import pull_facts_from
from directory.store import access, adoptions, alerts, event_details, hours, overview, return_tasks
from directory.store.overview import NO_HELD, DayTally, Held, TenantCounts
from directory.store.pulls import sources as pull_rows
from directory.store.routes import unrouted
from directory.store.unit import Row
from directory.tallies import is_failure

__all__ = [
    "Attention",
    "DayCount",
    "Overview",
    "SourcePulse",
    "SourceState",
    "TenantCounts",
    "get_overview",
    "get_pulse",
    "list_attention",
    "list_days",
    "list_pulses",
]

DAYS = 14
ADOPTIONS_MAX = 1_000
RECENT_MAX = 20
LATE_AFTER = timedelta(minutes=2)
"""Sealing takes a second and the hourly duties a minute at most: beyond this, nobody does them."""

TOLD_BY_ALERT = frozenset(
    {
        "administrator_refused",
        "secrets_refused",
        "report_failed",
        "webhook_failing",
        "mail_failed",
        "drift_found",
        "view_asked",
        "routes_refused",
    }
)
"""Kinds of alerts that the state of connections and the other needs do not show."""

LOST_SHOWN = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePulse:
    """A connection with how it is."""

    source: Source
    state: SourceState
    last_seen_at: datetime | None
    secrets: Sequence[SecretKey]
    today_requests: int
    """Since midnight UTC; a few seconds behind."""
    today_failed: int
    held: Held
    """What the guard held of it that nobody decided."""
    credential_until: datetime | None = None
    """When the credential of one that is pulled ends, if that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCount:
    """What happened on one day (UTC)."""

    day: datetime
    requests: int = 0
    failed: int = 0
    created: int = 0
    updated: int = 0
    disabled: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything that the overview shows of a tenant."""

    pulses: list[SourcePulse]
    counts: TenantCounts
    days: list[DayCount]
    attention: list[Attention]
    late_since: datetime | None
    """Since when nobody does the background duties; None while somebody does."""


async def get_overview(tenant_id: TenantId, *, now: datetime) -> Overview:
    """Return the state of a tenant; what it costs does not grow with the events and requests there are."""
    pulses = await list_pulses(tenant_id, now=now)
    late_since = await _late_since(tenant_id, now)
    return Overview(
        pulses=pulses,
        counts=await overview.count_people(tenant_id),
        days=await list_days(tenant_id, now=now),
        attention=attention_for(await _needs(tenant_id, pulses, late_since=late_since, now=now)),
        late_since=late_since,
    )


async def list_attention(tenant_id: TenantId, *, now: datetime) -> list[Attention]:
    """Return what waits for somebody, the greatest risk first."""
    pulses = await list_pulses(tenant_id, now=now)
    late_since = await _late_since(tenant_id, now)
    return attention_for(await _needs(tenant_id, pulses, late_since=late_since, now=now))


async def list_pulses(tenant_id: TenantId, *, now: datetime) -> list[SourcePulse]:
    """Return the connections of a tenant with how they are, the oldest first."""
    return await _pulses(tenant_id, await access.list_sources(tenant_id), now)


async def get_pulse(tenant_id: TenantId, source_id: SourceId, *, now: datetime) -> SourcePulse:
    """Return how one connection is.

    Raises:
        NotFoundError: the tenant has no such source.
    """
    source = await access.find_source(tenant_id, source_id)
    if source is None:
        raise NotFoundError("source", source_id)
    (pulse,) = await _pulses(tenant_id, [source], now)
    return pulse


async def list_days(tenant_id: TenantId, *, now: datetime, source_id: SourceId | None = None) -> list[DayCount]:
    """Return what happened on each of the last 14 days, today included, of everybody or of one source."""
    first = _midnight(now) - timedelta(days=DAYS - 1)
    return days_from(await overview.list_days(tenant_id, since=first), first=first, source_id=source_id)


def days_from(tallies: Iterable[DayTally], *, first: datetime, source_id: SourceId | None) -> list[DayCount]:
    """Return 14 days from ``first`` on, also those on which nothing happened."""
    counted: dict[str, dict[str, int]] = {}
    for tally in tallies:
        if source_id in {None, tally.source_id}:
            of_day = counted.setdefault(tally.day, {})
            of_day[tally.kind] = of_day.get(tally.kind, 0) + tally.things
    days = [first + timedelta(days=number) for number in range(DAYS)]
    return [DayCount(day=day, **counted.get(f"{day:%Y-%m-%d}", {})) for day in days]


async def _pulses(tenant_id: TenantId, sources: Sequence[Source], now: datetime) -> list[SourcePulse]:
    active = await overview.list_active_hours(tenant_id, since=now - timedelta(days=DAYS))
    today = await overview.list_days(tenant_id, since=_midnight(now))
    held = await overview.list_held(tenant_id)
    pulled = {SourceId(row["source_id"]): row for row in await pull_rows.list_pulled(tenant_id)}
    return [
        _pulled_pulse(source, pulled[source.source_id], held.get(source.source_id, NO_HELD), now)
        if source.source_id in pulled
        else await _pulse(source, active.get(source.source_id, []), today, held.get(source.source_id, NO_HELD), now)
        for source in sources
    ]


def _pulled_pulse(source: Source, row: Row, held: Held, now: datetime) -> SourcePulse:
    facts = pull_facts_from(row, off=source.settings.paused, held_count=held.things, now=now)
    return SourcePulse(
        source=source,
        state=pull_state(facts),
        last_seen_at=facts.last_ok_at,
        secrets=(),
        today_requests=0,
        today_failed=0,
        held=held,
        credential_until=row["credential_expires_at"],
    )


async def _pulse(
    source: Source, active: Sequence[datetime], today: Sequence[DayTally], held: Held, now: datetime
) -> SourcePulse:
    secrets = await access.list_secrets(source.tenant_id, source.source_id)
    facts = SourceFacts(
        now=now,
        last_request_at=source.last_request_at,
        last_change_at=source.last_change_at,
        active_hours=active,
        recent=await _recent(source),
        secrets=secrets,
        paused=source.settings.paused,
        held_count=held.things,
        confirmed_at=source.confirmed_at,
        drift_count=source.drift_count,
    )
    return SourcePulse(
        source=source,
        state=source_state(facts),
        last_seen_at=last_seen(facts),
        secrets=secrets,
        today_requests=_sum(today, source, "requests"),
        today_failed=_sum(today, source, "failed"),
        held=held,
    )


async def _recent(source: Source) -> list[RecentRequest]:
    return [
        RecentRequest(
            at=row["started_at"], failed=is_failure(row["method"], row["status"]), refused=row["status"] == 401
        )
        for row in await overview.list_recent(source.tenant_id, source.source_id, limit=RECENT_MAX)
    ]


async def _needs(
    tenant_id: TenantId, pulses: Sequence[SourcePulse], *, late_since: datetime | None, now: datetime
) -> TenantNeeds:
    administrator_count, has_local = await overview.count_administrators(tenant_id)
    due_count, first_until = await overview.count_due_locks(tenant_id, until=now + LOCKS_WARNED)
    gaps = await hours.list_gaps(tenant_id, since=now - LOST_SHOWN, until=now)
    return TenantNeeds(
        now=now,
        sources=[_need_of(pulse, now) for pulse in pulses],
        alerts=[_alert_need_of(row) for row in await alerts.list_open(tenant_id) if _is_told_by_alert(row)],
        administrator_count=administrator_count,
        has_local_administrator=has_local,
        gone_mapping_count=await overview.count_gone_mappings(tenant_id),
        due_lock_count=due_count,
        leaver_count=await return_tasks.count_open(tenant_id),
        first_lock_until=first_until,
        held_count=sum(pulse.held.things for pulse in pulses),
        held_since=min((pulse.held.since for pulse in pulses if pulse.held.since is not None), default=None),
        adoption_count=await adoptions.count_entries(tenant_id, {"state": "open"}, at_most=ADOPTIONS_MAX),
        unrouted_count=await unrouted.count_unrouted(tenant_id),
        lost_record_count=sum(gap.lost_count for gap in gaps),
        redeciding_since=await overview.find_walk_start(tenant_id),
        worker_late_since=late_since,
    )


def _need_of(pulse: SourcePulse, now: datetime) -> SourceNeed:
    usable = [
        min(secret.expires_at, secret.retiring_until or secret.expires_at)
        for secret in pulse.secrets
        if secret.state(now) in {"active", "retiring"}
    ]
    return SourceNeed(
        source_id=pulse.source.source_id,
        label=pulse.source.label,
        state=pulse.state.kind,
        reason=pulse.state.reason,
        secret_until=max(usable, default=pulse.credential_until),
        had_secret=bool(pulse.secrets),
        pulled=pulse.source.kind != "scim",
    )


def _is_told_by_alert(row: Row) -> bool:
    """Whether nobody looks after it, and nothing else on the overview tells it."""
    return row["state"] == "open" and row["kind"] in TOLD_BY_ALERT


def _alert_need_of(row: Row) -> AlertNeed:
    return AlertNeed(
        kind=row["kind"], label=row["label"], detail=row["detail"], path=row["path"], since=row["opened_at"]
    )


async def _late_since(tenant_id: TenantId, now: datetime) -> datetime | None:
    """Return since when an event waits to be sealed, or the hourly duty to be done, if that is too long."""
    due = [await event_details.find_oldest_unsealed(tenant_id), await overview.find_next_run("prune")]
    late = [at for at in due if at is not None and now - at > LATE_AFTER]
    return min(late, default=None)


def _sum(tallies: Sequence[DayTally], source: Source, kind: str) -> int:
    return sum(one.things for one in tallies if one.source_id == source.source_id and one.kind == kind)


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)
