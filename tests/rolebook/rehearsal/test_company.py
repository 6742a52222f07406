"""People and groups of a rehearsal."""

from collections import Counter

import pytest

from rolebook.rehearsal.company import Size, invent_company

SIZE = Size(users=200, groups=7, memberships=600)


def test_the_same_seed_gives_the_same_people() -> None:
    assert invent_company(SIZE, seed=1, prefix="a1") == invent_company(SIZE, seed=1, prefix="a1")


def test_another_seed_gives_other_people() -> None:
    assert invent_company(SIZE, seed=1, prefix="a1").people != invent_company(SIZE, seed=2, prefix="a1").people


def test_whatever_must_be_unique_is_so_within_a_run_and_between_runs() -> None:
    first, second = (invent_company(SIZE, seed=1, prefix=prefix) for prefix in ("a1", "b2"))
    people, teams = [*first.people, *second.people], [*first.teams, *second.teams]

    assert len({person.user_name.casefold() for person in people}) == 400
    assert len({person.external_id for person in people}) == 400
    assert len({team.display_name.casefold() for team in teams}) == 14
    assert len({team.external_id for team in teams}) == 14


def test_names_are_those_of_the_whole_world() -> None:
    people = invent_company(SIZE, seed=1, prefix="a1").people

    assert any(not person.display_name.isascii() for person in people)
    assert any("'" in person.user_name for person in people)
    assert all(person.user_name.isascii() and " " not in person.user_name for person in people)


def test_nobody_is_in_a_group_twice_and_all_memberships_are_there() -> None:
    teams = invent_company(SIZE, seed=1, prefix="a1").teams

    assert sum(len(team.members) for team in teams) == 600
    assert all(max(Counter(team.members).values()) == 1 for team in teams)


@pytest.mark.parametrize(
    ("size", "count"),
    [
        (Size(users=3, groups=2, memberships=100), 6),
        (Size(users=3, groups=0, memberships=100), 0),
        (Size(users=10, groups=10), 50),
    ],
)
def test_there_are_no_more_memberships_than_pairs(size: Size, count: int) -> None:
    assert size.membership_count == count
    assert sum(len(team.members) for team in invent_company(size, seed=1, prefix="a1").teams) == count


def test_managers_come_before_those_who_report_to_them() -> None:
    people = invent_company(SIZE, seed=1, prefix="a1").people

    assert people[0].manager is None
    assert all(person.manager is not None and person.manager < person.number for person in people[1:])


@pytest.mark.parametrize(("users", "leavers"), [(1, {0}), (9, {8}), (10, {9}), (25, {9, 19})])
def test_every_tenth_leaves_and_at_least_one(users: int, leavers: set[int]) -> None:
    company = invent_company(Size(users=users, groups=0), seed=1, prefix="a1")

    assert company.leavers == leavers
