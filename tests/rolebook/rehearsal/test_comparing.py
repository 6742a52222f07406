"""Where a resource is not what it should be."""

from typing import Any

import pytest

from rolebook.rehearsal.comparing import ABSENT, differences, member_differences

PERSON = {
    "userName": "ann",
    "active": True,
    "name": {"givenName": "Ann"},
    "emails": [{"type": "home", "value": "a@h"}, {"type": "work", "value": "a@w", "primary": True}],
}


@pytest.mark.parametrize(
    "expected",
    [
        {},
        {"userName": "ann"},
        {"name": {"givenName": "Ann"}},
        {"emails": [{"type": "work", "value": "a@w"}]},
        {"title": ABSENT},
        {"urn:x": {"manager": ABSENT}},
        {"name": {"middleName": ABSENT}},
    ],
)
def test_more_than_is_expected_is_no_difference(expected: dict[str, Any]) -> None:
    assert list(differences(expected, PERSON)) == []


@pytest.mark.parametrize(
    ("expected", "wrong"),
    [
        ({"userName": "Ann"}, ("userName Ann", "ann")),
        ({"active": False}, ("active false", "true")),
        ({"active": 1}, ("active 1", "true")),
        ({"title": "Dr"}, ("title Dr", "no value")),
        ({"name": {"familyName": "B"}}, ("name.familyName B", "no value")),
        ({"name": "Ann"}, ("name Ann", '{"givenName": "Ann"}')),
        ({"name": ABSENT}, ("name without a value", '{"givenName": "Ann"}')),
        ({"phones": [{"type": "work"}]}, ('phones with {"type": "work"}', "no value")),
    ],
)
def test_a_difference_says_what_was_expected_and_what_came(expected: dict[str, Any], wrong: tuple[str, str]) -> None:
    assert list(differences(expected, PERSON)) == [wrong]


def test_parts_of_two_elements_do_not_make_one() -> None:
    assert len(list(differences({"emails": [{"type": "home", "value": "a@w"}]}, PERSON))) == 1


def test_long_values_are_cut() -> None:
    (wrong,) = differences({"title": "x"}, {"title": "y" * 1000})

    assert len(wrong.got) < 210


@pytest.mark.parametrize(
    ("actual", "got"),
    [
        (None, "0; 2 missing, such as a"),
        ([{"value": "a"}], "1; 1 missing, such as b"),
        ([{"value": "a"}, {"value": "b"}, {"value": "c"}], "3; 1 too many, such as c"),
        ([{"value": "a"}, {"value": "b"}, {"value": "b"}], "3 members, 2 different ones"),
        ([{"display": "a"}, {"value": "a"}, {"value": "b"}], "3 members, 2 different ones"),
        ("nonsense", "nonsense"),
    ],
)
def test_members_are_exactly_those_expected(actual: Any, got: str) -> None:  # noqa: ANN401 any JSON
    assert [wrong.got for wrong in member_differences(frozenset("ab"), actual)] == [got]


def test_members_in_any_order_and_with_more_attributes_are_right() -> None:
    actual = [{"value": "b", "display": "B"}, {"value": "a", "$ref": "http://x/a"}]

    assert list(member_differences(frozenset("ab"), actual)) == []
