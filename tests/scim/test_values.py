import pytest

from directory.model import JsonObject, JsonValue
from scim.attributes import GROUP_NAMES, USER_NAMES
from scim.errors import InvalidSyntaxError, InvalidValueError
from scim.values import read_body
from tests.scim.readings import lenient, strict

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CUSTOM = "urn:ietf:params:scim:schemas:extension:CustomExtensionName:2.0:User"


def read(**body: JsonValue) -> JsonObject:
    return read_body(USER_NAMES, {"schemas": [CORE], **body}, lenient())


def test_what_is_ours_is_left_out() -> None:
    body: JsonObject = {"id": "x", "meta": {"created": "x"}, "groups": [{"value": "g"}], "password": "p"}
    assert read(userName="ada", **body) == {"userName": "ada"}
    group: JsonObject = {"displayName": "G", "members": [{"value": "a"}]}
    assert read_body(GROUP_NAMES, group, lenient()) == {"displayName": "G"}


def test_nothing_is_stored_of_nothing() -> None:
    assert read(title="", nickName=None, emails=[], name={"givenName": ""}, addresses=[None, {"type": None}]) == {}


def test_numbers_and_lists_of_one_are_read_as_text() -> None:
    assert read(userName=7, title=["T"], displayName={"value": "D"}) == {
        "userName": "7",
        "title": "T",
        "displayName": "D",
    }


def test_first_of_several_primaries_stays_primary() -> None:
    emails: list[JsonValue] = [{"value": "a", "primary": True}, {"value": "b", "primary": True}]
    assert read(emails=emails)["emails"] == [{"value": "a", "primary": True}, {"value": "b", "primary": False}]


def test_unknown_extension_is_kept_without_its_empty_parts() -> None:
    body: JsonObject = {CUSTOM: {"a": 1, "b": None, "c": {"d": ""}, "e": [None, "x"]}}
    assert read(**body) == {CUSTOM: {"a": 1, "e": ["x"]}}


def test_what_is_dropped_is_named_in_a_note() -> None:
    reading = lenient()
    read_body(USER_NAMES, {"schemas": [CORE], "userName": "a", "adreses": [], "name": {"nick": "x"}}, reading)
    assert reading.notes == [
        "adreses is no attribute of the schema and was not stored",
        "name.nick is no part of the schema and was not stored",
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"active": "perhaps"},
        {"active": 1},
        {"userName": True},
        {"userName": {"a": "b"}},
        {"name": "Ada"},
        {"name": [{"givenName": "a"}, {"givenName": "b"}]},
        {"emails": [True]},
        {"emails": [{"value": ["a", "b"]}]},
        {"emails": [{"value": "x"}] * 101},
    ],
)
def test_value_of_the_wrong_kind_is_refused(body: JsonObject) -> None:
    with pytest.raises(InvalidValueError):
        read(**body)


@pytest.mark.parametrize(
    "body",
    [
        {"userName": "a"},
        {"schemas": CORE, "userName": "a"},
        {"schemas": [CORE, "urn:nobody:2.0:User"], "userName": "a"},
        {"schemas": [CORE], ENTERPRISE: {"department": "D"}},
        {"schemas": [CORE, "urn:ietf:params:scim:schemas:extension:enterprise:2.0User"]},
    ],
)
def test_schemas_must_be_right_where_reading_is_strict(body: JsonObject) -> None:
    with pytest.raises(InvalidSyntaxError):
        read_body(USER_NAMES, body, strict())
    read_body(USER_NAMES, body, lenient())
