"""The one writer: every change, whichever door it came through, becomes true here."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from directory.departures import moved_users, reopened_loans
from directory.edits import Expect
from directory.errors import LastAdministratorError, NotFoundError, StaleError
from directory.followers import followed, note_committed
from directory.guests import check_guest
from directory.model import Actor, EventId, SourceId, TenantId
from directory.plan import Event, Plan
from directory.store.bookkeeping import add_request
from directory.store.journal import journal_of
from directory.store.policy import has_administrator, hold_tenant, is_administered
from directory.store.together import Together
from directory.store.unit import in_joined_unit, in_unit, note_tried
from directory.store.write import add_events, write_change
from directory.store.write.return_tasks import settle_return_tasks

Result = TypeVar("Result")


async def in_unit_of(by: Actor, body: Callable[[], Awaitable[Result]]) -> Result:
    """Read, plan and commit in one transaction of the actor's tenant, again from the start if another came first.

    ``body`` has no effect but its statements. What its plans come to in tenants below follows them in the same
    transaction.

    Raises:
        UnavailableError: nothing was changed.
    """
    try:
        return await in_followed_unit(by.tenant_id, body)
    except BaseException:
        if by.request is not None:  # what the transaction had recorded is gone with it
            by.request.recorded = False
        raise


async def in_followed_unit(tenant_id: TenantId, body: Callable[[], Awaitable[Result]]) -> Result:
    """Run ``body`` as ``in_unit`` does, with what follows its commits: for units of what nobody's request began."""
    return await in_unit(tenant_id, lambda: followed(body))


async def in_joined_followed_unit(tenant_id: TenantId, body: Callable[[], Awaitable[Result]]) -> Result:
    """Run ``body`` as ``in_joined_unit`` does, with what follows all that its verbs commit, at its end."""
    return await in_joined_unit(tenant_id, lambda: followed(body))


async def commit_plan(plan: Plan, *, by: Actor, now: datetime, job_id: UUID | None = None) -> EventId | None:
    """Make a plan true inside the open unit: rows, role decisions, events and the request record together.

    An empty plan writes nothing at all. What an operator's plan finds and leaves is kept, so that it can be undone; of
    a batch of an action on many, ``job_id``, for each user apart. Returns the event that leads, if there are any.

    Raises:
        LastAdministratorError: nobody active would be left to administer the tenant.
        AlreadyExistsError: a value that must be unique is taken.
        GuestError: a guest from the super tenant does what is for the tenant's own people.
    """
    if not plan:
        return None
    check_guest(plan, by=by)
    journal = await journal_of(plan, by, job_id=job_id)
    must_keep_one = plan.demotes_administrator and await _administered(by)
    writes = Together()
    for change in plan.changes:
        await write_change(change, by, writes)
    if must_keep_one:
        await writes.send()
        if not await has_administrator(by.tenant_id):
            raise LastAdministratorError
    event_ids = await add_events(plan.events, writes, by=by, now=now)
    if by.request is not None:
        add_request(by.request, writes)
    await writes.send()
    await journal.write(plan.events, event_ids, job_id=job_id)
    moved, reopened = moved_users(plan), reopened_loans(plan)
    if moved or reopened:
        await settle_return_tasks(moved, reopened, by=by, now=now)
    note_tried(plan)
    note_committed(plan, by=by, now=now)
    if by.request is not None:
        by.request.recorded = True
    return event_ids[0] if event_ids else None


async def commit_events(events: Sequence[Event], *, by: Actor, now: datetime) -> None:
    """Tell inside the open unit what changed nothing: that somebody was refused."""
    writes = Together()
    await add_events(events, writes, by=by, now=now)
    await writes.send()


async def _administered(by: Actor) -> bool:
    """Whether the tenant has an administrator to lose; lets one unit at a time take administration away."""
    await hold_tenant(by.tenant_id)
    return await is_administered(by.tenant_id)


def source_of(by: Actor) -> SourceId:
    """Return the source of an actor that provisions; nobody else edits what sources report.

    Raises:
        NotFoundError: the actor is no source.
    """
    if by.source_id is None:
        raise NotFoundError("source", by.label)
    return by.source_id


def check_version(kind: str, ident: object, version: int, expect: Expect) -> None:
    """Refuse a change of something that is no longer as the caller knows it.

    Raises:
        StaleError: the version that is there is not the expected one.
    """
    if expect is not None and not expect(version):
        raise StaleError(kind, ident, actual=version)
