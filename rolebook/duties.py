"""What is done in the background: sealing, deciding anew, ending locks, pruning, and writing what was noted."""

from datetime import datetime

from directory import events, locks, mappings, traffic
from directory.store import people, policy, sealing
from rolebook.jobs import Duty

SEALED_BATCH = 500
EXPIRED_BATCH = 50


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
    """Delete request records, ended web sessions and links that are old enough."""
    return await traffic.prune(now=now)


async def write_noted(now: datetime) -> int:
    """Write the request records and times of last use that this process holds back."""
    return await traffic.flush(now=now)


OF_ALL = (
    Duty(name="seal_events", every_s=0.5, waits=has_unsealed_events, work=seal_events),
    Duty(name="finish_decisions", every_s=1, waits=has_open_decisions, work=finish_decisions),
    Duty(name="end_locks", every_s=15, waits=has_expired_locks, work=end_locks),
    Duty(name="prune", every_s=3600, work=prune),
)
"""Done by one process of all."""

OF_EACH = (Duty(name="write_noted", every_s=0.5, work=write_noted),)
"""Done by each process for itself."""
