"""The role rule as a pure function."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from directory.model import Decision, GroupId, GroupMapping, RoleId
from directory.roles import RolePolicy, role_for

GROUPS = [GroupId(UUID(int=n)) for n in range(6)]
ROLES = [RoleId(UUID(int=100 + n)) for n in range(4)]


@st.composite
def policies(draw: st.DrawFn) -> RolePolicy:
    mapped = draw(st.lists(st.sampled_from(GROUPS), unique=True))
    lines = tuple(
        GroupMapping(group_id=group_id, role_id=draw(st.sampled_from(ROLES)), position=position)
        for position, group_id in enumerate(mapped, 1)
    )
    return RolePolicy(
        mappings=lines,
        default_role_id=draw(st.sampled_from(ROLES)),
        administrator_role_id=ROLES[0],
        version=1,
    )


group_sets = st.frozensets(st.sampled_from(GROUPS))
locks = st.none() | st.sampled_from(ROLES)


@given(policies(), locks, group_sets)
def test_everybody_gets_exactly_one_role_with_a_reason(
    policy: RolePolicy, lock: RoleId | None, group_ids: frozenset[GroupId]
) -> None:
    decision = role_for(policy, locked_role_id=lock, group_ids=group_ids)
    first = next((line for line in policy.mappings if line.group_id in group_ids), None)
    expected = policy.default_role_id if first is None else first.role_id
    if lock is None:
        origin = "default" if first is None else "mapping"
        assert (decision.role_id, decision.origin) == (expected, origin)
        assert decision.group_id == (first.group_id if first else None)
    else:
        assert (decision.role_id, decision.origin) == (lock, "lock")
        assert decision.unlocked_role_id == expected


@given(policies(), group_sets)
def test_a_lock_only_hides_and_unlocking_restores(policy: RolePolicy, group_ids: frozenset[GroupId]) -> None:
    free = role_for(policy, locked_role_id=None, group_ids=group_ids)
    locked = role_for(policy, locked_role_id=ROLES[3], group_ids=group_ids)
    assert (locked.unlocked_role_id, locked.unlocked_group_id) == (free.role_id, free.group_id)


@given(policies(), locks, group_sets)
def test_groups_that_nothing_maps_make_no_difference(
    policy: RolePolicy, lock: RoleId | None, group_ids: frozenset[GroupId]
) -> None:
    mapped_only = group_ids & policy.mapped_group_ids
    decided = role_for(policy, locked_role_id=lock, group_ids=group_ids)
    assert decided == role_for(policy, locked_role_id=lock, group_ids=mapped_only)
    assert isinstance(decided, Decision)
