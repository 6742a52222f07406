import pytest

from directory.model import GroupAttributes, JsonValue
from scim.errors import InvalidPathError, InvalidValueError, MutabilityError, TooLargeError
from tests.scim.patches import group_edit


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


def test_label_is_read_in_every_spelling_and_only_for_who_joins() -> None:
    edit = group_edit(
        {
            "op": "add",
            "path": "members",
            "value": [
                {"value": "a", "display": "Ada"},
                {"value": "b", "Display": "Bob"},
                {"value": "c", "displayName": "Cyd"},
                {"value": "d", "display": ""},
                {"value": "e", "display": 5},
                {"value": "f", "display": "x" * 1025},
                {"value": "g", "display": "gone"},
            ],
        },
        {"op": "remove", "path": 'members[value eq "g"]'},
    )
    assert edit.labels == {"a": "Ada", "b": "Bob", "c": "Cyd"}


def test_member_that_is_said_to_be_a_group_is_told_apart() -> None:
    value: JsonValue = [
        {"value": "g", "type": "Group"},
        {"value": "h", "Type": "group"},
        {"value": "u", "type": "User"},
    ]
    edit = group_edit({"op": "add", "path": "members", "value": value})
    assert (edit.add, edit.nested) == (frozenset("ghu"), frozenset("gh"))
