from hypothesis import given
from hypothesis import strategies as st

from directory.pulls.nesting import effective_members, groups_within

GROUPS = st.sampled_from("abcdef")
NESTED = st.dictionaries(GROUPS, st.lists(GROUPS, max_size=3), max_size=6)
MEMBERS = st.dictionaries(GROUPS, st.lists(st.sampled_from("uvwxyz"), max_size=4), max_size=6)


def test_members_of_inner_groups_count_and_circles_end() -> None:
    nested = {"a": ["b"], "b": ["c"], "c": ["a"]}
    members = {"a": ["u"], "b": ["v"], "c": ["w"], "d": ["x"]}

    assert effective_members("a", members, nested) == {"u", "v", "w"}
    assert sorted(groups_within("b", nested)) == ["a", "b", "c"]


@given(GROUPS, MEMBERS, NESTED)
def test_expansion_is_what_walking_until_nothing_is_new_gives(
    group: str, members: dict[str, list[str]], nested: dict[str, list[str]]
) -> None:
    reached = {group}
    for _ in range(10):
        reached |= {inner for one in reached for inner in nested.get(one, [])}

    assert effective_members(group, members, nested) == {user for one in reached for user in members.get(one, [])}
