"""Who does a recurring duty now: any number of processes may ask, one gets it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from directory.store import claims
from directory.store.unit import fenced


class LeaseLostError(Exception):
    """The duty has another holder by now; the unit of work that found out wrote nothing."""

    def __init__(self, duty: str) -> None:
        super().__init__(f"the duty {duty} has another holder")
        self.duty = duty


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A duty in the hands of one holder, until it is released or runs out."""

    duty: str
    holder: str
    epoch: int
    """Counts the claims of the duty; a holder with an older number has lost it."""
    lease_s: float
    failures: int
    """Times in a row that the duty failed, or was left by a holder that died."""


async def claim(duty: str, holder: str, *, now: datetime, every_s: float, lease_s: float) -> Lease | None:
    """Take ``duty`` if it is due, or if its holder did not renew in time; None otherwise.

    It is due again ``every_s`` after this claim. On PostgreSQL the database's clock decides, not ``now``.
    """
    due = await claims.is_due(duty, now=now)
    if due is None:
        await claims.declare_duty(duty, now=now)
    elif not due:
        return None
    expires_at, next_at = now + timedelta(seconds=lease_s), now + timedelta(seconds=every_s)
    row = await claims.claim_duty(duty, holder, now=now, expires_at=expires_at, next_at=next_at)
    if row is None:
        return None
    return Lease(duty=duty, holder=holder, epoch=row["epoch"], lease_s=lease_s, failures=row["failures"])


async def renew(lease: Lease, now: datetime) -> bool:
    """Keep a duty for another ``lease_s``; False when it is lost: stop, and write nothing more."""
    expires_at = now + timedelta(seconds=lease.lease_s)
    return await claims.renew_duty(lease.duty, lease.holder, lease.epoch, now=now, expires_at=expires_at)


@contextmanager
def holding(lease: Lease, clock: Callable[[], datetime]) -> Iterator[None]:
    """Let the body write only while it holds the duty: every unit of work in it renews the lease first.

    A holder that was frozen past its lease and wakes up therefore changes nothing.

    Raises:
        LeaseLostError: from the first unit of work after the duty was taken over.
    """

    async def renew_or_stop() -> None:
        if not await renew(lease, clock()):
            raise LeaseLostError(lease.duty)

    with fenced(renew_or_stop):
        yield


async def release(lease: Lease, now: datetime, *, failed: bool = False) -> bool:
    """Give a duty back; False when it was lost before."""
    return await claims.release_duty(lease.duty, lease.holder, lease.epoch, now=now, failed=failed)


async def try_write(now: datetime) -> None:
    """Write one row, to see whether the database takes writes.

    Raises:
        UnavailableError: it does not, now.
    """
    await claims.stamp_duty("write_test", now=now)
