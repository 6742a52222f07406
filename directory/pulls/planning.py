"""What a run would do, counted and judged as a whole before anything is done: batch by batch, reading only."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec

from directory.commit import in_unit_of
from directory.guard import Toll, verdict_for
from directory.held_changes import Measure
from directory.pulls.ground import Ground
from directory.pulls.group_plan import plan_groups_batch
from directory.pulls.items import item_values, numbered
from directory.pulls.model import RunItem
from directory.pulls.people_plan import plan_missing, plan_people
from directory.pulls.progress import PlanPart, PlanState, apply_state, changes_in, counted, plan_state, with_state
from directory.pulls.scoping import settle_scope, widen_scope
from directory.store.guard_budget import read_budget
from directory.store.pulls import progress as run_rows
from directory.store.pulls import seen as seen_rows
from directory.store.pulls.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one batch of planning came to."""

    state: PlanState
    counts: Mapping[str, int] = field(default_factory=dict)
    items: tuple[RunItem, ...] = ()
    lines: tuple[str, ...] = ()
    """What tells this plan from another."""
    looked_count: int = 0
    phase: str = ""
    """Empty while people are compared."""


async def plan_batch(ground: Ground, *, now: datetime) -> bool:
    """Plan the next part of a run, and keep how far it is; False: the plan is made.

    The same state of directory and source gives the same ``plan_hash``. What is being applied is not planned again.
    """
    progress = await run_rows.read_progress(ground.tenant_id, ground.run_id)
    if apply_state(progress) is not None:
        return False
    state = plan_state(progress)
    if state is None:
        await _begin(ground, progress, now=now)
        return True
    if state.part == "done":
        return False
    if state.part == "verdict":
        await _judge(ground, progress, state, now=now)
        return False
    await _keep(ground, progress, await _PARTS[state.part](ground, state, now), now=now)
    return True


async def _begin(ground: Ground, progress: Progress, *, now: datetime) -> None:
    if ground.of_run is None:
        await (settle_scope if ground.scoped else widen_scope)(ground)
    total = await seen_rows.count_pending(ground.tenant_id, ground.source_id, of_run=ground.of_run)
    fresh = Progress(
        reached="",
        to_do_count=total,
        counts={name: count for name, count in progress.counts.items() if name == "rejected"},
        phase=f"Comparing {total:,} people",
    )

    async def body() -> None:
        await run_rows.forget_items(ground.tenant_id, ground.run_id)
        state = with_state(fresh, PlanState(part="people"))
        await run_rows.write_progress(ground.tenant_id, ground.run_id, state, now=now)

    await in_unit_of(ground.by, body)


async def _keep(ground: Ground, progress: Progress, step: Step, *, now: datetime) -> None:
    """Keep what a batch came to, in one unit."""
    state, items = numbered(step.state, step.items)
    digest, looked_count = progress.plan_hash, progress.done_count + step.looked_count
    if step.lines:
        digest = hashlib.sha256("\n".join((digest, *step.lines)).encode()).hexdigest()
    kept = replace(
        with_state(progress, state),
        counts=counted(progress.counts, step.counts),
        done_count=looked_count,
        plan_hash=digest,
        phase=step.phase or f"Comparing {looked_count:,} of {max(looked_count, progress.to_do_count):,} people",
    )

    async def body() -> None:
        await run_rows.add_items(ground.tenant_id, ground.run_id, [item_values(one) for one in items])
        await run_rows.write_progress(ground.tenant_id, ground.run_id, kept, now=now)

    await in_unit_of(ground.by, body)


async def _people(ground: Ground, state: PlanState, _now: datetime) -> Step:
    planned = await plan_people(ground, after=state.after)
    if planned is None:
        return Step(state=replace(state, part="missing", after=""))
    moved = replace(
        state,
        after=planned.after,
        leavers=state.leavers + planned.toll.users,
        weight=state.weight + planned.toll.roles,
        moved=state.moved + planned.moved_count,
    )
    return Step(
        state=moved,
        counts=planned.counts,
        items=planned.items,
        lines=planned.lines,
        looked_count=planned.looked_count,
    )


async def _missing(ground: Ground, state: PlanState, _now: datetime) -> Step:
    counts, items = await plan_missing(ground)
    return Step(state=replace(state, part="groups"), counts=counts, items=items, phase="Comparing groups and members")


async def _groups(ground: Ground, state: PlanState, now: datetime) -> Step:
    planned = await plan_groups_batch(ground, state.inner, now=now)
    counted_up = replace(
        state,
        part="verdict" if planned.reached is None else "groups",
        inner=planned.reached or "",
        weight=state.weight + planned.toll.roles,
        moved=state.moved + planned.toll.people,
    )
    lines = tuple(f"{one.action} {one.ext_id} {one.detail}" for one in planned.items)
    return Step(
        state=counted_up,
        counts=planned.counts,
        items=tuple(planned.items),
        lines=(*lines, msgspec.json.encode(sorted(planned.counts.items())).decode()),
        phase="Comparing groups and members",
    )


_PARTS: dict[PlanPart, Callable[[Ground, PlanState, datetime], Awaitable[Step]]] = {
    "people": _people,
    "missing": _missing,
    "groups": _groups,
}


async def _judge(ground: Ground, progress: Progress, state: PlanState, *, now: datetime) -> None:
    """Ask the guard once for the whole run: a measure that does not fit is held, all of it, when it is applied."""
    budget = await read_budget(ground.tenant_id, ground.source_id, now=now)
    tolls: dict[Measure, Toll] = {
        "users": Toll(users=state.leavers, people=state.leavers),
        "roles": Toll(roles=state.weight, people=state.moved),
    }
    found = {measure: verdict_for(toll, budget).why for measure, toll in tolls.items()}
    over = {measure: [why.wanted, why.limit, why.spent] for measure, why in found.items() if why is not None}
    judged = replace(
        with_state(progress, replace(state, part="done", active_count=budget.active_count)),
        why={str(measure): numbers for measure, numbers in over.items()},
        done_count=0,
        to_do_count=changes_in(progress.counts),
        phase="Compared",
    )

    async def body() -> None:
        await run_rows.write_progress(ground.tenant_id, ground.run_id, judged, now=now)

    await in_unit_of(ground.by, body)
