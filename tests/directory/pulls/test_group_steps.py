"""The portions in which members join and leave."""

from uuid import UUID

from directory.member_facts import DECIDED_AT_ONCE_MAX
from directory.model import GroupId, GroupMapping, RoleId
from directory.pulls.group_moves import GroupMove
from directory.pulls.group_steps import EDITS_IN_UNIT, MEMBERS_IN_UNIT, Step, portions_of, steps_for
from directory.roles import RolePolicy
from directory.store.pulls.present import GroupHere

GROUP = GroupId(UUID(int=1))
ROLE = RoleId(UUID(int=2))
UNMAPPED = RolePolicy(mappings=(), default_role_id=ROLE, administrator_role_id=ROLE, version=1)
MAPPED = RolePolicy(
    mappings=(GroupMapping(group_id=GROUP, role_id=ROLE, position=1, consented_by=None),),
    default_role_id=ROLE,
    administrator_role_id=ROLE,
    version=1,
)


def here(count: int) -> GroupHere:
    return GroupHere(
        group_id=GROUP,
        display_name="Sales",
        member_count=count,
        waiting_count=0,
        nested_count=0,
        document={},
        deleted=False,
    )


def people(count: int) -> set[str]:
    return {f"p{number}" for number in range(count)}


def test_of_a_mapped_group_only_so_many_move_at_once_as_are_decided_at_once() -> None:
    move = GroupMove(ext_id="g", here=here(0), join=people(DECIDED_AT_ONCE_MAX + 1))
    assert [step.joined for step in steps_for(move, "join", policy=MAPPED)] == [DECIDED_AT_ONCE_MAX, 1]
    assert [step.joined for step in steps_for(move, "join", policy=UNMAPPED)] == [DECIDED_AT_ONCE_MAX + 1]


def test_who_leaves_waits_until_everybody_joined() -> None:
    move = GroupMove(ext_id="g", here=here(3), join={"new"}, leave={"p0"})
    (joining,), (leaving,) = steps_for(move, "join", policy=MAPPED), steps_for(move, "leave", policy=MAPPED)
    assert (joining.joined, joining.left, joining.settles) == (1, 0, False)
    assert (leaving.joined, leaving.left, leaving.settles) == (0, 1, True)


def test_a_small_change_of_a_group_that_decides_nothing_is_one_edit() -> None:
    move = GroupMove(ext_id="g", here=here(3), join={"new"}, leave={"p0"})
    (step,) = steps_for(move, "join", policy=UNMAPPED)
    assert (step.joined, step.left, step.settles) == (1, 1, True)


def test_a_mapped_group_that_is_emptied_is_edited_at_once_so_that_the_guard_sees_it() -> None:
    move = GroupMove(ext_id="g", here=here(2_000), join={"new"}, leave=people(1_900))
    (step,) = steps_for(move, "join", policy=MAPPED)
    assert (step.joined, step.left, step.settles) == (1, 1_900, True)


def test_units_take_so_many_edits_and_members_and_leave_nothing_out() -> None:
    moves = [GroupMove(ext_id=f"g{number}", here=here(0), join=people(number * 90)) for number in range(60)]
    steps = [step for move in moves for step in steps_for(move, "join", policy=UNMAPPED)]
    portions = list(portions_of(steps))
    assert [step for portion in portions for step in portion.steps] == steps
    assert all(len(portion.steps) <= EDITS_IN_UNIT for portion in portions)
    assert all(portion.weight <= MEMBERS_IN_UNIT for portion in portions)


def test_one_edit_that_is_larger_than_a_unit_is_a_unit_of_its_own() -> None:
    large = GroupMove(ext_id="b", here=here(4_000), leave=people(3_000))
    steps = [Step(ext_id="a", here=here(0)), *steps_for(large, "join", policy=MAPPED), Step(ext_id="c", here=here(0))]
    assert [[step.ext_id for step in portion.steps] for portion in portions_of(steps)] == [["a"], ["b"], ["c"]]
