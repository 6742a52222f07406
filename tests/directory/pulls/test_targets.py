import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.model import JsonObject, JsonValue, UserAttributes
from directory.person import ENTERPRISE, check_user, promoted_from
from directory.pulls.targets import MANAGER, document_for, is_target, path_of, values_at

READABLE = ("userName", "title", "name.givenName", "emails[work]", "emails[home]", f"{ENTERPRISE}:department")


def test_flat_values_make_the_document_that_a_push_would_have() -> None:
    document = document_for(
        {
            "userName": "ada@example.org",
            "active": False,
            "name.givenName": "Ada",
            "name.familyName": "Adams",
            "emails[work]": "ada@example.org",
            "emails[home]": "ada@home.example",
            f"{ENTERPRISE}:department": "Sales",
            MANAGER: "00u1",
            "title": None,
            "nickName": "",
        },
        ext_id="00u2",
    )

    assert document == {
        "externalId": "00u2",
        "userName": "ada@example.org",
        "active": False,
        "name": {"givenName": "Ada", "familyName": "Adams"},
        "emails": [
            {"type": "home", "value": "ada@home.example", "primary": True},
            {"type": "work", "value": "ada@example.org", "primary": False},
        ],
        ENTERPRISE: {"department": "Sales", "manager": {"value": "00u1"}},
    }
    attributes = UserAttributes(document)
    check_user(attributes)
    assert promoted_from(attributes).manager_ref == "00u1"


@pytest.mark.parametrize(
    ("target", "fits"),
    [
        ("userName", True), ("name.givenName", True), ("emails[work]", True), ("phoneNumbers[mobile]", True),
        (f"{ENTERPRISE}:costCenter", True), (MANAGER, True), ("urn:example:own:2.0:User:badge", True),
        ("id", False), ("meta", False), ("meta.version", False), ("groups", False), ("password", False),
        ("roles", False), ("externalId", False), ("Roles", False), ("PASSWORD.x", False), ("externalid", False),
        ("urn:ietf:params:scim:schemas:core:2.0:User:roles", False),
        ("a.b.c", False), ("emails[]", False), ("", False), ("a b", False),
    ],
)  # fmt: skip
def test_values_go_only_where_they_belong(target: str, fits: bool) -> None:
    assert is_target(target) is fits


@given(values=st.dictionaries(st.sampled_from(READABLE), st.text(min_size=1), max_size=6))
def test_a_value_is_read_where_it_was_put(values: dict[str, JsonValue]) -> None:
    document = document_for(values, ext_id="x")

    assert {target: values_at(document, target) for target in READABLE} == {
        target: [values[target]] if target in values else [] for target in READABLE
    }


def test_elements_of_a_type_are_read_in_whatever_case_and_others_are_not() -> None:
    document: JsonObject = {
        "emails": [{"type": "Work", "value": "a"}, {"type": "work", "value": "b"}, {"type": "home", "value": "c"}, "d"]
    }

    assert values_at(document, "emails[work]") == ["a", "b"]
    assert values_at({"emails": "a", "name": "b"}, "emails[work]") == []
    assert values_at({"emails": "a", "name": "b"}, "name.givenName") == []


def test_a_path_leads_to_single_texts_only() -> None:
    assert path_of("title") == ("title",)
    assert path_of("name.givenName") == ("name", "givenName")
    assert path_of(f"{ENTERPRISE}:department") == (ENTERPRISE, "department")
    assert path_of("emails[work]") == ("emails",)
    assert path_of("phoneNumbers[work]") is None
