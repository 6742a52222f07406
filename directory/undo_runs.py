"""Taking back all that an action on many came to: looked at first, then batch by batch; what was touched is left."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from directory.commit import in_unit_of
from directory.errors import MovedError, NotFoundError
from directory.events import EventView
from directory.facts import Moment
from directory.ids import new_id
from directory.model import Actor, EventId, TenantId
from directory.store import undo
from directory.store import undo_runs as rows
from directory.store.errors import UniqueViolationError
from directory.store.undo import JobCount, UndoDeed
from directory.store.undo_runs import UndoRun
from directory.undo_batches import get_event, reason_to_leave, run_batch
from directory.undo_ground import UndoGround, ground_of

__all__ = [
    "LeftDeed",
    "RunPreview",
    "UndoRun",
    "count_open",
    "find_run_of",
    "get_run",
    "list_left",
    "preview_run",
    "start_run",
]

LOOKED_AT_MAX = 200
"""Deeds that a preview compares one by one; of more the newest."""

LOOKED_AT_ONCE = 20
AT_ONCE_DEEDS = 60
"""So many are taken back while the operator waits; more in the background."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftDeed:
    """A deed that is left as it is, and why."""

    deed_id: EventId
    subject_label: str
    subject_kind: str
    subject_id: UUID
    action: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPreview:
    """What taking back an action on many comes to."""

    job_id: UUID
    total: int
    undone: int
    """Of them those that are undone already."""
    looked_at: int
    """How many were compared one by one: all, or the newest."""
    ready: tuple[EventView, ...]
    """Of these the deeds that would be taken back."""
    left: tuple[LeftDeed, ...]
    """And those that would be left, since their results were touched."""
    plan_hash: str

    @property
    def open_count(self) -> int:
        """Deeds that nobody took back yet."""
        return self.total - self.undone

    @property
    def refused(self) -> bool:
        """Whether there is nothing to take back."""
        return not self.ready and self.looked_at >= self.open_count


async def preview_run(job_id: UUID, *, by: Actor, now: datetime) -> RunPreview:
    """Return what taking back all of an action would do; nothing is changed.

    Raises:
        NotFoundError: nothing is kept of such an action.
        ForbiddenError: the actor may not put such things back.
    """
    count = await _count(by.tenant_id, job_id)
    deeds = await undo.list_open(by.tenant_id, job_id, before=None, limit=LOOKED_AT_MAX)
    marks: list[str] = []
    ready: list[EventView] = []
    left: list[LeftDeed] = []
    for at in range(0, len(deeds), LOOKED_AT_ONCE):
        for deed, ground in await _grounds(deeds[at : at + LOOKED_AT_ONCE], by=by, now=now):
            event = await get_event(by.tenant_id, deed.deed_id)
            reason = reason_to_leave(deed, ground)
            marks.append("" if ground is None else ground.mark)
            if reason:
                left.append(_left(event, reason))
            else:
                ready.append(event)
    said = (str(job_id), count.total, count.undone, count.newest_id, marks)
    return RunPreview(
        job_id=job_id,
        total=count.total,
        undone=count.undone,
        looked_at=len(deeds),
        ready=tuple(ready),
        left=tuple(left),
        plan_hash=hashlib.sha256(msgspec.json.encode(said)).hexdigest(),
    )


async def start_run(job_id: UUID, plan_hash: str, *, by: Actor, now: datetime) -> UndoRun:
    """Take back what was shown: a few deeds at once, many in the background; what is touched meanwhile is left.

    Raises:
        MovedError: it is no longer what was shown, or is being undone already.
        NotFoundError, ForbiddenError: as for ``preview_run``.
    """
    shown = await preview_run(job_id, by=by, now=now)
    if shown.refused or shown.plan_hash != plan_hash or by.user_id is None:
        raise MovedError
    run = UndoRun(
        run_id=new_id(now),
        tenant_id=by.tenant_id,
        job_id=job_id,
        asked_by=by.user_id,
        asked_label=by.label,
        asked_at=now,
        before_id=None,
        total_count=shown.open_count,
        done_count=0,
        left_count=0,
        ended_at=None,
        end_reason="",
    )

    async def body() -> None:
        before = await rows.find_run_of(by.tenant_id, job_id)
        if before is not None and before.ended_at is None:
            raise MovedError
        await rows.insert_run(run)

    try:
        await in_unit_of(by, body)
    except UniqueViolationError as error:  # somebody else asked for it at the same moment
        raise MovedError from error
    if shown.open_count <= AT_ONCE_DEEDS:
        while await run_batch(by.tenant_id, run.run_id, now=now):
            pass
    return await get_run(run.run_id, by=by)


async def get_run(run_id: UUID, *, by: Actor) -> UndoRun:
    """Return a run.

    Raises:
        NotFoundError: the tenant has none of that id.
    """
    run = await rows.find_run(by.tenant_id, run_id)
    if run is None:
        raise NotFoundError("undo", run_id)
    return run


async def find_run_of(tenant_id: TenantId, job_id: UUID) -> UndoRun | None:
    """Return the newest run that takes back an action, if there was one."""
    return await rows.find_run_of(tenant_id, job_id)


async def count_open(tenant_id: TenantId, job_id: UUID) -> int:
    """Return how many deeds of an action nobody took back."""
    count = await undo.count_deeds(tenant_id, job_id)
    return count.total - count.undone


async def list_left(run: UndoRun, *, before: UUID | None, limit: int) -> list[LeftDeed]:
    """Return what a run left as it is, the newest first, behind the deed ``before``."""
    deeds = await undo.list_left(run.tenant_id, run.job_id, before=before, limit=limit)
    return [_left(await get_event(run.tenant_id, deed.deed_id), deed.left_reason) for deed in deeds]


async def _grounds(deeds: list[UndoDeed], *, by: Actor, now: datetime) -> list[tuple[UndoDeed, UndoGround | None]]:
    """Return what deeds rest on, all read at one moment."""

    async def body() -> list[tuple[UndoDeed, UndoGround | None]]:
        return [(deed, await ground_of(deed, moment=Moment(at=now, by=by))) for deed in deeds]

    return await in_unit_of(by, body)


async def _count(tenant_id: TenantId, job_id: UUID) -> JobCount:
    count = await undo.count_deeds(tenant_id, job_id)
    if not count.total:
        raise NotFoundError("action", job_id)
    return count


def _left(event: EventView, reason: str) -> LeftDeed:
    return LeftDeed(
        deed_id=event.event_id,
        subject_label=event.subject_label,
        subject_kind=event.subject_kind,
        subject_id=event.subject_id,
        action=event.action,
        reason=reason,
    )
