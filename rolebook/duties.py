"""What is done in the background: sealing, deciding anew, ending locks, pruning, and writing what was noted."""

from datetime import datetime

from directory import closing, door_refusals, events, locks, mappings, setup_check, signin_steps, traffic
from directory.store import people, policy, sealing
from rolebook import bulk_duties
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
    return await traffic.prune(now=now) + await door_refusals.prune_refusals(now=now)


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
    Duty(name="forget_actions", every_s=3600, work=bulk_duties.forget_actions),
    Duty(name="prune", every_s=3600, work=prune),
    Duty(name="prune_signins", every_s=600, work=prune_signins),
)
"""Done by one process of all."""

OF_EACH = (Duty(name="write_noted", every_s=0.5, work=write_noted),)
"""Done by each process for itself."""
