"""Who may convert user names, and what a conversion that goes on by itself is done with."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from directory import operators
from directory.commit import commit_events
from directory.errors import ForbiddenError, NotFoundError
from directory.model import Actor, JsonValue, Permission, RoleId, TenantId, User, UserId
from directory.plan import AttributeChange, Event
from directory.reach import role_within
from directory.store import conversions
from directory.store.conversions import Conversion, Failure

NEEDED: Permission = "settings:manage"
UNDO_DAYS = 30


async def get_for(job_id: UUID, *, by: Actor) -> Conversion:
    """Return a conversion of the actor's tenant.

    Raises:
        NotFoundError: there is none.
        ForbiddenError: the actor may not manage settings.
    """
    by.require(NEEDED)
    job = await conversions.find_conversion(by.tenant_id, job_id)
    if job is None:
        raise NotFoundError("conversion", job_id)
    return job


async def held(tenant_id: TenantId, job_id: UUID) -> Conversion:
    """Return a conversion, which stays as it is until the unit ends.

    Raises:
        NotFoundError: there is none.
    """
    job = await conversions.find_conversion(tenant_id, job_id, hold=True)
    if job is None:
        raise NotFoundError("conversion", job_id)
    return job


async def find_actor(job: Conversion) -> Actor | None:
    """Return whoever asked for it, if they may still have it done; None otherwise."""
    if job.asked_by is None:  # the command line
        return Actor(tenant_id=job.tenant_id, kind="system", label=job.asked_label)
    by = await operators.find_actor(job.tenant_id, job.asked_by, job.asked_label)
    return by if NEEDED in by.permissions else None


async def beyond_reach(users: Collection[User], *, by: Actor) -> frozenset[UserId]:
    """Return those whose role carries more than the actor's own: another name would be a way to their account."""
    closed: set[RoleId] = set()
    for role_id in {user.decision.role_id for user in users}:
        try:
            await role_within(role_id, by=by, gone=True)
        except ForbiddenError:
            closed.add(role_id)
    return frozenset(user.user_id for user in users if user.decision.role_id in closed)


async def stop_held(job: Conversion, failure: Failure, *, by: Actor, now: datetime) -> None:
    """Stop a conversion that runs, or its undo, inside the open unit, and tell it."""
    undoing = job.state == "undoing"
    if undoing:
        await conversions.end(job, "undo stopped", now=job.ended_at or now, failure=failure)
    else:
        await conversions.end(job, "stopped", now=now, undo_until=now + timedelta(days=UNDO_DAYS), failure=failure)
    settled = job.restored_count if undoing else job.applied_count
    await tell("stopped", (("reason", failure), ("undo", undoing), ("users", settled)), by=by, now=now)


async def tell(what: str, told: Sequence[tuple[str, JsonValue]], *, by: Actor, now: datetime) -> None:
    """Write inside the open unit what was done with a conversion: an event of the tenant."""
    event = Event(
        action=f"tenant:conversion:{what}",
        subject_kind="tenant",
        subject_id=by.tenant_id,
        subject_label="",
        changes=tuple(AttributeChange(name=name, old=None, new=value) for name, value in told),
    )
    await commit_events([event], by=by, now=now)
