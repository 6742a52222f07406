"""Taking back what an operator did: shown first, then exactly that, or nothing; and that can be taken back as well."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from directory import callers, mappings
from directory.commit import in_unit_of
from directory.errors import DirectoryError, InvalidError, MovedError, NotFoundError, RefusedError
from directory.events import EventView, view_of
from directory.facts import Moment
from directory.inverse_policy import proposal_for
from directory.mappings import Still
from directory.model import Actor, EventId, TenantId
from directory.plan import Event
from directory.preview import Preview, preview
from directory.preview_apply import apply
from directory.proposals import LockRole, Proposal, SetDefaultRole, UnlockRole
from directory.store import event_details, undo
from directory.store.errors import ForeignKeyViolationError, UniqueViolationError
from directory.store.undo import UndoDeed
from directory.trials import try_out
from directory.undo_facts import grants_administration, lock_in
from directory.undo_ground import UndoGround, ground_of
from directory.undo_reasons import reason_for
from directory.undo_steps import Conflict
from directory.undo_tables import DEFAULT_ROLE, permission_for
from directory.undo_units import UNDONE, TouchedSinceError, take_back

WALKED_BATCHES = 25
"""Batches of roles that the verb itself decides anew; the duty does the rest."""

__all__ = ["UNDONE", "Conflict", "UndoPreview", "UndoState", "apply_undo", "preview_undo", "read_state"]

IN_USE = Conflict(thing="row", text="Something refers to it by now, so it cannot go.")
TAKEN = Conflict(thing="row", text="A value that must be unique is taken by now.")


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoState:
    """Whether an entry of the activity can be taken back, and whether it was."""

    deed_id: EventId | None
    """The event that leads its deed; None if nothing was kept of it."""
    reason: str
    """Why it cannot be taken back by its nature; empty if it can."""
    undone_by: EventId | None = None
    undoes: EventId | None = None
    job_id: UUID | None = None
    """The action on many that it is a part of."""

    @property
    def open(self) -> bool:
        """Whether it can be taken back, unless its results were touched since."""
        return self.deed_id is not None and not self.reason and self.undone_by is None


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoPreview:
    """What taking a deed back comes to."""

    event: EventView
    """The event that leads the deed."""
    state: UndoState
    conflicts: tuple[Conflict, ...] = ()
    told: tuple[Event, ...] = ()
    """What would be told of it: each change with the values of now and those that come back."""
    preview: Preview | None = None
    """Who changes role, where that follows from mappings, the default or a lock."""
    needs_consent: bool = False
    weighty: bool = False
    """Whether it takes an operator who has just confirmed who it is."""
    plan_hash: str = ""

    @property
    def refused(self) -> bool:
        """Whether it cannot be applied like this."""
        return not self.state.open or bool(self.conflicts) or (self.preview is not None and self.preview.refused)


async def read_state(tenant_id: TenantId, event: EventView) -> UndoState:
    """Return whether an entry can be taken back by its nature, and whether it was."""
    deed = await undo.find_deed(tenant_id, event.event_id)
    if deed is None:
        return UndoState(deed_id=None, reason=reason_for(event.action, actor_kind=event.actor_kind, obstacle=None))
    reason = reason_for(deed.action, actor_kind=event.actor_kind, obstacle=deed.obstacle)
    return UndoState(
        deed_id=deed.deed_id, reason=reason, undone_by=deed.undone_by, undoes=deed.undoes, job_id=deed.job_id
    )


async def preview_undo(event_id: EventId, *, by: Actor, now: datetime) -> UndoPreview:
    """Return what taking back the deed of an event would do; nothing is changed.

    It is tried out in a unit of work that is undone, so that what is shown is what would be done.

    Raises:
        NotFoundError: the tenant has no such event.
        ForbiddenError: the actor may not put such things back.
    """
    event, state = await _lead_of(by.tenant_id, event_id)
    if not state.open or state.deed_id is None:
        return UndoPreview(event=event, state=state)
    moment = Moment(at=now, by=by)
    ground = await _seen(by, state.deed_id, moment=moment)
    if ground is None:
        return UndoPreview(event=event, state=state)
    if ground.conflicts:
        return UndoPreview(event=event, state=state, conflicts=ground.conflicts, plan_hash=ground.mark)
    shown, refused = await _weighed(ground, by=by, now=now)
    told: tuple[Event, ...] = ()
    if not refused:
        told, refused = await _tried(event, ground, moment=moment)
    gives = grants_administration(ground.facts) or (shown is not None and shown.needs_consent)
    return UndoPreview(
        event=event,
        state=state,
        conflicts=refused,
        told=told,
        preview=shown,
        needs_consent=gives,
        weighty=gives or _is_weighty(ground) or (shown is not None and shown.privileged_count > 0),
        plan_hash=hashlib.sha256(f"{ground.mark}/{shown.plan_hash if shown else ''}".encode()).hexdigest(),
    )


async def apply_undo(
    event_id: EventId, plan_hash: str, *, consent: bool, confirmed: bool, by: Actor, now: datetime
) -> EventId:
    """Take back the deed of an event as it was shown; returns the event that tells of it.

    ``confirmed``: the operator has just shown who it is.

    Raises:
        MovedError: it would now do something else, or cannot be done any more; nothing was changed.
        InvalidError: consent, or the confirmation, is missing.
        NotFoundError, ForbiddenError: as for ``preview_undo``.
        LastAdministratorError: nobody active would be left to administer the tenant.
    """
    shown = await preview_undo(event_id, by=by, now=now)
    if shown.refused or shown.plan_hash != plan_hash or shown.state.deed_id is None:
        raise MovedError
    if shown.weighty and not confirmed:
        raise InvalidError("confirmation", "of who you are is needed for this")
    if shown.needs_consent and not consent:
        raise InvalidError("consent", "is needed: it gives administration")
    if shown.needs_consent:
        by.require("settings:manage")
    moment = Moment(at=now, by=by)
    ground = await _seen(by, shown.state.deed_id, moment=moment)
    if ground is None or ground.conflicts:
        raise MovedError
    done: list[EventId] = []
    consented_by = by.label if consent else None
    deed = partial(_commit, shown.event, ground, done, consented_by=consented_by, moment=moment)
    if shown.preview is None:
        await deed(None)
    else:
        seen = shown.preview
        await apply(seen.proposal, seen.plan_hash, consent=consent, deed=deed, by=by, now=now)
    callers.forget()
    await mappings.redecide(by.tenant_id, now=now, batches=WALKED_BATCHES)
    return done[-1]


async def _commit(
    event: EventView,
    seen: UndoGround,
    done: list[EventId],
    still: Still | None,
    *,
    consented_by: str | None,
    moment: Moment,
) -> None:
    async def body() -> EventId:
        ground = await _held(moment.by, seen.deed, moment=moment)
        if ground.mark != seen.mark:
            raise MovedError
        if still is not None:
            await still()
        return await take_back(event, ground, consented_by=consented_by, moment=moment)

    try:
        done.append(await in_unit_of(moment.by, body))
    except (TouchedSinceError, ForeignKeyViolationError, UniqueViolationError) as error:
        raise MovedError from error


async def _held(by: Actor, deed: UndoDeed, *, moment: Moment) -> UndoGround:
    held = await undo.hold_deed(by.tenant_id, deed.deed_id)
    if held is None or held.undone_by is not None:
        raise MovedError
    return await ground_of(held, moment=moment, hold=True)


async def _lead_of(tenant_id: TenantId, event_id: EventId) -> tuple[EventView, UndoState]:
    """Return the event that leads the deed of an event, and whether it can be taken back."""
    event = await _event(tenant_id, event_id)
    state = await read_state(tenant_id, event)
    if state.deed_id is None or state.deed_id == event_id:
        return event, state
    return await _event(tenant_id, state.deed_id), state


async def _event(tenant_id: TenantId, event_id: EventId) -> EventView:
    row = await event_details.find_event(tenant_id, event_id)
    if row is None:
        raise NotFoundError("event", event_id)
    return view_of(row)


async def _seen(by: Actor, deed_id: EventId, *, moment: Moment) -> UndoGround | None:
    """Return what a deed rests on as it is now, read at one moment; None if it was taken back meanwhile."""

    async def body() -> UndoGround | None:
        deed = await undo.find_deed(by.tenant_id, deed_id)
        return None if deed is None or deed.undone_by else await ground_of(deed, moment=moment)

    return await in_unit_of(by, body)


async def _weighed(ground: UndoGround, *, by: Actor, now: datetime) -> tuple[Preview | None, tuple[Conflict, ...]]:
    """Return who would change role, if a proposal says what the undo comes to."""
    proposal = _proposal_of(ground)
    if proposal is None:
        return None, ()
    try:
        return await preview(proposal, by=by, now=now), ()
    except DirectoryError as error:
        return None, (_refusal(error),)


async def _tried(
    event: EventView, ground: UndoGround, *, moment: Moment
) -> tuple[tuple[Event, ...], tuple[Conflict, ...]]:
    """Do it in a unit that is undone; return what it would tell, or what refuses it."""

    async def deed() -> EventId:
        held = await _held(moment.by, ground.deed, moment=moment)
        return await take_back(event, held, consented_by=moment.by.label, moment=moment)  # asked for when it is done

    try:
        _, tried = await try_out(moment.by.tenant_id, deed)
    except TouchedSinceError as error:
        return (), error.conflicts
    except ForeignKeyViolationError:
        return (), (IN_USE,)
    except UniqueViolationError:
        return (), (TAKEN,)
    except (RefusedError, InvalidError, DirectoryError) as error:
        return (), (_refusal(error),)
    events = [one for plan in tried.plans for one in plan.events]
    return tuple(events), ()


def _refusal(error: DirectoryError) -> Conflict:
    words = str(error)
    return Conflict(thing="refusal", text=f"{words[:1].upper()}{words[1:]}.")


def _is_weighty(ground: UndoGround) -> bool:
    """Whether it takes an operator who has just confirmed who it is: all but the order of things does."""
    return bool({permission_for(step.table) for step, _ in ground.facts.steps} - {"mappings:manage"})


_ONE: dict[str, Callable[[UndoGround], Proposal | None]] = {}


def _proposal_of(ground: UndoGround) -> Proposal | None:
    """Return the proposal that comes to the same roles, where one does."""
    tables = {step.table for step, _ in ground.facts.steps} - {"lock_review_row"}
    find = _ONE.get(next(iter(tables))) if len(tables) == 1 else None
    return None if find is None else find(ground)


def _of_mappings(ground: UndoGround) -> Proposal | None:
    facts = ground.facts
    return proposal_for(facts.policy.mappings, facts.restored)


def _of_default(ground: UndoGround) -> Proposal | None:
    return SetDefaultRole(role_id=ground.facts.default_role_id)


def _of_lock(ground: UndoGround) -> Proposal | None:
    locks = [step for step, _ in ground.facts.steps if step.table == "lock_row"]
    if len(locks) != 1 or locks[0].user_id is None or locks[0].user_id in ground.facts.deleted:
        return None
    lock = lock_in(locks[0].before)
    if lock is None:
        return UnlockRole(user_id=locks[0].user_id)
    return LockRole(user_id=locks[0].user_id, role_id=lock.role_id, reason=lock.reason, until=lock.until)


_ONE |= {"mapping_row": _of_mappings, DEFAULT_ROLE: _of_default, "lock_row": _of_lock}
