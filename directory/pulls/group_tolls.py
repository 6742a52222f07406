"""What a run costs of the guard's limits by who joins and leaves mapped groups: of all groups together."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from directory.facts import RoleFacts
from directory.guard import PRIVILEGED_WEIGHT, Move, Toll, is_emptied, move_of, toll_of
from directory.model import GroupId, UserId
from directory.pulls.ground import Ground
from directory.pulls.group_moves import GroupMove, moves_of, touched_among
from directory.pulls.group_puts import put_for
from directory.pulls.model import RunItem
from directory.roles import RolePolicy, role_for
from directory.store import people
from directory.store.insert import slices
from directory.store.policy import read_policy
from directory.store.pulls import present, seen_groups
from directory.store.pulls.present import GroupHere

MAPPED_AT_ONCE = 20

_NOBODY = UserId(UUID(int=0))


@dataclass(slots=True)
class Shift:
    """Which mapped groups one user joins and leaves in effect."""

    join: set[GroupId] = field(default_factory=set)
    leave: set[GroupId] = field(default_factory=set)


async def toll_of_groups(ground: Ground) -> tuple[Toll, tuple[RunItem, ...]]:
    """Return what joining and leaving mapped groups costs, and an item for each group that the run empties.

    Whoever moves from one group to another counts by what comes of both. The members of an emptied group stay in
    effect, whatever is left of the limits, and count nothing.
    """
    policy = await read_policy(ground.tenant_id)
    mapped = await _mapped_moves(ground, policy)
    emptied = {group_id for group_id, (here, move) in mapped.items() if _empties(here, move)}
    shifts = _shifts(mapped, emptied)
    called = await present.users_called(ground.tenant_id, ground.source_id, shifts)
    by_user = {user_id: shifts[value] for value, (user_id, _) in called.items()}
    strangers = [value for value in shifts if value not in called and shifts[value].join]
    new = await _newcomers(ground, strangers)
    found = [*await _moves_here(ground, policy, by_user), *_moves_new(policy, [shifts[value] for value in new])]
    items = tuple(_emptied_item(here, move) for group_id, (here, move) in mapped.items() if group_id in emptied)
    return toll_of(found), items


async def _mapped_moves(ground: Ground, policy: RolePolicy) -> dict[GroupId, tuple[GroupHere, GroupMove]]:
    """Return the moves of mapped groups, also of those that end or come back."""
    ext_ids = await present.called_groups(ground.tenant_id, ground.source_id, sorted(policy.mapped_group_ids))
    if not ext_ids:
        return {}
    touched = await touched_among(ground, ext_ids)
    seen = {one.ext_id: one for one in await seen_groups.find_pending(ground.tenant_id, ground.source_id, ext_ids)}
    here = await present.groups_here(ground.tenant_id, ground.source_id, ext_ids)
    moves: dict[str, GroupMove] = {}
    asked = sorted(touched)
    for at in range(0, len(asked), MAPPED_AT_ONCE):  # what pages said of all of them is larger than their moves
        moves |= {move.ext_id: move for move in await moves_of(ground, asked[at : at + MAPPED_AT_ONCE])}
    found: dict[GroupId, tuple[GroupHere, GroupMove]] = {}
    for ext_id, group in here.items():
        deed = "nothing" if ext_id not in seen else put_for(seen[ext_id], group).deed
        if deed == "delete":
            members = await present.present_in(ground.tenant_id, ground.source_id, {group.group_id: group})
            leaving = members[group.group_id].direct.users
            found[group.group_id] = group, GroupMove(ext_id=ext_id, here=group, leave=leaving)
        elif ext_id in moves and (not group.deleted or deed == "create"):
            found[group.group_id] = group, moves[ext_id]
    return found


def _empties(here: GroupHere, move: GroupMove) -> bool:
    return is_emptied(member_count=here.member_count, leaving_count=len(move.leave))


def _shifts(mapped: dict[GroupId, tuple[GroupHere, GroupMove]], emptied: set[GroupId]) -> dict[str, Shift]:
    shifts: dict[str, Shift] = {}
    for group_id, (_, move) in mapped.items():
        for value in move.join:
            shifts.setdefault(value, Shift()).join.add(group_id)
        for value in move.leave if group_id not in emptied else ():
            shifts.setdefault(value, Shift()).leave.add(group_id)
    return shifts


async def _moves_here(ground: Ground, policy: RolePolicy, by_user: dict[UserId, Shift]) -> list[Move]:
    found: list[Move] = []
    for some in slices(sorted(by_user)):
        for facts in await people.list_role_facts(ground.tenant_id, some):
            shift = by_user[facts.user_id]
            after = (facts.group_ids | shift.join) - shift.leave
            move = move_of(policy, facts, frozenset(after), joins=bool(shift.join))
            if move is not None:
                found.append(move)
    return found


async def _newcomers(ground: Ground, values: list[str]) -> set[str]:
    """Return who of those that are not here will be, with this run."""
    found: set[str] = set()
    for some in slices(values):
        found |= await seen_groups.newcomers_among(ground.tenant_id, ground.source_id, some)
    return found


def _moves_new(policy: RolePolicy, shifts: Iterable[Shift]) -> list[Move]:
    """Return who is given administration on arrival."""
    nobody = frozenset[GroupId]()
    decision = role_for(policy, locked_role_id=None, group_ids=nobody)
    bare = RoleFacts(user_id=_NOBODY, label="", active=True, decision=decision, lock=None, group_ids=nobody)
    moves = [move_of(policy, bare, frozenset(shift.join), joins=True) for shift in shifts]
    return [move for move in moves if move is not None and move.weight == PRIVILEGED_WEIGHT]


def _emptied_item(here: GroupHere, move: GroupMove) -> RunItem:
    return RunItem(
        seq=0,
        kind="group",
        action="members:leave",
        ext_id=move.ext_id,
        subject_id=here.group_id,
        label=here.display_name,
        detail=f"over half of its members at once: the guard holds all {len(move.leave):,}",
        changes=(("members", here.member_count, here.member_count - len(move.leave)),),
    )
