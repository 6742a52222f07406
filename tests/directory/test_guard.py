"""The guard's arithmetic: what fits, what does not, and that no order of requests gets more than the limit through."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from directory.facts import RoleFacts
from directory.guard import (
    Budget,
    Limits,
    Standing,
    Toll,
    is_emptied,
    move_of,
    moves_at_large,
    moves_for,
    toll_of,
    verdict_for,
    weight_of,
)
from directory.model import AccessRole, GroupId, GroupMapping, Permission, RoleId, RoleLock, UserId
from directory.roles import RolePolicy, role_for

NOTHING = AccessRole(role_id=RoleId(UUID(int=1)), name="Loanee")
VIEWER = AccessRole(role_id=RoleId(UUID(int=2)), name="Viewer", permissions=frozenset[Permission]({"portal:view"}))
MANAGER = AccessRole(
    role_id=RoleId(UUID(int=3)), name="Manager", permissions=frozenset[Permission]({"portal:view", "users:manage"})
)
ADMINISTRATOR = AccessRole(
    role_id=RoleId(UUID(int=4)),
    name="Administrator",
    permissions=frozenset[Permission]({"portal:view", "users:manage", "settings:manage"}),
)
ROLES = {role.role_id: role for role in (NOTHING, VIEWER, MANAGER, ADMINISTRATOR)}
GROUPS = [GroupId(UUID(int=100 + at)) for at in range(4)]

AT = datetime(2026, 11, 1, tzinfo=UTC)

counts = st.integers(0, 60)
limits = st.builds(Limits, at_least=st.integers(1, 30), percent=st.integers(0, 100))


@st.composite
def policies(draw: st.DrawFn) -> RolePolicy:
    chosen = draw(st.lists(st.sampled_from(sorted(ROLES)), min_size=1, max_size=len(GROUPS)))
    lines = tuple(
        GroupMapping(
            group_id=GROUPS[at],
            role_id=role_id,
            position=at + 1,
            consented_by="x" if ROLES[role_id].privileged else None,
        )
        for at, role_id in enumerate(chosen)
    )
    default = draw(st.sampled_from([NOTHING, VIEWER]))
    return RolePolicy(
        mappings=lines,
        default_role_id=default.role_id,
        administrator_role_id=ADMINISTRATOR.role_id,
        version=1,
        roles=ROLES,
    )


def facts_of(policy: RolePolicy, at: int, group_ids: frozenset[GroupId], *, active: bool) -> RoleFacts:
    return RoleFacts(
        user_id=UserId(UUID(int=1000 + at)),
        label="x",
        active=active,
        decision=role_for(policy, locked_role_id=None, group_ids=group_ids),
        lock=None,
        group_ids=group_ids,
    )


crowds = st.lists(st.tuples(st.frozensets(st.sampled_from(GROUPS)), st.booleans()), max_size=8)


@given(limits, st.integers(0, 400), st.lists(st.tuples(counts, st.booleans()), max_size=20))
def test_never_more_than_the_limit_passes_in_any_order(
    given_limits: Limits, active_count: int, requests: Sequence[tuple[int, bool]]
) -> None:
    spent = passed = 0
    for wanted, alone in requests:
        count = 1 if alone else wanted
        budget = Budget(limits=given_limits, active_count=active_count, spent=Toll(users=spent))
        verdict = verdict_for(Toll(users=count, people=count), budget)
        if verdict.passes and count:
            ((_, used, raised),) = verdict.spends
            assert (used, raised) == (count, 0)
            spent += used
            passed += count
    assert passed <= Budget(limits=given_limits, active_count=active_count).limit


@given(st.integers(1, 30), st.integers(0, 60))
def test_a_single_leaver_passes_while_anything_is_left(at_least: int, spent: int) -> None:
    budget = Budget(limits=Limits(at_least=at_least, percent=0), active_count=50, spent=Toll(users=spent))
    verdict = verdict_for(Toll(users=1, people=1), budget)
    assert verdict.passes == (spent < at_least)


@given(counts, counts, counts, counts)
def test_what_was_raised_is_used_first_and_never_exceeded(users: int, roles: int, raised: int, spent: int) -> None:
    budget = Budget(
        limits=Limits(), active_count=0, spent=Toll(users=spent, roles=spent), raised=Toll(users=raised, roles=raised)
    )
    verdict = verdict_for(Toll(users=users, roles=roles, people=users + roles), budget)
    for measure, used, from_raised in verdict.spends:
        wanted = users if measure == "users" else roles
        assert used + from_raised == wanted
        assert from_raised == min(raised, wanted)


@given(counts, counts)
def test_guard_that_is_off_holds_nothing(users: int, spent: int) -> None:
    budget = Budget(limits=Limits(on=False), active_count=0, spent=Toll(users=spent))
    verdict = verdict_for(Toll(users=users, people=users), budget)
    assert verdict.passes
    assert verdict.spends == ()


def test_the_first_administrator_of_a_day_passes_and_the_second_does_not() -> None:
    one = Toll(roles=10, people=1)
    assert verdict_for(one, Budget(limits=Limits(), active_count=20)).passes
    assert not verdict_for(one, Budget(limits=Limits(), active_count=20, spent=one)).passes


def test_a_group_is_emptied_when_more_than_ten_lose_over_half() -> None:
    assert not is_emptied(member_count=10, leaving_count=10)
    assert not is_emptied(member_count=12, leaving_count=6)
    assert is_emptied(member_count=12, leaving_count=7)


def test_roles_weigh_by_what_they_carry() -> None:
    assert weight_of(VIEWER, MANAGER, active=True) == 0
    assert weight_of(MANAGER, VIEWER, active=True) == 1
    assert weight_of(MANAGER, VIEWER, active=False) == 0
    assert weight_of(VIEWER, ADMINISTRATOR, active=False) == 10
    assert weight_of(ADMINISTRATOR, MANAGER, active=True) == 10
    assert weight_of(NOTHING, None, active=True) == 0


@given(policies(), crowds, st.sampled_from(GROUPS))
def test_many_at_once_are_judged_at_least_as_strictly_as_few(
    policy: RolePolicy, crowd: Sequence[tuple[frozenset[GroupId], bool]], group_id: GroupId
) -> None:
    everybody = [facts_of(policy, at, group_ids, active=active) for at, (group_ids, active) in enumerate(crowd)]
    joining = frozenset(facts.user_id for facts in everybody if group_id not in facts.group_ids)
    exact = {move.user_id: move.weight for move in moves_for(policy, group_id, everybody, joining)}
    standings = [Standing(user_id=facts.user_id, active=facts.active, decision=facts.decision) for facts in everybody]
    places = [line.group_id for line in policy.mappings]
    later = places[places.index(group_id) + 1 :] if group_id in places else []
    first = set(places[: places.index(group_id)]) if group_id in places else set()
    earlier = {facts.user_id for facts in everybody if facts.group_ids & first}
    grants = {line.group_id for line in policy.mappings if line.consented_by is not None} & set(later)
    heirs = {facts.user_id for facts in everybody if facts.group_ids & grants}
    rough = {move.user_id: move.weight for move in moves_at_large(policy, group_id, standings, joining, earlier, heirs)}
    assert exact.keys() <= rough.keys()
    assert all(rough[user_id] >= weight for user_id, weight in exact.items())


@given(policies(), crowds, st.sampled_from(GROUPS))
def test_toll_counts_each_who_loses_or_is_granted(
    policy: RolePolicy, crowd: Sequence[tuple[frozenset[GroupId], bool]], group_id: GroupId
) -> None:
    everybody = [facts_of(policy, at, group_ids, active=active) for at, (group_ids, active) in enumerate(crowd)]
    moves = moves_for(policy, group_id, everybody, frozenset())
    toll = toll_of(moves)
    assert toll.people == len({move.user_id for move in moves})
    assert toll.roles == sum(move.weight for move in moves)
    assert all(move.from_role_id != move.to_role_id for move in moves)


@given(policies(), st.frozensets(st.sampled_from(GROUPS)), st.sampled_from(GROUPS))
def test_under_a_lock_only_a_grant_of_administration_counts(
    policy: RolePolicy, group_ids: frozenset[GroupId], group_id: GroupId
) -> None:
    free = facts_of(policy, 0, group_ids, active=True)
    lock = RoleLock(role_id=VIEWER.role_id, reason="x", owner="x", created_at=AT, until=None)
    after = group_ids | {group_id}
    exact = move_of(policy, free, after, joins=True)
    locked = move_of(policy, replace(free, lock=lock), after, joins=True)
    gets = exact is not None and exact.to_role_id == ADMINISTRATOR.role_id
    assert (locked is not None) == gets
    assert locked is None or locked.weight == 10
    standing = Standing(
        user_id=free.user_id,
        active=True,
        decision=role_for(policy, locked_role_id=VIEWER.role_id, group_ids=group_ids),
    )
    places = [line.group_id for line in policy.mappings]
    first = set(places[: places.index(group_id)]) if group_id in places else set()
    earlier = {free.user_id} if group_ids & first else set()
    rough = moves_at_large(policy, group_id, [standing], {free.user_id}, earlier)
    assert not gets or [move.weight for move in rough] == [10]
