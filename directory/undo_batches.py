"""Taking back the deeds of an action on many, batch by batch: each is whole, and resumed after any interruption."""

from datetime import datetime
from uuid import UUID

from directory import callers
from directory.commit import in_followed_unit
from directory.errors import AlreadyExistsError, ForbiddenError, InvalidError, MovedError, NotFoundError, RefusedError
from directory.events import EventView, view_of
from directory.facts import Moment
from directory.model import EventId, TenantId
from directory.operators import find_actor
from directory.store import event_details, undo, undo_runs
from directory.store.errors import ForeignKeyViolationError, UniqueViolationError
from directory.store.undo import UndoDeed
from directory.store.undo_runs import UndoRun
from directory.store.unit import in_unit, savepoint
from directory.undo_ground import UndoGround, ground_of
from directory.undo_reasons import reason_for
from directory.undo_steps import Conflict
from directory.undo_units import TouchedSinceError, take_back

BATCH_DEEDS = 10
"""Deeds taken back in one unit of work: some 10 ms of SQLite's writer."""

REFUSALS = (
    RefusedError,
    AlreadyExistsError,
    ForbiddenError,
    InvalidError,
    MovedError,
    NotFoundError,
    ForeignKeyViolationError,
    UniqueViolationError,
)


UNDONE_MEANWHILE = Conflict(thing="deed", text="It was undone by itself meanwhile.")


async def has_open_runs(_now: datetime) -> bool:
    """Whether something is still to be taken back."""
    return await undo_runs.next_open_run() is not None


async def advance_runs(*, now: datetime) -> int:
    """Take back one batch of the oldest run; returns 1 while there may be more."""
    found = await undo_runs.next_open_run()
    if found is not None:
        await run_batch(*found, now=now)
    return 0 if found is None else 1


async def end_broken(*, now: datetime) -> None:
    """End the oldest run, which could not be gone on with, so that others come to their turn."""
    found = await undo_runs.next_open_run()
    if found is None:
        return

    async def body() -> None:
        run = await undo_runs.find_run(*found, hold=True)
        if run is not None:
            await undo_runs.end_run(run, reason="failed", now=now)

    await in_unit(found[0], body)


async def run_batch(tenant_id: TenantId, run_id: UUID, *, now: datetime) -> int:
    """Take back the next deeds of a run; returns how many were looked at.

    Deeds and how far it got are of one unit of work: whoever dies in between has done none of it.
    """

    async def body() -> int:
        run = await undo_runs.find_run(tenant_id, run_id, hold=True)
        if run is None or run.ended_at is not None:
            return 0
        by = await find_actor(run.tenant_id, run.asked_by, run.asked_label)
        if not by.permissions:
            await undo_runs.end_run(run, reason="operator", now=now)
            return 0
        deeds = await undo.list_open(tenant_id, run.job_id, before=run.before_id, limit=BATCH_DEEDS)
        done = [await _taken_back(run, deed, moment=Moment(at=now, by=by)) for deed in deeds]
        if deeds:
            await undo_runs.advance_run(run, deeds[-1].deed_id, done=sum(done), left=len(done) - sum(done))
        if len(deeds) < BATCH_DEEDS:
            await undo_runs.end_run(run, now=now)
        return len(deeds)

    looked_at = await in_followed_unit(tenant_id, body)
    callers.forget()
    return looked_at


async def _taken_back(run: UndoRun, deed: UndoDeed, *, moment: Moment) -> bool:
    """Take one deed back, or note why it is left."""
    try:
        async with savepoint():
            ground = await ground_of(await _hold_open(deed), moment=moment, hold=True)
            _check_open(deed, ground)
            event = await get_event(run.tenant_id, deed.deed_id)
            await take_back(event, ground, consented_by=None, moment=moment, job_id=run.run_id)
    except TouchedSinceError as error:
        await undo.note_left(run.tenant_id, deed.deed_id, words_of(error.conflicts[0]))
        return False
    except REFUSALS as error:
        await undo.note_left(run.tenant_id, deed.deed_id, _sentence(str(error)))
        return False
    return True


async def _hold_open(deed: UndoDeed) -> UndoDeed:
    """Hold a deed of the list, which was read before: somebody may have taken it back by itself."""
    held = await undo.hold_deed(deed.tenant_id, deed.deed_id)
    if held is None or held.undone_by is not None:
        raise TouchedSinceError((UNDONE_MEANWHILE,))
    return held


def _check_open(deed: UndoDeed, ground: UndoGround) -> None:
    if reason := reason_to_leave(deed, ground):
        raise TouchedSinceError((Conflict(thing="deed", text=reason),))


def words_of(conflict: Conflict) -> str:
    """Return what was touched, as one sentence; values are told on the page of the deed."""
    return conflict.text or f"The {conflict.attribute} of the {conflict.thing} has changed since."


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def reason_to_leave(deed: UndoDeed, ground: UndoGround | None) -> str:
    """Return why a deed stays as it is, in words; empty if it can go back."""
    by_nature = reason_for(deed.action, actor_kind="operator", obstacle=deed.obstacle)
    if by_nature or ground is None:
        return by_nature or "It may not be put back by you."
    return words_of(ground.conflicts[0]) if ground.conflicts else ""


async def get_event(tenant_id: TenantId, deed_id: EventId) -> EventView:
    """Return the event that leads a deed.

    Raises:
        NotFoundError: there is none.
    """
    row = await event_details.find_event(tenant_id, deed_id)
    if row is None:
        raise NotFoundError("event", deed_id)
    return view_of(row)
