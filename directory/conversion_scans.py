"""The scan of all user names: users are read first, then each is judged, some at a time."""

from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from directory.commit import in_unit_of
from directory.conversion_ground import NEEDED, held
from directory.errors import AlreadyExistsError
from directory.ids import new_id
from directory.model import Actor, TenantId
from directory.plan_conversions import verdict_on
from directory.store import conversion_moves, conversions
from directory.store.conversions import Conversion
from directory.store.errors import UniqueViolationError
from directory.store.unit import in_unit

SCANNED_USERS = 500
"""Users read, or judged, between two writes."""

AT_ONCE: Final = 4
"""So many times while the operator waits; a background duty goes on from there."""

ALIAS_DAYS: Final = 90
_FIRST = UUID(int=0)


async def start_scan(*, by: Actor, now: datetime) -> Conversion:
    """Look at all user names, and say what each would become; nobody is changed. An earlier scan is dropped.

    Raises:
        ForbiddenError: the actor may not manage settings.
        AlreadyExistsError: a conversion is under way, or stopped half way.
    """
    by.require(NEEDED)
    job = Conversion(
        tenant_id=by.tenant_id,
        job_id=new_id(now),
        state="scanning",
        asked_by=by.user_id,
        asked_label=by.label,
        created_at=now,
        reached=None,
        alias_days=ALIAS_DAYS,
    )
    try:
        await in_unit_of(by, partial(_keep, job, now=now))
    except UniqueViolationError as error:  # somebody began at the same moment
        raise _busy() from error
    for _ in range(AT_ONCE):
        if not await go_on(job.tenant_id, job.job_id, now=now):
            break
    return await conversions.find_conversion(job.tenant_id, job.job_id) or job


async def _keep(job: Conversion, *, now: datetime) -> None:
    current = await conversions.find_current(job.tenant_id)
    if current is not None:
        current = await held(current.tenant_id, current.job_id)
        if current.state not in {"scanning", "judging", "scanned", "dropped"}:
            raise _busy()
        await conversions.end(current, "dropped", now=now)
    await conversions.insert_conversion(job)


def _busy() -> AlreadyExistsError:
    return AlreadyExistsError("conversion", "state", "under way")


async def go_on(tenant_id: TenantId, job_id: UUID, *, now: datetime) -> bool:
    """Read or judge the next users; returns whether some are left.

    They are looked at before the writer is taken. Where somebody else was faster, what this one saw is dropped.
    """
    job = await conversions.find_conversion(tenant_id, job_id)
    match None if job is None else job.state:
        case "scanning":
            assert job is not None  # noqa: S101 - its state says so
            return await _collect(job, now=now)
        case "judging":
            assert job is not None  # noqa: S101 - as above
            return await _judge(job, now=now)
        case _:
            return False


async def _collect(job: Conversion, *, now: datetime) -> bool:
    users = await conversion_moves.next_users(job, job.reached or _FIRST, limit=SCANNED_USERS)

    async def body() -> bool:
        if not await _is_same(job):
            return True
        await conversion_moves.add_items(job, users)
        reached = users[-1][0] if users else job.reached
        await conversions.note_collected(job, reached, len(users), now=now)
        if len(users) < SCANNED_USERS:
            await conversions.enter(job, "judging", now=now)
        return True

    return await in_unit(job.tenant_id, body)


async def _judge(job: Conversion, *, now: datetime) -> bool:
    scanned = await conversion_moves.list_to_judge(job, job.reached or _FIRST, limit=SCANNED_USERS)
    verdicts = [verdict_on(one) for one in scanned]

    async def body() -> bool:
        if not await _is_same(job):
            return True
        await conversion_moves.judge(job, verdicts)
        await conversions.note_collected(job, verdicts[-1].user_id if verdicts else job.reached, 0, now=now)
        if len(scanned) < SCANNED_USERS:
            await conversions.enter(job, "scanned", now=now)
            return False
        return True

    return await in_unit(job.tenant_id, body)


async def _is_same(job: Conversion) -> bool:
    """Hold the conversion; whether nobody has gone on with it meanwhile."""
    there = await conversions.find_conversion(job.tenant_id, job.job_id, hold=True)
    return there is not None and (there.state, there.reached) == (job.state, job.reached)
