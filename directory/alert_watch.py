"""Watching for what is the matter: connections, secrets, refusals and mails of all tenants, and signals of changes."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from directory.alerts import AlertCase, AlertKind
from directory.commit import commit_plan, in_unit_of
from directory.liveness import RecentRequest, SourceFacts, source_state
from directory.model import SecretKey, Source, SourceId, TenantId
from directory.plan_alerts import Alert, Signal, alert_from, plan_observed, plan_signals, watcher
from directory.pull_alerts import ENDING, passed_terms, pull_cases_of, pull_facts_from
from directory.store import alert_facts, alerts
from directory.store.alert_facts import HELD_MAX, HeldWaiting, SourceSights
from directory.store.equipment_keys import EquipmentKey
from directory.store.pulls import drift
from directory.store.pulls import sources as pull_rows
from directory.store.routes import due, routes
from directory.store.unit import Row, in_unit
from directory.tallies import is_failure

TENANTS = 50
"""Looked at together."""

SIGNALS = 200
HOURS_SEEN = timedelta(days=14)
REFUSED = timedelta(hours=1)
REFUSED_MIN = 10
"""Requests with a secret that opens nothing, within an hour, before somebody is told: one may be a typing error."""

KEPT_PAST = timedelta(days=365)
PRUNE_BATCH = 500


async def has_signals(_now: datetime) -> bool:
    """Whether a change raised an alert that nobody looked at yet."""
    return await alerts.next_signalled_tenant(None) is not None


async def take_signals(*, now: datetime) -> int:
    """Make alerts of what changes signalled; returns how many signals there were."""
    count = 0
    tenant_id = await alerts.next_signalled_tenant(None)
    while tenant_id is not None:
        count += await _take_signals_of(tenant_id, now=now)
        tenant_id = await alerts.next_signalled_tenant(tenant_id)
    return count


async def watch(*, now: datetime) -> int:
    """Look at all connections and keys once; raise, worsen or end alerts; returns for how many tenants any changed."""
    changed = 0
    tenant_ids = await alert_facts.list_tenants(None, limit=TENANTS)
    while tenant_ids:
        changed += await _watch_some(tenant_ids, now=now)
        tenant_ids = await alert_facts.list_tenants(tenant_ids[-1], limit=TENANTS)
    return changed


async def prune_alerts(*, now: datetime) -> int:
    """Delete alerts that were over a year ago; return how many."""
    return await in_unit(None, lambda: alerts.prune_past(now - KEPT_PAST, limit=PRUNE_BATCH))


def cases_of(source: Source, sights: SourceSights, now: datetime) -> Iterator[AlertCase]:
    """Yield what is the matter with one connection."""
    secrets = sights.secrets.get(source.source_id, [])
    state = source_state(_facts(source, sights, secrets, now))
    if state.kind == "failing":
        yield _case("source_failing", source, state.reason)
    elif state.kind == "silent" and _usable_until(secrets, now) is not None:
        yield _case("source_silent", source, f"{state.reason} Look whether provisioning is still on at the provider.")
    if state.kind != "paused":
        yield from _ending(source, secrets, now)
        refused_count = sights.refused.get(source.source_id, 0)
        if refused_count >= REFUSED_MIN:
            text = (
                f"{refused_count} requests came lately with a secret that is unknown, revoked or expired: the provider"
                " still uses an old one, or somebody tries. The connection's requests say from where."
            )
            yield _case("secrets_refused", source, text)


def _pulled_cases_of(source: Source, row: Row, now: datetime) -> Iterator[AlertCase]:
    facts = pull_facts_from(row, off=source.settings.paused, now=now)
    return pull_cases_of(facts, row["credential_expires_at"], source_id=source.source_id, label=source.label)


def key_cases_of(key: EquipmentKey, now: datetime) -> Iterator[AlertCase]:
    """Yield what is the matter with a key of an asset system that nobody rotated or revoked."""
    passed = passed_terms(key.expires_at, now)
    if key.expires_at <= now:
        text = "This key of the equipment API has expired. Create another for the asset system, and revoke this one."
        level = len(ENDING) + 1
    elif passed:
        text = f"This key of the equipment API ends in {passed[-1]} or less. Rotate it with an overlap."
        level = len(passed)
    else:
        return
    label, path = f"Equipment API ({key.label})", "equipment-api"
    yield AlertCase(kind="secret_ending", subject=str(key.key_id), label=label, detail=text, path=path, level=level)


async def _watch_some(tenant_ids: Sequence[TenantId], *, now: datetime) -> int:
    sights = await alert_facts.see(tenant_ids, hours_since=now - HOURS_SEEN, refused_since=now - REFUSED)
    seen: dict[TenantId, list[AlertCase]] = {tenant_id: [] for tenant_id in tenant_ids}
    pulled = {SourceId(row["source_id"]): row for row in await pull_rows.list_pulled_of(tenant_ids)}
    for source in sights.sources:
        row = pulled.get(source.source_id)
        seen[source.tenant_id] += cases_of(source, sights, now) if row is None else _pulled_cases_of(source, row, now)
    for key in sights.equipment_keys:
        seen[key.tenant_id] += key_cases_of(key, now)
    for tenant_id, case in await _counted_cases(tenant_ids, sights):
        seen[tenant_id].append(case)
    before: dict[TenantId, list[Alert]] = {}
    for row in await alerts.list_open_of(tenant_ids):
        before.setdefault(TenantId(row["tenant_id"]), []).append(alert_from(row))
    changed = [
        tenant_id
        for tenant_id in tenant_ids
        if plan_observed(before.get(tenant_id, []), seen[tenant_id], tenant_id=tenant_id, now=now)
    ]
    for tenant_id in changed:
        await _observe(tenant_id, seen[tenant_id], now=now)
    return len(changed)


async def _counted_cases(tenant_ids: Sequence[TenantId], sights: SourceSights) -> list[tuple[TenantId, AlertCase]]:
    """Return what is the matter with things of which there are too many, by tenant."""
    held = [(one.tenant_id, _held_case(one)) for one in await alert_facts.list_held(tenant_ids)]
    left = [(one.tenant_id, _drift_case(one)) for one in await drift.list_leavers(tenant_ids)]
    refused = [(one, _routes_case(count)) for one, count in (await routes.count_refused(tenant_ids)).items()]
    stuck = [(one, _stuck_case(count)) for one, count in (await due.count_stuck(tenant_ids)).items()]
    mails = [(one, _mails_case(count)) for one, count in sights.troubled_mails.items()]
    return [*held, *left, *refused, *stuck, *mails]


async def _observe(tenant_id: TenantId, seen: Sequence[AlertCase], *, now: datetime) -> None:
    by = watcher(tenant_id)

    async def body() -> None:
        before = [alert_from(row) for row in await alerts.hold_open(tenant_id)]
        await commit_plan(plan_observed(before, seen, tenant_id=tenant_id, now=now), by=by, now=now)

    await in_unit_of(by, body)


async def _take_signals_of(tenant_id: TenantId, *, now: datetime) -> int:
    by = watcher(tenant_id)

    async def body() -> int:
        rows = await alerts.list_signals(tenant_id, limit=SIGNALS)
        before = [alert_from(row) for row in await alerts.hold_open(tenant_id)]
        held = {str(one.source_id): _held_case(one) for one in await alert_facts.list_held([tenant_id])}
        plan = plan_signals(before, [_signal_from(row, held) for row in rows], tenant_id=tenant_id, now=now)
        await commit_plan(plan, by=by, now=now)
        await alerts.forget_signals(tenant_id, [row["id"] for row in rows])
        return len(rows)

    return await in_unit_of(by, body)


def _signal_from(row: Row, held: Mapping[str, AlertCase]) -> Signal:
    """Return a signal; of changes that are held it says what waits by now, not what the one change knew."""
    case = AlertCase(
        kind=row["kind"],
        subject=row["subject_key"],
        label=row["label"],
        detail=row["detail"],
        path=row["path"],
        level=row["level"],
    )
    if row["kind"] == "changes_held" and not row["over"]:
        case = held.get(row["subject_key"], case)
    return Signal(case, row["at"], over=row["over"])


def _facts(source: Source, sights: SourceSights, secrets: Sequence[SecretKey], now: datetime) -> SourceFacts:
    recent = [
        RecentRequest(at=one.at, failed=is_failure(one.method, one.status), refused=one.status == 401)
        for one in sights.recent.get(source.source_id, [])
    ]
    return SourceFacts(
        now=now,
        last_request_at=source.last_request_at,
        last_change_at=source.last_change_at,
        active_hours=sights.active_hours.get(source.source_id, []),
        recent=recent,
        secrets=secrets,
        paused=source.settings.paused,
        confirmed_at=source.confirmed_at,
        drift_count=source.drift_count,
    )


def _usable_until(secrets: Sequence[SecretKey], now: datetime) -> datetime | None:
    ends = [
        min(secret.expires_at, secret.retiring_until or secret.expires_at)
        for secret in secrets
        if secret.state(now) in {"active", "retiring"}
    ]
    return max(ends, default=None)


def _ending(source: Source, secrets: Sequence[SecretKey], now: datetime) -> Iterator[AlertCase]:
    until = _usable_until(secrets, now)
    if until is None:
        if any(secret.expires_at <= now for secret in secrets):
            yield _case("secret_ending", source, "Its secret has expired: nothing can be pushed.", len(ENDING) + 1)
        return
    if passed := passed_terms(until, now):
        text = f"Its secret ends in {passed[-1]} or less. Rotate it with an overlap, and nobody notices."
        yield _case("secret_ending", source, text, len(passed))


def _case(kind: AlertKind, source: Source, detail: str, level: int = 1) -> AlertCase:
    path = f"configure-scim/{source.source_id}"
    return AlertCase(
        kind=kind, subject=str(source.source_id), label=source.label, detail=detail, path=path, level=level
    )


def _mails_case(count: int) -> AlertCase:
    what = "1 mail" if count == 1 else f"{count} mails"
    detail = f"{what} could not be delivered, or may not have arrived. Send again what is still needed, leave the rest."
    return AlertCase(
        kind="mail_failed", subject="outbox", label="Mails", detail=detail, path="alerts/mails", level=len(str(count))
    )


def _routes_case(count: int) -> AlertCase:
    """Return what is told a super tenant of users whom tenants below do not take as the rules say."""
    who = "1 user is" if count == 1 else f"{count:,}{'+' if count >= routes.REFUSED_MAX else ''} users are"
    return AlertCase(
        kind="routes_refused",
        subject="routing",
        label="Routing",
        detail=f"{who} not in a tenant as the rules say: it refuses them, or they met somebody there. Their pages say"
        " why, and they are tried again as soon as something changes there.",
        path="routing",
        level=count.bit_length(),
    )


def _stuck_case(count: int) -> AlertCase:
    """Return what is told a super tenant of users and groups whose routing fails for a reason of the server's own."""
    return AlertCase(
        kind="routes_refused",
        subject="routing queue",
        label="Routing queue",
        detail=f"{count:,} {'user or group' if count == 1 else 'users and groups'} could not be routed in several"
        " tries. The server's log says why; they are tried again, and nobody else waits for them.",
        path="routing",
        level=count.bit_length(),
    )


def _drift_case(left: drift.Leavers) -> AlertCase:
    """Return what is told of people who have access by a push, and should have none by its directory."""
    count = left.extra_count + left.status_count
    who = "1 person has" if count == 1 else f"{count:,} people have"
    detail = (
        f"{who} access here, and by the directory that {left.source_label} reads none: {left.extra_count:,} are not"
    )
    return AlertCase(
        kind="drift_found",
        subject=str(left.source_id),
        label=left.audited_label,
        detail=f"{detail} in it, {left.status_count:,} are disabled there. Look whether provisioning still runs.",
        path=f"connectors/{left.source_id}/drift",
        level=count.bit_length(),
    )


def _held_case(held: HeldWaiting) -> AlertCase:
    """Return what is told of changes that wait; it is worse whenever they have doubled."""
    what = "1 change" if held.things == 1 else f"{held.things:,}{'+' if held.things >= HELD_MAX else ''} changes"
    return AlertCase(
        kind="changes_held",
        subject=str(held.source_id),
        label=held.label,
        detail=f"The guard holds {what} from {held.label}: nothing of that has taken effect. Approve or reject it"
        f" before {held.expires_at:%d %B %Y}; after that it stays without effect.",
        path="held",
        level=held.things.bit_length(),
    )
