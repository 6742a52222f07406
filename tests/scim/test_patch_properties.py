from hypothesis import given
from hypothesis import strategies as st

from directory.model import GroupAttributes, JsonObject, UserAttributes
from scim.errors import ScimError
from scim.patch import parse_group_patch, parse_user_patch
from tests.scim.patches import ADA, CUSTOM, ENTERPRISE, HOME, WORK, message
from tests.scim.readings import lenient

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
