"""Direct memberships, packed page by page and put together again."""

from hypothesis import given
from hypothesis import strategies as st

from directory.pull_edges import APPLIED, AS_IS, Direct, StagedRow
from directory.pulls.edges import Said, direct_after, packed_by_group, said_by
from directory.pulls.model import SeenEdge, SeenPage

EDGES = st.lists(
    st.builds(
        SeenEdge,
        group=st.just("g"),
        member=st.sampled_from("abcde"),
        is_group=st.booleans(),
        there=st.booleans(),
    ),
    max_size=12,
)


def rows_of(pages: list[list[SeenEdge]], *, complete: bool = False) -> list[StagedRow]:
    packed = [packed_by_group(SeenPage(edges=tuple(edges))) for edges in pages]
    return [StagedRow(page["g"], complete) for page in packed if page]


def direct_of(members: set[tuple[str, bool]]) -> Direct:
    return Direct(
        users={name for name, is_group in members if not is_group},
        groups={name for name, is_group in members if is_group},
    )


@given(st.sets(st.tuples(st.sampled_from("abcde"), st.booleans())), st.lists(EDGES, max_size=5))
def test_members_end_as_the_last_word_on_each_says(before: set[tuple[str, bool]], pages: list[list[SeenEdge]]) -> None:
    members = set(before)
    for edge in (edge for page in pages for edge in page):
        (members.add if edge.there else members.discard)((edge.member, edge.is_group))
    said = said_by(rows_of(pages), whole=False)
    after = direct_after(direct_of(before), said)
    assert after == direct_of(members)
    assert direct_after(after, said_by(rows_of(pages), whole=False)) == after


@given(st.sets(st.tuples(st.sampled_from("abcde"), st.booleans())), st.lists(EDGES, min_size=1, max_size=5))
def test_a_whole_pull_says_all_there_is(before: set[tuple[str, bool]], pages: list[list[SeenEdge]]) -> None:
    said = said_by(rows_of(pages), whole=True)
    alone = direct_after(Direct(), said_by(rows_of(pages), whole=False))
    assert direct_after(direct_of(before), said) == alone


def test_a_complete_group_without_members_is_packed() -> None:
    page = SeenPage(edges=(SeenEdge("g", "a"),), complete_groups=("g", "h"))
    packed = packed_by_group(page)
    assert set(packed) == {"g", "h"}
    assert said_by([StagedRow(packed["h"], complete=True)], whole=False) == Said(complete=True)


def test_marks_of_ours_say_nothing_of_members() -> None:
    for mark in (APPLIED, AS_IS):
        said = said_by([StagedRow(mark, complete=False)], whole=True)
        assert direct_after(Direct(users={"a"}), said) == Direct(users={"a"})


def test_a_group_of_which_a_whole_pull_gives_no_member_has_none() -> None:
    assert direct_after(Direct(users={"a"}), said_by([], whole=True)) == Direct()
