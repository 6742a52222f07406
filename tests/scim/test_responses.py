import pytest
from msgspec import json

from scim.errors import InvalidPathError, UnauthorizedError
from scim.responses import error_answer, expectation, is_unchanged


@pytest.mark.rfc("7644#3.12")
def test_error_says_what_to_do_and_ends_with_the_reference() -> None:
    answer = error_answer(InvalidPathError("Do this."), "ABCD-EFGH")
    assert json.decode(answer.content) == {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": "400",
        "scimType": "invalidPath",
        "detail": "Do this. Reference ABCD-EFGH.",
    }


def test_refused_secret_has_one_body_and_says_how_to_come_in() -> None:
    answer = error_answer(UnauthorizedError(), None)
    assert answer.status == 401
    assert answer.headers == ((b"www-authenticate", b'Bearer realm="scim"'),)
    assert "Reference" not in json.decode(answer.content)["detail"]


@pytest.mark.rfc("7644#3.14")
@pytest.mark.parametrize(
    ("header", "version", "unchanged"),
    [
        (None, 3, False),
        ("*", 3, True),
        ('W/"3"', 3, True),
        ('"3"', 3, True),
        ('W/"2", W/"3"', 3, True),
        ('W/"2"', 3, False),
        ("3", 3, False),
        ('W/"33"', 3, False),
    ],
)
def test_entity_tags_compare_weakly(header: str | None, version: int, *, unchanged: bool) -> None:
    assert is_unchanged(header, version) is unchanged


def test_if_match_is_a_test_of_the_version() -> None:
    assert expectation(None) is None
    assert expectation("*") is None
    expected = expectation('W/"3"')
    assert expected is not None
    assert expected(3)
    assert not expected(4)
    nobody = expectation('W/"nope"')
    assert nobody is not None
    assert not nobody(3)
