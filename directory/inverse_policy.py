"""The ordered list of mappings as it was before a change, whatever came to other lines since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from directory.model import GroupId, GroupMapping, JsonValue, RoleId
from directory.plan_policy import AddMapping, MappingProposal, MoveMapping, RemoveMapping, SetMappingRole
from directory.undo_steps import Conflict, Image

THING = "group mapping"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the list without its place."""

    group_id: str
    role_id: str
    consented_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What the list is to be, or what stands against it."""

    lines: tuple[GroupMapping, ...]
    touched: tuple[GroupId, ...]
    """Groups whose line comes, goes, moves or changes."""
    conflicts: tuple[Conflict, ...] = ()


def image_of(lines: Sequence[GroupMapping]) -> Image:
    """Return a list of mappings as steps keep it."""
    told: list[JsonValue] = [[str(line.group_id), str(line.role_id), line.consented_by] for line in lines]
    return {"lines": told}


def lines_in(image: Image | None) -> tuple[Line, ...]:
    """Return the lines of a kept list, in their order."""
    rows: Any = (image or {}).get("lines") or []
    return tuple(Line(group_id=row[0], role_id=row[1], consented_by=row[2]) for row in rows)


def restored_list(before: Image | None, after: Image | None, current: Sequence[GroupMapping]) -> Restored:
    """Return the present list with what a change did to it taken back.

    Lines that the change did not touch stay as they are now, and those that came since keep their neighbour above.
    """
    old, new = _by_group(lines_in(before)), _by_group(lines_in(after))
    now = _by_group(Line(group_id=str(one.group_id), role_id=str(one.role_id), consented_by=one.consented_by)
                    for one in current)  # fmt: skip
    changed = [group_id for group_id in {**old, **new} if old.get(group_id) != new.get(group_id)]
    conflicts = [found for group_id in changed if (found := _conflict(new.get(group_id), now.get(group_id)))]
    reorders = _order(old, new) != _order(new, old)
    if (reorders or any(group_id not in new for group_id in changed)) and _order(now, new) != _order(new, now):
        conflicts.append(Conflict(thing=THING, text="The order of the mappings has changed since."))
    if conflicts:
        return Restored(lines=tuple(current), touched=(), conflicts=tuple(conflicts))
    wanted = {group_id: line for group_id, line in now.items() if group_id not in changed or group_id in old}
    wanted |= {group_id: old[group_id] for group_id in changed if group_id in old}
    placed = _placed(list(old) if reorders or len(wanted) > len(now) else list(now), list(now), wanted)
    lines = tuple(
        GroupMapping(
            group_id=GroupId(UUID(group_id)),
            role_id=RoleId(UUID(wanted[group_id].role_id)),
            position=position,
            consented_by=wanted[group_id].consented_by,
        )
        for position, group_id in enumerate(placed, 1)
    )
    moved = _moved(list(old), list(new)) if reorders else []
    return Restored(lines=lines, touched=tuple(GroupId(UUID(one)) for one in dict.fromkeys([*changed, *moved])))


def proposal_for(current: Sequence[GroupMapping], restored: Restored) -> MappingProposal | None:
    """Return the one proposal that leads from the present list to the restored one; None if it takes several."""
    if len(restored.touched) != 1:
        return None
    (group_id,) = restored.touched
    now = next((line for line in current if line.group_id == group_id), None)
    then = next((line for line in restored.lines if line.group_id == group_id), None)
    if then is None:
        return None if now is None else RemoveMapping(group_id=group_id)
    if now is None:
        return AddMapping(group_id=group_id, role_id=then.role_id, position=then.position)
    if now.role_id != then.role_id:
        return SetMappingRole(group_id=group_id, role_id=then.role_id)
    return MoveMapping(group_id=group_id, places=then.position - now.position)


def _by_group(lines: Any) -> dict[str, Line]:  # noqa: ANN401  # any iterable of lines
    return {line.group_id: line for line in lines}


def _order(lines: Mapping[str, Line], among: Mapping[str, Line]) -> list[str]:
    return [group_id for group_id in lines if group_id in among]


def _conflict(left: Line | None, now: Line | None) -> Conflict | None:
    if left == now:
        return None
    if left is None:
        return Conflict(thing=THING, text="The group has been mapped again since.")
    if now is None:
        return Conflict(thing=THING, text="The mapping has been removed since.")
    if left.role_id != now.role_id:
        return Conflict(thing=THING, attribute="role", left=left.role_id, now=now.role_id)
    return Conflict(thing=THING, attribute="consent", left=left.consented_by, now=now.consented_by)


def _placed(base: list[str], now: list[str], wanted: Mapping[str, Line]) -> list[str]:
    """Return the groups in the order of ``base``; whoever is not in it stays behind its neighbour above of now."""
    placed = [group_id for group_id in base if group_id in wanted]
    for at, group_id in enumerate(now):
        if group_id in wanted and group_id not in placed:
            above = next((one for one in reversed(now[:at]) if one in placed), None)
            placed.insert(0 if above is None else placed.index(above) + 1, group_id)
    return placed


def _moved(old: list[str], new: list[str]) -> list[str]:
    """Return the one group whose move explains the other order; several where one does not."""
    for group_id in new:
        if [one for one in old if one != group_id] == [one for one in new if one != group_id]:
            return [group_id]
    return [one for one, other in zip(old, new, strict=False) if one != other]
