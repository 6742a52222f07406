from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.edits import GroupEdit
from directory.model import GroupAttributes, JsonObject, JsonValue, UserAttributes
from scim.errors import (
    InvalidPathError,
    InvalidSyntaxError,
    InvalidValueError,
    MutabilityError,
    NoTargetError,
    ScimError,
    TooLargeError,
)
from scim.patch import parse_group_patch, parse_user_patch
from scim.quirks import Reading
from tests.scim.readings import lenient, strict

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CUSTOM = "urn:ietf:params:scim:schemas:extension:CustomExtensionName:2.0:User"
ADA: JsonObject = {"userName": "ada", "active": True}
WORK: JsonObject = {"type": "work", "value": "ada@work", "primary": True}
HOME: JsonObject = {"type": "home", "value": "ada@home"}


def message(*operations: Any) -> JsonObject:  # noqa: ANN401 any JSON
    return {"schemas": [PATCH_OP], "Operations": list(operations)}


def patched(before: JsonObject, *operations: Any, reading: Reading | None = None) -> JsonObject:  # noqa: ANN401 any JSON
    edit = parse_user_patch(message(*operations), reading or lenient())
    once = edit(UserAttributes(before))
    assert edit(UserAttributes(before)) == once
    return dict(once.document)


def group_edit(*operations: Any, reading: Reading | None = None) -> GroupEdit:  # noqa: ANN401 any JSON
    return parse_group_patch(message(*operations), reading or lenient())


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


def test_members_join_and_leave_as_a_delta() -> None:
    edit = group_edit(
        {"op": "Add", "path": "members", "value": [{"$ref": None, "value": "a"}, {"value": "b"}]},
        {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": "c"}]},
        {"op": "remove", "path": 'members[value eq "d"]'},
    )
    assert (edit.add, edit.remove, edit.replace) == (frozenset("ab"), frozenset("cd"), False)


def test_add_then_remove_of_the_same_member_leaves_none() -> None:
    edit = group_edit(
        {"op": "add", "path": "members", "value": [{"value": "a"}]},
        {"op": "remove", "path": "members", "value": [{"value": "a"}]},
    )
    assert (edit.add, edit.remove) == (frozenset(), frozenset("a"))


@pytest.mark.parametrize("value", ["a", {"value": "a"}, ["a"], [{"value": "a"}], {"Value": "a", "type": "User"}])
def test_member_is_added_by_every_shape(value: JsonValue) -> None:
    for operation in (
        {"op": "add", "path": "members", "value": value},
        {"op": "add", "value": {"members": value}},
        {"op": "add", "path": "urn:ietf:params:scim:schemas:core:2.0:Group:members", "value": value},
    ):
        assert group_edit(operation).add == frozenset("a")


def test_replacing_members_names_the_whole_list() -> None:
    edit = group_edit({"op": "replace", "path": "members", "value": [{"value": "b"}]})
    assert (edit.add, edit.remove, edit.replace) == (frozenset("b"), frozenset(), True)
    assert group_edit({"op": "replace", "path": "members", "value": []}).replace


def test_removing_members_without_value_empties_the_group() -> None:
    edit = group_edit({"op": "remove", "path": "members"})
    assert (edit.add, edit.replace) == (frozenset(), True)


def test_removing_an_empty_list_of_members_removes_nobody() -> None:
    edit = group_edit({"op": "remove", "path": "members", "value": []})
    assert (edit.remove, edit.replace) == (frozenset(), False)


def test_several_values_in_a_bracket_are_several_members() -> None:
    edit = group_edit({"op": "remove", "path": 'members[value eq "a" or value eq "b"]'})
    assert edit.remove == frozenset("ab")


def test_member_filter_on_anything_but_values_is_refused() -> None:
    for text in ('members[display eq "Ada"]', 'members[value co "a"]', 'members[not (value eq "a")]'):
        with pytest.raises(InvalidPathError):
            group_edit({"op": "remove", "path": text})


@pytest.mark.parametrize("value", [[{}], [None], [{"value": ""}], [[]], True, [{"value": {"a": 1}}]])
def test_member_that_names_nobody_is_refused(value: JsonValue) -> None:
    with pytest.raises(InvalidValueError):
        group_edit({"op": "add", "path": "members", "value": value})


def test_more_members_than_the_limit_are_refused() -> None:
    with pytest.raises(TooLargeError):
        group_edit({"op": "add", "path": "members", "value": [{"value": str(n)} for n in range(100_001)]})


def test_renaming_a_group_touches_no_member() -> None:
    whole = {"schemas": ["x"], "id": "1", "externalId": "ak", "displayName": "Y", "description": "never stored"}
    for operation in (
        {"op": "replace", "value": {"id": "abf4", "displayName": "Y"}},
        {"op": "replace", "value": whole},
        {"op": "Replace", "path": "displayName", "value": "Y"},
        {"op": "replace", "path": "description", "value": "x"},
    ):
        edit = group_edit(operation)
        assert (edit.add, edit.remove, edit.replace) == (frozenset(), frozenset(), False)
    renamed = group_edit({"op": "replace", "value": whole}).change(GroupAttributes({"displayName": "X"}))
    assert renamed.document == {"displayName": "Y", "externalId": "ak"}


def test_group_keeps_its_name() -> None:
    with pytest.raises(MutabilityError):
        group_edit({"op": "remove", "path": "displayName"})


scalars = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.text(max_size=6))
json = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["value", "type", "display", "primary", "x"]), inner, max_size=3),
    ),
    max_leaves=6,
)
paths = st.sampled_from(
    [
        None,
        "",
        "title",
        "active",
        "name",
        "name.givenName",
        "emails",
        "emails.value",
        'emails[type eq "work"]',
        'emails[type eq "work"].value',
        "roles",
        "members",
        'members[value eq "a"]',
        "manager",
        f"{ENTERPRISE}:manager.value",
        ENTERPRISE,
        f"{CUSTOM}:a",
        "nobody",
    ]
)
operations = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "Replace", "remove"]), "path": paths}, optional={"value": json}
)


@given(st.lists(operations, max_size=5))
def test_user_patch_gives_a_pure_edit_or_one_of_its_errors(operations: list[JsonObject]) -> None:
    before: JsonObject = {**ADA, "emails": [dict(WORK), dict(HOME)], ENTERPRISE: {"manager": {"value": "m"}}}
    frozen = repr(before)
    try:
        edit = parse_user_patch(message(*operations), lenient())
        once = edit(UserAttributes(before))
        assert edit(UserAttributes(before)) == once
        assert once.document["userName"] == "ada"
        assert isinstance(once.document["active"], bool)
    except ScimError as error:
        assert error.status in {400, 413}  # noqa: PT017 no other error is the point
    assert repr(before) == frozen


replacing = st.fixed_dictionaries({"op": st.just("replace"), "path": paths, "value": json})


@given(replacing)
def test_replacing_twice_is_replacing_once(operation: JsonObject) -> None:
    try:
        edit = parse_user_patch(message(operation), lenient())
        once = edit(UserAttributes({**ADA, "emails": [dict(HOME)]}))
    except ScimError:
        return
    assert edit(once) == once


@given(st.lists(operations, max_size=5))
def test_group_patch_gives_disjoint_deltas_or_one_of_its_errors(operations: list[JsonObject]) -> None:
    try:
        edit = parse_group_patch(message(*operations), lenient())
    except ScimError as error:
        assert error.status in {400, 413}  # noqa: PT017 no other error is the point
        return
    assert not edit.add & edit.remove
    assert not (edit.replace and edit.remove)
    assert edit.change(GroupAttributes({"displayName": "X"})).display_name == "X"
