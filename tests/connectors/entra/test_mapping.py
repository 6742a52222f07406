import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.attribute_rules import Mapper
from connectors.entra.mapping import DEFAULT_RULES, edges_of, group_from, group_record, selected_for, user_record
from connectors.errors import SourceError
from connectors.records import Edge, Record, Reject
from directory.pulls.targets import MANAGER

MAPPER = Mapper(DEFAULT_RULES)
ADA = {"id": "a1", "userPrincipalName": "ada@example.org", "displayName": "Ada", "accountEnabled": True}


def test_a_manager_who_is_not_spoken_of_is_cleared_only_from_the_start() -> None:
    later = user_record(ADA, MAPPER, guests=False, whole=False)
    start = user_record(ADA, MAPPER, guests=False, whole=True)

    assert isinstance(later, Record)
    assert isinstance(start, Record)
    assert MANAGER not in later.values
    assert start.values[MANAGER] is None


@pytest.mark.parametrize(
    ("relation", "manager"),
    [
        ([{"id": "m1"}], "m1"),
        ([{"id": "m1", "@removed": {"reason": "deleted"}}], None),
        ([{"id": "m1", "@removed": {"reason": "deleted"}}, {"id": "m2"}], "m2"),
        ([], None),
        (None, None),
        ([{}], None),
    ],
)
def test_the_last_word_on_the_manager_counts(relation: object, manager: str | None) -> None:
    made = user_record({**ADA, "manager@delta": relation}, MAPPER, guests=False, whole=False)

    assert isinstance(made, Record)
    assert made.values[MANAGER] == manager


def test_a_status_that_is_not_spoken_of_is_never_disabled() -> None:
    made = user_record({**ADA, "accountEnabled": None}, MAPPER, guests=False, whole=True)

    assert isinstance(made, Record)
    assert "active" not in made.values


def test_what_rules_look_at_is_selected() -> None:
    assert {"id", "accountEnabled", "mail", "otherMails", "manager"} <= set(selected_for(MAPPER))


def test_members_that_are_no_people_or_groups_are_left_out() -> None:
    text = b"""{"id": "g1", "displayName": "Staff", "members@delta": [
        {"@odata.type": "#microsoft.graph.device", "id": "d1"},
        {"@odata.type": "#microsoft.graph.user", "id": "u1", "@removed": {"reason": "deleted"}},
        {"@odata.type": "#microsoft.graph.group", "id": "g2"}]}"""
    group = group_from(text)

    assert not isinstance(group, Reject)
    assert edges_of(group) == [Edge("g1", "u1", "user", "remove"), Edge("g1", "g2", "group", "add")]


def test_a_group_of_an_odd_form_is_rejected_alone_and_one_without_id_is_an_error() -> None:
    odd = group_from(b'{"id": "g1", "displayName": 5}')

    assert isinstance(odd, Reject)
    assert odd.ext_id == "g1"
    with pytest.raises(SourceError):
        group_from(b'{"displayName": "x"}')


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "reason"]), inner, max_size=2),
    max_leaves=4,
)
NAMES = st.sampled_from([*selected_for(MAPPER), "@removed", "manager@delta", "@odata.type", "members@delta"])


@given(st.dictionaries(NAMES, JSON, max_size=8), st.booleans())
def test_whatever_graph_shows_is_a_record_a_reject_or_an_error_in_words(found: dict[str, object], whole: bool) -> None:
    shown = {**found, "id": "x1"}
    try:
        made = user_record(shown, MAPPER, guests=False, whole=whole)
        group = group_from(msgspec.json.encode(shown))
    except SourceError as error:
        assert error.remedy  # noqa: PT017 either way is right
    else:
        assert isinstance(made, Record | Reject)
        assert isinstance(group, Reject) or isinstance(group_record(group), Record | Reject)
