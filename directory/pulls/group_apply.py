"""Groups as a run says them, given to the directory: created and changed, then joined, left, and at last deleted."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal, cast

from directory import groups
from directory.commit import in_joined_followed_unit
from directory.errors import DirectoryError, UnavailableError
from directory.pull_edges import Direct
from directory.pulls.ground import Ground
from directory.pulls.group_changes import apply_ends, apply_puts
from directory.pulls.group_moves import list_batch, moves_of
from directory.pulls.group_steps import Step, Way, portions_of, steps_for
from directory.pulls.inner_groups import settle_groups
from directory.pulls.progress import note_applied
from directory.store.policy import read_policy
from directory.store.pulls import cursors, kept_edges, seen_groups, staged_groups
from directory.store.unit import in_joined_unit

Part = Literal["puts", "join", "leave", "ends"]
_NEXT: dict[Part, Part | None] = {"puts": "join", "join": "leave", "leave": "ends", "ends": None}


async def apply_groups_batch(ground: Ground, reached: str, *, now: datetime) -> tuple[str | None, Mapping[str, int]]:
    """Give the directory what the run says of the next groups; begins with an empty ``reached``, ends with None.

    Each unit of work keeps how far it is, so that a kill loses and doubles nothing. Returns what was counted.
    """
    name, _, after = (reached or "puts:").partition(":")
    part: Part | None = cast("Part", name)
    while part is not None:
        done = await _apply_part(ground, part, after, now=now)
        if done is not None:
            return done
        part, after = _NEXT[part], ""
    await in_joined_unit(ground.tenant_id, lambda: note_applied(ground, None, {}, now))
    return None, {}


async def _apply_part(ground: Ground, part: Part, after: str, *, now: datetime) -> tuple[str, Mapping[str, int]] | None:
    if part == "puts":
        return await apply_puts(ground, after, now=now)
    if part == "ends":
        return await apply_ends(ground, after, now=now)
    return await _apply_moves(ground, part, after, now=now)


async def _apply_moves(ground: Ground, way: Way, after: str, *, now: datetime) -> tuple[str, Mapping[str, int]] | None:
    """Let members of the next groups join, or leave; None: there are no more."""
    batch = await list_batch(ground, after)
    if not batch:
        return None
    policy = await read_policy(ground.tenant_id)
    steps = [step for move in await moves_of(ground, batch) for step in steps_for(move, way, policy=policy)]
    total: Counter[str] = Counter()
    for portion in portions_of(steps):
        reached = f"{way}:{after}"
        finished = [step.ext_id for step in portion.steps if step.last]
        if finished:
            after = finished[-1]
            reached = f"{way}:{after}"
        total.update(await in_joined_followed_unit(ground.tenant_id, _unit(ground, portion.steps, reached, now)))
    return f"{way}:{after}", total


def _unit(
    ground: Ground, steps: Sequence[Step], reached: str, now: datetime
) -> Callable[[], Awaitable[Mapping[str, int]]]:
    async def body() -> Mapping[str, int]:
        counts: Counter[str] = Counter()
        for step in steps:
            if step.keep is not None:
                await _keep(ground, step, *step.keep)
            counts.update(await _edited(ground, step, now=now))
        if settled := [step.ext_id for step in steps if step.settles]:
            absent = {step.ext_id for step in steps if step.here is None}
            await settle_groups(ground, settled, absent)
        await note_applied(ground, reached, counts, now)
        return counts

    return body


async def _keep(ground: Ground, step: Step, before: Direct, after: Direct) -> None:
    """Keep direct members; without any the run says so, since members here are not the direct ones yet."""
    await kept_edges.put_kept(ground.tenant_id, ground.source_id, step.ext_id, before, after)
    if step.here is not None and not after:
        await staged_groups.mark_empty(ground.tenant_id, ground.run_id, step.ext_id)


async def _edited(ground: Ground, step: Step, *, now: datetime) -> Mapping[str, int]:
    if step.edit is None or step.here is None:
        return {}
    try:
        await groups.edit_group(step.here.group_id, step.edit, by=ground.by, now=now)
    except UnavailableError:
        raise
    except DirectoryError as error:
        await seen_groups.note_problem(ground.tenant_id, ground.source_id, step.ext_id, str(error))
        await cursors.hold_back(ground.tenant_id, ground.source_id, ground.run_id)
        return {"failed": 1}
    counts = {"members:join": step.joined, "members:leave": step.left}
    return {name: count for name, count in counts.items() if count}
