"""What is done in the background: sealing, deciding anew, ending locks, pruning, and writing what was noted."""

from datetime import datetime

from directory import (
    aliases,
    closing,
    door_refusals,
    equipment_imports,
    events,
    fields,
    guard_limits,
    held,
    held_effects,
    locks,
    managers,
    mappings,
    return_tasks,
    schedule_runs,
    scoped_view_ends,
    setup_check,
    signin_steps,
    traffic,
    undo_batches,
)
from directory.pulls import audit_forgetting, run_forgetting
from directory.routes import due
from directory.store import people, policy, sealing
from directory.sub_tenants import erasing
from rolebook import bulk_duties, conversion_duties, equipment_duties, people_duties, schedule_duties, undo_duties
from rolebook.jobs import Duty

SEALED_BATCH = 500
EXPIRED_BATCH = 50
PRUNED_SIGNINS = 1_000


async def has_unsealed_events(_now: datetime) -> bool:
    """Whether an event is outside of its tenant's chain."""
    return await sealing.next_unsealed_tenant(None) is not None


async def seal_events(now: datetime) -> int:
    """Link new events into the chains of their tenants."""
    return await events.seal_events(now=now, limit=SEALED_BATCH)


async def has_open_decisions(_now: datetime) -> bool:
    """Whether a change of the mappings has not reached all users yet."""
    return bool(await policy.walking_tenants())


async def finish_decisions(now: datetime) -> int:
    """Decide one batch of roles after a change of the mappings; returns 1 while some are left."""
    return min(await mappings.redecide(None, now=now, batches=1), 1)


async def has_expired_locks(now: datetime) -> bool:
    """Whether a role lock should have ended."""
    return bool(await people.list_expired_locks(now, 1))


async def end_locks(now: datetime) -> int:
    """End role locks whose time has passed."""
    return await locks.expire_locks(now=now, limit=EXPIRED_BATCH)


async def prune(now: datetime) -> int:
    """Delete request records, refusals, ended web sessions and links that are old enough."""
    pruned = await traffic.prune(now=now) + await door_refusals.prune_refusals(now=now)
    return pruned + await schedule_runs.prune_runs(now=now)


async def prune_signins(now: datetime) -> int:
    """Delete sign-ins that were never finished, and counters of tries that count no more."""
    return await signin_steps.prune_signins(now=now, limit=PRUNED_SIGNINS)


async def write_noted(now: datetime) -> int:
    """Write the request records, refusals and times of last use that this process holds back."""
    return await traffic.flush(now=now) + await door_refusals.flush_refusals(now=now)


async def collect_evidence(now: datetime) -> int:
    """Tick the set-up steps that new requests show."""
    return await setup_check.collect_evidence(now=now)


async def count_attributes(now: datetime) -> int:
    """Count which attributes the users of a large source have: one batch, so that others have the processor too."""
    await setup_check.count_attributes(now=now)
    return 0


async def advance_closings(now: datetime) -> int:
    """Deal with users of sources that were turned off, a batch at a time."""
    return await closing.advance_closings(now=now)


async def apply_approved(now: datetime) -> int:
    """Let a batch of approved changes take effect."""
    return await held_effects.apply_approved(now=now)


async def expire_held(now: datetime) -> int:
    """Ask nobody any more about changes that were held too long."""
    return await held.expire_held(now=now)


async def forget_pulls(now: datetime) -> int:
    """Forget runs that are old, and what was left of runs that were interrupted."""
    return await run_forgetting.forget_runs(now=now)


async def forget_audits(now: datetime) -> int:
    """Forget what pulls found that only compared, and provision now."""
    return await audit_forgetting.forget_audits(now=now)


async def forget_spent(now: datetime) -> int:
    """Delete what the guard counted days ago."""
    return await guard_limits.forget_spent(now=now)


OF_ALL = (
    Duty(name="seal_events", every_s=0.5, waits=has_unsealed_events, work=seal_events),
    Duty(name="finish_decisions", every_s=1, waits=has_open_decisions, work=finish_decisions),
    Duty(name="end_locks", every_s=15, waits=has_expired_locks, work=end_locks),
    Duty(name="collect_evidence", every_s=1, waits=setup_check.has_unseen_requests, work=collect_evidence),
    Duty(name="count_attributes", every_s=1, waits=setup_check.has_users_to_count, work=count_attributes),
    Duty(name="advance_closings", every_s=1, waits=closing.has_open_closings, work=advance_closings),
    Duty(
        name="advance_actions",
        every_s=0.5,
        waits=bulk_duties.has_open_actions,
        work=bulk_duties.advance_actions,
    ),
    Duty(
        name="send_reports",
        every_s=1,
        waits=schedule_duties.has_reports_to_send,
        work=schedule_duties.send_reports,
    ),
    Duty(
        name="advance_conversions",
        every_s=0.5,
        waits=conversion_duties.has_open_conversions,
        work=conversion_duties.advance_conversions,
    ),
    Duty(name="forget_conversions", every_s=3600, work=conversion_duties.forget_conversions),
    Duty(name="advance_fields", every_s=1, waits=fields.has_open_fields, work=conversion_duties.advance_fields),
    Duty(name="end_aliases", every_s=15, waits=aliases.has_ended, work=conversion_duties.end_aliases),
    Duty(name="advance_undos", every_s=0.5, waits=undo_batches.has_open_runs, work=undo_duties.advance_undos),
    Duty(name="forget_undos", every_s=3600, work=undo_duties.forget_undos),
    Duty(name="apply_approved", every_s=0.5, waits=held_effects.has_approved, work=apply_approved),
    Duty(name="work_routes", every_s=0.5, waits=due.has_due, work=due.work_due),
    Duty(name="end_views", every_s=1, waits=scoped_view_ends.has_over, work=people_duties.end_views),
    Duty(name="expire_held", every_s=60, waits=held.has_expired, work=expire_held),
    Duty(name="forget_spent", every_s=3600, work=forget_spent),
    Duty(name="forget_pulls", every_s=3600, work=forget_pulls),
    Duty(name="forget_audits", every_s=3600, work=forget_audits),
    Duty(
        name="settle_references",
        every_s=0.5,
        waits=managers.has_unsettled,
        work=people_duties.settle_references,
    ),
    Duty(name="forget_references", every_s=3600, work=people_duties.forget_references),
    Duty(name="purge_graves", every_s=600, work=people_duties.purge_graves),
    Duty(name="erase_tenants", every_s=600, waits=erasing.has_due_tenants, work=people_duties.erase_tenants),
    Duty(name="forget_adoptions", every_s=3600, work=people_duties.forget_adoptions),
    Duty(name="forget_actions", every_s=3600, work=bulk_duties.forget_actions),
    Duty(
        name="ask_for_returns",
        every_s=0.5,
        waits=return_tasks.has_untold_tasks,
        work=equipment_duties.ask_for_returns,
    ),
    Duty(
        name="advance_imports",
        every_s=0.5,
        waits=equipment_imports.has_open_imports,
        work=equipment_imports.advance_imports,
    ),
    Duty(name="forget_imports", every_s=3600, work=equipment_duties.forget_imports),
    Duty(name="prune", every_s=3600, work=prune),
    Duty(name="prune_signins", every_s=600, work=prune_signins),
)
"""Done by one process of all."""

OF_EACH = (Duty(name="write_noted", every_s=0.5, work=write_noted),)
"""Done by each process for itself."""
