"""What an action on many comes to for each user, and that its plan does exactly that."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.facts import Moment
from directory.model import (
    AccessRole,
    Actor,
    GroupId,
    GroupMapping,
    Permission,
    Promoted,
    RoleId,
    RoleLock,
    SourceId,
    TenantId,
    User,
    UserAttributes,
    UserId,
)
from directory.plan_bulk import Deed, Ground, Order, Seen, next_hash, outlook_for, plan_for
from directory.plan_status import SigninBlock
from directory.roles import RolePolicy, role_for

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
TENANT = TenantId(UUID(int=1))
SOURCE = SourceId(UUID(int=2))
ADMINISTRATOR, EDITOR, LOANEE = (RoleId(UUID(int=number)) for number in (10, 11, 12))
GROUP = GroupId(UUID(int=20))
ANN, ROSA = UserId(UUID(int=30)), UserId(UUID(int=99))
EVERYTHING: frozenset[Permission] = frozenset({"portal:view", "users:manage", "settings:manage"})
ROLES = {
    ADMINISTRATOR: AccessRole(role_id=ADMINISTRATOR, name="Administrator", permissions=EVERYTHING),
    EDITOR: AccessRole(role_id=EDITOR, name="Editor", permissions=frozenset({"portal:view"})),
    LOANEE: AccessRole(role_id=LOANEE, name="Loanee"),
}
POLICY = RolePolicy(
    mappings=(GroupMapping(group_id=GROUP, role_id=EDITOR, position=1),),
    default_role_id=LOANEE,
    administrator_role_id=ADMINISTRATOR,
    version=1,
)
DEEDS: tuple[Deed, ...] = ("lock", "unlock", "disable", "enable", "redecide")


def lock_of(role_id: RoleId) -> RoleLock:
    return RoleLock(role_id=role_id, reason="Because", owner="Rosa", created_at=NOW)


def seen_of(
    *,
    active: bool = True,
    local: bool = False,
    locked: RoleId | None = None,
    member: bool = False,
    blocked: bool = False,
) -> Seen:
    """Return a user with what decides; the stored role is what the rule says."""
    attributes = UserAttributes({"userName": "ann", "active": active})
    groups = frozenset({GROUP}) if member else frozenset()
    user = User(
        user_id=ANN,
        tenant_id=TENANT,
        source_id=None if local else SOURCE,
        attributes=attributes,
        promoted=Promoted(display_name="Ann", email=None, department=None, title=None, manager_ref=None),
        active=active and not blocked,
        decision=role_for(POLICY, locked_role_id=locked, group_ids=groups),
        decided_at=NOW,
        decided_request_id=None,
        lock=None if locked is None else lock_of(locked),
        version=1,
        created_at=NOW,
        modified_at=NOW,
    )
    block = SigninBlock(reason="Lost laptop", owner="Rosa", created_at=NOW) if blocked else None
    return Seen(user=user, group_ids=groups, block=block)


def ground_of(permissions: frozenset[Permission] = EVERYTHING, user_id: UserId = ROSA) -> Ground:
    by = Actor(tenant_id=TENANT, kind="operator", label="Rosa", user_id=user_id, permissions=permissions)
    return Ground(policy=POLICY, roles=ROLES, by=by)


def effect(deed: Deed, seen: Seen, ground: Ground | None = None) -> str:
    return outlook_for(order_of(deed), seen, ground or ground_of()).effect


def order_of(deed: Deed) -> Order:
    return Order(deed=deed, role_id=EDITOR if deed == "lock" else None, reason="Because")


@pytest.mark.parametrize("deed", DEEDS)
def test_nobody_acts_on_their_own_account(deed: Deed) -> None:
    assert effect(deed, seen_of(locked=LOANEE, blocked=True), ground_of(user_id=ANN)) == "own account"


@pytest.mark.parametrize("deed", DEEDS)
def test_nobody_acts_on_a_role_beyond_theirs(deed: Deed) -> None:
    weak = ground_of(frozenset({"users:manage", "portal:view"}))

    assert effect(deed, seen_of(locked=ADMINISTRATOR), weak) == "beyond you"


def test_nobody_gives_a_role_beyond_theirs() -> None:
    weak = ground_of(frozenset({"users:manage"}))

    assert effect("lock", seen_of(), weak) == "beyond you"
    assert effect("redecide", seen_of(member=True), weak) == "beyond you"


def test_a_lock_is_set_only_over_a_role_within_reach_if_it_replaces_one_or_ends() -> None:
    weak = ground_of(frozenset({"portal:view", "users:manage"}))
    above = replace(
        weak, policy=replace(POLICY, mappings=(GroupMapping(group_id=GROUP, role_id=ADMINISTRATOR, position=1),))
    )
    replaced = seen_of(locked=LOANEE, member=True)
    ending = replace(order_of("lock"), until=NOW)
    settled = replace(seen_of(), group_ids=frozenset({GROUP}))

    assert effect("lock", replaced, above) == "beyond you"
    assert effect("lock", replaced, weak) == "change"
    assert outlook_for(ending, settled, above).effect == "beyond you"
    assert outlook_for(ending, settled, weak).effect == "change"


def test_what_is_so_already_is_left_alone() -> None:
    assert effect("lock", seen_of(locked=EDITOR)) == "already so"
    assert effect("unlock", seen_of()) == "already so"
    assert effect("disable", seen_of(blocked=True)) == "already so"
    assert effect("disable", seen_of(local=True, active=False)) == "already so"
    assert effect("enable", seen_of()) == "already so"
    assert effect("redecide", seen_of(member=True)) == "already so"


def test_a_local_account_keeps_the_lock_that_alone_gives_its_role() -> None:
    assert effect("unlock", seen_of(local=True, locked=ADMINISTRATOR)) == "local account"
    assert effect("unlock", seen_of(locked=ADMINISTRATOR)) == "change"


def test_whom_the_source_disabled_only_the_source_enables() -> None:
    assert effect("enable", seen_of(active=False)) == "its source"
    assert effect("enable", seen_of(active=False, local=True)) == "change"
    assert effect("enable", seen_of(active=False, blocked=True)) == "change"


def test_a_role_that_fell_behind_is_decided_anew() -> None:
    behind = seen_of()
    member = replace(behind, group_ids=frozenset({GROUP}))

    outlook = outlook_for(order_of("redecide"), member, ground_of())

    assert (outlook.effect, outlook.from_role_id, outlook.to_role_id) == ("change", LOANEE, EDITOR)


users = st.builds(
    seen_of,
    active=st.booleans(),
    local=st.booleans(),
    locked=st.sampled_from([None, EDITOR, ADMINISTRATOR]),
    member=st.booleans(),
    blocked=st.booleans(),
)


@given(st.sampled_from(DEEDS), users)
def test_a_plan_changes_somebody_exactly_if_the_outlook_says_so(deed: Deed, seen: Seen) -> None:
    ground = ground_of()
    outlook = outlook_for(order_of(deed), seen, ground)

    plan = plan_for(order_of(deed), seen, ground, moment=Moment(at=NOW, by=ground.by))

    if outlook.effect == "change":
        assert plan
    elif outlook.effect == "already so":
        assert not plan


@given(st.lists(users, max_size=6), st.integers(0, 6))
def test_the_hash_of_what_was_shown_does_not_depend_on_where_batches_ended(seen: list[Seen], cut: int) -> None:
    outlooks = [outlook_for(order_of("disable"), one, ground_of()) for one in seen]

    whole = next_hash("", outlooks)

    assert next_hash("", outlooks) == whole
    if outlooks:
        assert next_hash("", [*outlooks[:-1], replace(outlooks[-1], to_active=not outlooks[-1].to_active)]) != whole
        assert next_hash(next_hash("", outlooks[:cut]), outlooks[cut:]) != ""
