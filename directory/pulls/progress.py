"""How far planning and applying of a run are: where to go on from, and what was counted."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

import msgspec

from directory.pulls.ground import Ground
from directory.store.pulls.progress import Progress, read_progress, write_progress

PlanPart = Literal["scope", "people", "missing", "groups", "verdict", "done"]
ApplyPart = Literal["people", "groups", "leavers", "late", "end", "done"]
KEPT_FROM_PLAN = frozenset({"rejected", "unchanged", "missing:once"})
"""What applying does not count again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanState:
    """How far a plan is."""

    stage: Literal["plan"] = "plan"
    part: PlanPart = "scope"
    after: str = ""
    inner: str = ""
    """How far the plan of groups is; theirs to read."""
    leavers: int = 0
    """Active users who would lose access."""
    weight: int = 0
    """Of role losses and grants, as the guard counts them."""
    moved: int = 0
    """How many users these concern."""
    active_count: int = 0
    """How many active users the source had when the plan was judged."""
    seq: int = 0
    noted: dict[str, int] = field(default_factory=dict)
    """How many things were noted, by action."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyState:
    """How far applying is."""

    stage: Literal["apply"] = "apply"
    part: ApplyPart = "people"
    after: str = ""
    tried: tuple[str, ...] = ()
    """People behind ``after`` who were tried already."""
    inner: str = ""
    """How far the groups are; theirs to read."""
    active_count: int = 0
    """How many active users the source had when the plan was judged."""


def plan_state(progress: Progress) -> PlanState | None:
    """Return how far the plan of a run is; None: it has not begun."""
    return msgspec.json.decode(progress.reached, type=PlanState) if _stage_of(progress) == "plan" else None


def apply_state(progress: Progress) -> ApplyState | None:
    """Return how far applying is; None: it has not begun."""
    return msgspec.json.decode(progress.reached, type=ApplyState) if _stage_of(progress) == "apply" else None


def _stage_of(progress: Progress) -> str:
    if not progress.reached:
        return ""
    return str(msgspec.json.decode(progress.reached, type=dict[str, object]).get("stage", ""))


def with_state(progress: Progress, state: PlanState | ApplyState) -> Progress:
    """Return the progress with where to go on from."""
    return replace(progress, reached=msgspec.json.encode(state).decode())


def counted(counts: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    """Return the sums, without what is zero."""
    return {name: total for name in {**counts, **more} if (total := counts.get(name, 0) + more.get(name, 0))}


def changes_in(counts: Mapping[str, int]) -> int:
    """Return how many changes were counted: what ``to_do_count`` and ``done_count`` are of while a run is applied."""
    return sum(count for name, count in counts.items() if ":" in name and name not in {"missing:once", "user:meet"})


async def note_applied(ground: Ground, reached: str | None, counts: Mapping[str, int], now: datetime) -> None:
    """Keep, inside the open unit, how far applying of groups is and what it did; None: the groups are done."""
    progress = await read_progress(ground.tenant_id, ground.run_id)
    state = apply_state(progress) or ApplyState(part="groups")
    state = replace(state, inner="", part="leavers", after="") if reached is None else replace(state, inner=reached)
    done = progress.done_count + changes_in(counts)
    moved = replace(
        with_state(progress, state),
        counts=counted(progress.counts, counts),
        done_count=done,
        phase=phase_of(state.part, done, progress.to_do_count),
    )
    await write_progress(ground.tenant_id, ground.run_id, moved, now=now)


_DOING: dict[ApplyPart, str] = {
    "people": "Creating and changing people",
    "groups": "Changing groups and members",
    "leavers": "Disabling and deleting people",
    "late": "Trying again who waited for a name",
    "end": "Finishing",
    "done": "Finishing",
}


def phase_of(part: ApplyPart, done_count: int, to_do_count: int) -> str:
    """Return what applying does now, as people read it."""
    return f"{_DOING[part]}: {done_count:,} of {max(done_count, to_do_count):,} changes"
