"""Counting which attributes users have, and masking what is shown of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.attribute_guide import GUIDE, RECOMMENDED, Tally, add_users, masked, signs_of
from directory.model import JsonObject
from directory.person import ENTERPRISE

ANN: JsonObject = {
    "userName": "ann@example.org",
    "externalId": "0a21f0f2-3f8a-4c8e-9c55-3b1f1f1f1f1f",
    "displayName": "Ann Archer",
    "active": True,
    "emails": [{"type": "work", "value": "ann@example.org", "primary": True}],
    "name": {"givenName": "Ann", "familyName": "Archer"},
    "title": "Engineer",
    "phoneNumbers": [{"type": "mobile", "value": "555"}],
    ENTERPRISE: {
        "department": "IT",
        "manager": {"value": "0a21f0f2-0000-4c8e-9c55-3b1f1f1f1f1f"},
        "employeeNumber": "7",
    },
}


def test_a_complete_user_has_everything() -> None:
    tally = add_users(Tally(), [ANN])
    assert {key for key, count in tally.seen.items() if count == 1} == {row.key for row in GUIDE} - {"active"}
    assert (tally.user_count, tally.missing, tally.signs) == (1, (), {})


def test_what_some_lack_is_missing() -> None:
    tally = add_users(Tally(), [ANN, {**ANN, ENTERPRISE: {"department": "IT"}}])
    assert tally.missing == ("manager",)
    assert tally.count("manager") == 1


def test_an_empty_directory_lacks_nothing() -> None:
    assert Tally().missing == ()


@pytest.mark.parametrize(
    ("document", "sign"),
    [
        ({"userName": "aarcher"}, "user name plain"),
        ({"userName": "0a21f0f2-3f8a-4c8e-9c55-3b1f1f1f1f1f"}, "user name guid"),
        ({"userName": "Ann@example.org", "externalId": "ann"}, "external id is name"),
        ({"userName": "a@b.org", "emails": [{"type": "other", "value": "a@b.org"}]}, "mail not work"),
        ({"userName": "a@b.org", "active": False}, "inactive"),
        ({"userName": "a@b.org", ENTERPRISE: {"manager": {"value": "Bob Boss"}}}, "manager no id"),
        ({"userName": "a@b.org", ENTERPRISE: {"manager": {"value": "bob@b.org"}}}, "manager no id"),
    ],
)
def test_what_is_striking_is_named(document: JsonObject, sign: str) -> None:
    assert sign in signs_of(document)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ann.archer@contoso.com", "a•••@c•••.com"),
        ("Ann Archer", "A••• A•••"),
        ("0a21f0f2-3f8a-4c8e-9c55-3b1f1f1f1f1f", "0a21…"),
        ("IT", "I•••"),
    ],
)
def test_a_sample_tells_the_kind_and_not_the_person(text: str, shown: str) -> None:
    assert masked(text) == shown


@given(st.text(min_size=4))
def test_no_sample_gives_a_long_text_away(text: str) -> None:
    assert masked(text) != text
    assert len(masked(text)) <= 40


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["userName", "emails", "name", ENTERPRISE, "manager", "value", "type", "active"]), inner
            )
        ),
    )
)
def test_any_document_can_be_counted(value: object) -> None:
    document: JsonObject = value if isinstance(value, dict) else {}
    tally = add_users(Tally(), [document])
    assert set(tally.missing) <= set(RECOMMENDED)
