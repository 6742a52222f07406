"""What a proposal does to people: the role rule, weighed once for all who stand alike."""

from dataclasses import replace
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from directory.effects import Alike, Line, Outcome, Standing, Tally, lines_of, lock_effect, policy_effect
from directory.model import GroupId, GroupMapping, RoleId
from directory.roles import RolePolicy, role_for

GROUPS = [GroupId(UUID(int=number)) for number in range(1, 5)]
VIEWER, EDITOR, ADMINISTRATOR, LOANEE = ROLES = [RoleId(UUID(int=number)) for number in range(101, 105)]


def policy_of(*lines: tuple[GroupId, RoleId], default: RoleId = LOANEE) -> RolePolicy:
    mappings = tuple(
        GroupMapping(group_id=one, role_id=role_id, position=at) for at, (one, role_id) in enumerate(lines)
    )
    return RolePolicy(mappings=mappings, default_role_id=default, administrator_role_id=ADMINISTRATOR, version=1)


policies = st.lists(st.tuples(st.sampled_from(GROUPS), st.sampled_from(ROLES)), unique_by=lambda line: line[0]).map(
    lambda lines: policy_of(*lines)
)
facts = st.tuples(st.booleans(), st.none() | st.sampled_from(ROLES), st.frozensets(st.sampled_from(GROUPS)))


def standing(policy: RolePolicy, fact: tuple[bool, RoleId | None, frozenset[GroupId]]) -> Standing:
    """Return somebody whose stored role is the one that the rule gives."""
    active, locked, group_ids = fact
    decided = role_for(policy, locked_role_id=locked, group_ids=group_ids)
    return Standing(decided.role_id, active, locked, decided.unlocked_role_id, group_ids)


def stands(role_id: RoleId, *group_ids: GroupId) -> Standing:
    """Return somebody active and unlocked."""
    return Standing(
        role_id=role_id, active=True, locked_role_id=None, unlocked_role_id=None, group_ids=frozenset(group_ids)
    )


def moves(from_role_id: RoleId, to_role_id: RoleId) -> Outcome:
    return Outcome(
        from_role_id=from_role_id, to_role_id=to_role_id, active=True, locked=False, locked_after=False, kind="changes"
    )


def tally(*alike: Alike, before: RolePolicy, after: RolePolicy) -> Tally:
    made = Tally(privileged_role_ids=frozenset({ADMINISTRATOR}))
    made.add(alike, policy_effect(before, after))
    return made


def ids(*numbers: int) -> list[str]:
    return [str(UUID(int=number)) for number in numbers]


@given(before=policies, after=policies, fact=facts)
def test_another_policy_does_to_everybody_what_the_rule_says(
    before: RolePolicy, after: RolePolicy, fact: tuple[bool, RoleId | None, frozenset[GroupId]]
) -> None:
    person = standing(before, fact)
    decided = role_for(after, locked_role_id=fact[1], group_ids=fact[2])
    outcome, administrators = policy_effect(before, after)(person)

    changes = outcome is not None and outcome.kind == "changes"
    assert changes is (decided.role_id != person.role_id)
    assert (outcome.to_role_id if outcome and changes else person.role_id) == decided.role_id
    assert (outcome is not None and outcome.kind == "locked") is (decided.unlocked_role_id != person.unlocked_role_id)
    was, becomes = person.role_id == ADMINISTRATOR, decided.role_id == ADMINISTRATOR
    assert administrators == ((becomes - was) if fact[0] else 0)


@given(policy=policies, fact=facts, role_id=st.none() | st.sampled_from(ROLES))
def test_a_lock_gives_its_role_and_lifting_it_what_the_rule_says(
    policy: RolePolicy, fact: tuple[bool, RoleId | None, frozenset[GroupId]], role_id: RoleId | None
) -> None:
    person = standing(policy, fact)
    outcome, _ = lock_effect(policy, role_id)(person)

    if role_id is None and fact[1] is None:
        assert outcome is None
        return
    assert outcome is not None
    assert outcome.to_role_id == role_for(policy, locked_role_id=role_id, group_ids=fact[2]).role_id
    assert (outcome.locked, outcome.locked_after) == (fact[1] is not None, role_id is not None)
    assert (outcome.kind == "kept") is (outcome.to_role_id == person.role_id)


def test_a_group_that_is_mapped_anew_counts_although_no_line_names_it_yet() -> None:
    before, after = policy_of(), policy_of((GROUPS[0], EDITOR))
    person = stands(LOANEE)

    outcome, _ = policy_effect(before, after, joined=frozenset({GROUPS[0]}))(person)

    assert outcome == moves(LOANEE, EDITOR)


@given(
    people=st.lists(st.tuples(facts, st.integers(0, 10**9)), unique_by=lambda one: one[1], max_size=30),
    before=policies,
    after=policies,
    data=st.data(),
)
def test_the_digest_is_of_the_set_however_it_was_batched(
    people: list[tuple[tuple[bool, RoleId | None, frozenset[GroupId]], int]],
    before: RolePolicy,
    after: RolePolicy,
    data: st.DataObject,
) -> None:
    people.sort(key=lambda one: one[1])
    effect = policy_effect(before, after)
    whole, parts = Tally(privileged_role_ids=frozenset()), Tally(privileged_role_ids=frozenset())
    batch = [Alike(standing(before, fact), ids(number)) for fact, number in people]
    whole.add(batch, effect)
    cut = data.draw(st.integers(0, len(batch)))
    parts.add(data.draw(st.permutations(batch[:cut])), effect)
    parts.add(data.draw(st.permutations(batch[cut:])), effect)

    assert (whole.digest, whole.counts, whole.sample) == (parts.digest, parts.counts, parts.sample)


def test_the_digest_tells_one_user_or_one_role_from_another() -> None:
    before, after = policy_of((GROUPS[0], VIEWER)), policy_of((GROUPS[0], EDITOR))
    member = stands(VIEWER, GROUPS[0])
    digests = {
        tally(Alike(member, ids(1, 2)), before=before, after=after).digest,
        tally(Alike(member, ids(1, 3)), before=before, after=after).digest,
        tally(Alike(member, ids(1)), before=before, after=after).digest,
        tally(Alike(member, ids(1, 2)), before=before, after=policy_of((GROUPS[0], LOANEE))).digest,
        tally(
            Alike(member._replace(locked_role_id=VIEWER, unlocked_role_id=VIEWER), ids(1, 2)),
            before=before,
            after=after,
        ).digest,
    }

    assert len(digests) == 5


def test_a_source_that_disables_somebody_meanwhile_moves_nothing() -> None:
    before, after = policy_of((GROUPS[0], VIEWER)), policy_of((GROUPS[0], EDITOR))
    member = stands(VIEWER, GROUPS[0])
    other = tally(Alike(member._replace(active=False), ids(1)), Alike(member, ids(2)), before=before, after=after)

    assert tally(Alike(member, ids(1, 2)), before=before, after=after).digest == other.digest


def test_the_sample_shows_first_who_would_be_given_administration() -> None:
    before = policy_of((GROUPS[0], VIEWER), (GROUPS[1], VIEWER))
    after = replace(before, mappings=policy_of((GROUPS[0], EDITOR), (GROUPS[1], ADMINISTRATOR)).mappings)
    editors = Alike(stands(VIEWER, GROUPS[0]), ids(*range(1, 21)))
    chosen = Alike(stands(VIEWER, GROUPS[1]), ids(77, 78))

    made = tally(editors, chosen, before=before, after=after)

    assert [line.user_id for line in made.sample] == ids(77, 78, *range(1, 9))
    assert (made.count("changes"), made.administrators) == (22, 2)


def test_lines_come_in_the_order_of_ids_and_of_one_kind() -> None:
    before, after = policy_of((GROUPS[0], VIEWER)), policy_of((GROUPS[0], EDITOR))
    member = stands(VIEWER, GROUPS[0])
    locked = stands(LOANEE, GROUPS[0])._replace(locked_role_id=LOANEE, unlocked_role_id=VIEWER)
    batch = [Alike(member, ids(3, 1)), Alike(locked, ids(2))]
    effect = policy_effect(before, after)

    moved = moves(VIEWER, EDITOR)
    assert lines_of(batch, effect, kind="changes") == [Line(one, moved) for one in ids(1, 3)]
    assert [line.user_id for line in lines_of(batch, effect, kind="locked")] == ids(2)
