"""Planning is pure and settles: a plan that was applied leaves nothing to plan."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from directory.facts import Arrival, MembershipFacts, Moment, RoleFacts, role_facts
from directory.model import (
    Actor,
    Group,
    GroupAttributes,
    GroupId,
    JsonValue,
    RoleId,
    RoleLock,
    SourceId,
    TenantId,
    User,
    UserAttributes,
    UserId,
)
from directory.plan import DecideRoles, Plan, PutGroup, PutUser
from directory.plan_groups import plan_group_edit
from directory.plan_roles import plan_decisions, plan_lock
from directory.plan_users import plan_new_user, plan_user_edit
from directory.roles import RolePolicy
from tests.directory.test_roles import GROUPS, ROLES, group_sets, locks, policies

NOW = datetime(2026, 11, 1, tzinfo=UTC)
BY = Actor(tenant_id=TenantId(UUID(int=9)), kind="source", label="Entra", source_id=SourceId(UUID(int=8)))
MOMENT = Moment(at=NOW, by=BY)

json_values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
documents = st.dictionaries(st.sampled_from(["title", "nickName", "emails", "name"]), json_values, max_size=3)


def attributes_of(document: dict[str, JsonValue], *, active: bool) -> UserAttributes:
    return UserAttributes({"userName": "ann", "active": active, **document})


def user_after(plan: Plan) -> User:
    return next(change.user for change in plan.changes if isinstance(change, PutUser))


@given(policies(), documents, documents, st.booleans(), st.booleans())
def test_an_edit_that_was_applied_leaves_nothing_to_plan(
    policy: RolePolicy, first: dict[str, JsonValue], second: dict[str, JsonValue], was: bool, becomes: bool
) -> None:
    created = plan_new_user(
        UserId(UUID(int=1)), attributes_of(first, active=was), policy=policy, arrival=Arrival(), moment=MOMENT
    )
    user = user_after(created)
    wanted = attributes_of(second, active=becomes)
    plan = plan_user_edit(user, lambda _: wanted, moment=MOMENT, blocked=False)
    if not plan:
        assert wanted.document == user.attributes.document
        return
    after = user_after(plan)
    assert after.version == user.version + 1
    assert plan_user_edit(after, lambda _: wanted, moment=MOMENT, blocked=False) == Plan()


@given(policies(), locks, group_sets)
def test_decisions_that_were_applied_leave_nothing_to_plan(
    policy: RolePolicy, locked: RoleId | None, group_ids: frozenset[GroupId]
) -> None:
    facts = facts_of(policy, locked, group_ids)
    plan = plan_decisions(policy, [facts], at=NOW)
    assert plan_decisions(policy, [applied(plan, facts)], at=NOW) == Plan()


@given(policies(), group_sets, locks)
def test_a_lock_that_was_applied_leaves_nothing_to_plan(
    policy: RolePolicy, group_ids: frozenset[GroupId], locked: RoleId | None
) -> None:
    facts = applied(
        plan_decisions(policy, [facts_of(policy, None, group_ids)], at=NOW), facts_of(policy, None, group_ids)
    )
    lock = None if locked is None else lock_on(locked)
    plan = plan_lock(policy, facts, lock, at=NOW)
    after = replace(applied(plan, facts), lock=lock)
    assert plan_lock(policy, after, lock, at=NOW) == Plan()
    assert plan_decisions(policy, [after], at=NOW) == Plan()


@given(policies(), group_sets, st.booleans())
def test_only_losing_an_active_administrator_is_a_demotion(
    policy: RolePolicy, group_ids: frozenset[GroupId], active: bool
) -> None:
    stored = replace(facts_of(policy, policy.administrator_role_id, frozenset()), active=active)
    facts = replace(applied(plan_decisions(policy, [stored], at=NOW), stored), lock=None, group_ids=group_ids)
    plan = plan_decisions(policy, [facts], at=NOW)
    after = applied(plan, facts).decision.role_id
    assert plan.demotes_administrator == (active and after != policy.administrator_role_id)


@given(policies(), st.sampled_from(["staff", "crew"]))
def test_a_group_edit_without_effect_plans_nothing(policy: RolePolicy, name: str) -> None:
    group = Group(
        group_id=GROUPS[0],
        tenant_id=BY.tenant_id,
        source_id=SourceId(UUID(int=8)),
        attributes=GroupAttributes({"displayName": "staff"}),
        member_count=3,
        waiting_count=0,
        version=4,
        created_at=NOW,
        modified_at=NOW,
    )
    wanted = GroupAttributes({"displayName": name})
    plan = plan_group_edit(group, lambda _: wanted, MembershipFacts(), policy=policy, moment=MOMENT)
    assert bool(plan) == (name != "staff")
    if plan:
        after = next(change.group for change in plan.changes if isinstance(change, PutGroup))
        again = plan_group_edit(after, lambda _: wanted, MembershipFacts(), policy=policy, moment=MOMENT)
        assert (after.version, again) == (5, Plan())


def facts_of(policy: RolePolicy, locked: RoleId | None, group_ids: frozenset[GroupId]) -> RoleFacts:
    user = user_after(
        plan_new_user(
            UserId(UUID(int=1)), attributes_of({}, active=True), policy=policy, arrival=Arrival(), moment=MOMENT
        )
    )
    facts = role_facts(user, group_ids)
    return facts if locked is None else replace(facts, lock=lock_on(locked))


def lock_on(role_id: RoleId) -> RoleLock:
    assert role_id in ROLES
    return RoleLock(role_id=role_id, reason="test", owner="tests", created_at=NOW)


def applied(plan: Plan, facts: RoleFacts) -> RoleFacts:
    """Return the facts as they are once the plan's decisions are stored."""
    stored = {
        user_id: decision
        for change in plan.changes
        if isinstance(change, DecideRoles)
        for user_id, decision in change.decisions
    }
    return replace(facts, decision=stored.get(facts.user_id, facts.decision))
