"""A planned run becomes true, by the verbs that serve pushes, in small units that each keep how far it came."""

from dataclasses import replace
from datetime import datetime

from directory.commit import in_unit_of
from directory.held_changes import HeldFilter
from directory.pulls.ground import Ground, judged_ground
from directory.pulls.group_apply import apply_groups_batch
from directory.pulls.people_apply import apply_people
from directory.pulls.progress import (
    KEPT_FROM_PLAN,
    ApplyPart,
    ApplyState,
    apply_state,
    phase_of,
    plan_state,
    with_state,
)
from directory.store import held
from directory.store.pulls.progress import Progress, read_progress, write_progress

HELD_MAX = 1_000_000

_NEXT: dict[ApplyPart, ApplyPart] = {"people": "groups", "groups": "leavers", "leavers": "late", "late": "end"}
"""Whoever comes before whoever goes: nobody is without a group or an administrator in between."""


async def apply_batch(ground: Ground, *, now: datetime) -> bool:
    """Apply the next part of a run whose plan is made; False: all of it is applied.

    Of a measure that the plan found beyond the guard everything is held. What is refused for one person or group is
    noted there, and tried again in the next run.
    """
    progress = await read_progress(ground.tenant_id, ground.run_id)
    state = apply_state(progress)
    if state is None:
        await _begin(ground, progress, now=now)
        return True
    judged = judged_ground(ground, progress.why, active_count=state.active_count)
    match state.part:
        case "done":
            return False
        case "groups":
            await apply_groups_batch(judged, state.inner, now=now)
        case "end":
            await _end(judged, progress, state, now=now)
            return False
        case _:
            if not await apply_people(judged, progress, state, now=now):
                await _go_on(judged, progress, state, now=now)
    return True


async def _begin(ground: Ground, progress: Progress, *, now: datetime) -> None:
    counts = {name: count for name, count in progress.counts.items() if name in KEPT_FROM_PLAN}
    planned = plan_state(progress)
    begun = ApplyState(active_count=0 if planned is None else planned.active_count)
    fresh = replace(with_state(progress, begun), counts=counts, done_count=0)
    await _write(ground, replace(fresh, phase=phase_of("people", 0, fresh.to_do_count)), now=now)


async def _go_on(ground: Ground, progress: Progress, state: ApplyState, *, now: datetime) -> None:
    part = _NEXT[state.part]
    moved = with_state(progress, ApplyState(part=part, active_count=state.active_count))
    await _write(ground, replace(moved, phase=phase_of(part, progress.done_count, progress.to_do_count)), now=now)


async def _end(ground: Ground, progress: Progress, state: ApplyState, *, now: datetime) -> None:
    held_count = await held.count(ground.tenant_id, HeldFilter(batch_id=ground.run_id), limit=HELD_MAX)
    counts = {**progress.counts, "held": held_count} if held_count else progress.counts
    done = replace(with_state(progress, replace(state, part="done")), counts=counts)
    await _write(ground, done, now=now)


async def _write(ground: Ground, progress: Progress, *, now: datetime) -> None:
    async def body() -> None:
        await write_progress(ground.tenant_id, ground.run_id, progress, now=now)

    await in_unit_of(ground.by, body)
