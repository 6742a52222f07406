import pytest

from directory.model import UserAttributes
from directory.person import ENTERPRISE, check_user, promoted_from
from directory.pulls.targets import MANAGER, document_for, is_target


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
        ("roles", False), ("externalId", False), ("a.b.c", False), ("emails[]", False), ("", False), ("a b", False),
    ],
)  # fmt: skip
def test_values_go_only_where_they_belong(target: str, fits: bool) -> None:
    assert is_target(target) is fits
