"""Edits of members in the portions in which they are applied."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from directory.edits import GroupEdit
from directory.guard import is_emptied
from directory.member_facts import DECIDED_AT_ONCE_MAX
from directory.pull_edges import Direct
from directory.pulls.group_moves import GroupMove
from directory.roles import RolePolicy
from directory.store.pulls.present import GroupHere

MEMBERS_IN_UNIT, EDITS_IN_UNIT = 1_500, 15
"""What one unit of work takes, so that SQLite's writer waits for about 20 ms of it."""

Way = Literal["join", "leave"]


@dataclass(slots=True, kw_only=True)
class Step:
    """One edit of one group; without ``edit`` there is nothing more to do for it."""

    ext_id: str
    here: GroupHere | None
    edit: GroupEdit | None = None
    joined: int = 0
    left: int = 0
    keep: tuple[Direct, Direct] | None = None
    """Direct members to be kept from now on, with those that are kept."""
    settles: bool = False
    """Whether the group has all it is to have with this edit."""
    last: bool = True
    """Whether no other edit of the group follows now."""

    @property
    def weight(self) -> int:
        """How many members it names."""
        return 0 if self.edit is None else len(self.edit.add) + len(self.edit.remove)


@dataclass(slots=True)
class Portion:
    """Edits of one unit of work."""

    steps: list[Step] = field(default_factory=list)

    @property
    def weight(self) -> int:
        """How many members they name."""
        return sum(step.weight for step in self.steps)


def portions_of(steps: Iterable[Step]) -> Iterator[Portion]:
    """Yield edits as many as go into one unit."""
    portion = Portion()
    for step in steps:
        full = portion.weight + step.weight > MEMBERS_IN_UNIT or len(portion.steps) >= EDITS_IN_UNIT
        if portion.steps and full:
            yield portion
            portion = Portion()
        portion.steps.append(step)
    if portion.steps:
        yield portion


def steps_for(move: GroupMove, way: Way, *, policy: RolePolicy) -> list[Step]:
    """Return the edits by which members join, or leave.

    Of a mapped group few at a time, whose roles are decided at once, and who leaves does so when everybody joined
    everywhere. One that loses over half of its members is edited at once: the guard has to see all of it. So is a small
    change of a group that decides nothing.
    """
    here = move.here
    keep = (move.kept or Direct(), move.direct) if move.direct is not None and move.direct != move.kept else None
    if here is None:
        return [Step(ext_id=move.ext_id, here=None, keep=keep, settles=True)]
    mapped = here.group_id in policy.mapped_group_ids
    if way == "join" and _at_once(move, here, mapped=mapped):
        edit = _edit(move, move.join | move.nest, move.leave | move.unnest)
        steps = [Step(ext_id=move.ext_id, here=here, edit=edit, joined=len(edit.add), left=len(edit.remove))]
        rest = False
    else:
        steps = _few_at_a_time(move, here, way, DECIDED_AT_ONCE_MAX if mapped else MEMBERS_IN_UNIT)
        rest = way == "join" and bool(move.leave or move.unnest)
    if not steps:
        steps = [Step(ext_id=move.ext_id, here=here)]
    steps[0].keep = keep
    for step in steps[:-1]:
        step.last = False
    steps[-1].settles = not rest
    return steps


def _at_once(move: GroupMove, here: GroupHere, *, mapped: bool) -> bool:
    if mapped:
        return is_emptied(member_count=here.member_count, leaving_count=len(move.leave))
    count = len(move.join) + len(move.leave) + len(move.nest) + len(move.unnest)
    return bool(move.leave or move.unnest) and count <= MEMBERS_IN_UNIT


def _few_at_a_time(move: GroupMove, here: GroupHere, way: Way, count: int) -> list[Step]:
    joins = way == "join"
    users, groups = (move.join, move.nest) if joins else (move.leave, move.unnest)
    values = sorted(users) + sorted(groups)
    steps = []
    for at in range(0, len(values), count):
        some = set(values[at : at + count])
        edit = _edit(move, some if joins else set(), set() if joins else some)
        steps.append(Step(ext_id=move.ext_id, here=here, edit=edit, joined=len(edit.add), left=len(edit.remove)))
    return steps


def _edit(move: GroupMove, add: set[str], remove: set[str]) -> GroupEdit:
    return GroupEdit(
        add=frozenset(add), remove=frozenset(remove - add), nested=frozenset(add & move.nest), by_external_id=True
    )
