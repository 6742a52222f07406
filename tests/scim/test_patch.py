from typing import Any

import pytest

from directory.model import JsonObject, JsonValue, UserAttributes
from scim.errors import (
    InvalidPathError,
    InvalidSyntaxError,
    InvalidValueError,
    MutabilityError,
    NoTargetError,
    ScimError,
)
from scim.patch import parse_user_patch
from tests.scim.patches import ADA, CORE, CUSTOM, ENTERPRISE, HOME, PATCH_OP, WORK, message, patched
from tests.scim.readings import lenient, strict


@pytest.mark.rfc("7644#3.5.2.3")
@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "Add", "path": "active", "value": "False"},
        {"op": "Replace", "value": {"active": "False"}},
        {"op": "replace", "path": "active", "value": False},
        {"op": "replace", "value": {"active": False}},
        {"op": "replace", "path": "active", "value": [False]},
        {"Op": "replace", "Path": "ACTIVE", "Value": False},
        {"op": "replace", "value": {CORE: {"active": False}}},
        {"op": "replace", "path": f"{CORE}:active", "value": False},
    ],
)
def test_every_spelling_of_disabling_disables(operation: JsonObject) -> None:
    assert patched(ADA, operation)["active"] is False


def test_leniencies_are_noted_in_plain_words() -> None:
    reading = lenient()
    patched(ADA, {"op": "Replace", "path": "active", "value": "False"}, reading=reading)
    assert reading.notes == [
        "op arrived as Replace and was read as replace",
        'active arrived as the text "False" and was read as false',
    ]


def test_clearing_the_status_lets_nobody_in_again() -> None:
    values: tuple[JsonValue, ...] = (None, "", [])
    for value in values:
        assert patched({**ADA, "active": False}, {"op": "replace", "path": "active", "value": value})["active"] is False
    assert patched({**ADA, "active": False}, {"op": "remove", "path": "active"})["active"] is False


@pytest.mark.parametrize("value", ["m", {"value": "m"}, [{"$ref": "http://x/Users/m", "value": "m"}], ["m"]])
@pytest.mark.parametrize("path", [f"{ENTERPRISE}:manager", "manager"])
def test_manager_is_set_by_every_shape(path: str, value: JsonValue) -> None:
    before: JsonObject = {**ADA, ENTERPRISE: {"manager": {"value": "old", "$ref": "http://x/Users/old"}}}
    after = patched(before, {"op": "Add", "path": path, "value": value})[ENTERPRISE]
    assert isinstance(after, dict)
    manager = after["manager"]
    assert isinstance(manager, dict)
    assert manager["value"] == "m"
    assert manager.get("$ref") in {None, "http://x/Users/m"}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Remove", "path": f"{ENTERPRISE}:manager"},
        {"op": "replace", "path": f"{ENTERPRISE}:manager", "value": ""},
        {"op": "replace", "path": f"{ENTERPRISE}:manager", "value": {"value": ""}},
        {"op": "replace", "path": f"{ENTERPRISE}:manager", "value": None},
        {"op": "replace", "path": f"{ENTERPRISE}:manager.value", "value": ""},
        {"op": "replace", "value": {f"{ENTERPRISE}:manager": ""}},
        {"op": "remove", "path": ENTERPRISE},
    ],
)
def test_manager_is_cleared_by_every_shape(operation: JsonObject) -> None:
    assert patched({**ADA, ENTERPRISE: {"manager": {"value": "m"}}}, operation) == ADA


def test_keys_of_a_value_without_path_are_paths() -> None:
    after = patched(
        ADA,
        {
            "op": "replace",
            "value": {
                "displayName": "B",
                "name.givenName": "Kk",
                "name.familyName": "Uu",
                f"{ENTERPRISE}:employeeNumber": "Ak",
                'emails[type eq "work"].value': "q@x.y",
                "schemas": ["whatever"],
                "id": "ignored",
                "meta": {"created": "ignored"},
                "groups": [],
            },
        },
    )
    assert after == {
        **ADA,
        "displayName": "B",
        "name": {"givenName": "Kk", "familyName": "Uu"},
        ENTERPRISE: {"employeeNumber": "Ak"},
        "emails": [{"type": "work", "value": "q@x.y"}],
    }


def test_value_path_changes_the_element_that_is_there() -> None:
    operation = {"op": "Add", "path": 'emails[type eq "work"].value', "value": "new@work"}
    assert patched({**ADA, "emails": [HOME, WORK]}, operation)["emails"] == [HOME, {**WORK, "value": "new@work"}]


@pytest.mark.parametrize("before", [[], [HOME]])
def test_value_path_without_match_creates_the_element(before: list[JsonValue]) -> None:
    operation = {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "new@work"}
    assert patched({**ADA, "emails": before}, operation)["emails"] == [*before, {"type": "work", "value": "new@work"}]


def test_value_path_without_match_is_no_target_where_the_source_says_so() -> None:
    with pytest.raises(NoTargetError):
        patched(ADA, {"op": "replace", "path": 'emails[type eq "work"].value', "value": "x"}, reading=strict())


def test_value_path_that_describes_no_element_is_no_target() -> None:
    with pytest.raises(NoTargetError):
        patched(ADA, {"op": "replace", "path": 'emails[type co "work"].value', "value": "x"})


def test_removing_a_value_path_without_match_changes_nothing() -> None:
    assert patched(ADA, {"op": "remove", "path": 'emails[type eq "work"].value'}) == ADA


def test_removing_the_value_of_an_element_removes_the_element() -> None:
    operation = {"op": "Remove", "path": 'emails[type eq "work"].value'}
    assert patched({**ADA, "emails": [WORK, HOME]}, operation)["emails"] == [HOME]


def test_removing_with_a_list_removes_the_elements_it_names() -> None:
    operation = {"op": "remove", "path": "emails", "value": [{"value": "ada@home"}]}
    assert patched({**ADA, "emails": [WORK, HOME]}, operation)["emails"] == [WORK]


def test_roles_come_out_as_one_role_whatever_the_order_of_their_parts() -> None:
    parts = [("display", "D"), ("value", "V"), ("type", "T")]
    operations = [{"op": "Add", "path": f'roles[primary eq "True"].{part}', "value": value} for part, value in parts]
    assert patched(ADA, *operations)["roles"] == [{"primary": True, "display": "D", "value": "V", "type": "T"}]


def test_json_text_roles_are_read_as_roles() -> None:
    value = '{"id":"06b0","value":"Admin","displayName":"Administrators"}'
    after = patched(ADA, {"op": "Add", "path": "roles", "value": [{"value": value}]})
    assert after["roles"] == [{"value": "Admin", "display": "Administrators"}]


def test_roles_with_display_name_are_read_with_display() -> None:
    role = {"primary": False, "displayName": "User", "value": "User"}
    after = patched(ADA, {"op": "replace", "path": "roles", "value": [role]})
    assert after["roles"] == [{"primary": False, "value": "User", "display": "User"}]


def test_adding_an_equal_element_changes_nothing() -> None:
    before: JsonObject = {**ADA, "emails": [WORK, HOME]}
    assert patched(before, {"op": "add", "path": "emails", "value": [dict(WORK)]}) == before


def test_adding_a_second_primary_demotes_the_first() -> None:
    new: JsonObject = {"type": "other", "value": "z@z", "primary": True}
    after = patched({**ADA, "emails": [WORK]}, {"op": "add", "path": "emails", "value": [new]})
    assert after["emails"] == [{**WORK, "primary": False}, new]


def test_replacing_a_name_merges_its_parts() -> None:
    before: JsonObject = {**ADA, "name": {"givenName": "Ada", "familyName": "Old", "middleName": "M"}}
    operation = {"op": "replace", "path": "name", "value": {"familyName": "New", "middleName": ""}}
    assert patched(before, operation)["name"] == {"givenName": "Ada", "familyName": "New"}


def test_last_of_several_operations_wins() -> None:
    operations = [
        {"op": "add", "path": "title", "value": "one"},
        {"op": "remove", "path": "title"},
        {"op": "replace", "path": "title", "value": "two"},
    ]
    assert patched(ADA, *operations)["title"] == "two"


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "title", "value": None},
        {"op": "replace", "path": "title", "value": ""},
        {"op": "Remove", "path": "title", "value": "old title"},
        {"op": "replace", "value": {"title": ""}},
        {"op": "remove", "value": {"title": "old title"}},
    ],
)
def test_title_is_cleared_by_every_shape(operation: JsonObject) -> None:
    assert patched({**ADA, "title": "old title"}, operation) == ADA


def test_wrapped_value_is_unwrapped() -> None:
    operation = {"op": "Replace", "path": "displayName", "value": [{"$ref": None, "value": "User x"}]}
    assert patched(ADA, operation)["displayName"] == "User x"


def test_attribute_of_an_unknown_extension_is_stored_as_sent() -> None:
    after = patched(ADA, {"op": "Add", "path": f"{CUSTOM}:CustomAttribute", "value": "7"})
    assert after == {**ADA, CUSTOM: {"CustomAttribute": "7"}}
    assert patched(after, {"op": "remove", "path": f"{CUSTOM}:customattribute"}) == ADA


def test_password_is_dropped() -> None:
    assert patched(ADA, {"op": "replace", "value": {"password": "x"}}) == ADA


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        ({"op": "bogus", "path": "title", "value": "x"}, InvalidSyntaxError),
        ({"path": "title", "value": "x"}, InvalidSyntaxError),
        ("remove", InvalidSyntaxError),
        ({"op": "replace", "path": 7, "value": "x"}, InvalidPathError),
        ({"op": "replace", "path": "emails[type eq", "value": "x"}, InvalidPathError),
        ({"op": "replace", "path": "title"}, InvalidValueError),
        ({"op": "replace", "value": "x"}, InvalidValueError),
        ({"op": "replace", "path": "active", "value": "perhaps"}, InvalidValueError),
        ({"op": "replace", "path": "title", "value": {"a": {"b": 1}}}, InvalidValueError),
        ({"op": "replace", "path": "title", "value": ["a", "b"]}, InvalidValueError),
        ({"op": "replace", "path": "name", "value": "Ada"}, InvalidValueError),
        ({"op": "replace", "path": "emails", "value": [{"value": "x"}] * 101}, InvalidValueError),
        ({"op": "remove"}, NoTargetError),
        ({"op": "remove", "path": "userName"}, MutabilityError),
        ({"op": "replace", "path": "userName", "value": ""}, MutabilityError),
        ({"op": "replace", "path": "groups", "value": []}, MutabilityError),
        ({"op": "replace", "path": "id", "value": "x"}, MutabilityError),
        ({"op": "replace", "path": "meta.created", "value": "x"}, MutabilityError),
    ],
)
def test_bad_operation_is_refused_before_anything_happens(operation: Any, error: type[ScimError]) -> None:  # noqa: ANN401 any JSON
    with pytest.raises(error):
        parse_user_patch(message({"op": "replace", "path": "title", "value": "fine"}, operation), lenient())


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"schemas": [PATCH_OP]},
        {"schemas": [PATCH_OP], "Operations": []},
        {"schemas": [PATCH_OP], "Operations": {}},
        {"schemas": [PATCH_OP], "Operations": [{"op": "add", "path": "title", "value": "x"}] * 1001},
        [],
        None,
    ],
)
def test_body_that_is_no_patch_message_is_refused(body: JsonValue) -> None:
    with pytest.raises(InvalidSyntaxError):
        parse_user_patch(body, lenient())


def test_schemas_and_case_of_operations_are_tolerated_unless_reading_is_strict() -> None:
    body: JsonObject = {"operations": [{"op": "add", "path": "title", "value": "x"}]}
    assert parse_user_patch(body, lenient())(UserAttributes(ADA)).document["title"] == "x"
    with pytest.raises(InvalidSyntaxError):
        parse_user_patch(body, strict())
