"""What a run would do to groups and their members: read, compared and counted, batch by batch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, cast

from directory.guard import Toll
from directory.pulls.ground import Ground
from directory.pulls.group_items import deletion_item, move_items, put_item
from directory.pulls.group_moves import GroupMove, list_batch, moves_of
from directory.pulls.group_puts import ACTION_OF, put_for
from directory.pulls.group_tolls import toll_of_groups
from directory.pulls.inner_groups import mark_outer_groups, settle_groups
from directory.pulls.model import RunItem
from directory.store.pulls import present, seen_groups
from directory.store.unit import in_unit

PUTS_AT_ONCE = 300

Part = Literal["groups", "inside", "members", "toll"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupsPlanned:
    """What one batch came to."""

    reached: str | None
    """Where to go on; None: that was all."""
    counts: Mapping[str, int] = field(default_factory=dict)
    toll: Toll = field(default_factory=Toll)
    items: tuple[RunItem, ...] = ()


async def plan_groups_batch(ground: Ground, reached: str, *, now: datetime) -> GroupsPlanned:
    """Return what the next groups come to; begins with an empty ``reached``.

    It changes nothing of the directory. Of groups whose members are as the run says, what the run says is forgotten.
    """
    del now
    part, _, after = (reached or "groups:").partition(":")
    match cast("Part", part):
        case "groups":
            return await _puts(ground, after)
        case "inside":
            await mark_outer_groups(ground)
            return GroupsPlanned(reached="members:")
        case "members":
            return await _members(ground, after)
        case "toll":
            toll, items = await toll_of_groups(ground)
            return GroupsPlanned(reached=None, toll=toll, items=items)


async def _puts(ground: Ground, after: str) -> GroupsPlanned:
    seen = await seen_groups.list_pending(
        ground.tenant_id, ground.source_id, after=after, of_run=ground.of_run, limit=PUTS_AT_ONCE
    )
    if not seen:
        return GroupsPlanned(reached="inside:" if ground.expands else "members:")
    here = await present.groups_here(ground.tenant_id, ground.source_id, [one.ext_id for one in seen])
    puts = [put_for(one, here.get(one.ext_id)) for one in seen]
    counts: dict[str, int] = {}
    for put in puts:
        name = "failed" if put.deed == "refuse" else ACTION_OF.get(put.deed)
        if name is not None:
            counts[name] = counts.get(name, 0) + 1
    items = [deletion_item(put) if put.deed == "delete" else put_item(put) for put in puts if put.deed in ACTION_OF]
    return GroupsPlanned(reached=f"groups:{seen[-1].ext_id}", counts=counts, items=tuple(items))


async def _members(ground: Ground, after: str) -> GroupsPlanned:
    groups = await list_batch(ground, after)
    if not groups:
        return GroupsPlanned(reached="toll:")
    moves = await moves_of(ground, groups)
    still = [move.ext_id for move in moves if move.settled]
    if still:
        await in_unit(ground.tenant_id, lambda: _settle(ground, still))
    created = await _to_be_created(ground, moves)
    counted = [move for move in moves if move.moves and (move.here is not None or move.ext_id in created)]
    counts = {
        "members:join": sum(len(move.join) + len(move.nest) for move in counted),
        "members:leave": sum(len(move.leave) + len(move.unnest) for move in counted),
    }
    items = await move_items(ground, counted, created)
    return GroupsPlanned(
        reached=f"members:{groups[-1]}", counts={name: count for name, count in counts.items() if count}, items=items
    )


async def _settle(ground: Ground, groups: list[str]) -> None:
    await settle_groups(ground, groups)
    await seen_groups.forget_problems(ground.tenant_id, ground.source_id, groups)


async def _to_be_created(ground: Ground, moves: list[GroupMove]) -> dict[str, str]:
    """Return the names of those groups that are not here and will be."""
    absent = [move.ext_id for move in moves if move.here is None]
    if not absent:
        return {}
    seen = await seen_groups.find_pending(ground.tenant_id, ground.source_id, absent)
    puts = [put_for(one, None) for one in seen]
    return {put.ext_id: put.label for put in puts if put.deed == "create"}
