"""How pulls ended, as their source remembers it: when the next one is due, and who has to be told."""

from dataclasses import replace
from datetime import datetime

from directory.alerts import alert_change, recovery_change
from directory.commit import commit_plan, in_unit_of
from directory.liveness import PullFacts
from directory.model import SourceId, TenantId
from directory.plan import Plan
from directory.plan_alerts import watcher
from directory.pull_alerts import pull_cases_of
from directory.pulls.model import PullSource
from directory.pulls.pacing import next_pull_at, next_try_at
from directory.store.pulls import sources as rows

WORDS_MAX = 500


async def list_due(now: datetime, limit: int) -> list[tuple[TenantId, SourceId]]:
    """Return sources of all tenants that are to be pulled now, the longest waiting first; none that is being pulled."""
    return await rows.list_due(now, limit=limit)


async def note_ok(
    source: PullSource,
    identity: str | None,
    identity_name: str,
    credential_expires_at: datetime | None,
    *,
    whole: bool,
    now: datetime,
) -> None:
    """Note that a pull of a source was applied, and when the next one is due; whatever was the matter is over.

    The first ``identity`` stays: a directory with another one is never applied.
    """
    next_at = next_pull_at(source.source_id, source.interval_min, now)
    by = watcher(source.tenant_id)

    async def body() -> None:
        whole_at = now if whole else None
        found = (identity, identity_name, credential_expires_at, whole_at)
        await rows.put_well(source.tenant_id, source.source_id, now, next_at, *found)
        if source.failures:
            over = recovery_change("source_failing", str(source.source_id), tenant_id=source.tenant_id, now=now)
            await commit_plan(Plan(changes=(over,)), by=by, now=now)

    await in_unit_of(by, body)


async def note_failure(
    source: PullSource, kind: str, words: str, remedy: str, retry_after_s: float | None, now: datetime
) -> None:
    """Note that a pull of a source failed, and when it is tried again: nobody is ever disabled for that.

    What somebody has to act on raises an alert at once, anything else when it happened three times in a row.
    """
    failures = source.failures + 1
    next_at = next_try_at(source.source_id, source.interval_min, now, failures=failures, retry_after_s=retry_after_s)
    words, remedy = words[:WORDS_MAX], remedy[:WORDS_MAX]
    facts = replace(_facts(source, now), failures=failures, error_kind=kind, error_words=words, error_remedy=remedy)
    facts = replace(facts, next_at=next_at, first_failed_at=source.first_failed_at or now)
    cases = pull_cases_of(facts, None, source_id=source.source_id, label=source.label)
    raised = tuple(alert_change(case, tenant_id=source.tenant_id, now=now) for case in cases)
    by = watcher(source.tenant_id)

    async def body() -> None:
        await rows.put_failed(source.tenant_id, source.source_id, now, next_at, kind, words, remedy)
        await commit_plan(Plan(changes=raised), by=by, now=now)

    await in_unit_of(by, body)


def _facts(source: PullSource, now: datetime) -> PullFacts:
    return PullFacts(
        now=now,
        off=source.off,
        paused=source.paused,
        has_credentials=bool(source.secret_names),
        next_at=source.next_at,
        last_ok_at=source.last_ok_at,
        failures=source.failures,
        first_failed_at=source.first_failed_at,
        error_kind=source.error_kind,
        error_words=source.error_words,
        error_remedy=source.error_remedy,
    )
