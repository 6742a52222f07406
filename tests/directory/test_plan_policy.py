"""What a change of the role policy comes to, as a value."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.errors import AlreadyExistsError, NotFoundError
from directory.model import GroupId, GroupMapping, RoleId
from directory.plan import AskRedecision, Plan, PutMappings
from directory.plan_policy import (
    AddMapping,
    MoveMapping,
    PolicyProposal,
    RemoveMapping,
    SetDefaultRole,
    SetMappingRole,
    plan_policy,
    policy_after,
)
from directory.roles import RolePolicy

AT = datetime(2026, 11, 1, tzinfo=UTC)
GROUPS = [GroupId(UUID(int=number)) for number in range(1, 7)]
ROLES = [RoleId(UUID(int=number)) for number in range(101, 106)]


def policy_of(*lines: tuple[GroupId, RoleId]) -> RolePolicy:
    return RolePolicy(
        mappings=tuple(
            GroupMapping(group_id=group_id, role_id=role_id, position=position)
            for position, (group_id, role_id) in enumerate(lines, 1)
        ),
        default_role_id=ROLES[0],
        administrator_role_id=ROLES[4],
        version=7,
    )


policies = st.lists(st.tuples(st.sampled_from(GROUPS[:5]), st.sampled_from(ROLES)), unique_by=lambda line: line[0]).map(
    lambda lines: policy_of(*lines)
)
proposals = st.one_of(
    st.builds(AddMapping, group_id=st.sampled_from(GROUPS), role_id=st.sampled_from(ROLES)),
    st.builds(SetMappingRole, group_id=st.sampled_from(GROUPS), role_id=st.sampled_from(ROLES)),
    st.builds(MoveMapping, group_id=st.sampled_from(GROUPS), places=st.integers(-4, 4)),
    st.builds(RemoveMapping, group_id=st.sampled_from(GROUPS)),
    st.builds(SetDefaultRole, role_id=st.sampled_from(ROLES)),
)


def planned(policy: RolePolicy, proposal: PolicyProposal) -> Plan:
    subject = UUID(int=9) if isinstance(proposal, SetDefaultRole) else proposal.group_id
    return plan_policy(policy, proposal, subject=(subject, "Staff"), consented_by="R. Diaz", at=AT)


def written(policy: RolePolicy, plan: Plan) -> RolePolicy:
    """Return the policy as it is once the plan's changes are written."""
    lines = {line.group_id: line for line in policy.mappings}
    default_role_id = policy.default_role_id
    for change in plan.changes:
        if isinstance(change, PutMappings):
            lines = {key: line for key, line in lines.items() if key not in change.drop}
            lines |= {line.group_id: line for line in change.put}
            default_role_id = change.default_role_id or default_role_id
    return RolePolicy(
        mappings=tuple(sorted(lines.values(), key=lambda line: line.position)),
        default_role_id=default_role_id,
        administrator_role_id=policy.administrator_role_id,
        version=policy.version,
    )


@given(policy=policies, proposal=proposals)
def test_the_plan_writes_the_policy_that_was_weighed(policy: RolePolicy, proposal: PolicyProposal) -> None:
    try:
        after = policy_after(policy, proposal, consented_by="R. Diaz")
    except (NotFoundError, AlreadyExistsError) as error:
        with pytest.raises(type(error)):
            planned(policy, proposal)
        return
    plan = planned(policy, proposal)

    assert written(policy, plan) == after
    assert bool(plan) is (after != policy)


@given(policy=policies, proposal=proposals)
def test_lines_are_numbered_without_gaps_and_nobody_else_moves(policy: RolePolicy, proposal: PolicyProposal) -> None:
    try:
        after = policy_after(policy, proposal)
    except (NotFoundError, AlreadyExistsError):
        return

    def others(lines: tuple[GroupMapping, ...]) -> list[tuple[GroupId, RoleId]]:
        moved = None if isinstance(proposal, SetDefaultRole) else proposal.group_id
        return [(line.group_id, line.role_id) for line in lines if line.group_id != moved]

    assert [line.position for line in after.mappings] == list(range(1, len(after.mappings) + 1))
    assert others(after.mappings) == others(policy.mappings)


def test_the_walk_goes_over_the_members_of_the_group_concerned() -> None:
    plan = planned(policy_of((GROUPS[0], ROLES[1]), (GROUPS[1], ROLES[2])), MoveMapping(group_id=GROUPS[1], places=-1))

    assert plan.changes[1] == AskRedecision(group_ids=(GROUPS[1],), at=AT)
    assert [(event.action, event.changes[0].old, event.changes[0].new) for event in plan.events] == [
        ("mapping:moved", 2, 1)
    ]


def test_the_walk_of_another_default_goes_over_those_who_have_it() -> None:
    plan = planned(policy_of(), SetDefaultRole(role_id=ROLES[2]))

    assert plan.changes[1] == AskRedecision(default=True, at=AT)
    assert plan.events[0].action == "policy:default:changed"


def test_another_role_keeps_who_consented_to_it() -> None:
    after = policy_after(
        policy_of((GROUPS[0], ROLES[1])), SetMappingRole(group_id=GROUPS[0], role_id=ROLES[4]), consented_by="R. Diaz"
    )

    assert after.mappings[0].consented_by == "R. Diaz"
